import { createPrivateKey, generateKeyPairSync, type KeyObject } from 'node:crypto'
import { checkMethods, checkOptions } from '../errors/check-options.js'
import { ConfigurationError } from '../errors/configuration-error.js'
import { systemClock, type Clock } from '../protocol/clock.js'
import { andThen, isPromiseLike, type MaybePromise } from '../protocol/maybe-promise.js'
import type { SigningAlgorithm } from '../protocol/signing-algorithm.js'
import type { KeyStore, SigningKeyState, StoredSigningKey } from '../stores/key-store.js'
import { signingKey } from './signing-key.js'
import { SigningKeySet, type SigningKeys } from './signing-key-set.js'

/** Settings of keys that live in a store. */
export interface StoredSigningKeysOptions {
  readonly store: KeyStore
  /** Encrypts the private keys in the store; at least 16 characters, kept outside of the database. */
  readonly passphrase: string
  /** Seconds after which a process reads the keys again, to notice a rotation by another. Default 5. */
  readonly refreshSeconds?: number
  /** Seconds that a key must have been published before it may sign: as long as others may cache the set. Default 300. */
  readonly publishSeconds?: number
  /** Seconds that a retired key stays: as long as the longest access token lives. Default 86,400. */
  readonly retainSeconds?: number
  /** Default: the clock of the machine. */
  readonly clock?: Clock
}

/** Signing keys in a store, and their rotation. */
export interface StoredSigningKeys extends SigningKeys {
  /** Makes and stores an active key where there is none yet; several processes may call it at once. */
  ensureActive(algorithm?: GeneratedAlgorithm): Promise<void>
  /** The first half of a rotation: publishes a new key that does not sign yet; answers its id. Default ES256. */
  prepareNext(algorithm?: GeneratedAlgorithm): Promise<string>
  /**
   * The second half: the prepared key signs from now on, all others are retired whatever their algorithm, and what was retired long enough ago goes.
   * Answers the key's id. Throws when no key is prepared, or not published for `publishSeconds`.
   */
  activateNext(): Promise<string>
}

/** The algorithms that keys are generated for. */
export type GeneratedAlgorithm = Exclude<SigningAlgorithm, 'HS256'>

/** Keeps signing keys in a store that all processes of an issuer share. Throws `ConfigurationError`. */
export function storedSigningKeys(options: StoredSigningKeysOptions): StoredSigningKeys {
  checkOptions('storedSigningKeys', options, [
    'store',
    'passphrase',
    'refreshSeconds',
    'publishSeconds',
    'retainSeconds',
    'clock',
  ])
  const {
    store,
    passphrase,
    refreshSeconds = 5,
    publishSeconds = 300,
    retainSeconds = 86_400,
    clock = systemClock,
  } = options
  checkMethods('storedSigningKeys.store', store, ['listSigningKeys', 'replaceSigningKeys'])
  if (typeof passphrase !== 'string' || passphrase.length < 16) {
    throw new ConfigurationError(
      'storedSigningKeys.passphrase',
      'is shorter than 16 characters',
      'Use 32 random octets in base64',
    )
  }
  const opened = new Map<string, KeyObject>()
  let known: { readonly set: SigningKeySet; readonly readAt: number } | undefined
  let reading: PromiseLike<SigningKeySet> | undefined

  return {
    current() {
      const age = known === undefined ? Infinity : clock() - known.readAt
      if (known !== undefined && age < refreshSeconds) return known.set
      return reading ?? read()
    },
    async ensureActive(algorithm = 'ES256') {
      const stored = await store.listSigningKeys()
      // A wrong passphrase is noticed at start, and not by the first user.
      stored.forEach(open)
      if (stored.some(({ state }) => state === 'active')) return
      // Whether this process or another one has stored it: there is an active key afterwards.
      await store.replaceSigningKeys(stored, [...stored, generate(algorithm, 'active')])
    },
    async prepareNext(algorithm = 'ES256') {
      const stored = await store.listSigningKeys()
      const next = generate(algorithm, 'next')
      await replace(stored, [...stored.filter(({ state }) => state !== 'next'), next])
      return next.keyId
    },
    async activateNext() {
      const stored = await store.listSigningKeys()
      const now = clock()
      const next = stored.find(({ state }) => state === 'next')
      if (next === undefined) throw new Error('No signing key is prepared: call prepareNext first')
      const missing = publishSeconds - (now - next.since)
      if (missing > 0) throw new Error(`The next signing key must be published for ${String(missing)} more seconds`)
      const retired = stored.flatMap((key) => (key === next ? [] : retire(key, now, retainSeconds)))
      await replace(stored, [{ ...next, state: 'active', since: now }, ...retired])
      return next.keyId
    },
  }

  /** One reading for all who wait for it. */
  function read(): MaybePromise<SigningKeySet> {
    try {
      const result = andThen(store.listSigningKeys(), (stored) => {
        const keys = stored.map((key) => signingKey(open(key), key.state, key.algorithm as SigningAlgorithm))
        known = { set: new SigningKeySet(keys), readAt: clock() }
        reading = undefined
        return known.set
      })
      if (!isPromiseLike(result)) return result
      return (reading = result.then(undefined, keepKnown))
    } catch (error) {
      return keepKnown(error)
    }
  }

  /** A store that is out of reach for a moment does not stop what the known keys can do. */
  function keepKnown(error: unknown): SigningKeySet {
    reading = undefined
    if (known === undefined) throw error
    return known.set
  }

  async function replace(expected: readonly StoredSigningKey[], keys: readonly StoredSigningKey[]): Promise<void> {
    const replaced = await store.replaceSigningKeys(expected, keys)
    if (!replaced) throw new Error('Another process has changed the signing keys at the same time')
    known = undefined
  }

  function generate(algorithm: GeneratedAlgorithm, state: SigningKeyState): StoredSigningKey {
    const key = generateKey(algorithm)
    const { keyId } = signingKey(key, state, algorithm)
    const encryptedPrivateKey = key
      .export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase })
      .toString()
    return { keyId, algorithm, state, encryptedPrivateKey, since: clock() }
  }

  function open({ keyId, encryptedPrivateKey }: StoredSigningKey): KeyObject {
    const key = opened.get(keyId) ?? decrypt(keyId, encryptedPrivateKey)
    opened.set(keyId, key)
    return key
  }

  function decrypt(keyId: string, encryptedPrivateKey: string): KeyObject {
    try {
      return createPrivateKey({ key: encryptedPrivateKey, passphrase })
    } catch {
      throw new ConfigurationError(
        'storedSigningKeys.passphrase',
        `does not open the key ${keyId}`,
        'Use the passphrase that the keys were stored with',
      )
    }
  }
}

function retire(key: StoredSigningKey, now: number, retainSeconds: number): StoredSigningKey[] {
  if (key.state !== 'retired') return [{ ...key, state: 'retired', since: now }]
  return now - key.since < retainSeconds ? [key] : []
}

function generateKey(algorithm: GeneratedAlgorithm): KeyObject {
  switch (algorithm) {
    case 'ES256':
      return generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey
    case 'EdDSA':
      return generateKeyPairSync('ed25519').privateKey
    case 'RS256':
    case 'PS256':
      return generateKeyPairSync('rsa', { modulusLength: 3072 }).privateKey
  }
}
