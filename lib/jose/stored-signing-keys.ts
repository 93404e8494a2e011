import type { KeyObject } from 'node:crypto'
import { ConfigurationError } from '../errors/configuration-error.js'
import { StoreUnavailableError } from '../errors/store-unavailable-error.js'
import { createEmit } from '../telemetry/emit.js'
import { applicationContext } from '../request/request-context.js'
import { isSigningKey, type StoredSigningKey } from '../stores/key-store.js'
import {
  generateSigningKey,
  type GeneratedAlgorithm,
  type GeneratedSigningKey,
  type UnsealedSigningKey,
} from './signing-key.js'
import { endOf, KnownSigningKeys } from './known-signing-keys.js'
import { checkPassphrases, isUpToDate, sealSigningKey } from './sealed-signing-key.js'
import {
  readStoredSigningKeysOptions,
  type StoredSigningKeys,
  type StoredSigningKeysOptions,
} from './stored-signing-keys-options.js'

const ATTEMPTS = 10

/**
 * Keeps signing keys, encrypted, in a store that all processes of an issuer share. Throws `ConfigurationError`.
 *
 * @example
 * ```ts
 * const { keys } = openSqliteStores('latchkey.db')
 * const signingKeys = storedSigningKeys({ store: keys, passphrase: process.env['KEY_PASSPHRASE'] ?? '' })
 * await signingKeys.ensureActive()
 * ```
 */
export function storedSigningKeys(options: StoredSigningKeysOptions): StoredSigningKeys {
  const { store, clock, refreshSeconds, publishSeconds, retainSeconds, maxStaleSeconds } =
    readStoredSigningKeysOptions(options)
  const passphrases = checkPassphrases(options.passphrase)
  const emit = createEmit(options.onEvent, clock)
  const onUnusable = (cause: unknown): void => {
    emit(applicationContext(), { type: 'failure', error: 'server_error', cause })
  }
  const timing = { refreshSeconds, retainSeconds, maxStaleSeconds, clock }
  const known = new KnownSigningKeys({ store, passphrases, onUnusable, ...timing })

  return {
    current: () => known.current(),

    ensureActive: (algorithm = 'ES256') =>
      untilStored(async () => {
        const stored = await read()
        // Notice a wrong passphrase at startup, and not at the first sign-in.
        await known.open(stored.keys)
        const made = stored.keys.some(isActive) ? [] : [generateSigningKey(algorithm, 'active', clock())]
        const sealed = await Promise.all(stored.keys.map((key) => isUpToDate(passphrases, key)))
        if (made.length === 0 && stored.ended === 0 && sealed.every(Boolean)) return true
        return replace(stored, stored.keys, made)
      }),

    async prepareNext(algorithm = 'ES256') {
      const stored = await read()
      await known.open(stored.keys.filter(isActive))
      const next = generateSigningKey(algorithm, 'next', clock())
      const others = stored.keys.filter((key) => !isNext(key))
      if (!(await replace(stored, others, [next]))) throw changedMeanwhile()
      return next.keyId
    },

    async activateNext() {
      const stored = await read()
      const next = stored.keys.find(isNext)
      if (next === undefined) throw new Error('No signing key is prepared: call prepareNext first')
      const now = clock()
      const missing = publishSeconds - (now - next.since)
      if (missing > 0) throw new Error(`The next signing key must be published for ${String(missing)} more seconds`)
      await known.open([next])
      const keys = stored.keys.map((key): StoredSigningKey => {
        if (key === next) return { ...key, state: 'active', since: now }
        return key.state === 'retired' ? key : { ...key, state: 'retired', since: now }
      })
      if (!(await replace(stored, keys))) throw changedMeanwhile()
      return next.keyId
    },

    async withdraw(keyId) {
      let wasFound = false
      await untilStored(async () => {
        const stored = await read()
        const withdrawn = stored.keys.find((key) => key.keyId === keyId)
        // Another process may have withdrawn the same key meanwhile.
        if (withdrawn === undefined && wasFound) return true
        if (withdrawn === undefined) throw unknownKey()
        wasFound = true
        const { kept, made } = activeWithout(stored.keys, withdrawn)
        await known.open(kept.filter(isActive))
        if (!(await replace(stored, kept, made))) return false
        const { algorithm, state } = withdrawn
        const activeKeyId = [...kept, ...made].find(isActive)?.keyId
        emit(applicationContext(), { type: 'signing_key_withdrawn', keyId, algorithm, state, activeKeyId })
        return true
      })
    },

    async list() {
      const { keys } = await read()
      return keys.map((key) => {
        const { keyId, algorithm, state, since } = key
        return { keyId, algorithm, state, since, endsAt: state === 'retired' ? endOf(key, retainSeconds) : undefined }
      })
    },
  }

  async function read(): Promise<StoredKeys> {
    const all = await store.listSigningKeys()
    const now = clock()
    const keys = all.filter((key) => isSigningKey(key) && now < endOf(key, retainSeconds))
    const others = all.filter((key) => !isSigningKey(key))
    return { all, keys, others, ended: all.length - keys.length - others.length }
  }

  /**
   * Replaces the keys that were read. Encrypts all of them under the first passphrase. Returns false if another process has changed them
   * meanwhile.
   */
  async function replace(
    { all, others }: StoredKeys,
    keys: readonly StoredSigningKey[],
    made: readonly GeneratedSigningKey[] = [],
  ): Promise<boolean> {
    const since = clock()
    const sealed = await Promise.all([
      ...keys.map(async (key) => ((await isUpToDate(passphrases, key)) ? key : sealAgain(key, all))),
      ...made.map((key) => seal(key, key.privateKey, all)),
    ])
    const replaced: unknown = await store.replaceSigningKeys(all, [...sealed, ...others])
    if (replaced !== true) return false
    await known.replace(sealed, since)
    return true
  }

  /** Re-encrypts a key; one that cannot be decrypted stays as it is stored. */
  async function sealAgain(key: StoredSigningKey, all: readonly StoredSigningKey[]): Promise<StoredSigningKey> {
    const [opened] = await known.open([key]).catch(() => [])
    return opened === undefined ? key : seal(key, opened.signWith, all)
  }

  async function seal(
    { keyId, algorithm, state, since }: UnsealedSigningKey,
    privateKey: KeyObject,
    all: readonly StoredSigningKey[],
  ): Promise<StoredSigningKey> {
    const encryptedPrivateKey = await sealSigningKey(passphrases, { keyId, algorithm }, privateKey, all)
    return { keyId, algorithm, state, encryptedPrivateKey, since }
  }

  /** Returns the other keys with one that signs: the active one, else the prepared one even if it was published a moment ago, else a new one. */
  function activeWithout(
    keys: readonly StoredSigningKey[],
    withdrawn: StoredSigningKey,
  ): { readonly kept: readonly StoredSigningKey[]; readonly made: readonly GeneratedSigningKey[] } {
    const kept = keys.filter((key) => key !== withdrawn)
    if (kept.some(isActive)) return { kept, made: [] }
    const next = kept.find(isNext)
    if (next === undefined)
      return { kept, made: [generateSigningKey(withdrawn.algorithm as GeneratedAlgorithm, 'active', clock())] }
    const since = clock()
    return { kept: kept.map((key) => (key === next ? { ...key, state: 'active', since } : key)), made: [] }
  }
}

/** What was read from a store. */
interface StoredKeys {
  /** Everything, for the compare-and-set of a change. */
  readonly all: readonly StoredSigningKey[]
  /** The signing keys that have not expired. */
  readonly keys: readonly StoredSigningKey[]
  /** Keys for other purposes. */
  readonly others: readonly StoredSigningKey[]
  /** How many expired keys are still stored. */
  readonly ended: number
}

/** Repeats an attempt until no other process changes the keys in between. */
async function untilStored(attempt: () => Promise<boolean>): Promise<void> {
  for (let tried = 0; tried < ATTEMPTS; tried++) if (await attempt()) return
  throw new StoreUnavailableError('Other processes keep changing the signing keys')
}

function isActive({ state }: Pick<StoredSigningKey, 'state'>): boolean {
  return state === 'active'
}

function isNext({ state }: Pick<StoredSigningKey, 'state'>): boolean {
  return state === 'next'
}

function changedMeanwhile(): Error {
  return new Error('Another process has changed the signing keys at the same time')
}

function unknownKey(): ConfigurationError {
  return new ConfigurationError('keyId', 'is not the id of a signing key', 'Use an id that list() returns')
}
