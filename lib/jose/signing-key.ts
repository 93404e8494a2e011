import { type JsonWebKey, type KeyObject, createHash, createPublicKey, generateKeyPairSync } from 'node:crypto'
import { ConfigurationError } from '../errors/configuration-error.js'
import type { SigningKeyState, StoredSigningKey } from '../stores/key-store.js'
import { prepareHs256 } from './hs256.js'

/** The algorithms of access tokens. HS256 is for a single app: verifying takes the key that signs. */
export type SigningAlgorithm = 'RS256' | 'PS256' | 'ES256' | 'EdDSA' | 'HS256'

/** What verifies a signature: one key, for one algorithm (RFC 8725 §3.1). */
export interface VerificationKey {
  readonly algorithm: SigningAlgorithm
  /** The public key; for HS256 the secret itself. */
  readonly verifyWith: KeyObject
}

/** What signs. */
export interface SigningKey extends VerificationKey {
  /** Its RFC 7638 thumbprint: `kid` in headers and in the published set. */
  readonly keyId: string
  readonly state: SigningKeyState
  readonly signWith: KeyObject
  /** The public members, as they are published. Absent for HS256, which is never published. */
  readonly publicJwk: JsonWebKey | undefined
}

/** The algorithms that keys can be generated for. */
export type GeneratedAlgorithm = Exclude<SigningAlgorithm, 'HS256'>

/** A stored key without its private key. */
export type UnsealedSigningKey = Omit<StoredSigningKey, 'encryptedPrivateKey'>

/** A key that is not stored yet. */
export interface GeneratedSigningKey extends UnsealedSigningKey {
  readonly privateKey: KeyObject
}

/**
 * Creates a signing key from a private key, or from a secret for HS256. The kind of key decides the algorithm; an RSA key signs RS256
 * unless `algorithm` is PS256. Throws `ConfigurationError` for a key that is too weak or of an unsupported kind.
 */
export function signingKey(key: KeyObject, state: SigningKeyState, algorithm?: SigningAlgorithm): SigningKey {
  const natural = naturalAlgorithm(key)
  const usable = natural === 'RS256' ? ['RS256', 'PS256'] : [natural]
  if (algorithm !== undefined && !usable.includes(algorithm)) {
    throw invalid(`cannot sign ${algorithm}`, `Leave the algorithm out, or name one of ${usable.join(', ')}`)
  }
  const chosen = algorithm ?? natural
  if (key.type === 'secret') {
    prepareHs256()
    const keyId = createHash('sha256').update('latchkey kid').update(key.export()).digest('base64url')
    return { keyId, state, algorithm: chosen, signWith: key, verifyWith: key, publicJwk: undefined }
  }
  if (key.type !== 'private') throw invalid('is a public key', 'Give it the private key')
  const verifyWith = createPublicKey(key)
  const jwk = verifyWith.export({ format: 'jwk' })
  const keyId = thumbprint(jwk)
  const publicJwk = { ...jwk, kid: keyId, alg: chosen, use: 'sig' }
  return { keyId, state, algorithm: chosen, signWith: key, verifyWith, publicJwk }
}

/** Computes the thumbprint of RFC 7638: SHA-256 of the required members in lexicographic order. */
export function thumbprint(jwk: JsonWebKey): string {
  const members =
    { EC: ['crv', 'kty', 'x', 'y'], RSA: ['e', 'kty', 'n'], OKP: ['crv', 'kty', 'x'] }[jwk.kty ?? ''] ?? []
  const required = Object.fromEntries(members.map((name) => [name, jwk[name]]))
  return createHash('sha256').update(JSON.stringify(required)).digest('base64url')
}

/** Returns the algorithm of a key. Refuses weak keys when they are loaded (RFC 8725 §3.5). */
function naturalAlgorithm(key: KeyObject): SigningAlgorithm {
  const { modulusLength = 0, namedCurve } = key.asymmetricKeyDetails ?? {}
  switch (key.asymmetricKeyType) {
    case undefined:
      if ((key.symmetricKeySize ?? 0) < 32)
        throw invalid('is a secret of less than 256 bits', 'Use 32 random bytes or more')
      return 'HS256'
    case 'rsa':
      if (modulusLength < 2048) throw invalid('is an RSA key of less than 2048 bits', 'Use 2048 bits or more')
      return 'RS256'
    case 'ec':
      if (namedCurve !== 'prime256v1') throw invalid(`is on the curve ${String(namedCurve)}`, 'Use P-256')
      return 'ES256'
    case 'ed25519':
      return 'EdDSA'
    default:
      throw invalid(`is of the kind ${key.asymmetricKeyType}`, 'Use RSA, EC P-256 or Ed25519')
  }
}

function invalid(problem: string, remedy: string): ConfigurationError {
  return new ConfigurationError('signingKeys', `a key ${problem}`, remedy)
}

/** Generates a signing key. `since` is the present time, in seconds since the epoch. */
export function generateSigningKey(
  algorithm: GeneratedAlgorithm,
  state: SigningKeyState,
  since: number,
): GeneratedSigningKey {
  const privateKey = generateKey(algorithm)
  const { keyId } = signingKey(privateKey, state, algorithm)
  return { keyId, algorithm, state, since, privateKey }
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
