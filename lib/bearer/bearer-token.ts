import { refusal } from '../errors/refusal.js'
import type { RefusalReason } from '../errors/refusal-reason.js'
import { otherScheme } from '../protocol/auth-scheme.js'

/** RFC 6750 §2.1: `b64token`. */
const bearerCredentials = /^bearer +([A-Za-z0-9\-._~+/]+=*)$/i
const bearerScheme = /^bearer(?:[\s,]|$)/i
const MAX_LENGTH = 16_384

/** The parts of a request that may have a token. */
export interface BearerRequest {
  /** The `Authorization` header, if any. */
  readonly authorization: string | undefined
  /** Whether the query or a form body has `access_token`: it is never accepted there. */
  readonly tokenElsewhere: boolean
}

/**
 * Reads the token from the `Authorization` header, the only place where a guard accepts it (RFC 6750 §2.1, RFC 9700 §4.3.2). Returns
 * `undefined` for a request without bearer credentials, or with the scheme only. Throws `invalid_request` if they are malformed or
 * repeated.
 */
export function readBearerToken({ authorization, tokenElsewhere }: BearerRequest): string | undefined {
  if (authorization === undefined || !bearerScheme.test(authorization)) return undefined
  // A page without a token sends the scheme only. RFC 6750 §3.1 allows to refuse that as malformed, but clients refresh only on 401.
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

/** Why a request has no token, for the operator. */
export interface NoToken {
  readonly reason: Extract<RefusalReason, 'no_credentials' | 'other_scheme' | 'token_elsewhere'>
  readonly detail?: string | undefined
}

const noCredentials: NoToken = { reason: 'no_credentials' }

/** Returns why {@link readBearerToken} found no token. */
export function whyNoToken({ authorization, tokenElsewhere }: BearerRequest): NoToken {
  if (authorization === undefined) {
    if (!tokenElsewhere) return noCredentials
    return { reason: 'token_elsewhere', detail: 'access_token is in the query or in the form' }
  }
  return bearerScheme.test(authorization)
    ? { reason: 'no_credentials', detail: 'The Authorization header has only the scheme' }
    : { reason: 'other_scheme', detail: otherScheme(authorization, 'Bearer') }
}
