import type { ServerResponse } from 'node:http'
import type { OAuthError } from '../errors/oauth-error.js'
import { knownRefusal, publicError } from '../errors/refusal.js'
import type { HttpRequestContext, RequestSettings } from '../http/http-request-context.js'
import { withinRequestTime } from '../http/request-deadline.js'
import { isPromiseLike, type MaybePromise } from '../time/maybe-promise.js'

/** What a strategy decided about a request. */
export type Decision = Acceptance | Passing | Refusal

/** The credentials are good. */
export interface Acceptance {
  readonly decided: 'accept'
  readonly user: unknown
  /** For `req.authInfo`. */
  readonly info?: unknown
}

/** The request has no credentials, and needs none. */
export interface Passing {
  readonly decided: 'pass'
}

/** The request may not go on, unless another strategy of the same route lets it. */
export interface Refusal {
  readonly decided: 'refuse'
  /** What is wrong; `undefined` when the request just has no credentials. */
  readonly error: OAuthError | undefined
  /** For `WWW-Authenticate`; absent where asking for other credentials would not help. */
  readonly challenge: string | undefined
  /** Writes the answer, and tells of it. */
  answer(res: ServerResponse): void
}

/** Decides, and makes a refusal of everything that is thrown or rejected meanwhile, and of a decision that does not come in time. */
export function decideOr(
  settings: RequestSettings,
  context: HttpRequestContext,
  decide: () => MaybePromise<Decision>,
  refuse: (error: OAuthError) => Decision,
): MaybePromise<Decision> {
  try {
    const decision = decide()
    if (!isPromiseLike(decision)) return decision
    return withinRequestTime(decision, settings, context).then(undefined, refuseThrown)
  } catch (thrown) {
    return refuseThrown(thrown)
  }

  function refuseThrown(thrown: unknown): Decision {
    return refuse(publicError(thrown))
  }
}

/**
 * Which of two refusals of one request is answered where several strategies guard a route: the one that says more. A strategy that
 * finds no credentials says nothing; one that does not know the client may have been the wrong one to ask. Of two that say as
 * much, the first is answered, as Passport does it.
 */
export function moreTelling(first: Refusal | undefined, second: Refusal): Refusal {
  return first === undefined || weight(second) > weight(first) ? second : first
}

function weight({ error }: Refusal): number {
  if (error === undefined) return 0
  if (error.code !== 'invalid_client') return 3
  // A strategy that found no credentials of its kind says less than one that has refused some.
  const { reason } = knownRefusal(error)
  return reason === 'no_credentials' || reason === 'other_scheme' ? 1 : 2
}
