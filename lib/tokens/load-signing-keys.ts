import { createPrivateKey, createSecretKey, KeyObject, type JsonWebKey } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { describeOptions } from '../checks/describe-options.js'
import { checkedLater, oneOf, secretText } from '../checks/option-kind.js'
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

const description = describeOptions<SigningKeyOptions>()('loadSigningKeys', {
  key: checkedLater<KeySource>('a private key').required(),
  state: oneOf('next', 'active', 'retired').or('active'),
  algorithm: oneOf('RS256', 'PS256', 'ES256', 'EdDSA', 'HS256'),
  passphrase: secretText(),
})

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
  const { state, algorithm } = description.read(options, `signingKeys[${String(index)}]`)
  let read: ReadKey
  try {
    read = readKey(options.key, options.passphrase)
  } catch (cause) {
    const [problem, remedy] = faultOf(options, cause)
    throw new ConfigurationError(`signingKeys[${String(index)}]`, problem, remedy)
  }
  return signingKey(read.key, state, algorithm ?? read.algorithm)
}

/**
 * What is wrong with a key that cannot be read, and what to do. It may be a real one, so that nothing of it is repeated: its shape is
 * named, and the code of the parser.
 */
function faultOf({ key, passphrase }: SigningKeyOptions, cause: unknown): readonly [problem: string, remedy: string] {
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : 'no key'
  const remedy = 'Give it a private key as PEM, JWK or file'
  const given: unknown = key
  if (given === undefined) return ['is undefined', `${remedy}; if it comes from an environment variable, set that`]
  if (typeof given !== 'string') return [`cannot be read: it is ${typeName(given)} (${code})`, remedy]
  const text = given.trim()
  if (text === '') return ['is an empty string', `${remedy}; if it comes from an environment variable, set that`]
  if (/^(["'`]).*\1$/s.test(text))
    return ['stands in quotes', 'Remove them: they belong to the shell or the file, not to the key']
  if (text.includes('-----BEGIN')) return pemFault(text, passphrase, code)
  const decoded = Buffer.from(text, 'base64').toString('latin1')
  if (decoded.includes('-----BEGIN'))
    return ['is the Base64 of a PEM', "Decode it first: Buffer.from(key, 'base64').toString()"]
  // ASN.1 sequences, as all keys in DER are, begin so in Base64.
  if (/^M[A-Za-z0-9+/=\s_-]{40,}$/.test(text))
    return ['is a PEM without its first and last line', 'Give it the whole PEM']
  return [`cannot be read (${code})`, remedy]
}

function pemFault(
  text: string,
  passphrase: string | undefined,
  code: string,
): readonly [problem: string, remedy: string] {
  if (/\\r?\\?n/.test(text))
    return ['has \\n as two characters in place of its line breaks', String.raw`Write key.replaceAll('\\n', '\n')`]
  if (!/-----BEGIN [A-Z ]+-----\s*[\r\n]/.test(text))
    return [
      'has lost its line breaks, or has spaces in place of them',
      'Keep them: put the PEM into a file, or into the variable as Base64 and decode that',
    ]
  if (!text.includes('-----END'))
    return ['is cut off: its last line, -----END ...-----, is missing', 'Give it the whole PEM']
  const [, kind = ''] = /-----BEGIN ([A-Z ]+)-----/.exec(text) ?? []
  if (!kind.endsWith('PRIVATE KEY')) return [`is a ${kind.toLowerCase()}, not a private key`, 'Give it the private key']
  if (text.includes('ENCRYPTED'))
    return passphrase === undefined
      ? ['is encrypted', 'Give its passphrase: { key, passphrase }']
      : [`is encrypted, and the passphrase does not fit (${code})`, 'Give the right one']
  return [`is a damaged PEM, or of a kind that is not supported (${code})`, 'Give it RSA, EC P-256 or Ed25519 as PEM']
}

function typeName(value: unknown): string {
  if (value === null) return 'null'
  if (Buffer.isBuffer(value)) return 'a Buffer: write key.toString()'
  return typeof value === 'object' ? 'an object that is not a private JWK' : `a ${typeof value}`
}

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
