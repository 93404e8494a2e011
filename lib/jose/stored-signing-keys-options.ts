import { describeOptions, type WithDefaults } from '../checks/describe-options.js'
import { checkedLater, clock, func, having, wholeNumber } from '../checks/option-kind.js'
import type { OAuthEvent } from '../telemetry/events.js'
import { DAY, type Clock } from '../time/clock.js'
import type { KeyStore, SigningKeyState } from '../stores/key-store.js'
import type { GeneratedAlgorithm } from './signing-key.js'
import type { SigningKeys } from './signing-key-set.js'

const YEAR = 366 * DAY

/** Settings of keys that live in a store. */
export interface StoredSigningKeysOptions {
  /** Where the keys are stored: `keys` of any of the stores, or your own. */
  readonly store: KeyStore
  /**
   * Encrypts the private keys in the store: at least 16 characters, 8 of them different. Keep it outside the database. In a list the first
   * one encrypts and any of them decrypts, so `[present, former]` replaces the former one.
   */
  readonly passphrase: string | readonly string[]
  /** Seconds after which a process reads the keys again and notices changes by others. Default 5. */
  readonly refreshSeconds?: number
  /** Seconds that a new key must be published before it may sign: as long as others may cache the key set. Default 300. */
  readonly publishSeconds?: number
  /** Seconds after which a retired key expires: no shorter than the longest access token lives. Default 86,400. */
  readonly retainSeconds?: number
  /** Seconds for which cached keys are used while the store is unreachable. After that, requests get 503. Default 3600. */
  readonly maxStaleSeconds?: number
  /** Receives the event `signing_key_withdrawn`, and a `failure` for each key that cannot be decrypted. Default: the console. */
  readonly onEvent?: (event: OAuthEvent) => unknown
  /** Default: the clock of the machine. */
  readonly clock?: Clock
}

/** Signing keys in a store, and their rotation. */
export interface StoredSigningKeys extends SigningKeys {
  /**
   * Creates an active key if the store has none. Several processes may call it at once. It also re-encrypts keys that were stored under a
   * former passphrase or by an earlier version.
   *
   * @example
   * ```ts
   * await signingKeys.ensureActive()
   * ```
   */
  ensureActive(algorithm?: GeneratedAlgorithm): Promise<void>
  /** Begins a rotation: publishes a new key that does not sign yet, and returns its id. Default ES256. */
  prepareNext(algorithm?: GeneratedAlgorithm): Promise<string>
  /**
   * Ends a rotation: the prepared key signs from now on, and all others are retired, whatever their algorithm. Returns the key's id.
   * Throws if no key is prepared, or if it has not been published for `publishSeconds`.
   */
  activateNext(): Promise<string>
  /**
   * Withdraws a key that has leaked. Its tokens are refused at once in this process, within `refreshSeconds` in the others, within
   * `maxStaleSeconds` in one that cannot reach the store, and at resource servers when their cache expires. If no active key is left, the
   * prepared one signs from now on, or a new one. Rejects with `ConfigurationError` if no key has this id.
   *
   * @example
   * ```ts
   * await signingKeys.withdraw('0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I')
   * ```
   */
  withdraw(keyId: string): Promise<void>
  /** Lists the published keys, without key material. */
  list(): Promise<readonly ListedSigningKey[]>
}

/** A signing key without key material. Times are seconds since the epoch. */
export interface ListedSigningKey {
  /** The `kid`. */
  readonly keyId: string
  readonly algorithm: string
  readonly state: SigningKeyState
  /** When it entered this state. */
  readonly since: number
  /** When a retired key expires; absent for any other. */
  readonly endsAt: number | undefined
}

const description = describeOptions<StoredSigningKeysOptions>()('storedSigningKeys', {
  store: having<KeyStore>('KeyStore').required(),
  passphrase: checkedLater<string | readonly string[]>('a string, or a list of them').required(),
  refreshSeconds: wholeNumber(0, YEAR).or(5),
  publishSeconds: wholeNumber(0, YEAR).or(300),
  retainSeconds: wholeNumber(0, YEAR).or(DAY),
  maxStaleSeconds: wholeNumber(0, YEAR).or(3600),
  onEvent: func(),
  clock: clock(),
})

/** Reads and checks the options, except the passphrase. Throws `ConfigurationError`. */
export function readStoredSigningKeysOptions(
  options: StoredSigningKeysOptions,
): WithDefaults<
  StoredSigningKeysOptions,
  'refreshSeconds' | 'publishSeconds' | 'retainSeconds' | 'maxStaleSeconds' | 'clock'
> {
  return description.read(options)
}
