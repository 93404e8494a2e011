import type { TokenHash } from '../../crypto/hash.js'

/** Most hashes that are kept, about 1 MB; the one that was revoked longest ago goes first. */
const MOST_HASHES = 10_000

/** The hashes of tokens that were revoked lately, and are not stored any more: for the reason of a refusal. */
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
