import { ConfigurationError } from '../errors/configuration-error.js'

/** A secret of 32 random bytes: as bytes, or as base64 or hexadecimal text. */
export type Secret = string | Uint8Array

/** The secret of a server, or the current one with those before it. */
export type ServerSecret = Secret | readonly Secret[]

/** Random bytes have about 30 different values; a text that somebody thought up, or zeros, have few. */
const LEAST_DIFFERENT = 16

/** Reads the option `secret`; none are no secrets. Throws `ConfigurationError`, which does not repeat a value. */
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
