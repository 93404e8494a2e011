import { randomBytes } from 'node:crypto'
import { describeOptions } from '../checks/describe-options.js'
import { nearestName } from '../checks/did-you-mean.js'
import { nameValue } from '../checks/kind-of-value.js'
import { checkedLater, flag, nameList, oneOf, scopeList, text, time, wholeNumber } from '../checks/option-kind.js'
import { ConfigurationError } from '../errors/configuration-error.js'
import { isGrantType, namedGrantTypes } from '../protocol/grammar.js'
import { parseScope } from '../protocol/scope.js'
import type { ClientRegistration, ConfidentialClient, PublicClient } from '../stores/client-store.js'
import { systemClock } from '../time/clock.js'
import { generateSecret } from './secret-digest.js'

/** The registration of a new client. */
export interface NewClient extends Omit<ClientRegistration, 'clientId'> {
  /** Printable ASCII, never chosen by a stranger. Default: 128 random bits. */
  readonly clientId?: string
  /** Default `confidential`. */
  readonly clientType?: 'confidential' | 'public'
  /** The authentication methods of a confidential client. Default `['client_secret_basic']`. */
  readonly authMethods?: readonly string[]
}

/** A new client and, if it has one, the only copy of its secret. */
export type CreatedClient = CreatedConfidentialClient | CreatedPublicClient

/** A new confidential client and the only copy of its secret. */
export interface CreatedConfidentialClient {
  readonly client: ConfidentialClient
  /** Show it once to the operator of the client. The store keeps a digest of it. */
  readonly clientSecret: string
}

/** A new public client. It has no secret. */
export interface CreatedPublicClient {
  readonly client: PublicClient
  readonly clientSecret: undefined
}

const description = describeOptions<NewClient>()('createClient', {
  clientId: text(/^[\x20-\x7E]+$/, 'printable ASCII'),
  clientType: oneOf('confidential', 'public').or('confidential'),
  name: text(),
  authMethods: nameList(),
  // May be empty for a resource server that only introspects, see below.
  grantTypes: checkedLater<readonly string[]>('a list of names').required(),
  scopes: scopeList().required(),
  defaultScopes: scopeList(),
  firstParty: flag().or(false),
  tellsUserAddress: flag().or(false),
  passwordGrantDeprecatedAt: time(),
  passwordGrantSunsetAt: time(),
  disabled: flag().or(false),
  accessTokenFormat: oneOf('opaque', 'jwt'),
  resources: nameList(),
  mayIntrospect: flag().or(false),
  introspectsFor: text(),
  accessTokenLifetimeSeconds: wholeNumber(1),
  refreshTokenLifetimeSeconds: wholeNumber(1),
  authorizationLifetimeSeconds: wholeNumber(1),
})

/**
 * Creates a client with a generated id and a generated secret of 256 bits. Save the client in a client store. Id and secret consist of
 * letters, digits, `-` and `_`, so that encoding them for HTTP Basic changes nothing. Throws `ConfigurationError`.
 *
 * @example
 * ```ts
 * const { client, clientSecret } = createClient({
 *   clientId: 'nightly-report',
 *   grantTypes: ['client_credentials'],
 *   scopes: ['orders:read'],
 * })
 * ```
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

/** Checks a registration, including what only TypeScript users are told by the compiler. Throws `ConfigurationError`. */
function checkNewClient(client: NewClient): void {
  if (Object(client) === client && 'clientSecret' in client) {
    const remedy = 'Leave it out and use the secret that is returned; for a secret of your own see digestClientSecret'
    throw invalid('clientSecret', 'is not an option: the secret is generated', remedy)
  }
  const { clientType, tellsUserAddress } = description.read(client)
  checkAuthMethods(client.authMethods, clientType)
  checkGrantTypes(client)
  checkScopes(client)
  // Anybody can pose as a public client and invent addresses.
  if (clientType === 'public' && tellsUserAddress)
    throw invalid('tellsUserAddress', 'is not allowed for a public client', 'Make the client confidential')
  checkPasswordSunset(client)
  checkIntrospection(client)
}

function checkAuthMethods(authMethods: readonly string[] | undefined, clientType: string): void {
  if (authMethods === undefined) return
  // RFC 6749 §2.1, §2.3: a public client only identifies itself, and has nothing to authenticate with.
  if (clientType === 'public' && (authMethods.length > 1 || authMethods[0] !== 'none'))
    throw invalid('authMethods', 'of a public client can only be none', 'Leave it out')
  if (clientType === 'confidential' && authMethods.includes('none'))
    throw invalid('authMethods', 'of a confidential client cannot be none', "Make it clientType: 'public'")
}

function checkGrantTypes({ grantTypes, clientType, firstParty, mayIntrospect }: NewClient): void {
  // A resource server that only introspects gets no tokens, so it needs no grant.
  if (!(mayIntrospect === true && Array.isArray(grantTypes) && grantTypes.length === 0))
    nameList().required().check('createClient.grantTypes', grantTypes)
  grantTypes.forEach((grantType, index) => {
    if (isGrantType(grantType)) return
    const meant = nearestName(grantType, namedGrantTypes)
    const remedy = `Write ${namedGrantTypes.join(', ')}, or the URI of a grant of your own`
    throw invalid(
      `grantTypes[${String(index)}]`,
      `is ${nameValue(grantType)}; must be a grant type`,
      meant === undefined ? remedy : `Did you mean ${meant}? ${remedy}`,
    )
  })
  // RFC 6749 §4.4
  if (clientType === 'public' && grantTypes.includes('client_credentials'))
    throw invalid('grantTypes', 'of a public client cannot have client_credentials', 'Make the client confidential')
  if (grantTypes.includes('password') && firstParty !== true)
    throw invalid('grantTypes', 'has password, for first-party clients only', 'Say firstParty: true if it is one')
}

function checkPasswordSunset({ passwordGrantDeprecatedAt, passwordGrantSunsetAt }: NewClient): void {
  // RFC 9745 §4: the sunset must not be earlier.
  if (Number(passwordGrantSunsetAt) < Number(passwordGrantDeprecatedAt))
    throw invalid('passwordGrantSunsetAt', 'is earlier than the deprecation', 'Let it end later than that')
}

function checkScopes({ scopes, defaultScopes = [] }: NewClient): void {
  for (const scope of defaultScopes) {
    if (!scopes.includes(scope)) throw invalid('defaultScopes', 'goes beyond scopes', 'Add the scope to both')
  }
  // What a token has, a request must be able to ask for.
  if (defaultScopes.length > 0 && parseScope(defaultScopes.join(' ')) === undefined) {
    throw invalid(
      'defaultScopes',
      'is more than a request may ask for: 100 scopes, 4096 characters',
      'List fewer scopes',
    )
  }
}

function checkIntrospection({ clientType, mayIntrospect, introspectsFor }: NewClient): void {
  // RFC 7662 §2.1: whoever asks has to prove who it is.
  if (clientType === 'public' && mayIntrospect === true)
    throw invalid('mayIntrospect', 'is not allowed for a public client', 'Make the client confidential')
  if (introspectsFor !== undefined && mayIntrospect !== true)
    throw invalid('introspectsFor', 'is for a client that may introspect', 'Say mayIntrospect: true')
}

function invalid(option: string, problem: string, remedy: string): ConfigurationError {
  return new ConfigurationError(`createClient.${option}`, problem, remedy)
}
