import { differInSlash } from '../checks/check-issuer.js'
import type { TokenRefusal } from '../errors/refusal-reason.js'
import type { JwtClaims } from '../jose/jwt.js'
import { isStrings } from '../protocol/grammar.js'
import { actorOf, isTime, type IsUser } from '../tokens/access-token-claims.js'
import type { VerifiedAccess } from '../tokens/access-token-claims.js'

/**
 * Reads an introspection response (RFC 7662 §2.2, §4). Returns what the token grants, or why it is refused: only `true` is active, and a
 * token that never expires or is bound to a key is refused.
 */
export function readIntrospection(
  response: JwtClaims,
  issuer: string,
  now: number,
  isUser: IsUser | undefined,
): VerifiedAccess | TokenRefusal {
  const {
    active,
    iss = issuer,
    client_id: clientId,
    sub = clientId,
    scope = '',
    aud = [],
    exp,
    iat = now,
    sid,
    jti,
    token_type: type,
  } = response
  if (active !== true) return 'inactive'
  if (iss !== issuer) return differInSlash(iss, issuer) ? 'issuer_slash' : 'issuer'
  if (typeof clientId !== 'string') return 'claim_client_id'
  if (typeof sub !== 'string') return 'claim_sub'
  // A refresh token of the client that asks is active as well. Only `token_type` distinguishes it from an access token.
  if (typeof type !== 'string' || type.toLowerCase() !== 'bearer') return 'wrong_kind'
  if (typeof scope !== 'string') return 'claim_scope'
  if (!isTime(exp)) return 'claim_exp'
  if (!isTime(iat)) return 'claim_iat'
  if (now >= exp) return 'expired'
  if ('cnf' in response) return 'sender_constrained'
  const audience = typeof aud === 'string' ? [aud] : aud
  if (!isStrings(audience)) return 'claim_aud'
  const actor = actorOf(response, sub === clientId, isUser)
  return {
    clientId,
    userId: actor === 'user' ? sub : undefined,
    unknownSubject: actor === 'unknown' ? sub : undefined,
    authorizationId: typeof sid === 'string' ? sid : undefined,
    scope,
    audience: Object.freeze(audience),
    issuedAt: iat,
    expiresAt: exp,
    tokenId: typeof jti === 'string' ? jti : undefined,
    claims: Object.freeze(response),
  }
}
