import type { ServerResponse } from 'node:http'
import { basicChallenge } from '../client-auth/basic-challenge.js'
import type { EndpointAnswer } from '../endpoints/endpoint-answer.js'
import type { IntrospectionRequest } from '../endpoints/introspection.js'
import { OAuthError } from '../errors/oauth-error.js'
import { publicError } from '../errors/public-error.js'
import { emitError, type Emit } from '../events.js'
import { isPromiseLike, type MaybePromise } from '../protocol/maybe-promise.js'
import type { HttpRequest } from './http.js'
import { HttpRequestContext } from './http-request-context.js'
import { readBody, type ReadForm } from './read-body.js'
import { readAuthorization } from './request-headers.js'
import { writeAnswer, writeError, writeOptions } from './write-answer.js'

/** What is common to all endpoints of a server. */
export interface EndpointSettings {
  readonly realm: string
  /** Whether requests without TLS are refused. */
  readonly requireTls: boolean
  readonly emit: Emit
}

/** Makes the handler of one endpoint: everything that is thrown in it, or rejected, ends here as OAuth JSON. */
export function endpointHandler(
  settings: EndpointSettings,
  endpoint: (request: IntrospectionRequest) => MaybePromise<EndpointAnswer>,
): (req: HttpRequest, res: ServerResponse) => void {
  const challenge = basicChallenge(settings.realm)

  return (req, res) => {
    const context = new HttpRequestContext(req)
    const refusal = refuseMethod(req, res) ?? refusePlainHttp(settings, req)
    if (refusal !== undefined) fail(refusal)
    else if (req.method === 'OPTIONS') writeOptions(res)
    else readBody(req, answer)

    function answer(form: ReadForm): void {
      try {
        const parameters = form()
        const result = endpoint({
          authorization: readAuthorization(req),
          parameters,
          context: context.with(parameters),
          accept: req.headers.accept,
        })
        if (isPromiseLike(result)) void result.then(succeed).then(undefined, fail)
        else succeed(result)
      } catch (thrown) {
        fail(thrown)
      }
    }

    function succeed(result: EndpointAnswer): void {
      writeAnswer(res, result)
    }

    function fail(thrown: unknown): void {
      const error = publicError(thrown)
      emitError(settings.emit, context, error)
      writeError(res, error, error.status === 401 ? challenge : undefined)
    }
  }
}

/** RFC 6749 §3.2: the client MUST use POST. */
function refuseMethod(req: HttpRequest, res: ServerResponse): OAuthError | undefined {
  if (req.method === 'POST' || req.method === 'OPTIONS') return undefined
  res.setHeader('Allow', 'POST')
  return new OAuthError('invalid_request', 'Only POST is allowed here', { status: 405 })
}

/** RFC 6749 §3.2: TLS is required. Refused, not redirected, so that a client that leaks its secret is noticed. */
function refusePlainHttp({ requireTls }: EndpointSettings, req: HttpRequest): OAuthError | undefined {
  if (!requireTls || (req.secure ?? 'encrypted' in req.socket)) return undefined
  return new OAuthError('invalid_request', 'TLS is required; behind a TLS proxy, set trust proxy in the application')
}
