import { isOAuthError, OAuthError } from './oauth-error.js'
import { isStoreUnavailableError } from './store-unavailable-error.js'

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
