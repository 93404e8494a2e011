import { checkBoolean, checkOptions } from '../errors/check-options.js'
import { ConfigurationError } from '../errors/configuration-error.js'
import { checkLifetimes } from '../protocol/check-lifetimes.js'
import { checkScopeTokens } from '../checks/option-kind.js'
import { parseScope } from '../protocol/scope.js'
import { isHttpTime } from '../protocol/http-date.js'
import type { ClientRegistration } from '../stores/client-store.js'

/** What is said of a client that is to be created. */
export interface NewClient extends Omit<ClientRegistration, 'clientId'> {
  /** Absent: 128 random bits. Given: printable ASCII, and never one that a stranger chose. */
  readonly clientId?: string
  /** Default `confidential`. */
  readonly clientType?: 'confidential' | 'public'
  /** Ways in which a confidential client may authenticate. Default `['client_secret_basic']`. */
  readonly authMethods?: readonly string[]
}

const known: readonly (keyof NewClient)[] = [
  'clientId',
  'clientType',
  'name',
  'authMethods',
  'grantTypes',
  'scopes',
  'defaultScopes',
  'firstParty',
  'tellsUserAddress',
  'passwordGrantDeprecatedAt',
  'passwordGrantSunsetAt',
  'disabled',
  'accessTokenFormat',
  'resources',
  'mayIntrospect',
  'introspectsFor',
  'accessTokenLifetimeSeconds',
  'refreshTokenLifetimeSeconds',
  'authorizationLifetimeSeconds',
]

/** Checks what is said of a new client, also what a compiler would have seen. Throws `ConfigurationError`. */
export function checkNewClient(client: NewClient): void {
  checkOptions('createClient', client, known)
  const { clientId, clientType = 'confidential', name } = client
  if (clientId !== undefined && !(isText(clientId) && /^[\x20-\x7E]+$/.test(clientId)))
    throw invalid('clientId', 'must be printable ASCII', 'Leave it out to get a random one')
  if (!['confidential', 'public'].includes(clientType))
    throw invalid('clientType', 'must be confidential or public', 'Leave it out for confidential')
  if (name !== undefined && !isText(name)) throw invalid('name', 'must be a text', 'Leave it out if there is none')
  checkAuthMethods(client.authMethods, clientType)
  checkGrantTypes(client)
  checkScopes(client)
  checkBoolean('createClient.firstParty', client.firstParty)
  checkBoolean('createClient.disabled', client.disabled)
  checkBoolean('createClient.tellsUserAddress', client.tellsUserAddress)
  // Anybody can say that they are a public client, and make up addresses.
  if (clientType === 'public' && client.tellsUserAddress === true)
    throw invalid('tellsUserAddress', 'is not for a public client', 'Make the client confidential')
  checkPasswordSunset(client)
  checkIntrospection(client)
  checkAccessTokens(client)
  checkLifetimes('createClient.', client)
}

function checkAuthMethods(authMethods: readonly string[] | undefined, clientType: string): void {
  if (authMethods === undefined) return
  checkTexts('authMethods', authMethods)
  // RFC 6749 §2.1, §2.3: what only names itself is a public client, and a public client has nothing to prove itself with.
  if (clientType === 'public' && (authMethods.length > 1 || authMethods[0] !== 'none'))
    throw invalid('authMethods', 'of a public client can only be none', 'Leave it out')
  if (clientType === 'confidential' && authMethods.includes('none'))
    throw invalid('authMethods', 'of a confidential client cannot be none', "Make it clientType: 'public'")
}

function checkGrantTypes({ grantTypes, clientType, firstParty, mayIntrospect }: NewClient): void {
  // A resource server that only introspects gets no tokens.
  if (!(mayIntrospect === true && Array.isArray(grantTypes) && grantTypes.length === 0))
    checkTexts('grantTypes', grantTypes)
  // RFC 6749 §4.4
  if (clientType === 'public' && grantTypes.includes('client_credentials'))
    throw invalid('grantTypes', 'of a public client cannot have client_credentials', 'Make the client confidential')
  if (grantTypes.includes('password') && firstParty !== true)
    throw invalid('grantTypes', 'has password, for first-party clients only', 'Say firstParty: true if it is one')
}

function checkPasswordSunset({ passwordGrantDeprecatedAt, passwordGrantSunsetAt }: NewClient): void {
  const times = { passwordGrantDeprecatedAt, passwordGrantSunsetAt }
  for (const [name, time] of Object.entries(times)) {
    if (time !== undefined && !isHttpTime(time))
      throw invalid(name, 'must be a time in whole seconds since the epoch', 'Leave it out if there is none')
  }
  // RFC 9745 §4: the sunset must not be earlier.
  if (Number(passwordGrantSunsetAt) < Number(passwordGrantDeprecatedAt))
    throw invalid('passwordGrantSunsetAt', 'is earlier than the deprecation', 'Let it end later than that')
}

function checkScopes({ scopes, defaultScopes = [] }: NewClient): void {
  checkScopeTokens('createClient.scopes', scopes)
  checkScopeTokens('createClient.defaultScopes', defaultScopes)
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
  checkBoolean('createClient.mayIntrospect', mayIntrospect)
  // RFC 7662 §2.1: whoever asks has to prove who it is.
  if (clientType === 'public' && mayIntrospect === true)
    throw invalid('mayIntrospect', 'is not for a public client', 'Make the client confidential')
  if (introspectsFor !== undefined && !(isText(introspectsFor) && mayIntrospect === true))
    throw invalid('introspectsFor', 'must be a resource, of a client that may introspect', 'Say mayIntrospect: true')
}

function checkAccessTokens({ accessTokenFormat, resources }: NewClient): void {
  if (accessTokenFormat !== undefined && !['opaque', 'jwt'].includes(accessTokenFormat))
    throw invalid('accessTokenFormat', 'must be opaque or jwt', 'Leave it out for the one of the server')
  if (resources !== undefined) checkTexts('resources', resources)
}

function checkTexts(option: string, values: unknown): void {
  if (Array.isArray(values) && values.length > 0 && values.every((value) => isText(value) && value !== '')) return
  throw invalid(option, 'must be a list of names, and not empty', 'List what the client may do')
}

function isText(value: unknown): value is string {
  return typeof value === 'string'
}

function invalid(option: string, problem: string, remedy: string): ConfigurationError {
  return new ConfigurationError(`createClient.${option}`, problem, remedy)
}
