import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto'
import { ConfigurationError } from '../errors/configuration-error.js'

/** Encrypts values that a client keeps for the server: nobody else can read or forge them. */
export interface Sealing {
  /** Seals a JSON value. A value sealed for one purpose cannot be opened for another. */
  seal(purpose: string, value: unknown): string
  /** Returns the sealed value; `undefined` for anything that was not sealed with one of the secrets. */
  open(purpose: string, sealed: string): unknown
}

/** The layout in bytes: version, nonce, ciphertext, tag. */
const VERSION = Buffer.from([1])
const NONCE = 12
const TAG = 16
/** Characters. Nothing that is sealed here is nearly as long. */
const LONGEST = 2048

/**
 * Creates the sealing of a server: AES-256-GCM with a key derived from the first secret and the purpose (HKDF-SHA-256). Opens what was
 * sealed with any of the secrets. Without secrets it uses a random one, which is lost when the process ends.
 */
export function sealingWith(secrets: readonly Uint8Array[] = []): Sealing {
  const masters = secrets.length > 0 ? secrets : [randomBytes(32)]
  /** The keys of each purpose, in the order of the secrets. */
  const keys = new Map<string, readonly Buffer[]>()

  function keysFor(purpose: string): readonly Buffer[] {
    const known = keys.get(purpose)
    if (known !== undefined) return known
    const derived = masters.map((master) => Buffer.from(hkdfSync('sha256', master, '', `latchkey ${purpose} v1`, 32)))
    keys.set(purpose, derived)
    return derived
  }

  return {
    seal(purpose, value) {
      const [key] = keysFor(purpose) as [Buffer]
      const nonce = randomBytes(NONCE)
      const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(VERSION)
      const text = cipher.update(JSON.stringify(value))
      return Buffer.concat([VERSION, nonce, text, cipher.final(), cipher.getAuthTag()]).toString('base64url')
    },

    open(purpose, sealed) {
      if (sealed.length > LONGEST) return undefined
      const bytes = Buffer.from(sealed, 'base64url')
      // Only one spelling is accepted: base64url has several for the same bytes.
      if (bytes.length <= 1 + NONCE + TAG || bytes[0] !== VERSION[0] || bytes.toString('base64url') !== sealed)
        return undefined
      for (const key of keysFor(purpose)) {
        const opened = openWith(key, bytes)
        if (opened !== undefined) return JSON.parse(opened) as unknown
      }
      return undefined
    },
  }
}

function openWith(key: Buffer, bytes: Buffer): string | undefined {
  const nonce = bytes.subarray(1, 1 + NONCE)
  const decipher = createDecipheriv('aes-256-gcm', key, nonce).setAAD(VERSION).setAuthTag(bytes.subarray(-TAG))
  try {
    return decipher.update(bytes.subarray(1 + NONCE, -TAG), undefined, 'utf8') + decipher.final('utf8')
  } catch {
    return undefined
  }
}

/** A secret of 32 random bytes: as bytes, or as base64 or hexadecimal text. */
export type Secret = string | Uint8Array

/** The secret of a server; or a list of the current one and former ones. */
export type ServerSecret = Secret | readonly Secret[]

/** 32 random bytes have about 30 different values; zeros or a text that a person made up have few. */
const LEAST_DIFFERENT = 16

/** Reads the option `secret`. Returns an empty list if it is absent. Throws `ConfigurationError`, which does not repeat a value. */
export function serverSecrets(option: ServerSecret | undefined): readonly Uint8Array[] {
  if (option === undefined) return []
  const secrets: readonly unknown[] = Array.isArray(option) ? option : [option]
  if (secrets.length === 0) throw wrongSecret('secret', 'is an empty list')
  return secrets.map((secret, index) => {
    const where = Array.isArray(option) ? `secret[${String(index)}]` : 'secret'
    const bytes = bytesOf(secret)
    if (bytes?.length !== 32) throw wrongSecret(where, 'must be 32 bytes, as a Buffer or as base64 or hexadecimal text')
    if (new Set(bytes).size < LEAST_DIFFERENT) throw wrongSecret(where, 'is not random')
    return bytes
  })
}

function bytesOf(secret: unknown): Uint8Array | undefined {
  if (secret instanceof Uint8Array) return secret
  if (typeof secret !== 'string') return undefined
  if (/^[0-9a-f]{64}$/i.test(secret)) return Buffer.from(secret, 'hex')
  return /^[\w+/-]{43}=?$/.test(secret) ? Buffer.from(secret, 'base64') : undefined
}

function wrongSecret(where: string, problem: string): ConfigurationError {
  return new ConfigurationError(where, problem, 'Make one with: openssl rand -base64 32')
}
