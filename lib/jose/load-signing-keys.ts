import { createPrivateKey, createSecretKey, KeyObject, type JsonWebKey } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { describeOptions } from '../checks/describe-options.js'
import { describeValue } from '../checks/kind-of-value.js'
import { checkedLater, oneOf, secretText } from '../checks/option-kind.js'
import { ConfigurationError } from '../errors/configuration-error.js'
import { type SigningAlgorithm, signingKey, type SigningKey } from './signing-key.js'
import type { SigningKeyState } from '../stores/key-store.js'
import { faultOfKey } from './fault-of-key.js'
import { SigningKeySet, type SigningKeys } from './signing-key-set.js'

/** A private key: the path of a PEM or JWK file, PEM text, a JWK, or a `KeyObject` (a secret one for HS256). */
export type KeySource = string | JsonWebKey | KeyObject

/** A signing key and its settings. */
export interface SigningKeyOptions {
  /** The path of a PEM or JWK file, PEM text, a JWK, or a `KeyObject`. */
  readonly key: KeySource
  /** Default `active`. */
  readonly state?: SigningKeyState
  /** Default: the algorithm of the key's kind; RS256 for an RSA key. */
  readonly algorithm?: SigningAlgorithm
  /** For an encrypted PEM. */
  readonly passphrase?: string
}

const description = describeOptions<SigningKeyOptions>()('loadSigningKeys', {
  key: checkedLater<KeySource>('a private key').required(),
  state: oneOf('next', 'active', 'retired').or('active'),
  algorithm: oneOf('RS256', 'PS256', 'ES256', 'EdDSA', 'HS256'),
  passphrase: secretText(),
})

/**
 * Loads signing keys, synchronously. The first active one signs; the public parts of all are published.
 *
 * To rotate without losing a token: list the new key as `next`; when every cache has it (see `jwksMaxAgeSeconds`), make it `active` and
 * the old one `retired`; remove that one when the last token signed with it has expired. Throws `ConfigurationError` for a key that
 * cannot be used.
 *
 * @example
 * ```ts
 * const signingKeys = loadSigningKeys(['keys/2026-12.pem', { key: 'keys/2026-06.pem', state: 'retired' }])
 * ```
 */
export function loadSigningKeys(sources: readonly (KeySource | SigningKeyOptions)[]): SigningKeys {
  if (!Array.isArray(sources)) {
    const problem = `is ${describeValue(sources)}; it must be a list of keys`
    throw new ConfigurationError('signingKeys', problem, 'Write loadSigningKeys([key])')
  }
  const set = new SigningKeySet(sources.map(load))
  return { current: () => set, isSymmetric: set.published.keys.length === 0 }
}

function load(source: KeySource | SigningKeyOptions, index: number): SigningKey {
  const options = isOptions(source) ? source : { key: source }
  const { state, algorithm } = description.read(options, `signingKeys[${String(index)}]`)
  let read: ReadKey
  try {
    read = readKey(options.key, options.passphrase)
  } catch (cause) {
    const { problem, remedy } = faultOfKey(options.key, options.passphrase, cause)
    throw new ConfigurationError(`signingKeys[${String(index)}]`, problem, remedy)
  }
  return signingKey(read.key, state, algorithm ?? read.algorithm)
}

/** A key and the algorithm that its JWK names. */
interface ReadKey {
  readonly key: KeyObject
  readonly algorithm?: SigningAlgorithm
}

function isOptions(source: unknown): source is SigningKeyOptions {
  return typeof source === 'object' && source !== null && !(source instanceof KeyObject) && 'key' in source
}

function readKey(source: KeySource, passphrase: string | undefined): ReadKey {
  if (source instanceof KeyObject) return { key: source }
  if (typeof source === 'object') return readJwk(source)
  const text =
    source.includes('-----BEGIN') || source.trimStart().startsWith('{') ? source : readFileSync(source, 'utf8')
  if (text.trimStart().startsWith('{')) return readJwk(JSON.parse(text) as JsonWebKey)
  return { key: createPrivateKey({ key: text, ...(passphrase === undefined ? {} : { passphrase }) }) }
}

/** Reads a JWK. If it names an algorithm, it is used with no other (RFC 7517 §4.4). `Ed25519` means EdDSA (RFC 9864). */
function readJwk(jwk: JsonWebKey): ReadKey {
  const key =
    jwk.kty === 'oct'
      ? createSecretKey(Buffer.from(jwk.k ?? '', 'base64url'))
      : createPrivateKey({ key: jwk, format: 'jwk' })
  const alg = jwk['alg'] === 'Ed25519' ? 'EdDSA' : jwk['alg']
  return alg === undefined ? { key } : { key, algorithm: alg as SigningAlgorithm }
}
