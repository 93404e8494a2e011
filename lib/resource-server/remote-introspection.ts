import { StoreUnavailableError } from '../errors/store-unavailable-error.js'
import type { Clock } from '../protocol/clock.js'
import { timeOf } from '../protocol/request-context.js'
import { hashToken, type TokenHash } from '../protocol/token-hash.js'
import { differInSlash, type TokenRefusal } from '../protocol/token-refusal.js'
import type { JwtClaims } from '../tokens/jwt.js'
import type { VerifiedAccess } from '../tokens/verified-access.js'
import type { VerifyAccessToken } from '../tokens/verify-access-token.js'
import { limitedFetch } from './limited-fetch.js'

/** How a resource server asks its issuer about tokens. */
export interface RemoteIntrospectionOptions {
  /** The introspection endpoint; it has to tell the `token_type` of access tokens, which is what refresh tokens lack. */
  readonly uri: string
  /** A client of the issuer that may introspect, with `client_secret_basic`. */
  readonly clientId: string
  readonly clientSecret: string
  /**
   * Seconds for which an answer is used again: the longest time that a revoked token may still pass. An answer never outlives
   * its token. Default 0: every request asks.
   */
  readonly cacheSeconds?: number
  /** Most answers that are kept. Default 10,000. */
  readonly cacheSize?: number
  /** Milliseconds for one request. Default 5000. */
  readonly timeoutMilliseconds?: number
  /** Largest answer, in octets. Default 65,536. */
  readonly maxOctets?: number
}

interface Answer {
  readonly access: VerifiedAccess | TokenRefusal
  readonly until: number
}

/**
 * Verifies tokens by asking the issuer (RFC 7662): one request for all who wait for the same token. Throws
 * `StoreUnavailableError` when there is no answer that can be relied on; such a request never passes.
 */
export function remoteIntrospection(
  issuer: string,
  options: RemoteIntrospectionOptions,
  clock: Clock,
): VerifyAccessToken {
  const { cacheSeconds = 0, cacheSize = 10_000, timeoutMilliseconds = 5000, maxOctets = 65_536 } = options
  const answers = new Map<TokenHash, Answer>()
  const asking = new Map<TokenHash, Promise<VerifiedAccess | TokenRefusal>>()

  return (token, context) => {
    const tokenHash = hashToken(token)
    const now = timeOf(context, clock)
    const known = answers.get(tokenHash)
    if (known !== undefined && now < known.until) return known.access
    answers.delete(tokenHash)
    const waiting = asking.get(tokenHash)
    if (waiting !== undefined) return waiting
    const asked = ask(token, now).finally(() => asking.delete(tokenHash))
    asking.set(tokenHash, asked)
    return asked.then((access) => {
      if (cacheSeconds > 0) keep(tokenHash, access, now)
      return access
    })
  }

  async function ask(token: string, now: number): Promise<VerifiedAccess | TokenRefusal> {
    const { clientId, clientSecret, uri } = options
    const headers = { authorization: basicCredentials(clientId, clientSecret), accept: 'application/json' }
    const body = new URLSearchParams({ token, token_type_hint: 'access_token' })
    const response = await limitedFetch(uri, { method: 'POST', headers, body }, { timeoutMilliseconds, maxOctets })
    if (!response.ok) {
      const retryAfterSeconds = Number(response.headers.get('retry-after')) || 1
      throw new StoreUnavailableError(`The introspection endpoint answered ${String(response.status)}`, {
        retryAfterSeconds,
      })
    }
    return readIntrospection(await readObject(response), issuer, now)
  }

  function keep(tokenHash: TokenHash, access: VerifiedAccess | TokenRefusal, askedAt: number): void {
    if (answers.size >= cacheSize) {
      const [oldest] = answers.keys()
      if (oldest !== undefined) answers.delete(oldest)
    }
    // Counted from the question: what was revoked while the answer was on its way is not late.
    const end = typeof access === 'string' ? Infinity : access.expiresAt
    answers.set(tokenHash, { access, until: Math.min(askedAt + cacheSeconds, end) })
  }
}

/** RFC 6749 §2.3.1: both parts form-encoded. */
function basicCredentials(clientId: string, clientSecret: string): string {
  const encode = (text: string): string => new URLSearchParams({ '': text }).toString().slice(1)
  return `Basic ${Buffer.from(`${encode(clientId)}:${encode(clientSecret)}`).toString('base64')}`
}

async function readObject(response: Response): Promise<JwtClaims> {
  try {
    const value: unknown = await response.json()
    if (typeof value === 'object' && value !== null) return value as JwtClaims
  } catch {
    // Not JSON: treated like JSON that is no object.
  }
  throw new StoreUnavailableError('The introspection endpoint answered something that is not a JSON object')
}

/** Judges an answer (RFC 7662 §2.2, §4). Only a proper `true` is active; a token without an end, or bound to a key, is none. */
function readIntrospection(answer: JwtClaims, issuer: string, now: number): VerifiedAccess | TokenRefusal {
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
  } = answer
  if (active !== true) return 'inactive'
  if (iss !== issuer) return differInSlash(iss, issuer) ? 'issuer_slash' : 'issuer'
  if (typeof clientId !== 'string') return 'claim_client_id'
  if (typeof sub !== 'string') return 'claim_sub'
  // A refresh token of the client that asks is active too, and only this tells it from an access token.
  if (typeof type !== 'string' || type.toLowerCase() !== 'bearer') return 'wrong_kind'
  if (typeof scope !== 'string') return 'claim_scope'
  if (!isTime(exp)) return 'claim_exp'
  if (!isTime(iat)) return 'claim_iat'
  if (now >= exp) return 'expired'
  if ('cnf' in answer) return 'sender_constrained'
  const audience = typeof aud === 'string' ? [aud] : aud
  if (!isStrings(audience)) return 'claim_aud'
  return {
    clientId,
    userId: sid === undefined && sub === clientId ? undefined : sub,
    authorizationId: typeof sid === 'string' ? sid : undefined,
    scope,
    audience: Object.freeze(audience),
    issuedAt: iat,
    expiresAt: exp,
    tokenId: typeof jti === 'string' ? jti : undefined,
    claims: Object.freeze(answer),
  }
}

function isTime(value: unknown): value is number {
  return Number.isSafeInteger(value)
}

function isStrings(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((entry) => typeof entry === 'string')
}
