import type { JsonWebKey } from 'node:crypto'
import { ConfigurationError } from '../errors/configuration-error.js'
import type { MaybePromise } from '../time/maybe-promise.js'
import type { SigningAlgorithm } from './signing-algorithm.js'
import type { SigningKey } from './signing-key.js'

/** Where a server gets its signing keys from: {@link loadSigningKeys} or {@link storedSigningKeys}. */
export interface SigningKeys {
  /** The keys as they are now. */
  current(): MaybePromise<SigningKeySet>
  /** Whether they are shared secrets, which nobody else can verify with; for the posture of a server. Absent: no. */
  readonly isSymmetric?: boolean | undefined
}

/** The keys of a server at one time. */
export class SigningKeySet {
  readonly #keys: ReadonlyMap<string, SigningKey>
  readonly #active: readonly SigningKey[]
  /** The public keys in every state, as they are published (RFC 7517 §5). */
  readonly published: { readonly keys: readonly JsonWebKey[] }

  /** Throws `ConfigurationError` without an active key, with a key twice, and for HS256 beside a published key. */
  constructor(keys: readonly SigningKey[]) {
    this.#keys = new Map(keys.map((key) => [key.keyId, key]))
    this.#active = keys.filter(({ state }) => state === 'active')
    this.published = { keys: keys.flatMap(({ publicJwk }) => (publicJwk === undefined ? [] : [publicJwk])) }
    if (this.#active.length === 0) throw invalid('none is active', 'Make one of them active')
    if (this.#keys.size < keys.length) throw invalid('one is there twice', 'Give each key once')
    if (this.published.keys.length > 0 && this.published.keys.length < keys.length) {
      throw invalid('HS256 is mixed with another algorithm', 'Use one or the other (RFC 8725)')
    }
  }

  /** Every key, by its id. */
  find(keyId: string): SigningKey | undefined {
    return this.#keys.get(keyId)
  }

  /** The key to sign with: the first active one, or the first active one for an algorithm. Throws when there is none. */
  active(algorithm?: SigningAlgorithm): SigningKey {
    const key = this.#active.find((candidate) => algorithm === undefined || candidate.algorithm === algorithm)
    if (key === undefined) throw new Error(`No active signing key for ${algorithm ?? 'any algorithm'}`)
    return key
  }

  /** The algorithms of the published keys that sign now. */
  get algorithms(): readonly SigningAlgorithm[] {
    return [...new Set(this.#active.filter(({ publicJwk }) => publicJwk).map(({ algorithm }) => algorithm))]
  }
}

function invalid(problem: string, remedy: string): ConfigurationError {
  return new ConfigurationError('signingKeys', problem, remedy)
}
