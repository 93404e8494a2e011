import { OAuthError, type OAuthErrorCode, type OAuthErrorOptions, isOAuthError } from './oauth-error.js'
import type { RefusalReason } from './refusal-reason.js'
import { isStoreUnavailableError } from './store-unavailable-error.js'

/** Whom and what a refusal is about, as far as it is known, for the operator. Nothing secret. */
export interface RefusalFacts {
  /** The client that authenticated, or that a good token belongs to. */
  readonly clientId?: string | undefined
  readonly userId?: string | undefined
  readonly authorizationId?: string | undefined
  /** What shows the cause, in one line: which parameter, which scope, how long ago. */
  readonly detail?: string | undefined
}

/** What is known of a refusal of ours. */
export interface KnownRefusal extends RefusalFacts {
  readonly reason: RefusalReason
}

const key = Symbol.for('latchkey.refusal')

/** Makes the error of a refusal of ours: `description` is for the caller, the reason and the facts are for the operator. */
export function refusal(
  code: OAuthErrorCode,
  reason: RefusalReason,
  description: string,
  { clientId, userId, authorizationId, ...options }: RefusalFacts & OAuthErrorOptions = {},
): OAuthError {
  const error = new OAuthError(code, description, options)
  const known: KnownRefusal = { reason, clientId, userId, authorizationId, detail: options.detail }
  // Not a member that the class declares: it must not stand in what an application prints, or answers by itself.
  return Object.defineProperty(error, key, { value: known })
}

/** The error of a request that comes too often. Whoever counts tells of it by the event `throttled`, whose `kind` is the reason. */
export function tooManyRequests(description: string, retryAfterSeconds: number): OAuthError {
  return new OAuthError('temporarily_unavailable', description, { status: 429, retryAfterSeconds })
}

/** What is known of a refusal. An error that the application made says so itself. */
export function knownRefusal(error: OAuthError): KnownRefusal {
  const { [key]: known } = error as { readonly [key]?: KnownRefusal }
  return known ?? { reason: 'application', detail: error.detail }
}

/**
 * What the client is told of anything that was thrown: an OAuth error as it is, a store out of reach as 503, everything else
 * as `server_error`. The cause stays inside, for events.
 */
export function publicError(thrown: unknown): OAuthError {
  try {
    if (isOAuthError(thrown)) return thrown
    if (isStoreUnavailableError(thrown)) {
      const { retryAfterSeconds } = thrown
      const options = { cause: thrown, retryAfterSeconds }
      return new OAuthError('temporarily_unavailable', 'The server cannot answer right now', options)
    }
  } catch {
    // A proxy may throw whatever it is asked; there is nobody left to catch that.
  }
  return new OAuthError('server_error', 'The server met an unexpected condition', { cause: thrown })
}
