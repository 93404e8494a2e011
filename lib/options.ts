import { isIP } from 'node:net'
import type { ClientAuthMethod } from './client-auth/client-auth-method.js'
import { checkBoolean, checkFunction, checkMethods, checkOptions } from './errors/check-options.js'
import { ConfigurationError } from './errors/configuration-error.js'
import type { OAuthEvent } from './events.js'
import type { GrantHandler } from './grants/grant-handler.js'
import type { ExcessScope } from './grants/granted-scope.js'
import type { PasswordHasher } from './passwords/password-hasher.js'
import { checkLifetimes } from './protocol/check-lifetimes.js'
import { checkScopeTokens } from './protocol/check-scope-tokens.js'
import type { Clock } from './protocol/clock.js'
import type { ClientStore } from './stores/client-store.js'
import type { TokenStore } from './stores/token-store.js'

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
  /** Path of the token endpoint, as the router sees it. Default `/oauth/token`. */
  readonly tokenPath?: string
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
  /** Verifies client secrets that people chose, which are stored as slow hashes. Default `bcryptHasher({ workers: 1 })`. */
  readonly secretHasher?: PasswordHasher
  /** Is told what happens. Default: failures and warnings go to the console, everything else nowhere. */
  readonly onEvent?: (event: OAuthEvent) => unknown
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
  'tokenPath',
  'accessTokenLifetimeSeconds',
  'refreshTokenLifetimeSeconds',
  'authorizationLifetimeSeconds',
  'excessScope',
  'realm',
  'requireTls',
  'secretHasher',
  'onEvent',
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
  checkMethods('tokens', options.tokens, [
    'saveTokens',
    'findAccessToken',
    'findRefreshToken',
    'rotateRefreshToken',
    'revokeAccessToken',
    'revokeTokens',
    'prune',
  ])
  checkScopes(options.scopes)
  checkGrants(options.grants)
  checkClientAuthMethods(options.clientAuthMethods)
  checkLifetimes('', options)
  checkText('tokenPath', options.tokenPath, /^\/[^?#]*$/, 'must be a path that begins with a slash')
  checkText('excessScope', options.excessScope, /^(?:refuse|drop)$/, 'must be refuse or drop')
  checkText(
    'realm',
    options.realm,
    /^[\x20\x21\x23-\x5B\x5D-\x7E]+$/,
    'must be printable ASCII without quotes and backslashes',
  )
  checkBoolean('requireTls', options.requireTls)
  if (options.secretHasher !== undefined) {
    checkMethods('secretHasher', options.secretHasher, ['hash', 'verify', 'verifyNobody', 'needsRehash'])
  }
  checkFunction('onEvent', options.onEvent)
  checkClock(options.clock)
}

function checkIssuer(issuer: unknown): void {
  const remedy = 'Give it the public base URL of this server, such as https://api.example.com'
  // The issuer is compared as a string: what a URL parser would trim or strip is refused.
  if (typeof issuer !== 'string' || /\s/.test(issuer) || !URL.canParse(issuer))
    throw new ConfigurationError('issuer', 'is not a URL', remedy)
  const { protocol, hostname, username, password } = new URL(issuer)
  if (username !== '' || password !== '') throw new ConfigurationError('issuer', 'must have no credentials', remedy)
  const loopback =
    hostname === 'localhost' || hostname === '[::1]' || (isIP(hostname) === 4 && hostname.startsWith('127.'))
  if (protocol !== 'https:' && !(protocol === 'http:' && loopback)) {
    throw new ConfigurationError('issuer', 'must be https', remedy)
  }
  if (/[?#]/.test(issuer)) throw new ConfigurationError('issuer', 'must have no query and no fragment', remedy)
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

function checkText(option: string, value: unknown, form: RegExp, problem: string): void {
  if (value === undefined || (typeof value === 'string' && form.test(value))) return
  throw new ConfigurationError(option, problem, 'Leave it out for the default')
}

function checkClock(clock: Clock | undefined): void {
  if (clock === undefined) return
  checkFunction('clock', clock)
  const now = clock()
  // Milliseconds taken for seconds would end every token after a thousandth of its time.
  if (Number.isSafeInteger(now) && now >= 0 && now < 100_000_000_000) return
  throw new ConfigurationError('clock', 'does not answer whole seconds since the epoch', 'Divide Date.now() by 1000')
}
