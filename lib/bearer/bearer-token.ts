import { refusal } from '../errors/refusal.js'
import type { RefusalReason } from '../errors/refusal-reason.js'
import { otherScheme } from '../protocol/auth-scheme.js'

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
  if (tokenElsewhere) {
    const detail = 'access_token is also in the query or in the form'
    throw refusal('invalid_request', 'several_tokens', 'The access token is sent in more than one way', { detail })
  }
  const token = authorization.length > MAX_LENGTH ? undefined : bearerCredentials.exec(authorization)?.[1]
  if (token === undefined) {
    const detail = authorization.length > MAX_LENGTH ? `It has more than ${String(MAX_LENGTH)} characters` : notB64Token
    throw refusal('invalid_request', 'malformed_credentials', 'The Authorization header is malformed', { detail })
  }
  return token
}

const notB64Token = 'Bearer is not followed by one token of letters, digits, -._~+/ and = at its end'

/** Why there is no token to be judged, for the operator. */
export interface NoToken {
  readonly reason: Extract<RefusalReason, 'no_credentials' | 'other_scheme' | 'token_elsewhere'>
  readonly detail?: string | undefined
}

const noCredentials: NoToken = { reason: 'no_credentials' }

/** Says why {@link readBearerToken} found nothing. */
export function whyNoToken({ authorization, tokenElsewhere }: BearerRequest): NoToken {
  if (authorization === undefined) {
    if (!tokenElsewhere) return noCredentials
    return { reason: 'token_elsewhere', detail: 'access_token is in the query or in the form' }
  }
  return bearerScheme.test(authorization)
    ? { reason: 'no_credentials', detail: 'The Authorization header has only the scheme' }
    : { reason: 'other_scheme', detail: otherScheme(authorization, 'Bearer') }
}
