import { wholeNumber, type OptionKind } from '../checks/option-kind.js'
import { hash } from '../crypto/hash.js'
import type { VerificationKey } from './signing-key.js'

/** Describes the option that says how many verified JWTs are cached. The default takes about 10 MB if each is another user's. */
export function rememberedJwts(): OptionKind<number, 'default'> {
  return wholeNumber(0, 1_000_000).or(10_000)
}

/** A JWT whose signature is valid. */
export interface VerifiedJwt {
  readonly keyId: string | undefined
  /** As the token's header names it. */
  readonly algorithm: string
  /** The key that verified it. The entry counts only while the issuer still has this key. */
  readonly verifyWith: VerificationKey['verifyWith']
  readonly claims: Readonly<Record<string, unknown>>
}

/**
 * Caches which JWTs have a valid signature, so that a token seen again costs a digest instead of a signature check. Expiry, revocation and
 * the key are still checked at each request.
 *
 * It holds at most `size` tokens (one more if that is odd), the most recent ones. A token is cached from its second use on, so that one-off
 * tokens evict nothing. It holds digests and no tokens, and nothing of a token whose signature is invalid.
 */
export class VerifiedJwts {
  readonly #half: number
  readonly #seenOnce = new Set<string>()
  #young = new Map<string, VerifiedJwt>()
  #old = new Map<string, VerifiedJwt>()

  /** 0 caches nothing. */
  constructor(size: number) {
    this.#half = Math.ceil(size / 2)
  }

  /** Returns the cache key of a token; `undefined` if nothing is cached. */
  keyOf(token: string): string | undefined {
    return this.#half === 0 ? undefined : hash('sha256', token, 'base64')
  }

  /** Finds a cached token. */
  find(key: string): VerifiedJwt | undefined {
    const young = this.#young.get(key)
    if (young !== undefined) return young
    const old = this.#old.get(key)
    // Move it to the young half, so that tokens in use survive the next turn.
    if (old !== undefined) this.#put(key, old)
    return old
  }

  /** Notes that a signature is valid. From the second time on, the token is cached. */
  note(key: string, jwt: VerifiedJwt): void {
    if (this.#seenOnce.delete(key)) {
      this.#put(key, jwt)
    } else {
      if (this.#seenOnce.size >= this.#half) this.#seenOnce.clear()
      this.#seenOnce.add(key)
    }
  }

  #put(key: string, jwt: VerifiedJwt): void {
    if (this.#young.size >= this.#half) {
      this.#old = this.#young
      this.#young = new Map()
    }
    this.#young.set(key, jwt)
  }
}
