import { checkInterface } from '../checks/check-interface.js'
import { describeOptions, type WithDefaults } from '../checks/describe-options.js'
import { nameValue } from '../checks/kind-of-value.js'
import {
  checkedBy,
  checkedLater,
  checkScopeTokens,
  clock,
  flag,
  func,
  having,
  oneOf,
  orFalse,
  path,
  realm,
  requestTimeout,
  scopeList,
  wholeNumber,
  type OptionKind,
  checkFunction,
} from '../checks/option-kind.js'
import { ConfigurationError } from '../errors/configuration-error.js'
import type { GrantHandler } from '../grants/grant-handler.js'
import type { Resource } from '../tokens/resource.js'
import type { AuthorizationServerOptions } from './options.js'
import { checkHasher } from '../passwords/password-hasher.js'
import { checkIssuer, checkIssuerScheme } from '../checks/check-issuer.js'
import { isGrantType } from '../protocol/grammar.js'
import { serverSecrets, type ServerSecret } from '../crypto/sealing.js'
import type { AccessTokenFormat, ClientStore } from '../stores/client-store.js'
import type { TokenStore } from '../stores/token-store.js'
import type { Throttle } from '../throttle/throttle.js'
import { CLOCK_SKEW_SECONDS, LONGEST_ACCESS_TOKEN_SECONDS } from '../tokens/access-token-claims.js'
import type { SigningKeys } from '../jose/signing-key-set.js'
import { rememberedJwts } from '../jose/verified-jwts.js'
import { DAY } from '../time/clock.js'

/** The built-in client authentication methods. */
const builtInAuthMethods = ['client_secret_basic', 'client_secret_post', 'none']

const description = describeOptions<AuthorizationServerOptions>()('createAuthorizationServer', {
  issuer: checkedBy<string>('an https URL', (_, issuer) => {
    checkIssuer(issuer)
  }).required(),
  allowHttp: flag().or(false),
  clients: checkedBy<ClientStore>('a ClientStore', checkClientStore).required(),
  tokens: checkedBy<TokenStore>('a TokenStore', checkTokenStore).required(),
  scopes: checkedBy<readonly string[]>('a list of scope tokens', checkScopes).required(),
  grants: checkedBy<readonly GrantHandler[]>('a list of grants', (_, grants) => {
    checkGrants(grants)
  }).required(),
  clientAuthMethods: checkedBy('a list of methods', (_, methods) => {
    checkClientAuthMethods(methods)
  }),
  resources: checkedLater<readonly Resource[]>('a list of resources'),
  accessTokenFormat: accessTokenFormat().or('opaque'),
  signingKeys: having<SigningKeys>('SigningKeys'),
  accessTokenClaims: func(),
  checkRevocation: flag().or(true),
  partyCheckSeconds: orFalse(wholeNumber(0, 3600)),
  tokenPath: path().or('/oauth/token'),
  revocationPath: path().or('/oauth/revoke'),
  introspectionPath: path().or('/oauth/introspect'),
  jwksPath: path().or('/oauth/jwks'),
  jwksMaxAgeSeconds: wholeNumber(0).or(300),
  accessTokenLifetimeSeconds: wholeNumber(1).or(3600),
  refreshTokenLifetimeSeconds: wholeNumber(1).or(14 * DAY),
  longestAccessTokenSeconds: wholeNumber(1, 3_153_600_000),
  clockSkewSeconds: wholeNumber(0, 300).or(CLOCK_SKEW_SECONDS),
  authorizationLifetimeSeconds: wholeNumber(1).or(90 * DAY),
  excessScope: oneOf('refuse', 'drop').or('refuse'),
  realm: realm(),
  requireTls: flag(),
  throttle: orFalse(having<Throttle>('Throttle')),
  secret: checkedBy('32 random bytes, or a list of them', (_, secret) => serverSecrets(secret as ServerSecret)),
  secretHasher: checkedBy('a PasswordHasher', checkHasher),
  chosenClientSecrets: flag(),
  strict: flag().or(false),
  onEvent: func(),
  requestId: func(),
  clientAddress: func(),
  isSecure: func(),
  requestTimeoutSeconds: requestTimeout(),
  rememberedJwts: rememberedJwts(),
  clock: clock(),
})

const resourceOptions = describeOptions<Resource>()('resources', {
  resource: checkedBy<string>('an absolute URI', checkResource).required(),
  scopes: scopeList(),
  accessTokenFormat: accessTokenFormat(),
  signingAlgorithm: oneOf('RS256', 'PS256', 'ES256', 'EdDSA', 'HS256'),
})

/** The options with their defaults. */
export type ServerSettings = WithDefaults<
  AuthorizationServerOptions,
  | 'allowHttp'
  | 'accessTokenFormat'
  | 'checkRevocation'
  | 'tokenPath'
  | 'revocationPath'
  | 'introspectionPath'
  | 'jwksPath'
  | 'jwksMaxAgeSeconds'
  | 'accessTokenLifetimeSeconds'
  | 'refreshTokenLifetimeSeconds'
  | 'longestAccessTokenSeconds'
  | 'clockSkewSeconds'
  | 'authorizationLifetimeSeconds'
  | 'excessScope'
  | 'strict'
  | 'requestTimeoutSeconds'
  | 'rememberedJwts'
  | 'clock'
>

/** Reads the options of a server. Throws `ConfigurationError`, which says what is wrong and how to fix it. */
export function readServerOptions(options: AuthorizationServerOptions): ServerSettings {
  const settings = description.read(options, 'createAuthorizationServer', '')
  checkIssuerScheme(settings.issuer, settings.allowHttp)
  for (const grant of settings.grants) grant.checkTokenStore?.(settings.tokens)
  checkResources(settings)
  checkAccessTokens(settings)
  return { ...settings, longestAccessTokenSeconds: longestAccessToken(settings) }
}

function accessTokenFormat(): OptionKind<AccessTokenFormat> {
  return oneOf('opaque', 'jwt')
}

function checkClientStore(path: string, clients: unknown): void {
  checkInterface(path, clients, 'ClientStore')
  // Absent if a store is read-only or cannot list. The option `chosenClientSecrets` decides then.
  const { replaceClient, listClients } = clients as Readonly<Record<'replaceClient' | 'listClients', unknown>>
  checkFunction(`${path}.replaceClient`, replaceClient)
  checkFunction(`${path}.listClients`, listClients)
}

function checkTokenStore(path: string, tokens: unknown): void {
  checkInterface(path, tokens, 'TokenStore')
  // Absent if a store removes expired records itself.
  checkFunction(`${path}.prune`, (tokens as { readonly prune?: unknown }).prune)
}

/** Checks that the server accepts what it issues. */
function longestAccessToken({
  longestAccessTokenSeconds,
  accessTokenLifetimeSeconds,
}: Pick<AuthorizationServerOptions, 'longestAccessTokenSeconds'> &
  Pick<ServerSettings, 'accessTokenLifetimeSeconds'>): number {
  if (longestAccessTokenSeconds === undefined) return Math.max(accessTokenLifetimeSeconds, LONGEST_ACCESS_TOKEN_SECONDS)
  if (longestAccessTokenSeconds >= accessTokenLifetimeSeconds) return longestAccessTokenSeconds
  throw new ConfigurationError(
    'longestAccessTokenSeconds',
    `is less than accessTokenLifetimeSeconds, ${String(accessTokenLifetimeSeconds)}`,
    'Leave it out for a year, or more where tokens live longer',
  )
}

/** Checks that each resource has its own name (RFC 9068 §5). */
function checkResources({ resources = [], scopes }: AuthorizationServerOptions): void {
  const seen = new Set<string>()
  resources.forEach((entry, index) => {
    const where = `resources[${String(index)}]`
    const { resource, scopes: ofResource = [] } = resourceOptions.read(entry, where)
    if (seen.has(resource)) throw new ConfigurationError(where, 'is listed twice', 'List each resource once')
    seen.add(resource)
    for (const scope of ofResource) {
      if (scopes.includes(scope)) continue
      const problem = `has ${scope}, which the server does not have`
      throw new ConfigurationError(`${where}.scopes`, problem, 'Add it to scopes')
    }
  })
}

/** Returns whether a text is an absolute URI without fragment (RFC 8707 §2). */
function checkResource(path: string, resource: unknown): void {
  if (typeof resource === 'string' && URL.canParse(resource) && !/[\s#]/.test(resource)) return
  const problem = `is ${nameValue(resource)}; must be an absolute URI without fragment`
  throw new ConfigurationError(path, problem, 'Give it the URL of the API')
}

function checkAccessTokens({ signingKeys, resources = [], accessTokenFormat }: AuthorizationServerOptions): void {
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
}

function checkScopes(path: string, scopes: unknown): void {
  checkScopeTokens(path, scopes)
  if (scopes.length > 0) return
  throw new ConfigurationError(path, 'is empty', 'List every scope that a token may have')
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
    if (!isGrantType(grantType)) {
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

function checkClientAuthMethods(methods: unknown): void {
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
