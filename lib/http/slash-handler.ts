import type { ServerResponse } from 'node:http'
import { refusal } from '../errors/refusal.js'
import { emitError } from '../telemetry/emit.js'
import type { Emit } from '../telemetry/events.js'
import type { EndpointName } from '../request/request-context.js'
import { HttpRequestContext, type RequestSettings } from './http-request-context.js'
import type { HttpRequest } from './http.js'
import { writeError } from './write-answer.js'

/**
 * Makes the handler of a path that is an endpoint's with a slash too many at its end: 404 in OAuth JSON, which says where the endpoint is.
 * Clients of OAuth cannot read the HTML page of Express.
 */
export function slashHandler(
  settings: RequestSettings & { readonly emit: Emit },
  endpoint: EndpointName,
  url: string,
): (req: HttpRequest, res: ServerResponse) => void {
  const description = `The endpoint is ${url}, without a slash at the end`
  return (req, res) => {
    const context = new HttpRequestContext(req, endpoint, settings)
    const error = refusal('invalid_request', 'path_slash', description, { status: 404 })
    emitError(settings.emit, context, error)
    writeError(res, error, undefined, context.requestId)
  }
}
