import { wholeNumber, type OptionKind } from '../checks/option-kind.js'
import { hash } from '../crypto/hash.js'
import type { VerificationKey } from './signing-key.js'

/** How many JWTs are remembered: by default about 10 MB when all are different users'. */
export function rememberedJwts(): OptionKind<number, 'default'> {
  return wholeNumber(0, 1_000_000).or(10_000)
}

/** A JWT whose signature was found good. */
export interface VerifiedJwt {
  readonly keyId: string | undefined
  /** As the header of the token names it. */
  readonly algorithm: string
  /** What it was verified with: it counts only as long as the issuer still has this very key. */
  readonly verifyWith: VerificationKey['verifyWith']
  readonly claims: Readonly<Record<string, unknown>>
}

/**
 * Remembers which JWTs have a good signature, so that a token that comes again costs a digest instead of a signature. Nothing else is
 * remembered: whether a token is over, revoked, or signed by a key that is gone is asked each time.
 *
 * Bounded: at most `size` tokens (one more where it is odd), those that came last. One that comes for the first time is only noted, so that tokens that are used
 * once push nothing out. It holds digests, no tokens; of a token that is not good, nothing.
 */
export class VerifiedJwts {
  readonly #half: number
  readonly #seenOnce = new Set<string>()
  #young = new Map<string, VerifiedJwt>()
  #old = new Map<string, VerifiedJwt>()

  /** 0 remembers nothing. */
  constructor(size: number) {
    this.#half = Math.ceil(size / 2)
  }

  /** What to call a token here; absent where nothing is remembered. */
  keyOf(token: string): string | undefined {
    return this.#half === 0 ? undefined : hash('sha256', token, 'base64')
  }

  /** A token that was remembered. */
  find(key: string): VerifiedJwt | undefined {
    const young = this.#young.get(key)
    if (young !== undefined) return young
    const old = this.#old.get(key)
    // So that what is in use outlives the next turn.
    if (old !== undefined) this.#put(key, old)
    return old
  }

  /** Tells that a token is good; when it came before, it is remembered from now on. */
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
