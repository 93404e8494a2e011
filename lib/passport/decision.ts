import type { ServerResponse } from 'node:http'
import type { OAuthError } from '../errors/oauth-error.js'
import { knownRefusal, publicError } from '../errors/refusal.js'
import type { HttpRequestContext, RequestSettings } from '../http/http-request-context.js'
import { withinRequestTime } from '../http/request-deadline.js'
import { isPromiseLike, orElse, type MaybePromise } from '../time/maybe-promise.js'

/** What a strategy has decided about a request. */
export type Decision = Acceptance | Passing | Refusal

/** The credentials are valid. */
export interface Acceptance {
  readonly decided: 'accept'
  readonly user: unknown
  /** For `req.authInfo`. */
  readonly info?: unknown
}

/** The request has no credentials and needs none. */
export interface Passing {
  readonly decided: 'pass'
}

/** The request is refused, unless another strategy of the route accepts it. */
export interface Refusal {
  readonly decided: 'refuse'
  /** What is wrong; `undefined` if the request only lacks credentials. */
  readonly error: OAuthError | undefined
  /** For `WWW-Authenticate`; absent if other credentials would not help. */
  readonly challenge: string | undefined
  /** Writes the response and emits its event. */
  answer(res: ServerResponse): void
}

/** Calls `decide`. Turns anything thrown or rejected, and a decision that does not come in time, into a refusal. */
export function decideOr(
  settings: RequestSettings,
  context: HttpRequestContext,
  decide: () => MaybePromise<Decision>,
  refuse: (error: OAuthError) => Decision,
): MaybePromise<Decision> {
  return orElse(
    () => {
      const decision = decide()
      return isPromiseLike(decision) ? withinRequestTime(decision, settings, context) : decision
    },
    (thrown) => refuse(publicError(thrown)),
  )
}

/**
 * Chooses between two refusals when several strategies guard a route: the one that says more becomes the response. A strategy that finds no
 * credentials says nothing, and one that does not know the client may have been the wrong one to ask. If both say as much, the first one
 * wins, as in Passport.
 */
export function moreTelling(first: Refusal | undefined, second: Refusal): Refusal {
  return first === undefined || weight(second) > weight(first) ? second : first
}

function weight({ error }: Refusal): number {
  if (error === undefined) return 0
  if (error.code !== 'invalid_client') return 3
  // A strategy that found no credentials of its kind says less than one that refused some.
  const { reason } = knownRefusal(error)
  return reason === 'no_credentials' || reason === 'other_scheme' ? 1 : 2
}
