import { OAuthError } from '../errors/oauth-error.js'

/** The one answer to every failed client authentication: the same words, whatever failed (RFC 6749 §5.2). */
export function invalidClient(cause?: unknown): OAuthError {
  return new OAuthError('invalid_client', 'Client authentication failed', { cause })
}
