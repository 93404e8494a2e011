import type { JwtClaims } from './jwt.js'
import type { VerifiedAccess } from './verified-access.js'

/**
 * Judges the claims of a JWT access token whose signature is right (RFC 9068 §4), all but the audience; `undefined` when any of
 * them is missing, of a wrong type, or not for now. `leewaySeconds` forgives clocks that differ.
 */
export function readAccessTokenClaims(
  claims: JwtClaims | undefined,
  issuer: string,
  now: number,
  leewaySeconds: number,
): VerifiedAccess | undefined {
  if (claims === undefined) return undefined
  const { iss, sub, aud, client_id: clientId, jti, scope = '', sid } = claims
  if (iss !== issuer || !isName(sub) || !isName(clientId) || !isName(jti)) return undefined
  const audience = typeof aud === 'string' ? [aud] : aud
  if (!isStrings(audience) || audience.length === 0 || typeof scope !== 'string') return undefined
  const { exp, iat, nbf = iat } = claims
  if (!isTime(exp) || !isTime(iat) || !isTime(nbf)) return undefined
  if (now >= exp + leewaySeconds || iat > now + leewaySeconds || nbf > now + leewaySeconds) return undefined
  // Bound to a key or a certificate that nothing here could check: to take it as a bearer token would undo the binding.
  if ('cnf' in claims || (sid !== undefined && !isName(sid))) return undefined
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
