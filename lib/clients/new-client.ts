import { nearestName } from '../checks/did-you-mean.js'
import { describeOptions } from '../checks/describe-options.js'
import { checkedLater, flag, nameList, oneOf, scopeList, text, time, wholeNumber } from '../checks/option-kind.js'
import { nameValue } from '../checks/kind-of-value.js'
import { ConfigurationError } from '../errors/configuration-error.js'
import { isGrantType, namedGrantTypes } from '../protocol/grammar.js'
import { parseScope } from '../protocol/scope.js'
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

const description = describeOptions<NewClient>()('createClient', {
  clientId: text(/^[\x20-\x7E]+$/, 'printable ASCII'),
  clientType: oneOf('confidential', 'public').or('confidential'),
  name: text(),
  authMethods: nameList(),
  // Without any, for a resource server that only introspects: see below.
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

/** Checks what is said of a new client, also what a compiler would have seen. Throws `ConfigurationError`. */
export function checkNewClient(client: NewClient): void {
  if (Object(client) === client && 'clientSecret' in client) {
    const remedy = 'Leave it out, and use the one that is returned; for one of your own see digestClientSecret'
    throw invalid('clientSecret', 'is not an option: the secret is generated', remedy)
  }
  const { clientType, tellsUserAddress } = description.read(client)
  checkAuthMethods(client.authMethods, clientType)
  checkGrantTypes(client)
  checkScopes(client)
  // Anybody can say that they are a public client, and make up addresses.
  if (clientType === 'public' && tellsUserAddress)
    throw invalid('tellsUserAddress', 'is not for a public client', 'Make the client confidential')
  checkPasswordSunset(client)
  checkIntrospection(client)
}

function checkAuthMethods(authMethods: readonly string[] | undefined, clientType: string): void {
  if (authMethods === undefined) return
  // RFC 6749 §2.1, §2.3: what only names itself is a public client, and a public client has nothing to prove itself with.
  if (clientType === 'public' && (authMethods.length > 1 || authMethods[0] !== 'none'))
    throw invalid('authMethods', 'of a public client can only be none', 'Leave it out')
  if (clientType === 'confidential' && authMethods.includes('none'))
    throw invalid('authMethods', 'of a confidential client cannot be none', "Make it clientType: 'public'")
}

function checkGrantTypes({ grantTypes, clientType, firstParty, mayIntrospect }: NewClient): void {
  // A resource server that only introspects gets no tokens.
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
    throw invalid('mayIntrospect', 'is not for a public client', 'Make the client confidential')
  if (introspectsFor !== undefined && mayIntrospect !== true)
    throw invalid('introspectsFor', 'is for a client that may introspect', 'Say mayIntrospect: true')
}

function invalid(option: string, problem: string, remedy: string): ConfigurationError {
  return new ConfigurationError(`createClient.${option}`, problem, remedy)
}
