import { randomBytes } from 'node:crypto'
import type { ClientSecret } from '../stores/client-store.js'
import { digestClientSecret } from './secret-digest.js'
import { createSecretId } from './secret-id.js'

const OCTETS = 32

/** A secret, and what is stored of it. */
export interface GeneratedSecret {
  /** 256 random bits in base64url, so that encoding it for HTTP Basic changes nothing. The only copy. */
  readonly clientSecret: string
  readonly secret: ClientSecret & { readonly secretId: string }
}

/** Makes a secret. `now` is in seconds since the epoch. */
export function generateSecret(now: number): GeneratedSecret {
  const clientSecret = randomBytes(OCTETS).toString('base64url')
  return {
    clientSecret,
    secret: { secretId: createSecretId(), digest: digestClientSecret(clientSecret), createdAt: now },
  }
}
