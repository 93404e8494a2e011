import { checkInterface } from '../checks/check-interface.js'
import { checkBoolean, checkFunction, checkOptions, checkText, checkWholeNumber } from '../errors/check-options.js'
import { ConfigurationError } from '../errors/configuration-error.js'
import type { OAuthEvent } from '../events.js'
import type { ClientAddress } from '../express/client-address.js'
import type { NameRequest } from '../express/request-id.js'
import type { IsSecure } from '../express/tls.js'
import { checkClock } from '../protocol/check-clock.js'
import { checkIssuer, isProtected } from '../protocol/check-issuer.js'
import { checkScopeTokens } from '../checks/option-kind.js'
import type { Clock } from '../protocol/clock.js'
import type { Throttle } from '../throttle/throttle.js'
import type { IsUser } from '../tokens/access-token-claims.js'
import { MOST_REMEMBERED_JWTS } from '../tokens/verified-jwts.js'
import type { RemoteIntrospectionOptions } from './remote-introspection.js'
import type { RemoteKeysOptions } from './remote-keys.js'

/** The options of `createResourceServer`: one of `jwks` and `introspection`. */
export interface ResourceServerOptions {
  /** The issuer, exactly as it names itself. */
  readonly issuer: string
  /** The identifier of this resource: what a token must have in its audience (RFC 9068 §4). */
  readonly audience: string
  /** Verify JWTs by the issuer's published keys; `true` for all defaults. Revocation is not seen before a token ends. */
  readonly jwks?: true | RemoteKeysOptions
  /** Ask the issuer about each token, opaque or JWT. */
  readonly introspection?: RemoteIntrospectionOptions
  /** The scopes that mean something here; a guard that asks for another is refused at start. Default: any. */
  readonly scopes?: readonly string[]
  /**
   * Seconds, at most 300, by which the clock of the issuer may be ahead, or that of the resource set back: a token whose `iat` or `nbf` is
   * no further in the future is accepted. Default `leewaySeconds` if that is given, else 60; for `jwks` only.
   */
  readonly clockSkewSeconds?: number
  /** Seconds, at most 300, after its end for which a token is accepted. Default 5, or `clockSkewSeconds` if less; for `jwks` only. */
  readonly leewaySeconds?: number
  /** Longest lifetime of a token, in seconds: one that claims to live longer is refused. Default 31,536,000 (a year); for `jwks` only. */
  readonly longestAccessTokenSeconds?: number
  /**
   * Returns whether a token acts for a user. By default one does that has `sid` or `auth_time`, as those of latchkey have, and this is for
   * issuers that say it in another way: `(claims) => claims.typ === 'user'`. A token that acts for neither a user nor its client passes
   * no guard with `for`, and has `actsFor: 'unknown'`.
   */
  readonly isUser?: IsUser
  /**
   * Counts tokens that nobody issued for each address: above the limit further ones are answered 429, and the issuer is not asked about
   * them. Default `memoryThrottle()`; `false`: they are not counted. For `introspection` only: keys verify without a question.
   */
  readonly throttle?: Throttle | false
  /**
   * How many JWTs are remembered as well signed, so that a token that comes again costs no signature; its claims are judged each time all
   * the same. 0 to 1,000,000; 0 remembers none. Default 10,000, about 10 MB; for `jwks` only.
   */
  readonly rememberedJwts?: number
  /** The `realm` of challenges. Default: the host of `audience`, or all of it. */
  readonly realm?: string
  /** Is told what happens. Default: the console; see `consoleEvents`. */
  readonly onEvent?: (event: OAuthEvent) => unknown
  /**
   * Names a request, in events and in the header `Request-Id` of a refusal: 1 to 128 characters of `[\w.:~+/=-]`. Default, and where it
   * answers anything else: a random name.
   */
  readonly requestId?: NameRequest
  /**
   * Whether requests that bring a token without TLS are refused (RFC 6750 §5.3). Default: in production with an `https` issuer, but for
   * requests of the machine itself that no proxy forwarded. See the same option of `createAuthorizationServer`.
   */
  readonly requireTls?: boolean
  /** Returns the network address of a caller. Default: what Express makes of its `trust proxy`, else the peer's. */
  readonly clientAddress?: ClientAddress
  /** Returns whether the client used TLS. Default: what Express makes of its `trust proxy`, else whether the socket is encrypted. */
  readonly isSecure?: IsSecure
  /** For tests. Default: the clock of the machine. */
  readonly clock?: Clock
}

const known: readonly (keyof ResourceServerOptions)[] = [
  'issuer',
  'audience',
  'jwks',
  'introspection',
  'scopes',
  'clockSkewSeconds',
  'leewaySeconds',
  'longestAccessTokenSeconds',
  'isUser',
  'throttle',
  'rememberedJwts',
  'realm',
  'onEvent',
  'requestId',
  'requireTls',
  'clientAddress',
  'isSecure',
  'clock',
]
const DAY = 86_400

/** Checks the options of a resource server when it is made. Throws `ConfigurationError`: what is wrong, where, how to fix it. */
export function checkResourceServerOptions(options: ResourceServerOptions): void {
  checkOptions('createResourceServer', options, known)
  const { issuer, audience, jwks, introspection, scopes, realm } = options
  checkIssuer(issuer)
  // It stands in challenges, and where it is a URL its metadata is found by it.
  if (typeof audience !== 'string' || !/^[\x21\x24-\x5B\x5D-\x7E]+$/.test(audience)) {
    const remedy = 'Name this resource as its issuer does: a token for another must not pass here'
    throw new ConfigurationError('audience', 'is missing, or no identifier', remedy)
  }
  if ((jwks === undefined) === (introspection === undefined)) {
    const problem = 'and introspection are both given, or neither'
    throw new ConfigurationError('jwks', problem, 'Choose one way to verify tokens')
  }
  if (jwks !== undefined && jwks !== true) checkRemoteKeys(jwks)
  if (introspection !== undefined) checkRemoteIntrospection(introspection)
  if (scopes !== undefined) checkScopeTokens('scopes', scopes)
  checkWholeNumber('leewaySeconds', options.leewaySeconds, 0, 300)
  checkWholeNumber('clockSkewSeconds', options.clockSkewSeconds, 0, 300)
  checkWholeNumber('longestAccessTokenSeconds', options.longestAccessTokenSeconds, 1, 3_153_600_000)
  checkFunction('isUser', options.isUser)
  if (options.throttle !== undefined && options.throttle !== false) {
    checkInterface('throttle', options.throttle, 'Throttle')
  }
  checkWholeNumber('rememberedJwts', options.rememberedJwts, 0, MOST_REMEMBERED_JWTS)
  const printable = /^[\x20\x21\x23-\x5B\x5D-\x7E]+$/
  checkText('realm', realm, printable, 'must be printable ASCII without quotes and backslashes')
  checkFunction('onEvent', options.onEvent)
  checkFunction('requestId', options.requestId)
  checkBoolean('requireTls', options.requireTls)
  checkFunction('clientAddress', options.clientAddress)
  checkFunction('isSecure', options.isSecure)
  checkClock(options.clock)
}

function checkRemoteKeys(jwks: RemoteKeysOptions): void {
  checkOptions('jwks', jwks, ['uri', 'timeoutMilliseconds', 'maxOctets', 'cacheSeconds', 'cooldownSeconds'])
  if (jwks.uri !== undefined) checkUri('jwks.uri', jwks.uri)
  checkLimits('jwks', jwks)
  checkWholeNumber('jwks.cacheSeconds', jwks.cacheSeconds, 1, DAY)
  checkWholeNumber('jwks.cooldownSeconds', jwks.cooldownSeconds, 1, DAY)
}

function checkRemoteIntrospection(introspection: RemoteIntrospectionOptions): void {
  checkOptions('introspection', introspection, [
    'uri',
    'clientId',
    'clientSecret',
    'cacheSeconds',
    'cacheSize',
    'tokenForm',
    'concurrentQuestions',
    'timeoutMilliseconds',
    'maxOctets',
  ])
  checkUri('introspection.uri', introspection.uri)
  for (const name of ['clientId', 'clientSecret'] as const) {
    const value: unknown = introspection[name]
    if (typeof value === 'string' && value !== '') continue
    const remedy = 'Register a client that may introspect, and give its id and secret'
    throw new ConfigurationError(`introspection.${name}`, 'is missing', remedy)
  }
  checkLimits('introspection', introspection)
  checkWholeNumber('introspection.cacheSeconds', introspection.cacheSeconds, 0, DAY)
  checkWholeNumber('introspection.cacheSize', introspection.cacheSize, 1, 10_000_000)
  checkWholeNumber('introspection.concurrentQuestions', introspection.concurrentQuestions, 1, 10_000)
  if (introspection.tokenForm !== undefined && !((introspection.tokenForm as unknown) instanceof RegExp)) {
    throw new ConfigurationError('introspection.tokenForm', 'must be a RegExp', 'Leave it out for 4 characters or more')
  }
}

function checkLimits(where: string, limits: RemoteKeysOptions | RemoteIntrospectionOptions): void {
  checkWholeNumber(`${where}.timeoutMilliseconds`, limits.timeoutMilliseconds, 1, 60_000)
  checkWholeNumber(`${where}.maxOctets`, limits.maxOctets, 1, 16_777_216)
}

/** RFC 7662 §4, RFC 8414 §6.1: over TLS only, for whoever can change an answer decides who passes. */
function checkUri(where: string, uri: unknown): void {
  if (typeof uri === 'string' && URL.canParse(uri) && isProtected(uri)) return
  throw new ConfigurationError(where, 'is no https URL', 'Give it the URL of the issuer, http for a loopback host only')
}
