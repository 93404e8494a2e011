import type { OAuthError } from '../errors/oauth-error.js'
import type { BearerRequirement } from './requirement.js'

/** What every challenge of a guard says. */
export interface ChallengeParams {
  readonly realm: string
  /** The URL of the resource's metadata (RFC 9728 §5.1); absent where there is none. */
  readonly resourceMetadata?: string | undefined
}

/**
 * The value of `WWW-Authenticate` for a refused request (RFC 6750 §3); without an error for a request without credentials.
 * `undefined` where asking for other credentials would not help.
 */
export function bearerChallenge(
  { realm, resourceMetadata }: ChallengeParams,
  { allOf, anyOf }: BearerRequirement,
  error?: OAuthError,
): string | undefined {
  const bare = `Bearer realm="${realm}"${resourceMetadata === undefined ? '' : `, resource_metadata="${resourceMetadata}"`}`
  switch (error?.code) {
    // RFC 6750 §3.1: without authentication information there SHOULD NOT be an error code.
    // A refusal that more scope cannot cure has no code that would send the client for more scope.
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
