import { createPrivateKey, createSecretKey, KeyObject, type JsonWebKey } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { checkOptions } from '../errors/check-options.js'
import { ConfigurationError } from '../errors/configuration-error.js'
import type { SigningAlgorithm } from '../protocol/signing-algorithm.js'
import type { SigningKeyState } from '../stores/key-store.js'
import { signingKey, type SigningKey } from './signing-key.js'
import { SigningKeySet, type SigningKeys } from './signing-key-set.js'

/** A private key: the path of a PEM or JWK file, PEM text, a JWK, or a `KeyObject` (a secret one for HS256). */
export type KeySource = string | JsonWebKey | KeyObject

/** A signing key with what the operator says of it. */
export interface SigningKeyOptions {
  readonly key: KeySource
  /** Default `active`. */
  readonly state?: SigningKeyState
  /** Default: what the key is for; RS256 for an RSA key. */
  readonly algorithm?: SigningAlgorithm
  /** For an encrypted PEM. */
  readonly passphrase?: string
}

/**
 * Loads signing keys, at once. The first active one signs; all public parts are published. To rotate without losing a token: list
 * the new key as `next`, wait until every cache has it (see `jwksMaxAgeSeconds`), make it `active` and the old one `retired`,
 * and drop that when the last token signed with it is over. Throws `ConfigurationError` for a key that cannot be used.
 */
export function loadSigningKeys(sources: readonly (KeySource | SigningKeyOptions)[]): SigningKeys {
  if (!Array.isArray(sources)) throw new ConfigurationError('signingKeys', 'is not a list', 'List the keys: [key]')
  const set = new SigningKeySet(sources.map(load))
  return { current: () => set, isSymmetric: set.published.keys.length === 0 }
}

function load(source: KeySource | SigningKeyOptions, index: number): SigningKey {
  const options = isOptions(source) ? source : { key: source }
  checkKeyOptions(`signingKeys[${String(index)}]`, options)
  let read: ReadKey
  try {
    read = readKey(options.key, options.passphrase)
  } catch (cause) {
    // What could not be read may be a key: the message of the parser is all that is repeated.
    const problem = `cannot be read (${cause instanceof Error && 'code' in cause ? String(cause.code) : 'no key'})`
    throw new ConfigurationError(`signingKeys[${String(index)}]`, problem, 'Give it a private key as PEM, JWK or file')
  }
  return signingKey(read.key, options.state ?? 'active', options.algorithm ?? read.algorithm)
}

function checkKeyOptions(where: string, options: SigningKeyOptions): void {
  checkOptions(where, options, ['key', 'state', 'algorithm', 'passphrase'])
  if (options.state === undefined || states.includes(options.state)) return
  throw new ConfigurationError(`${where}.state`, 'is not a state of a key', `Use one of ${states.join(', ')}`)
}

const states: readonly SigningKeyState[] = ['next', 'active', 'retired']

/** A key, and what a JWK says it is for. */
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

/** RFC 7517 §4.4: a key that says which algorithm it is for is for no other; `Ed25519` is a name of EdDSA (RFC 9864). */
function readJwk(jwk: JsonWebKey): ReadKey {
  const key =
    jwk.kty === 'oct'
      ? createSecretKey(Buffer.from(jwk.k ?? '', 'base64url'))
      : createPrivateKey({ key: jwk, format: 'jwk' })
  const alg = jwk['alg'] === 'Ed25519' ? 'EdDSA' : jwk['alg']
  return alg === undefined ? { key } : { key, algorithm: alg as SigningAlgorithm }
}
