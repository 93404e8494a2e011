import { basicChallenge } from '../client-auth/basic.js'
import type { ClientAuthRequest } from '../client-auth/client-auth-method.js'
import type { OAuthError } from '../errors/oauth-error.js'
import type { RequestSettings } from '../http/http-request-context.js'
import type { HttpRequest } from '../http/http.js'
import { isForm, readAuthorization } from '../http/request-headers.js'
import { type TlsRule, refusePlainHttp } from '../http/tls.js'
import { writeError } from '../http/write-answer.js'
import { Parameters, adoptForm, parseForm } from '../protocol/parameters.js'
import type { RequestContext } from '../request/request-context.js'
import { emitError } from '../telemetry/emit.js'
import type { Emit } from '../telemetry/events.js'
import { type MaybePromise, andThen } from '../time/maybe-promise.js'
import type { AttemptedRequest } from './attempt.js'
import { type Decision, decideOr } from './decision.js'

/** How a strategy authenticates clients and refuses them. */
export interface ClientTerms extends RequestSettings {
  readonly realm: string
  readonly emit: Emit
  /** Whether the credentials are in the form, so that an unread form is a mistake of the application. */
  readonly needsForm: boolean
  /** Absent: requests without TLS are accepted. */
  readonly tls?: TlsRule
}

/** Decides about a request by its client, and refuses it as an endpoint would. `authenticate` returns the user or throws. */
export function decideByClient(
  terms: ClientTerms,
  { req, context }: AttemptedRequest,
  authenticate: (request: ClientAuthRequest) => MaybePromise<unknown>,
): MaybePromise<Decision> {
  const { realm, emit, needsForm, tls } = terms
  return decideOr(
    terms,
    context,
    () => {
      const request = clientAuthRequest(req, context, needsForm)
      const hasCredentials =
        request.authorization !== undefined || request.parameters.get('client_secret') !== undefined
      const plain = tls && hasCredentials ? refusePlainHttp(tls, req) : undefined
      if (plain !== undefined) return refuse(plain)
      return andThen(authenticate(request), (user) => ({ decided: 'accept', user }))
    },
    refuse,
  )

  function refuse(error: OAuthError): Decision {
    const challenge = error.status === 401 ? basicChallenge(realm) : undefined
    return {
      decided: 'refuse',
      error,
      challenge,
      answer(res) {
        emitError(emit, context, error)
        writeError(res, error, challenge, context.requestId)
      },
    }
  }
}

/** The parameters of a form that concern the client. The others belong to the route, which may have its own rules for them. */
const clientParameters: ReadonlySet<string> = new Set([
  'client_assertion',
  'client_assertion_type',
  'client_id',
  'client_secret',
])

/**
 * Reads what an HTTP request says about its client. The form comes from `req.body`, where the application's parser has put it. Throws
 * `invalid_request`, and an `Error` for an unread form that is needed.
 */
export function clientAuthRequest(req: HttpRequest, context: RequestContext, needsForm: boolean): ClientAuthRequest {
  const parameters = clientParametersOf(req)
  const authorization = readAuthorization(req)
  if (needsForm && authorization === undefined && isUnreadForm(req)) {
    throw new Error('The form of a client was not read: put express.urlencoded() before passport.authenticate()')
  }
  return { authorization, parameters, context }
}

function clientParametersOf(req: HttpRequest): Parameters {
  const { body } = req
  if (!isForm(req) || body === undefined || body === null) return new Parameters()
  if (Buffer.isBuffer(body)) return parseForm(body.toString())
  if (typeof body !== 'object' || Array.isArray(body)) return adoptForm(body)
  return adoptForm(Object.fromEntries(Object.entries(body).filter(([name]) => isAboutClient(name))))
}

/** Also true for `client_id[]`, which is a mistake and not another parameter. */
function isAboutClient(name: string): boolean {
  return clientParameters.has(name.split('[', 1)[0] ?? '')
}

function isUnreadForm(req: HttpRequest): boolean {
  const { 'transfer-encoding': encoding, 'content-length': length } = req.headers
  return isForm(req) && req.body === undefined && (encoding !== undefined || Number(length) > 0)
}
