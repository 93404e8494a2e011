import type { OAuthError, OAuthErrorOptions } from '../errors/oauth-error.js'
import { refusal, type RefusalFacts } from '../errors/refusal.js'
import type { ClientRefusal } from '../errors/refusal-reason.js'

/**
 * Returns the error for every client that fails to authenticate. Unknown, disabled, wrong secret and wrong method have the same words (RFC 6749
 * §5.2).
 */
export function invalidClient(reason: ClientRefusal, facts?: RefusalFacts): OAuthError {
  return refusal('invalid_client', reason, 'Client authentication failed', facts)
}

/** Returns the error for a request without client credentials. Its sender knows that there are none. */
export function noCredentials(options?: OAuthErrorOptions): OAuthError {
  return refusal('invalid_client', 'no_credentials', 'No client authentication was sent; use HTTP Basic', options)
}

/** Returns the error for credentials that cannot be read. */
export function malformedCredentials(what: string, why: string): OAuthError {
  return refusal('invalid_client', 'malformed_credentials', `${what} malformed: ${why}`, { detail: why })
}
