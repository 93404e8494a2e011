import { OAuthError } from '../errors/oauth-error.js'

/** The one refusal of every token that is not good: the same words, whatever is wrong with it (RFC 6750 §3.1). */
export function invalidToken(): OAuthError {
  return new OAuthError('invalid_token', 'The access token is invalid, expired or revoked')
}

/** The refusal of a good token that does not have the scope (RFC 6750 §3.1). */
export function insufficientScope(): OAuthError {
  return new OAuthError('insufficient_scope', 'The access token does not have the scope that is needed')
}
