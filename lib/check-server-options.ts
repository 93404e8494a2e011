import { checkInterface } from './checks/check-interface.js'
import { checkBoolean, checkFunction, checkOptions, checkText, checkWholeNumber } from './errors/check-options.js'
import { ConfigurationError } from './errors/configuration-error.js'
import type { GrantHandler } from './grants/grant-handler.js'
import { checkHasher } from './passwords/password-hasher.js'
import { MOST_REMEMBERED_JWTS } from './tokens/verified-jwts.js'
import { checkClock } from './protocol/check-clock.js'
import { checkIssuer } from './protocol/check-issuer.js'
import { checkLifetimes } from './protocol/check-lifetimes.js'
import { checkScopeTokens } from './checks/option-kind.js'
import { serverSecrets } from './protocol/server-secret.js'
import { serverOptionNames, type AuthorizationServerOptions } from './options.js'

/** The client authentication methods that are always there. */
const builtInAuthMethods = ['client_secret_basic', 'client_secret_post', 'none']

/** Values of `grant_type` that are no URI (RFC 6749 §4); any other grant type must be one (§4.5). */
const namedGrantTypes = ['authorization_code', 'client_credentials', 'password', 'refresh_token']

/** Checks the options of a server when it is made. Throws `ConfigurationError`: what is wrong, where, how to fix it. */
export function checkServerOptions(options: AuthorizationServerOptions): void {
  checkOptions('createAuthorizationServer', options, serverOptionNames)
  checkIssuer(options.issuer)
  checkInterface('clients', options.clients, 'ClientStore')
  // Absent where a store cannot be written to.
  checkFunction('clients.replaceClient', (options.clients as { readonly replaceClient?: unknown }).replaceClient)
  checkInterface('tokens', options.tokens, 'TokenStore')
  // Absent where a store drops by itself what has expired.
  checkFunction('tokens.prune', (options.tokens as { readonly prune?: unknown }).prune)
  checkScopes(options.scopes)
  checkGrants(options.grants)
  for (const grant of options.grants) grant.checkTokenStore?.(options.tokens)
  checkClientAuthMethods(options.clientAuthMethods)
  checkLifetimes('', options)
  checkLongestAccessToken(options)
  checkWholeNumber('clockSkewSeconds', options.clockSkewSeconds, 0, 300)
  for (const name of ['tokenPath', 'revocationPath', 'introspectionPath', 'jwksPath'] as const) {
    checkText(name, options[name], /^\/[^?#]*$/, 'must be a path that begins with a slash')
  }
  checkResources(options)
  checkAccessTokens(options)
  checkText('excessScope', options.excessScope, /^(?:refuse|drop)$/, 'must be refuse or drop')
  checkText(
    'realm',
    options.realm,
    /^[\x20\x21\x23-\x5B\x5D-\x7E]+$/,
    'must be printable ASCII without quotes and backslashes',
  )
  checkBoolean('requireTls', options.requireTls)
  checkBoolean('strict', options.strict)
  if (options.throttle !== undefined && options.throttle !== false) {
    checkInterface('throttle', options.throttle, 'Throttle')
  }
  serverSecrets(options.secret)
  if (options.secretHasher !== undefined) {
    checkHasher('secretHasher', options.secretHasher)
  }
  checkBoolean('chosenClientSecrets', options.chosenClientSecrets)
  // Absent where a store cannot list; then the option above decides.
  checkFunction('clients.listClients', (options.clients as { readonly listClients?: unknown }).listClients)
  checkFunction('onEvent', options.onEvent)
  checkFunction('requestId', options.requestId)
  checkFunction('clientAddress', options.clientAddress)
  checkFunction('isSecure', options.isSecure)
  checkWholeNumber('requestTimeoutSeconds', options.requestTimeoutSeconds, 1, 600)
  checkWholeNumber('rememberedJwts', options.rememberedJwts, 0, MOST_REMEMBERED_JWTS)
  checkClock(options.clock)
}

/** What the server issues, it accepts. */
function checkLongestAccessToken(options: AuthorizationServerOptions): void {
  const { longestAccessTokenSeconds, accessTokenLifetimeSeconds = 3600 } = options
  checkWholeNumber('longestAccessTokenSeconds', longestAccessTokenSeconds, 1, 3_153_600_000)
  if (longestAccessTokenSeconds === undefined || longestAccessTokenSeconds >= accessTokenLifetimeSeconds) return
  const problem = `is less than accessTokenLifetimeSeconds, ${String(accessTokenLifetimeSeconds)}`
  throw new ConfigurationError(
    'longestAccessTokenSeconds',
    problem,
    'Leave it out for a year, or more where tokens live longer',
  )
}

/** RFC 8707 §2: an absolute URI without fragment; RFC 9068 §5: each resource has a name of its own. */
function checkResources({ resources = [], scopes }: AuthorizationServerOptions): void {
  const seen = new Set<string>()
  resources.forEach((entry, index) => {
    const where = `resources[${String(index)}]`
    checkOptions(where, entry, ['resource', 'scopes', 'accessTokenFormat', 'signingAlgorithm'])
    const { resource } = entry
    if (typeof resource !== 'string' || !URL.canParse(resource) || /[\s#]/.test(resource)) {
      throw new ConfigurationError(
        `${where}.resource`,
        'is no absolute URI without fragment',
        'Give it the URL of the API',
      )
    }
    if (seen.has(resource)) throw new ConfigurationError(where, 'is listed twice', 'List each resource once')
    seen.add(resource)
    for (const scope of entry.scopes ?? []) {
      if (!scopes.includes(scope)) {
        throw new ConfigurationError(
          `${where}.scopes`,
          `has ${scope}, which the server does not have`,
          'Add it to scopes',
        )
      }
    }
  })
}

function checkAccessTokens(options: AuthorizationServerOptions): void {
  const { signingKeys, resources = [], accessTokenFormat, jwksMaxAgeSeconds } = options
  checkText('accessTokenFormat', accessTokenFormat, /^(?:opaque|jwt)$/, 'must be opaque or jwt')
  checkFunction('accessTokenClaims', options.accessTokenClaims)
  checkBoolean('checkRevocation', options.checkRevocation)
  if (options.partyCheckSeconds !== false) checkWholeNumber('partyCheckSeconds', options.partyCheckSeconds, 0, 3600)
  if (signingKeys !== undefined) checkInterface('signingKeys', signingKeys, 'SigningKeys')
  const formats = [accessTokenFormat, ...resources.map((resource) => resource.accessTokenFormat)]
  if (formats.includes('jwt') && signingKeys === undefined) {
    throw new ConfigurationError(
      'signingKeys',
      'is missing for JWT access tokens',
      'Use loadSigningKeys or storedSigningKeys',
    )
  }
  if (signingKeys !== undefined && resources.length === 0) {
    throw new ConfigurationError('resources', 'is missing for JWT access tokens', 'Name the API that they are for')
  }
  if (jwksMaxAgeSeconds !== undefined && (!Number.isSafeInteger(jwksMaxAgeSeconds) || jwksMaxAgeSeconds < 0)) {
    throw new ConfigurationError('jwksMaxAgeSeconds', 'must be a whole number of seconds', 'Leave it out for 300')
  }
}

function checkScopes(scopes: unknown): void {
  checkScopeTokens('scopes', scopes)
  if (scopes.length === 0) {
    throw new ConfigurationError('scopes', 'is empty', 'List every scope that a token may have')
  }
}

function checkGrants(grants: unknown): void {
  if (!Array.isArray(grants) || grants.length === 0) {
    throw new ConfigurationError(
      'grants',
      'is not a list, or empty',
      'List the grants to serve, such as clientCredentialsGrant()',
    )
  }
  const seen = new Set<string>()
  grants.forEach((grant: unknown, index) => {
    const where = `grants[${String(index)}]`
    checkInterface(where, grant, 'GrantHandler')
    const { grantType, confirmUser, checkTokenStore } = grant as Readonly<Record<keyof GrantHandler, unknown>>
    checkFunction(`${where}.confirmUser`, confirmUser)
    checkFunction(`${where}.checkTokenStore`, checkTokenStore)
    if (typeof grantType !== 'string' || !(namedGrantTypes.includes(grantType) || isAbsoluteUri(grantType))) {
      throw new ConfigurationError(
        `${where}.grantType`,
        'is neither a grant type of RFC 6749 nor an absolute URI',
        'Name your own grant by a URI, such as urn:example:grant-type:card',
      )
    }
    if (seen.has(grantType))
      throw new ConfigurationError(where, `serves ${grantType} for the second time`, 'List each grant type once')
    seen.add(grantType)
  })
}

/** RFC 6749 appendix A.10; `URL.canParse` alone would let spaces pass. */
function isAbsoluteUri(text: string): boolean {
  return /^[\x21-\x7E]+$/.test(text) && URL.canParse(text)
}

function checkClientAuthMethods(methods: unknown): void {
  if (methods === undefined) return
  if (!Array.isArray(methods)) {
    throw new ConfigurationError('clientAuthMethods', 'is not a list', 'Leave it out for the built-in methods')
  }
  const seen = new Set(builtInAuthMethods)
  methods.forEach((method: unknown, index) => {
    const where = `clientAuthMethods[${String(index)}]`
    checkInterface(where, method, 'ClientAuthMethod')
    const { name } = method as { readonly name?: unknown }
    const remedy = 'Name it as in the authMethods of its clients, and as no other method'
    if (typeof name !== 'string' || name === '') throw new ConfigurationError(`${where}.name`, 'is missing', remedy)
    if (seen.has(name)) throw new ConfigurationError(`${where}.name`, `${name} is there already`, remedy)
    seen.add(name)
  })
}
