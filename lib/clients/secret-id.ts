import { randomBytes } from 'node:crypto'
import { hash } from '../crypto/hash.js'
import type { ClientSecret } from '../stores/client-store.js'

const OCTETS = 4

/** A new name for a secret; it is not secret itself. */
export function createSecretId(): string {
  return randomBytes(OCTETS).toString('hex')
}

/** The id of a secret; one that was stored without gets it from its digest, of which it tells nothing. */
export function secretIdOf({ secretId, digest }: ClientSecret): string {
  return secretId ?? hash('sha256', digest, 'hex').slice(0, 2 * OCTETS)
}
