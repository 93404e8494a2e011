import { OAuthError } from '../errors/oauth-error.js'

/** RFC 6750 §2.1: `b64token`. */
const bearerCredentials = /^bearer +([A-Za-z0-9\-._~+/]+=*)$/i
const bearerScheme = /^bearer(?:[\s,]|$)/i
const MAX_LENGTH = 16_384

/** Where a guard looks for a token, and where it only looks for a second one. */
export interface BearerRequest {
  /** The one `Authorization` header; absent when there is none. */
  readonly authorization: string | undefined
  /** Whether `access_token` also stands in the query or in a form body. */
  readonly tokenElsewhere: boolean
}

/**
 * Reads the token of the `Authorization` header, the only place where a guard takes it from (RFC 6750 §2.1, RFC 9700 §4.3.2).
 * `undefined` when the request has no bearer credentials, or the scheme without a token. Throws `invalid_request` when they are malformed or repeated.
 */
export function readBearerToken({ authorization, tokenElsewhere }: BearerRequest): string | undefined {
  if (authorization === undefined || !bearerScheme.test(authorization)) return undefined
  // A page that has no token yet sends the scheme alone. RFC 6750 §3.1 lets one refuse that as malformed, but clients refresh on 401 only.
  if (authorization.trim().length === 6) return undefined
  // RFC 6750 §2: clients MUST NOT use more than one method to transmit the token in each request.
  if (tokenElsewhere) throw new OAuthError('invalid_request', 'The access token is sent in more than one way')
  const token = authorization.length > MAX_LENGTH ? undefined : bearerCredentials.exec(authorization)?.[1]
  if (token === undefined) throw new OAuthError('invalid_request', 'The Authorization header is malformed')
  return token
}
