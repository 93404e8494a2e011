import type { JsonWebKey } from 'node:crypto'
import { ConfigurationError } from '../errors/configuration-error.js'
import type { MaybePromise } from '../time/maybe-promise.js'
import type { SigningAlgorithm, SigningKey } from './signing-key.js'

/** The signing keys of a server, from {@link loadSigningKeys} or {@link storedSigningKeys}. */
export interface SigningKeys {
  /** Returns the keys as they are now. */
  current(): MaybePromise<SigningKeySet>
  /** Whether the keys are shared secrets (HS256), so that no other service can verify. Used by `posture()`. Absent: false. */
  readonly isSymmetric?: boolean | undefined
}

/** The keys of a server at one time. */
export class SigningKeySet {
  readonly #keys: ReadonlyMap<string, SigningKey>
  readonly #active: readonly SigningKey[]
  /** The public keys in every state, as they are published (RFC 7517 §5). */
  readonly published: { readonly keys: readonly JsonWebKey[] }

  /** Throws `ConfigurationError` if no key is active, if a key is listed twice, or if HS256 is mixed with published keys. */
  constructor(keys: readonly SigningKey[]) {
    this.#keys = new Map(keys.map((key) => [key.keyId, key]))
    this.#active = keys.filter(({ state }) => state === 'active')
    this.published = { keys: keys.flatMap(({ publicJwk }) => (publicJwk === undefined ? [] : [publicJwk])) }
    if (this.#active.length === 0) throw invalid('none is active', 'Make one of them active')
    if (this.#keys.size < keys.length) throw invalid('one is listed twice', 'List each key once')
    if (this.published.keys.length > 0 && this.published.keys.length < keys.length) {
      throw invalid('HS256 is mixed with another algorithm', 'Use one or the other (RFC 8725)')
    }
  }

  /** Finds a key in any state by its id. */
  find(keyId: string): SigningKey | undefined {
    return this.#keys.get(keyId)
  }

  /** Returns the key to sign with: the first active one, of `algorithm` when given. Throws when there is none. */
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
