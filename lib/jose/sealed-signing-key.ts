import {
  createCipheriv,
  createDecipheriv,
  createPrivateKey,
  createSecretKey,
  randomBytes,
  scrypt,
  type KeyObject,
} from 'node:crypto'
import { hash } from '../crypto/hash.js'
import { ConfigurationError } from '../errors/configuration-error.js'
import type { StoredSigningKey } from '../stores/key-store.js'

/** log2 of scrypt's N. With r = 8, one derivation takes 128 MB and about a third of a second. */
const COST = 17
/** `latchkey-key:1:` log2 N `.` r `.` p `:` salt `:` nonce `:` ciphertext and tag, in base64url. A cheaper N than ours is refused. */
const sealedForm = /^latchkey-key:1:(1[7-9]|20)\.8\.1:([\w-]{22}):([\w-]{16}):([\w-]{23,})$/
/**
 * The form of earlier versions: encrypted PKCS#8 and nothing else. A plain private key is refused: anybody who can write to the store could
 * have put it there.
 */
const pemForm = /^-----BEGIN ENCRYPTED PRIVATE KEY-----\r?\n[\w+/=\r\n]+-----END ENCRYPTED PRIVATE KEY-----\s*$/
const TAG_BYTES = 16

/** The passphrases of stored keys: the first one encrypts, any of them decrypts. */
export type Passphrases = readonly [string, ...string[]]

/** An encrypted key, and what is authenticated with it. */
type SealedKey = Pick<StoredSigningKey, 'keyId' | 'algorithm' | 'encryptedPrivateKey'>

/** Reads the option `passphrase`: one, or the present one followed by former ones. Throws `ConfigurationError`. */
export function checkPassphrases(passphrase: unknown): Passphrases {
  const passphrases: readonly unknown[] = Array.isArray(passphrase) ? passphrase : [passphrase]
  if (passphrases.length === 0) throw invalid('is an empty list', 'Put the present passphrase first')
  for (const each of passphrases) {
    if (typeof each !== 'string' || each.length < 16) {
      throw invalid('is shorter than 16 characters', 'Use 32 random bytes in base64')
    }
    if (new Set(each).size < 8) {
      throw invalid('has fewer than 8 different characters', 'Use 32 random bytes in base64')
    }
  }
  return passphrases as unknown as Passphrases
}

/**
 * Encrypts a private key for a store: AES-256-GCM under a key that scrypt derives from the first passphrase. The id and the algorithm are
 * authenticated with it. The salt of the keys in `stored` is reused, so that one derivation decrypts them all.
 */
export async function sealSigningKey(
  passphrases: Passphrases,
  { keyId, algorithm }: Omit<SealedKey, 'encryptedPrivateKey'>,
  key: KeyObject,
  stored: readonly SealedKey[],
): Promise<string> {
  const salt = (await usedSalt(passphrases, stored)) ?? processSalt
  const nonce = randomBytes(12)
  const cipher = createCipheriv('aes-256-gcm', await derive(passphrases[0], COST, salt), nonce)
  cipher.setAAD(Buffer.from(`${keyId}|${algorithm}`))
  const plain = key.export({ type: 'pkcs8', format: 'der' })
  const sealed = Buffer.concat([cipher.update(plain), cipher.final(), cipher.getAuthTag()])
  return `latchkey-key:1:${String(COST)}.8.1:${salt}:${nonce.toString('base64url')}:${sealed.toString('base64url')}`
}

/** Decrypts a stored key with any of the passphrases. Throws `ConfigurationError` if none fits. */
export async function openSigningKey(passphrases: Passphrases, sealed: SealedKey): Promise<KeyObject> {
  for (const passphrase of passphrases) {
    const key = await openWith(passphrase, sealed)
    if (key !== undefined) return key
  }
  const problem = `does not decrypt the key ${sealed.keyId}`
  throw invalid(problem, 'List the passphrase that the key was stored with after the present one: [present, former]')
}

/** Returns whether a stored key has the present form and is encrypted under the first passphrase. */
export async function isUpToDate(passphrases: Passphrases, sealed: SealedKey): Promise<boolean> {
  const [, cost] = sealedForm.exec(sealed.encryptedPrivateKey) ?? []
  if (Number(cost) < COST || cost === undefined) return false
  return passphrases.length === 1 || (await openWith(passphrases[0], sealed)) !== undefined
}

/** The salt for a store without keys: one per process, so that it derives one key. */
const processSalt = randomBytes(16).toString('base64url')

async function usedSalt(passphrases: Passphrases, stored: readonly SealedKey[]): Promise<string | undefined> {
  for (const each of stored) {
    const [, cost, salt] = sealedForm.exec(each.encryptedPrivateKey) ?? []
    if (Number(cost) === COST && (await openWith(passphrases[0], each)) !== undefined) return salt
  }
  return undefined
}

async function openWith(
  passphrase: string,
  { keyId, algorithm, encryptedPrivateKey }: SealedKey,
): Promise<KeyObject | undefined> {
  const [, cost, salt = '', nonce = '', sealed = ''] = sealedForm.exec(encryptedPrivateKey) ?? []
  if (cost === undefined)
    return pemForm.test(encryptedPrivateKey) ? openPem(passphrase, encryptedPrivateKey) : undefined
  const derived = await derive(passphrase, Number(cost), salt)
  const bytes = Buffer.from(sealed, 'base64url')
  const decipher = createDecipheriv('aes-256-gcm', derived, Buffer.from(nonce, 'base64url'))
  decipher.setAAD(Buffer.from(`${keyId}|${algorithm}`))
  decipher.setAuthTag(bytes.subarray(-TAG_BYTES))
  try {
    const plain = Buffer.concat([decipher.update(bytes.subarray(0, -TAG_BYTES)), decipher.final()])
    return createPrivateKey({ key: plain, format: 'der', type: 'pkcs8' })
  } catch {
    return undefined
  }
}

function openPem(passphrase: string, pem: string): KeyObject | undefined {
  try {
    return createPrivateKey({ key: pem, passphrase })
  } catch {
    return undefined
  }
}

/** Derived keys, by a digest of what they were derived from. */
const derivedKeys = new Map<string, Promise<KeyObject>>()
const MOST_DERIVED_KEYS = 32

/** Derives a key in the thread pool, once for each passphrase and salt. */
function derive(passphrase: string, cost: number, salt: string): Promise<KeyObject> {
  const name = hash('sha256', `${String(cost)}:${salt}:${passphrase}`, 'base64')
  const known = derivedKeys.get(name)
  if (known !== undefined) return known
  const derived = new Promise<KeyObject>((resolve, reject) => {
    const N = 2 ** cost
    scrypt(passphrase, Buffer.from(salt, 'base64url'), 32, { N, r: 8, p: 1, maxmem: 2048 * N }, (error, bytes) => {
      if (error === null) {
        resolve(createSecretKey(bytes))
      } else {
        derivedKeys.delete(name)
        reject(error)
      }
    })
  })
  if (derivedKeys.size >= MOST_DERIVED_KEYS) derivedKeys.clear()
  derivedKeys.set(name, derived)
  return derived
}

function invalid(problem: string, remedy: string): ConfigurationError {
  return new ConfigurationError('storedSigningKeys.passphrase', problem, remedy)
}
