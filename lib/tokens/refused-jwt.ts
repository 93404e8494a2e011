import type { RefusalFacts } from '../errors/refusal.js'
import type { TokenRefusal } from '../errors/refusal-reason.js'
import type { ClaimRules } from './access-token-claims.js'
import { presentedHeader, type JwtClaims } from '../jose/jwt.js'

/**
 * Returns what an operator may know about a refused JWT: whose it is, if its signature is valid, and what shows the reason. `claims` are the
 * result of `verifyJwt`.
 */
export function factsOfJwt(
  reason: TokenRefusal,
  token: string,
  claims: JwtClaims | TokenRefusal,
  rules: ClaimRules,
  now: number,
): RefusalFacts {
  if (typeof claims === 'string') return { detail: detailOfHeader(reason, token) }
  const { client_id: clientId, sub, sid } = claims
  return {
    clientId: textOf(clientId),
    userId: sub === clientId ? undefined : textOf(sub),
    authorizationId: textOf(sid),
    detail: detailOfClaims(reason, claims, rules, now),
  }
}

/** Says how long ago a token expired. */
export function sinceExpiry(expiresAt: number, now: number): string {
  return `It expired ${String(now - expiresAt)} seconds ago`
}

/** The header of a token is not secret, but its sender can write anything into it. */
function detailOfHeader(reason: TokenRefusal, token: string): string | undefined {
  const { typ, alg, kid } = presentedHeader(token)
  switch (reason) {
    case 'type':
      return `typ is ${shown(typ)}, and must be at+jwt`
    case 'algorithm':
      return `alg is ${shown(alg)}, which is not that of its key`
    case 'unknown_key':
      return `kid is ${shown(kid)}, alg is ${shown(alg)}`
    default:
      return undefined
  }
}

function detailOfClaims(
  reason: TokenRefusal,
  { iss, iat, exp, nbf = iat }: JwtClaims,
  rules: ClaimRules,
  now: number,
): string | undefined {
  switch (reason) {
    case 'issuer':
    case 'issuer_slash':
      return `iss is ${shown(iss)}, and must be ${rules.issuer}`
    case 'expired':
      return sinceExpiry(Number(exp), now)
    case 'not_yet_valid':
      return `iat or nbf is ${String(Math.max(Number(iat), Number(nbf)) - now)} seconds from now`
    case 'too_long':
      return `It lives for ${String(Number(exp) - Number(iat))} seconds; ${String(rules.longestAccessTokenSeconds)} are allowed`
    default:
      return undefined
  }
}

function shown(value: unknown): string {
  return value === undefined ? 'missing' : typeof value === 'string' ? value : `a ${typeof value}`
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined
}
