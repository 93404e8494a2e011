import type { ClientAuthMethod } from './client-auth/client-auth-method.js'
import {
  checkBoolean,
  checkFunction,
  checkMethods,
  checkOptions,
  checkText,
  checkWholeNumber,
} from './errors/check-options.js'
import { ConfigurationError } from './errors/configuration-error.js'
import type { OAuthEvent } from './events.js'
import type { ClientAddress } from './express/client-address.js'
import type { NameRequest } from './express/request-id.js'
import type { GrantHandler } from './grants/grant-handler.js'
import type { Resource } from './grants/granted-resources.js'
import type { ExcessScope } from './grants/granted-scope.js'
import type { PasswordHasher } from './passwords/password-hasher.js'
import { checkClock } from './protocol/check-clock.js'
import { checkIssuer } from './protocol/check-issuer.js'
import { checkLifetimes } from './protocol/check-lifetimes.js'
import { checkScopeTokens } from './protocol/check-scope-tokens.js'
import type { Clock } from './protocol/clock.js'
import type { AccessTokenFormat, ClientStore } from './stores/client-store.js'
import type { TokenStore } from './stores/token-store.js'
import type { AccessTokenClaims } from './tokens/access-token.js'
import type { Throttle } from './throttle/throttle.js'
import type { SigningKeys } from './tokens/signing-key-set.js'

/** The options of {@link createAuthorizationServer}. */
export interface AuthorizationServerOptions {
  /** Who issues: an `https` URL without query and fragment (RFC 8414 §2); `http` for a loopback host only. */
  readonly issuer: string
  /** Where clients are looked up. */
  readonly clients: ClientStore
  /** Where tokens are kept. */
  readonly tokens: TokenStore
  /** The catalogue: what is not listed cannot be granted to anyone. */
  readonly scopes: readonly string[]
  /** The grant types that the token endpoint serves; each is enabled by being here. */
  readonly grants: readonly GrantHandler[]
  /**
   * Ways for clients to authenticate beside `client_secret_basic`, `client_secret_post` and `none`, which are always there
   * and used by the clients that are registered for them. Default: none.
   */
  readonly clientAuthMethods?: readonly ClientAuthMethod[]
  /** The APIs that accept tokens of this server (RFC 8707); the first one is this app. Default: none, tokens have no audience. */
  readonly resources?: readonly Resource[]
  /** The form of access tokens: `opaque` (default) or `jwt`, which needs `signingKeys` and `resources`. */
  readonly accessTokenFormat?: AccessTokenFormat
  /** The keys that JWTs are signed with: `loadSigningKeys([...])` or `storedSigningKeys({ ... })`. Default: none. */
  readonly signingKeys?: SigningKeys
  /** Adds claims to JWT access tokens; it cannot replace those that latchkey sets. Default: none. */
  readonly accessTokenClaims?: AccessTokenClaims
  /** Whether the guard asks the token store whether a JWT was revoked. Default true; without it a JWT works to its end. */
  readonly checkRevocation?: boolean
  /** Path of the token endpoint below the issuer. Default `/oauth/token`. */
  readonly tokenPath?: string
  /** Path of the revocation endpoint (RFC 7009) below the issuer. Default `/oauth/revoke`. */
  readonly revocationPath?: string
  /** Path of the introspection endpoint (RFC 7662) below the issuer. Default `/oauth/introspect`. */
  readonly introspectionPath?: string
  /** Path of the published keys below the issuer. Default `/oauth/jwks`. */
  readonly jwksPath?: string
  /** Seconds for which others may keep the published keys. Default 300. */
  readonly jwksMaxAgeSeconds?: number
  /** Seconds. Default 3600; a client may have its own. */
  readonly accessTokenLifetimeSeconds?: number
  /** Seconds that a refresh token may lie unused. Default 1,209,600 (14 days); a client may have its own. */
  readonly refreshTokenLifetimeSeconds?: number
  /**
   * Seconds after which a sign-in is over however often it was refreshed. Default 7,776,000 (90 days); a client may have
   * its own.
   */
  readonly authorizationLifetimeSeconds?: number
  /** What happens to a requested scope that the client may not have: `refuse` the request (default) or `drop` that scope. */
  readonly excessScope?: ExcessScope
  /** The `realm` of challenges: printable ASCII without `"` and `\`. Default: the host of the issuer. */
  readonly realm?: string
  /**
   * Whether requests to the endpoints without TLS are refused. Default: yes in production (`NODE_ENV`) when the issuer is
   * `https`. Behind a TLS proxy, set Express's `trust proxy`.
   */
  readonly requireTls?: boolean
  /**
   * Counts failures to authenticate and holds guesses up (RFC 6749 §4.3.2, §10.10). Default `memoryThrottle()`, which counts in this
   * process alone; `false`: somebody else does it.
   */
  readonly throttle?: Throttle | false
  /** Verifies client secrets that people chose, which are stored as slow hashes. Default `bcryptHasher({ workers: 1 })`. */
  readonly secretHasher?: PasswordHasher
  /** Whether a server with weak settings, which `posture()` lists, is refused. Default false: it warns once. */
  readonly strict?: boolean
  /** Is told what happens. Default: failures and warnings go to the console, everything else nowhere. */
  readonly onEvent?: (event: OAuthEvent) => unknown
  /**
   * Names a request, in events and in the header `Request-Id` of its answer: 1 to 128 characters of `[\w.:~+/=-]`. Default, and where it
   * answers anything else: a random name. Take over a header of the request only where a proxy of yours sets it.
   */
  readonly requestId?: NameRequest
  /**
   * Tells the network address of a caller, by which failures are counted and which events tell: for `handler`, which does not see the
   * settings of an app, behind a proxy. Default: what Express makes of its `trust proxy`, else the peer's.
   */
  readonly clientAddress?: ClientAddress
  /**
   * Seconds after which a request that waits for a store or a hook is answered 503, 1 to 600; what comes later is dropped. Default 30.
   */
  readonly requestTimeoutSeconds?: number
  /** For tests. Default: the clock of the machine. */
  readonly clock?: Clock
}

const known: readonly (keyof AuthorizationServerOptions)[] = [
  'issuer',
  'clients',
  'tokens',
  'scopes',
  'grants',
  'clientAuthMethods',
  'resources',
  'accessTokenFormat',
  'signingKeys',
  'accessTokenClaims',
  'checkRevocation',
  'tokenPath',
  'revocationPath',
  'introspectionPath',
  'jwksPath',
  'jwksMaxAgeSeconds',
  'accessTokenLifetimeSeconds',
  'refreshTokenLifetimeSeconds',
  'authorizationLifetimeSeconds',
  'excessScope',
  'realm',
  'requireTls',
  'throttle',
  'secretHasher',
  'strict',
  'onEvent',
  'requestId',
  'clientAddress',
  'requestTimeoutSeconds',
  'clock',
]

/** The client authentication methods that are always there. */
const builtInAuthMethods = ['client_secret_basic', 'client_secret_post', 'none']

/** Values of `grant_type` that are no URI (RFC 6749 §4); any other grant type must be one (§4.5). */
const namedGrantTypes = ['authorization_code', 'client_credentials', 'password', 'refresh_token']

/** Checks the options of a server when it is made. Throws `ConfigurationError`: what is wrong, where, how to fix it. */
export function checkServerOptions(options: AuthorizationServerOptions): void {
  checkOptions('createAuthorizationServer', options, known)
  checkIssuer(options.issuer)
  checkMethods('clients', options.clients, ['findClient'])
  // Absent where a store cannot be written to.
  checkFunction('clients.replaceClient', (options.clients as { readonly replaceClient?: unknown }).replaceClient)
  checkMethods('tokens', options.tokens, [
    'saveTokens',
    'findAccessToken',
    'findRefreshToken',
    'rotateRefreshToken',
    'revokeAccessToken',
    'revokeTokens',
    'revokeSignedToken',
    'isSignedTokenRevoked',
    'findAuthorization',
    'listAuthorizations',
  ])
  // Absent where a store drops by itself what has expired.
  checkFunction('tokens.prune', (options.tokens as { readonly prune?: unknown }).prune)
  checkScopes(options.scopes)
  checkGrants(options.grants)
  checkClientAuthMethods(options.clientAuthMethods)
  checkLifetimes('', options)
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
    checkMethods('throttle', options.throttle, ['begin', 'isKnown', 'remember'])
  }
  if (options.secretHasher !== undefined) {
    checkMethods('secretHasher', options.secretHasher, ['hash', 'verify', 'verifyNobody', 'needsRehash'])
  }
  checkFunction('onEvent', options.onEvent)
  checkFunction('requestId', options.requestId)
  checkFunction('clientAddress', options.clientAddress)
  checkWholeNumber('requestTimeoutSeconds', options.requestTimeoutSeconds, 1, 600)
  checkClock(options.clock)
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
  if (signingKeys !== undefined) checkMethods('signingKeys', signingKeys, ['current'])
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
    checkMethods(where, grant, ['grantAccess'])
    const { grantType, confirmUser } = grant as Readonly<Record<keyof GrantHandler, unknown>>
    checkFunction(`${where}.confirmUser`, confirmUser)
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
    checkMethods(where, method, ['readCredentials', 'verifyCredentials'])
    const { name } = method as { readonly name?: unknown }
    const remedy = 'Name it as in the authMethods of its clients, and as no other method'
    if (typeof name !== 'string' || name === '') throw new ConfigurationError(`${where}.name`, 'is missing', remedy)
    if (seen.has(name)) throw new ConfigurationError(`${where}.name`, `${name} is there already`, remedy)
    seen.add(name)
  })
}
