import type { OAuthError } from '../errors/oauth-error.js'
import { refusal, type RefusalFacts } from '../errors/refusal.js'
import type { RefusalReason } from '../errors/refusal-reason.js'
import type { Authorization, RefreshTokenSpending } from '../stores/token-store.js'

/** A longer grace is for confidential clients only. A retry after this time is a late one. */
export const LATE_AFTER_SECONDS = 60

/** The verdict about a spent refresh token that is presented again. */
export type SpentTokenVerdict =
  /** The response was lost, or two requests were sent at once: the same successors are returned. */
  | 'retry'
  /** The same, long after the token was spent: allowed once, see {@link TokenStore.claimLateRetry}. */
  | 'late_retry'
  /** It is too late for a retry, but the request came in time and waited: it is refused, and the authorization stays. */
  | 'refused'
  /** The token was stolen, or the client lost its state: the authorization is revoked (RFC 9700 §4.14.2). */
  | 'replay'

/**
 * Judges a spent token by when the request came, in milliseconds since the epoch. A spending without a valid time, as a store may return it, is
 * a replay: every comparison is written so that `NaN` leads there.
 */
export function judgeSpentToken(
  spending: RefreshTokenSpending,
  cameAt: number,
  graceSeconds: number,
): SpentTokenVerdict {
  const { spentAt, successorNonce, retryUntil, successorSpentAt, lateRetryAt } = withoutNulls(spending)
  const came = Math.floor(cameAt / 1000)
  // A late retry, or the use of the successors, shows that the client had the response: there is nothing to retry.
  if (lateRetryAt !== undefined) return came < lateRetryAt ? 'refused' : 'replay'
  if (successorSpentAt !== undefined) return cameAt < successorSpentAt ? 'refused' : 'replay'
  const isInTime = came < (retryUntil ?? spentAt + LATE_AFTER_SECONDS)
  if (successorNonce === undefined || successorNonce === '') return isInTime ? 'refused' : 'replay'
  const age = came - spentAt
  if (graceSeconds === 0 || !isInTime || !(age < graceSeconds)) return 'replay'
  return age < LATE_AFTER_SECONDS ? 'retry' : 'late_retry'
}

/** Returns the error for every invalid refresh token: unknown, expired, revoked, foreign, replayed. */
export function invalidRefreshToken(reason: RefusalReason, facts?: RefusalFacts): OAuthError {
  const description = 'The refresh token is invalid, expired, revoked, or belongs to another client'
  return refusal('invalid_grant', reason, description, facts)
}

/** Returns whose sign-in a refresh token belongs to, for the operator. */
export function ownerOf({ userId, authorizationId }: Authorization): RefusalFacts {
  return { userId, authorizationId }
}

/** Databases return null for absent values. */
function withoutNulls(spending: RefreshTokenSpending): RefreshTokenSpending {
  const { spentAt, successorNonce, retryUntil, successorSpentAt, lateRetryAt } = spending
  return {
    ...spending,
    spentAt,
    successorNonce: successorNonce ?? undefined,
    retryUntil: retryUntil ?? undefined,
    successorSpentAt: successorSpentAt ?? undefined,
    lateRetryAt: lateRetryAt ?? undefined,
  }
}
