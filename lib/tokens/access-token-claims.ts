import { isUnwantedPromise } from '../time/maybe-promise.js'
import type { TokenRefusal } from '../errors/refusal-reason.js'
import { differInSlash } from '../checks/check-issuer.js'
import { isStrings } from '../protocol/grammar.js'
import type { JwtClaims } from '../jose/jwt.js'

/** Default of `clockSkewSeconds`: the seconds by which clocks may differ. */
export const CLOCK_SKEW_SECONDS = 60

/** Default of `longestAccessTokenSeconds`: a year. */
export const LONGEST_ACCESS_TOKEN_SECONDS = 31_536_000

/** Returns whether a token of another issuer acts for a user. */
export type IsUser = (claims: JwtClaims) => boolean

/** What a verifier requires of the claims of an access token. */
export interface ClaimRules {
  readonly issuer: string
  /** Seconds by which `iat` and `nbf` may be in the future, so that a clock that was set back refuses nothing. */
  readonly clockSkewSeconds: number
  /** Seconds for which a token is accepted after `exp`. */
  readonly leewaySeconds: number
  /** The longest time from `iat` to `exp`: a leaked key must not make tokens for a century. */
  readonly longestAccessTokenSeconds: number
  readonly isUser?: IsUser | undefined
}

/** What a valid access token says, opaque or JWT. */
export interface VerifiedAccess {
  readonly clientId: string
  /** Absent for a client's own token, and if another issuer does not say that it acts for a user. */
  readonly userId: string | undefined
  /** The subject of a token that may act for a user or for a service; absent if that is known. */
  readonly unknownSubject?: string | undefined
  /** Absent for a client's own token, and if another issuer does not say. */
  readonly authorizationId: string | undefined
  /** Space-separated. */
  readonly scope: string
  /** The resources that it is for; empty if the issuer has no resources. */
  readonly audience: readonly string[]
  readonly issuedAt: number
  readonly expiresAt: number
  /** The `jti` of a JWT; absent for an opaque token. */
  readonly tokenId: string | undefined
  /** All claims of a JWT, or members of an introspection response; empty for an opaque token. */
  readonly claims: JwtClaims
}

/** The rules for a server's own tokens. No leeway on expiry: an opaque token would have expired as well. */
export function ownClaimRules(
  issuer: string,
  options: Partial<Pick<ClaimRules, 'clockSkewSeconds' | 'longestAccessTokenSeconds'>> = {},
): ClaimRules {
  const { clockSkewSeconds = CLOCK_SKEW_SECONDS, longestAccessTokenSeconds = LONGEST_ACCESS_TOKEN_SECONDS } = options
  return { issuer, clockSkewSeconds, leewaySeconds: 0, longestAccessTokenSeconds, isUser: undefined }
}

/**
 * Judges the claims of a JWT access token with a valid signature (RFC 9068 §4), except the audience. Returns why the token is refused if a
 * claim is missing, of a wrong type, expired or not yet valid. Returns an earlier refusal as it is.
 */
export function readAccessTokenClaims(
  claims: JwtClaims | TokenRefusal,
  rules: ClaimRules,
  now: number,
): VerifiedAccess | TokenRefusal {
  if (typeof claims === 'string') return claims
  const { iss, sub, aud, client_id: clientId, jti, scope = '', sid } = claims
  const { issuer, clockSkewSeconds, leewaySeconds, longestAccessTokenSeconds, isUser } = rules
  if (iss !== issuer) return differInSlash(iss, issuer) ? 'issuer_slash' : 'issuer'
  if (!isName(sub)) return 'claim_sub'
  if (!isName(clientId)) return 'claim_client_id'
  if (!isName(jti)) return 'claim_jti'
  const audience = typeof aud === 'string' ? [aud] : aud
  if (!isStrings(audience) || audience.length === 0) return 'claim_aud'
  if (typeof scope !== 'string') return 'claim_scope'
  const { exp, iat, nbf = iat } = claims
  if (!isTime(exp)) return 'claim_exp'
  if (!isTime(iat)) return 'claim_iat'
  if (!isTime(nbf)) return 'claim_nbf'
  if (sid !== undefined && !isName(sid)) return 'claim_sid'
  if (now >= exp + leewaySeconds) return 'expired'
  if (iat > now + clockSkewSeconds || nbf > now + clockSkewSeconds) return 'not_yet_valid'
  if (exp - iat > longestAccessTokenSeconds) return 'too_long'
  // Bound to a key or a certificate, which we cannot check. Accepting it as a bearer token would undo the binding.
  if ('cnf' in claims) return 'sender_constrained'
  const actor = actorOf(claims, sub === clientId, isUser)
  return {
    clientId,
    userId: actor === 'user' ? sub : undefined,
    unknownSubject: actor === 'unknown' ? sub : undefined,
    authorizationId: sid,
    scope,
    audience: Object.freeze(audience),
    issuedAt: iat,
    expiresAt: exp,
    tokenId: jti,
    claims: Object.freeze(claims),
  }
}

/**
 * Returns whom a token acts for. A sign-in (`sid`, `auth_time`) is that of a user. A subject other than the client is not enough: RFC 9068 §2.2
 * lets an issuer name a service account there.
 */
export function actorOf(
  claims: JwtClaims,
  isClientsOwn: boolean,
  isUser: IsUser | undefined,
): 'user' | 'client' | 'unknown' {
  if (isName(claims['sid']) || isTime(claims['auth_time'])) return 'user'
  const said: unknown = isUser?.(claims)
  if (!isUnwantedPromise(said) && said === true) return 'user'
  return isClientsOwn ? 'client' : 'unknown'
}

/** Returns whether a value is a string that is not empty. */
export function isName(value: unknown): value is string {
  return typeof value === 'string' && value !== ''
}

/** Returns whether a value is a time in whole seconds since the epoch: neither 1e999 nor a string. */
export function isTime(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0
}
