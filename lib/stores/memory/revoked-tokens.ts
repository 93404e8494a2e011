import type { TokenHash } from '../../crypto/hash.js'
import { MapWalk } from './map-walk.js'

interface RevokedSignedToken {
  readonly tokenId: string
  readonly expiresAt: number
}

/** The ids of revoked JWTs, each until its token has expired. */
export class RevokedSignedTokens {
  readonly #tokens = new Map<string, RevokedSignedToken>()
  readonly #walk = new MapWalk(this.#tokens)

  get count(): number {
    return this.#tokens.size
  }

  has(tokenId: string): boolean {
    return this.#tokens.has(tokenId)
  }

  add(tokenId: string, expiresAt: number): void {
    if (!this.#tokens.has(tokenId)) this.#tokens.set(tokenId, { tokenId, expiresAt })
  }

  prune(now: number): number {
    const before = this.#tokens.size
    for (const token of this.#tokens.values()) this.#removeIfExpired(token, now)
    this.#walk.restart()
    return before - this.#tokens.size
  }

  /** Prunes a few, as the store does with its other Maps. */
  sweep(now: number, count: number): void {
    this.#walk.visit(count, (token) => this.#removeIfExpired(token, now))
  }

  #removeIfExpired({ tokenId, expiresAt }: RevokedSignedToken, now: number): void {
    if (expiresAt <= now) this.#tokens.delete(tokenId)
  }
}

/** The most hashes, about 1 MB. The oldest is evicted first. */
const MOST_HASHES = 10_000

/** The hashes of recently revoked tokens that are no longer stored, for the reason of a refusal. */
export class LatelyRevoked {
  readonly #hashes = new Set<TokenHash>()

  add(tokenHash: TokenHash): void {
    const [oldest] = this.#hashes.size < MOST_HASHES ? [] : this.#hashes
    if (oldest !== undefined) this.#hashes.delete(oldest)
    this.#hashes.add(tokenHash)
  }

  has(tokenHash: TokenHash): boolean {
    return this.#hashes.has(tokenHash)
  }
}
