import type { OAuthError } from '../errors/oauth-error.js'
import type { BearerRequirement } from './requirement.js'

/** The parameters of every challenge of a guard. */
export interface ChallengeParams {
  readonly realm: string
  /** The URL of the resource's metadata (RFC 9728 §5.1), if any. */
  readonly resourceMetadata?: string | undefined
}

/**
 * Returns the value of `WWW-Authenticate` for a refused request (RFC 6750 §3); without an error for a request without credentials.
 * `undefined` if other credentials would not help.
 */
export function bearerChallenge(
  { realm, resourceMetadata }: ChallengeParams,
  { allOf, anyOf }: BearerRequirement,
  error?: OAuthError,
): string | undefined {
  const bare = `Bearer realm="${realm}"${resourceMetadata === undefined ? '' : `, resource_metadata="${resourceMetadata}"`}`
  switch (error?.code) {
    // RFC 6750 §3.1: without authentication information there SHOULD NOT be an error code.
    // `access_denied` has no code in RFC 6750, and `insufficient_scope` would make the client ask for more scope in vain.
    case undefined:
    case 'access_denied':
      return bare
    case 'insufficient_scope':
      return `${bare}, ${errorParams(error)}, scope="${[...allOf, ...anyOf].join(' ')}"`
    case 'invalid_request':
    case 'invalid_token':
      return `${bare}, ${errorParams(error)}`
    default:
      return undefined
  }
}

function errorParams({ code, description }: { readonly code: string; readonly description: string }): string {
  return `error="${code}", error_description="${description}"`
}
