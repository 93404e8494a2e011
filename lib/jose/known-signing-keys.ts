import { ConfigurationError } from '../errors/configuration-error.js'
import { StoreUnavailableError } from '../errors/store-unavailable-error.js'
import type { Clock } from '../time/clock.js'
import { andThen, isPromiseLike, type MaybePromise } from '../time/maybe-promise.js'
import { type SigningAlgorithm, signingKey, type SigningKey } from './signing-key.js'
import { isSigningKey, type KeyStore, type StoredSigningKey } from '../stores/key-store.js'
import { openSigningKey, type Passphrases } from './sealed-signing-key.js'
import { SigningKeySet } from './signing-key-set.js'

/** What {@link KnownSigningKeys} works with. */
export interface KnownSigningKeysOptions {
  readonly store: KeyStore
  readonly passphrases: Passphrases
  readonly refreshSeconds: number
  readonly retainSeconds: number
  readonly maxStaleSeconds: number
  readonly clock: Clock
  /** Receives the error of a key that cannot be decrypted and is left out, once for each key. */
  readonly onUnusable: (error: unknown) => void
}

/** The keys as they were last read. */
interface Known {
  readonly stored: readonly StoredSigningKey[]
  readonly readAt: number
  readonly set: SigningKeySet
  /** When the next key expires. The set changes then. */
  readonly endsAt: number
}

/** Returns when a stored key expires, in seconds since the epoch: a retired one after `retainSeconds`, any other never. */
export function endOf({ state, since }: Pick<StoredSigningKey, 'state' | 'since'>, retainSeconds: number): number {
  return state === 'retired' ? since + retainSeconds : Infinity
}

/** Caches the signing keys of a store. They are read again after `refreshSeconds`, and expired ones are dropped at each use. */
export class KnownSigningKeys {
  readonly #options: KnownSigningKeysOptions
  /** By id and algorithm, which were authenticated with the key. The id is the key's thumbprint, so it never names another key. */
  readonly #opened = new Map<string, SigningKey>()
  readonly #unusable = new Map<string, unknown>()
  #known: Known | undefined
  #reading: Promise<SigningKeySet> | undefined
  #failure: { readonly error: unknown; readonly at: number } | undefined
  /** Counts the changes that this process made to the stored keys. */
  #changes = 0

  constructor(options: KnownSigningKeysOptions) {
    this.#options = options
  }

  /**
   * Returns the keys, read at most `refreshSeconds` ago; at most `maxStaleSeconds` ago while the store is unreachable. Throws
   * `StoreUnavailableError` when they are older.
   */
  current(): MaybePromise<SigningKeySet> {
    const { clock, refreshSeconds } = this.#options
    if (this.#known === undefined) return this.#reading ?? this.#read()
    const now = clock()
    if (!isApart(this.#known.readAt, now, refreshSeconds)) return this.#setAt(this.#known, now)
    // Do not let every request ask a store that is unreachable.
    if (this.#failure !== undefined && !isApart(this.#failure.at, now, refreshSeconds)) {
      return this.#stale(this.#known, this.#failure.error, now)
    }
    return this.#reading ?? this.#read()
  }

  /** Decrypts stored keys. Throws `ConfigurationError` if one cannot be decrypted. */
  open(stored: readonly StoredSigningKey[]): Promise<readonly SigningKey[]> {
    return Promise.all(stored.map((key) => this.#open(key)))
  }

  /** Replaces the cached keys by those that this process has stored; `since` is when it began to store them. */
  async replace(stored: readonly StoredSigningKey[], since: number): Promise<void> {
    await this.#openAll(stored)
    this.#changes++
    this.#note(stored, since)
  }

  #read(): MaybePromise<SigningKeySet> {
    const { store, clock } = this.#options
    const [begun, readAt] = [this.#changes, clock()]
    const read = (listed: readonly StoredSigningKey[]): MaybePromise<SigningKeySet> => {
      const stored = listed.filter(isSigningKey)
      return andThen(this.#openAll(stored), () => {
        // This process changed the keys during the read, so what was read is outdated.
        if (begun !== this.#changes && this.#known !== undefined) return this.#setAt(this.#known, clock())
        return this.#note(stored, readAt)
      })
    }
    let listed: MaybePromise<readonly StoredSigningKey[]>
    try {
      listed = store.listSigningKeys()
    } catch (error) {
      return this.#outOfReach(error)
    }
    const result = isPromiseLike(listed) ? listed.then(read, (error: unknown) => this.#outOfReach(error)) : read(listed)
    if (!isPromiseLike(result)) return result
    // One read serves all requests that wait for it.
    return (this.#reading = Promise.resolve(result).finally(() => {
      this.#reading = undefined
    }))
  }

  #outOfReach(error: unknown): SigningKeySet {
    if (this.#known === undefined) throw error
    const now = this.#options.clock()
    this.#failure = { error, at: now }
    return this.#stale(this.#known, error, now)
  }

  #stale(known: Known, cause: unknown, now: number): SigningKeySet {
    if (!isApart(known.readAt, now, this.#options.maxStaleSeconds)) return this.#setAt(known, now)
    throw new StoreUnavailableError('The signing keys were read too long ago to be used', { cause })
  }

  #note(stored: readonly StoredSigningKey[], readAt: number): SigningKeySet {
    this.#failure = undefined
    const names = new Set(stored.map(nameOf))
    // Do not keep a withdrawn private key in memory.
    for (const known of [this.#opened, this.#unusable]) {
      for (const name of known.keys()) if (!names.has(name)) known.delete(name)
    }
    this.#known = this.#knownAt(stored, readAt, this.#options.clock())
    return this.#known.set
  }

  #setAt(known: Known, now: number): SigningKeySet {
    if (now < known.endsAt) return known.set
    this.#known = this.#knownAt(known.stored, known.readAt, now)
    return this.#known.set
  }

  #knownAt(stored: readonly StoredSigningKey[], readAt: number, now: number): Known {
    const { retainSeconds } = this.#options
    const alive = stored.filter((key) => now < endOf(key, retainSeconds))
    if (!alive.some(({ state }) => state === 'active')) throw noneActive()
    const keys = alive.flatMap((key) => {
      const opened = this.#opened.get(nameOf(key))
      if (opened !== undefined) return [{ ...opened, state: key.state }]
      // Without an active key nothing can be signed.
      if (key.state === 'active') throw this.#unusable.get(nameOf(key))
      return []
    })
    const endsAt = Math.min(...alive.map((key) => endOf(key, retainSeconds)))
    return { stored, readAt, set: new SigningKeySet(keys), endsAt }
  }

  /** Leaves a key out that cannot be decrypted, so that the others stay usable. */
  #openAll(stored: readonly StoredSigningKey[]): MaybePromise<unknown> {
    const unopened = stored.filter((key) => !this.#opened.has(nameOf(key)))
    if (unopened.length === 0) return undefined
    return Promise.all(
      unopened.map((key) =>
        this.#open(key).then(undefined, (error: unknown) => {
          // For an active key, `#knownAt` throws this error instead.
          if (key.state !== 'active' && !this.#unusable.has(nameOf(key))) this.#options.onUnusable(error)
          this.#unusable.set(nameOf(key), error)
        }),
      ),
    )
  }

  async #open(key: StoredSigningKey): Promise<SigningKey> {
    const known = this.#opened.get(nameOf(key))
    if (known !== undefined) return known
    const privateKey = await openSigningKey(this.#options.passphrases, key)
    const opened = signingKey(privateKey, key.state, key.algorithm as SigningAlgorithm)
    if (opened.keyId !== key.keyId) {
      const remedy = 'Withdraw it, and find out who can write to the key store'
      throw new ConfigurationError('storedSigningKeys.store', `has another key under the id ${key.keyId}`, remedy)
    }
    this.#opened.set(nameOf(key), opened)
    return opened
  }
}

function noneActive(): ConfigurationError {
  const remedy = 'Run `await signingKeys.ensureActive()` before the server listens'
  return new ConfigurationError('signingKeys', 'the store has no active key, so no JWT can be signed', remedy)
}

function nameOf({ keyId, algorithm }: Pick<StoredSigningKey, 'keyId' | 'algorithm'>): string {
  return `${keyId}|${algorithm}`
}

/** Returns whether two times are at least `seconds` apart, also if the clock was set back. */
function isApart(one: number, other: number, seconds: number): boolean {
  return Math.abs(other - one) >= seconds
}
