import { basicChallenge } from '../client-auth/basic-challenge.js'
import type { ClientAuthRequest } from '../client-auth/client-auth-method.js'
import type { OAuthError } from '../errors/oauth-error.js'
import { emitError } from '../telemetry/emit.js'
import type { Emit } from '../telemetry/events.js'
import type { RequestSettings } from '../http/http-request-context.js'
import { refusePlainHttp, type TlsRule } from '../http/tls.js'
import { writeError } from '../http/write-answer.js'
import { andThen, type MaybePromise } from '../time/maybe-promise.js'
import type { AttemptedRequest } from './attempt.js'
import { clientAuthRequest } from './client-auth-request.js'
import { decideOr, type Decision } from './decision.js'

/** How a strategy asks clients who they are, and answers them. */
export interface ClientTerms extends RequestSettings {
  readonly realm: string
  readonly emit: Emit
  /** Whether the credentials stand in the form, so that one that nobody has read is a mistake of the application. */
  readonly needsForm: boolean
  /** Absent: requests without TLS are served. */
  readonly tls?: TlsRule
}

/** Decides about a request by its client, and refuses it as an endpoint would. `authenticate` answers the user, or throws. */
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
