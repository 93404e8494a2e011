import { OAuthError, type OAuthErrorCode, type OAuthErrorOptions, isOAuthError } from './oauth-error.js'
import type { RefusalReason } from './refusal-reason.js'
import { isStoreUnavailableError } from './store-unavailable-error.js'

/** The parties and the details of a refusal, as far as they are known, for the operator. Nothing secret. */
export interface RefusalFacts {
  /** The client that authenticated, or that a valid token belongs to. */
  readonly clientId?: string | undefined
  readonly userId?: string | undefined
  readonly authorizationId?: string | undefined
  /** The cause in one line: which parameter, which scope, how long ago. */
  readonly detail?: string | undefined
}

/** What the operator learns about a refusal. */
export interface KnownRefusal extends RefusalFacts {
  readonly reason: RefusalReason
}

const key = Symbol.for('latchkey.refusal')

/** Creates the error of a refusal: `description` is for the client, the reason and the facts are for the operator. */
export function refusal(
  code: OAuthErrorCode,
  reason: RefusalReason,
  description: string,
  { clientId, userId, authorizationId, ...options }: RefusalFacts & OAuthErrorOptions = {},
): OAuthError {
  const error = new OAuthError(code, description, options)
  const known: KnownRefusal = { reason, clientId, userId, authorizationId, detail: options.detail }
  // Not enumerable: it must not appear when an application prints the error or sends it as JSON.
  return Object.defineProperty(error, key, { value: known })
}

/** Creates the 429 of a throttled request. The caller emits the event `throttled`, whose `kind` is the reason. */
export function tooManyRequests(description: string, retryAfterSeconds: number): OAuthError {
  return new OAuthError('temporarily_unavailable', description, { status: 429, retryAfterSeconds })
}

/** Returns what is known about a refusal; for an error of the application: the reason `application` and its detail. */
export function knownRefusal(error: OAuthError): KnownRefusal {
  const { [key]: known } = error as { readonly [key]?: KnownRefusal }
  return known ?? { reason: 'application', detail: error.detail }
}

/**
 * Returns the error that the client gets for anything that was thrown: an OAuth error as it is, 503 for an unavailable store, and
 * `server_error` for everything else. The cause is kept for events.
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
    // A proxy that throws at each access: nothing else would catch that.
  }
  return new OAuthError('server_error', 'The server met an unexpected condition', { cause: thrown })
}
