import { randomBytes } from 'node:crypto'
import { ConfigurationError } from '../errors/configuration-error.js'
import { isScopeToken } from '../protocol/scope.js'
import type { Client, ClientRegistration } from '../stores/client-store.js'
import { digestClientSecret } from './client-secret.js'

/** What is said of a client that is to be created. */
export interface NewClient extends Omit<ClientRegistration, 'clientId'> {
  /** Absent: 128 random bits. Given: printable ASCII, and never one that a stranger chose. */
  readonly clientId?: string
  /** Default `confidential`. */
  readonly clientType?: 'confidential' | 'public'
  /** Ways in which a confidential client may authenticate. Default `['client_secret_basic']`. */
  readonly authMethods?: readonly string[]
}

/** A client and the only copy of its secret. */
export interface CreatedClient {
  readonly client: Client
  /** Show it once to whoever runs the client; what is stored is a digest. Absent for a public client. */
  readonly clientSecret: string | undefined
}

/**
 * Makes a client with a generated id and a generated secret of 256 bits, ready to be saved in a client store. Both use only
 * letters, digits, `-` and `_`, so that encoding them for HTTP Basic changes nothing. Throws `ConfigurationError`.
 */
export function createClient(registration: NewClient): CreatedClient {
  const {
    clientId = randomBytes(16).toString('base64url'),
    clientType = 'confidential',
    authMethods,
    ...rest
  } = registration
  if (!/^[\x20-\x7E]+$/.test(clientId))
    throw invalid('clientId', 'must be printable ASCII', 'Leave it out to get a random one')
  checkLists(rest)
  checkLifetimes(rest)
  if (clientType === 'public') {
    return { client: { ...rest, clientId, clientType, authMethods: ['none'] }, clientSecret: undefined }
  }
  const clientSecret = randomBytes(32).toString('base64url')
  const secrets = [{ digest: digestClientSecret(clientSecret) }]
  return {
    client: { ...rest, clientId, clientType, authMethods: authMethods ?? ['client_secret_basic'], secrets },
    clientSecret,
  }
}

function checkLists({ grantTypes, scopes, defaultScopes = [] }: Omit<ClientRegistration, 'clientId'>): void {
  if (grantTypes.length === 0) throw invalid('grantTypes', 'is empty', 'List what the client may do')
  for (const scope of [...scopes, ...defaultScopes]) {
    if (!isScopeToken(scope)) throw invalid('scopes', 'has an entry that is no scope token', 'List one token an entry')
  }
  for (const scope of defaultScopes) {
    if (!scopes.includes(scope)) throw invalid('defaultScopes', 'goes beyond scopes', 'Add the scope to both')
  }
}

function checkLifetimes(registration: Omit<ClientRegistration, 'clientId'>): void {
  for (const name of [
    'accessTokenLifetimeSeconds',
    'refreshTokenLifetimeSeconds',
    'authorizationLifetimeSeconds',
  ] as const) {
    const seconds = registration[name]
    if (seconds !== undefined && (!Number.isSafeInteger(seconds) || seconds <= 0)) {
      throw invalid(name, 'must be a whole number of seconds above 0', 'Leave it out for the default of the server')
    }
  }
}

function invalid(option: string, problem: string, remedy: string): ConfigurationError {
  return new ConfigurationError(`createClient.${option}`, problem, remedy)
}
