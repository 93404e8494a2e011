import type { ServerResponse } from 'node:http'
import { publicError, refusal } from '../errors/refusal.js'
import { andThen, isPromiseLike, orElse, type MaybePromise } from '../time/maybe-promise.js'
import { emitError } from '../telemetry/emit.js'
import type { Emit } from '../telemetry/events.js'
import { HttpRequestContext, type RequestSettings } from './http-request-context.js'
import type { HttpRequest } from './http.js'
import { withinRequestTime } from './request-deadline.js'
import { writeError } from './write-answer.js'

/** Creates the handler of a public document (keys, metadata), which may be cached, and read by any web page. */
export function documentHandler(
  settings: RequestSettings & { readonly emit: Emit },
  document: () => MaybePromise<object>,
  maxAgeSeconds: number,
): (req: HttpRequest, res: ServerResponse) => void {
  return (req, res) => {
    const context = new HttpRequestContext(req, 'document', settings)
    if (req.method === 'OPTIONS') {
      writePreflight(res, context.requestId)
      return
    }
    if (req.method !== 'GET' && req.method !== 'HEAD') {
      res.setHeader('Allow', 'GET, HEAD')
      const options = { status: 405, detail: `The method is ${req.method ?? ''}` }
      fail(refusal('invalid_request', 'method_not_allowed', 'Only GET is allowed here', options))
      return
    }
    void orElse(() => {
      const made = document()
      return andThen(isPromiseLike(made) ? withinRequestTime(made, settings, context) : made, write)
    }, fail)

    function write(body: object): void {
      if (res.headersSent) return
      const text = JSON.stringify(body)
      res.removeHeader('X-Powered-By')
      res.writeHead(200, {
        'Content-Type': 'application/json',
        'Cache-Control': `public, max-age=${String(maxAgeSeconds)}`,
        ...anyOrigin(res),
        'Content-Length': Buffer.byteLength(text),
        'X-Content-Type-Options': 'nosniff',
        'Request-Id': context.requestId,
      })
      res.end(req.method === 'HEAD' ? undefined : text)
    }

    function fail(thrown: unknown): void {
      const error = publicError(thrown)
      emitError(settings.emit, context, error)
      writeError(res, error, undefined, context.requestId)
    }
  }
}

/** Responds to a CORS preflight (Fetch standard): browsers send one if a library adds a header of its own. */
function writePreflight(res: ServerResponse, requestId: string): void {
  if (res.headersSent) return
  res.removeHeader('X-Powered-By')
  res.writeHead(204, {
    Allow: 'GET, HEAD',
    ...anyOrigin(res),
    'Access-Control-Allow-Methods': 'GET, HEAD',
    'Access-Control-Allow-Headers': '*',
    'Access-Control-Max-Age': '86400',
    'Request-Id': requestId,
  })
  res.end()
}

/** Allows any origin, unless a CORS middleware of the application has set one: `*` would break its requests with credentials. */
function anyOrigin(res: ServerResponse): Record<string, string> {
  return res.hasHeader('Access-Control-Allow-Origin') ? {} : { 'Access-Control-Allow-Origin': '*' }
}
