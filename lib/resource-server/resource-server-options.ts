import { describeOptions, type WithDefaults } from '../checks/describe-options.js'
import { nameValue } from '../checks/kind-of-value.js'
import {
  checkedBy,
  checkedLater,
  clock,
  flag,
  func,
  having,
  orFalse,
  realm,
  scopeList,
  wholeNumber,
} from '../checks/option-kind.js'
import { ConfigurationError } from '../errors/configuration-error.js'
import type { OAuthEvent } from '../telemetry/events.js'
import type { ClientAddress, NameRequest } from '../http/http-request-context.js'
import type { IsSecure } from '../http/tls.js'
import { checkIssuer, checkIssuerScheme } from '../checks/check-issuer.js'
import type { Clock } from '../time/clock.js'
import type { Throttle } from '../throttle/throttle.js'
import { LONGEST_ACCESS_TOKEN_SECONDS, type IsUser } from '../tokens/access-token-claims.js'
import { rememberedJwts } from '../jose/verified-jwts.js'
import type { RemoteIntrospectionOptions } from './remote-introspection.js'
import type { RemoteKeysOptions } from './remote-keys.js'

/** The options of `createResourceServer`: one of `jwks` and `introspection`. */
export interface ResourceServerOptions {
  /** The issuer, exactly as in its metadata and tokens. */
  readonly issuer: string
  /**
   * Whether `jwks.uri` and `introspection.uri` may be `http` on a host other than loopback, in a private network; outside production also
   * the issuer. Default false.
   */
  readonly allowHttp?: boolean
  /** The identifier of this resource: what a token must have in its audience (RFC 9068 §4). */
  readonly audience: string
  /** Verifies JWTs with the issuer's published keys; `true` for all defaults. Revoked tokens are accepted until they expire. */
  readonly jwks?: true | RemoteKeysOptions
  /** Asks the issuer about each token, opaque or JWT. */
  readonly introspection?: RemoteIntrospectionOptions
  /** The scopes of this resource. A guard that requires another one throws at startup. Default: any. */
  readonly scopes?: readonly string[]
  /**
   * Seconds, at most 300, by which the clock of the issuer may be ahead: a token whose `iat` or `nbf` is no further in the future is
   * accepted. Default `leewaySeconds` if that is given, else 60; for `jwks` only.
   */
  readonly clockSkewSeconds?: number
  /** Seconds, at most 300, for which an expired token is still accepted. Default 5, or `clockSkewSeconds` if less; for `jwks` only. */
  readonly leewaySeconds?: number
  /** Longest lifetime of a token, in seconds: one with a longer lifetime is refused. Default 31,536,000 (a year); for `jwks` only. */
  readonly longestAccessTokenSeconds?: number
  /**
   * Returns whether a token acts for a user. By default, a token with `sid` or `auth_time` does, as in latchkey. For issuers that show it
   * in another way: `(claims) => claims.typ === 'user'`. A token that acts for neither a user nor its client has `actsFor: 'unknown'`, and
   * is refused by every guard with `for`.
   */
  readonly isUser?: IsUser
  /**
   * Counts unknown tokens for each address: above the limit, further ones get 429, and the issuer is not asked about them. Default
   * `memoryThrottle()`; `false` turns it off. For `introspection` only: with `jwks`, the issuer is not asked about tokens.
   */
  readonly throttle?: Throttle | false
  /**
   * How many verified JWTs to cache, so that the signature of a token is checked only once; its claims are checked each time. 0 to
   * 1,000,000; 0 turns the cache off. Default 10,000, about 10 MB; for `jwks` only.
   */
  readonly rememberedJwts?: number
  /** The `realm` of challenges. Default: the host of `audience`, or all of it. */
  readonly realm?: string
  /** Receives every event. Default: the console; see `consoleEvents`. */
  readonly onEvent?: (event: OAuthEvent) => unknown
  /**
   * Returns the id of a request, for events and for the header `Request-Id` of a refusal: 1 to 128 characters of `[\w.:~+/=-]`. Default, and
   * if it returns anything else: a random id.
   */
  readonly requestId?: NameRequest
  /**
   * Whether requests with a token and without TLS are refused (RFC 6750 §5.3). Default: in production with an `https` issuer, except
   * requests of the machine itself that no proxy forwarded. See the same option of `createAuthorizationServer`.
   */
  readonly requireTls?: boolean
  /** Returns the network address of a client. Default: as determined by Express's `trust proxy`; without Express, that of the peer. */
  readonly clientAddress?: ClientAddress
  /** Returns whether the client used TLS. Default: as determined by Express's `trust proxy`; without Express, whether the socket is encrypted. */
  readonly isSecure?: IsSecure
  /** For tests. Default: the system clock. */
  readonly clock?: Clock
}

const description = describeOptions<ResourceServerOptions>()('createResourceServer', {
  issuer: checkedBy<string>('an https URL', (_, issuer) => checkIssuer(issuer)).required(),
  allowHttp: flag().or(false),
  audience: checkedBy<string>('an identifier', checkAudience).required(),
  jwks: checkedLater<true | RemoteKeysOptions>('true or an object of options'),
  introspection: checkedLater<RemoteIntrospectionOptions>('an object of options'),
  scopes: scopeList(),
  clockSkewSeconds: wholeNumber(0, 300),
  leewaySeconds: wholeNumber(0, 300),
  longestAccessTokenSeconds: wholeNumber(1, 3_153_600_000).or(LONGEST_ACCESS_TOKEN_SECONDS),
  isUser: func(),
  throttle: orFalse(having<Throttle>('Throttle')),
  rememberedJwts: rememberedJwts(),
  realm: realm(),
  onEvent: func(),
  requestId: func(),
  requireTls: flag(),
  clientAddress: func(),
  isSecure: func(),
  clock: clock(),
})

/** The options with their defaults. */
export type ResourceServerSettings = WithDefaults<
  ResourceServerOptions,
  'allowHttp' | 'longestAccessTokenSeconds' | 'rememberedJwts' | 'clock'
>

/** Reads the options of a resource server. Throws `ConfigurationError`. */
export function readResourceServerOptions(options: ResourceServerOptions): ResourceServerSettings {
  const settings = description.read(options, 'createResourceServer', '')
  checkIssuerScheme(settings.issuer, settings.allowHttp)
  if ((settings.jwks === undefined) === (settings.introspection === undefined)) {
    const problem =
      settings.jwks === undefined ? 'is missing, and so is introspection' : 'is given, and so is introspection'
    throw new ConfigurationError('jwks', problem, 'Set exactly one of them')
  }
  return settings
}

/** The audience is part of challenges, and if it is a URL, clients derive the URL of the metadata from it. */
function checkAudience(path: string, audience: unknown): void {
  if (typeof audience === 'string' && /^[\x21\x24-\x5B\x5D-\x7E]+$/.test(audience)) return
  const remedy = 'Use the identifier that the issuer uses for this resource'
  throw new ConfigurationError(path, `is ${nameValue(audience)}; must be the identifier of this resource`, remedy)
}
