import { differInSlash, type TokenRefusal } from '../protocol/token-refusal.js'
import type { JwtClaims } from './jwt.js'
import type { VerifiedAccess } from './verified-access.js'

/**
 * Judges the claims of a JWT access token whose signature is right (RFC 9068 §4), all but the audience. Returns why the token is
 * refused when one of them is missing, of a wrong type, or not for now; an earlier refusal comes back as it is. `leewaySeconds`
 * forgives clocks that differ.
 */
export function readAccessTokenClaims(
  claims: JwtClaims | TokenRefusal,
  issuer: string,
  now: number,
  leewaySeconds: number,
): VerifiedAccess | TokenRefusal {
  if (typeof claims === 'string') return claims
  const { iss, sub, aud, client_id: clientId, jti, scope = '', sid } = claims
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
  if (iat > now + leewaySeconds || nbf > now + leewaySeconds) return 'not_yet_valid'
  // Bound to a key or a certificate that nothing here could check: to take it as a bearer token would undo the binding.
  if ('cnf' in claims) return 'sender_constrained'
  // A client's own token: `sub` is the client, and there is no sign-in.
  const isClients = sid === undefined && sub === clientId
  return {
    clientId,
    userId: isClients ? undefined : sub,
    authorizationId: sid,
    scope,
    audience: Object.freeze(audience),
    issuedAt: iat,
    expiresAt: exp,
    tokenId: jti,
    claims: Object.freeze(claims),
  }
}

function isName(value: unknown): value is string {
  return typeof value === 'string' && value !== ''
}

function isStrings(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((entry) => typeof entry === 'string')
}

/** Whole seconds since the epoch; neither 1e999 nor a string. */
function isTime(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0
}
