import { AsyncResource } from 'node:async_hooks'
import { type ServerResponse } from 'node:http'
import { basicChallenge } from '../client-auth/basic.js'
import type { EndpointAnswer } from '../endpoints/endpoint-answer.js'
import type { IntrospectionRequest } from '../endpoints/introspection.js'
import type { TokenRequest } from '../endpoints/token.js'
import type { OAuthError } from '../errors/oauth-error.js'
import { publicError, refusal } from '../errors/refusal.js'
import { emitError } from '../telemetry/emit.js'
import type { Emit } from '../telemetry/events.js'
import { andThen, isPromiseLike, orElse, type MaybePromise } from '../time/maybe-promise.js'
import type { EndpointName } from '../request/request-context.js'
import { beginTrace } from '../telemetry/request-trace.js'
import type { HttpRequest } from './http.js'
import { HttpRequestContext, type RequestSettings } from './http-request-context.js'
import type { ProxyWatch } from './deployment-watch.js'
import { readBody, type ReadForm } from './read-body.js'
import { withinRequestTime } from './request-deadline.js'
import { readAuthorization } from './request-headers.js'
import { refusePlainHttp, type TlsRule } from './tls.js'
import { writeAnswer, writeError, writeOptions } from './write-answer.js'

/** The settings of all endpoints of a server. */
export interface EndpointSettings extends RequestSettings {
  readonly realm: string
  readonly tls: TlsRule
  readonly emit: Emit
  readonly proxy: ProxyWatch
  /** The grant types that the server has. Others may be made up, and are not traced. */
  readonly grantTypes: { has(grantType: string): boolean }
}

/** Creates the handler of an endpoint. Every error becomes OAuth JSON here. */
export function endpointHandler(
  settings: EndpointSettings,
  name: EndpointName,
  endpoint: (request: IntrospectionRequest & TokenRequest) => MaybePromise<EndpointAnswer>,
): (req: HttpRequest, res: ServerResponse) => void {
  const challenge = basicChallenge(settings.realm)

  return (req, res) => {
    const context = new HttpRequestContext(req, name, settings)
    settings.proxy.see(req, context)
    const trace = beginTrace(context)
    // If the client disconnects before it has sent the whole form, nothing else ends the trace.
    if (trace !== undefined) {
      const caller = new AsyncResource('latchkey.trace')
      res.once('close', () => caller.runInAsyncScope(() => trace.end('aborted')))
    }
    const refused = refuseMethod(req, res) ?? refusePlainHttp(settings.tls, req)
    if (refused !== undefined) fail(refused)
    else if (req.method === 'OPTIONS') succeed(undefined)
    else readBody(req, settings.requestTimeoutSeconds, answer)

    function answer(form: ReadForm): void {
      void orElse(() => {
        const parameters = form()
        if (trace !== undefined && name === 'token') {
          const grantType = parameters.get('grant_type')
          if (grantType !== undefined && settings.grantTypes.has(grantType)) trace.grantType = grantType
        }
        const result = endpoint({
          authorization: readAuthorization(req),
          parameters,
          context: context.with(parameters),
          accept: req.headers.accept,
          addHeader(header, value) {
            // 503 may have been sent in the meantime, because the request took too long.
            if (!res.headersSent) res.appendHeader(header, value)
          },
        })
        return andThen(isPromiseLike(result) ? withinRequestTime(result, settings, context) : result, succeed)
      }, fail)
    }

    function succeed(result: EndpointAnswer | undefined): void {
      if (result === undefined) writeOptions(res, context.requestId)
      else writeAnswer(res, result, context.requestId)
      trace?.end('ok')
    }

    function fail(thrown: unknown): void {
      const error = publicError(thrown)
      emitError(settings.emit, context, error)
      writeError(res, error, error.status === 401 ? challenge : undefined, context.requestId)
      trace?.end(error.code)
    }
  }
}

/** RFC 6749 §3.2: the client MUST use POST. */
function refuseMethod(req: HttpRequest, res: ServerResponse): OAuthError | undefined {
  if (req.method === 'POST' || req.method === 'OPTIONS') return undefined
  res.setHeader('Allow', 'POST')
  const options = { status: 405, detail: `The method is ${req.method ?? ''}` }
  return refusal('invalid_request', 'method_not_allowed', 'Only POST is allowed here', options)
}

/**
 * Creates the handler for the path of an endpoint with a slash at its end: 404 as OAuth JSON with the right URL. OAuth clients cannot read
 * the HTML page of Express.
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
