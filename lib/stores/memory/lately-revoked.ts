import type { TokenHash } from '../../crypto/hash.js'

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
