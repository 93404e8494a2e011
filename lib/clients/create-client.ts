import { randomBytes } from 'node:crypto'
import { systemClock } from '../time/clock.js'
import type { ConfidentialClient, PublicClient } from '../stores/client-store.js'
import { generateSecret } from './generated-secret.js'
import { checkNewClient, type NewClient } from './new-client.js'

export type { NewClient } from './new-client.js'

/** A client and, where it has one, the only copy of its secret. */
export type CreatedClient = CreatedConfidentialClient | CreatedPublicClient

/** A confidential client and the only copy of its secret. */
export interface CreatedConfidentialClient {
  readonly client: ConfidentialClient
  /** Show it once to whoever runs the client; what is stored is a digest. */
  readonly clientSecret: string
}

/** A public client: it has no secret. */
export interface CreatedPublicClient {
  readonly client: PublicClient
  readonly clientSecret: undefined
}

/**
 * Makes a client with a generated id and a generated secret of 256 bits, ready to be saved in a client store. Both use only
 * letters, digits, `-` and `_`, so that encoding them for HTTP Basic changes nothing. Throws `ConfigurationError`.
 */
export function createClient(
  registration: NewClient & { readonly clientType?: 'confidential' },
): CreatedConfidentialClient
export function createClient(registration: NewClient & { readonly clientType: 'public' }): CreatedPublicClient
export function createClient(registration: NewClient): CreatedClient
export function createClient(registration: NewClient): CreatedClient {
  checkNewClient(registration)
  const {
    clientId = randomBytes(16).toString('base64url'),
    clientType = 'confidential',
    authMethods,
    ...rest
  } = registration
  if (clientType === 'public') {
    return { client: { ...rest, clientId, clientType, authMethods: ['none'] }, clientSecret: undefined }
  }
  const { clientSecret, secret } = generateSecret(systemClock())
  return {
    client: { ...rest, clientId, clientType, authMethods: authMethods ?? ['client_secret_basic'], secrets: [secret] },
    clientSecret,
  }
}
