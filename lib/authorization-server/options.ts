import type { ClientAuthMethod } from '../client-auth/client-auth-method.js'
import type { OAuthEvent } from '../telemetry/events.js'
import type { ClientAddress, NameRequest } from '../http/http-request-context.js'
import type { IsSecure } from '../http/tls.js'
import type { GrantHandler } from '../grants/grant-handler.js'
import type { Resource } from '../tokens/resource.js'
import type { ExcessScope } from '../grants/granted-scope.js'
import type { PasswordHasher } from '../passwords/password-hasher.js'
import type { Clock } from '../time/clock.js'
import type { ServerSecret } from '../crypto/sealing.js'
import type { AccessTokenFormat, ClientStore } from '../stores/client-store.js'
import type { TokenStore } from '../stores/token-store.js'
import type { AccessTokenClaims } from '../tokens/access-token.js'
import type { Throttle } from '../throttle/throttle.js'
import type { SigningKeys } from '../jose/signing-key-set.js'

/** The options of {@link createAuthorizationServer}. */
export interface AuthorizationServerOptions {
  /** The issuer: an `https` URL without query and fragment (RFC 8414 §2). It may be `http` for a loopback host; otherwise see `allowHttp`. */
  readonly issuer: string
  /**
   * Whether the issuer may be `http` on a host other than loopback, for development in a network of containers or on a LAN. Such an issuer is
   * always refused in production. Default false.
   */
  readonly allowHttp?: boolean
  /** Looks up clients. */
  readonly clients: ClientStore
  /** Stores tokens. */
  readonly tokens: TokenStore
  /** Every scope this server knows. Unlisted scopes are never granted. */
  readonly scopes: readonly string[]
  /** The grants that the token endpoint serves. */
  readonly grants: readonly GrantHandler[]
  /**
   * Client authentication methods beside `client_secret_basic`, `client_secret_post` and `none`, which clients can always be registered for.
   * Default: none.
   */
  readonly clientAuthMethods?: readonly ClientAuthMethod[]
  /** The APIs that accept tokens of this server (RFC 8707). The first one is this app. Default: none, and tokens have no audience. */
  readonly resources?: readonly Resource[]
  /** The format of access tokens: `opaque` (default) or `jwt`, which needs `signingKeys` and `resources`. */
  readonly accessTokenFormat?: AccessTokenFormat
  /** The keys that JWTs are signed with: `loadSigningKeys([...])` or `storedSigningKeys({ ... })`. Default: none. */
  readonly signingKeys?: SigningKeys
  /** Adds claims to JWT access tokens. It cannot replace those that latchkey sets. Default: none. */
  readonly accessTokenClaims?: AccessTokenClaims
  /** Whether the guard asks the token store whether a JWT is revoked. If not, a JWT works until it expires. Default true. */
  readonly checkRevocation?: boolean
  /**
   * Seconds, 0 to 3600, for which guards remember that the client and the user of a token are not disabled. After that each is looked up
   * again, once for all tokens. `false`: guards do not look them up. Default 5; `false` with `checkRevocation: false`.
   */
  readonly partyCheckSeconds?: number | false
  /** Path of the token endpoint below the issuer. Default `/oauth/token`. */
  readonly tokenPath?: string
  /** Path of the revocation endpoint (RFC 7009) below the issuer. Default `/oauth/revoke`. */
  readonly revocationPath?: string
  /** Path of the introspection endpoint (RFC 7662) below the issuer. Default `/oauth/introspect`. */
  readonly introspectionPath?: string
  /** Path of the published keys below the issuer. Default `/oauth/jwks`. */
  readonly jwksPath?: string
  /** Seconds for which others may cache the published keys. Default 300. */
  readonly jwksMaxAgeSeconds?: number
  /** Seconds until an access token expires. Default 3600; a client may have its own. */
  readonly accessTokenLifetimeSeconds?: number
  /** Seconds until an unused refresh token expires. Default 1,209,600 (14 days); a client may have its own. */
  readonly refreshTokenLifetimeSeconds?: number
  /**
   * The longest lifetime of a JWT, in seconds. A JWT that claims a longer one is neither issued nor accepted, so that a leaked key cannot make
   * tokens for a century. Default 31,536,000 (a year), or `accessTokenLifetimeSeconds` if that is longer.
   */
  readonly longestAccessTokenSeconds?: number
  /**
   * Seconds, at most 300, by which the clocks of the server's processes may differ, or a clock may be set back: a JWT is accepted if its `iat`
   * and `nbf` are no further in the future. There is no leeway on its expiry. Default 60.
   */
  readonly clockSkewSeconds?: number
  /** Seconds until a sign-in expires, however often it is refreshed. Default 7,776,000 (90 days); a client may have its own. */
  readonly authorizationLifetimeSeconds?: number
  /** What to do with a requested scope that the client may not have: `refuse` the request (default) or `drop` the scope. */
  readonly excessScope?: ExcessScope
  /** The `realm` of challenges: printable ASCII without `"` and `\`. Default: the host of the issuer. */
  readonly realm?: string
  /**
   * Whether requests without TLS are refused: all requests to the endpoints, and those with a token at the guards. Default: in production with
   * an `https` issuer, except for requests from the machine itself that no proxy forwarded; `true` refuses those too. Production is
   * `NODE_ENV=production`, or an `https` issuer on a host other than loopback unless `NODE_ENV` is `development` or `test`. Behind a TLS proxy,
   * set Express's `trust proxy` or `isSecure`.
   */
  readonly requireTls?: boolean
  /**
   * Counts failed authentications and delays guesses (RFC 6749 §4.3.2, §10.10). Default `memoryThrottle()`, which counts in this process only.
   * `false`: nothing is throttled.
   */
  readonly throttle?: Throttle | false
  /**
   * Seals values that clients keep for this server, such as device tokens: 32 random bytes, as a Buffer or as base64 or hexadecimal text, the
   * same in all processes. A list has the current secret first, then former ones, which still open what they sealed. Default: random in each
   * process, so that sealed values are lost when it ends.
   */
  readonly secret?: ServerSecret
  /** Verifies client secrets that people chose. They are stored as slow hashes. Default `bcryptHasher({ workers: 1 })`. */
  readonly secretHasher?: PasswordHasher
  /**
   * Whether clients may have secrets that people chose, which are stored as slow hashes. Then each wrong secret costs that work, even for an
   * unknown client. If not, such a secret is refused, with the reason `chosen_secrets_not_enabled` in an event. Default: true if `clients` has
   * `listClients` and lists such a client, else false.
   */
  readonly chosenClientSecrets?: boolean
  /** Whether a server with weak settings, as listed by `posture()`, refuses to start. Default false: it warns once. */
  readonly strict?: boolean
  /** Receives the events. Default: warnings and failures go to the console, in development refusals as well; see `consoleEvents`. */
  readonly onEvent?: (event: OAuthEvent) => unknown
  /**
   * Returns the id of a request for events and for the header `Request-Id` of its response: 1 to 128 characters of `[\w.:~+/=-]`. Use a header
   * of the request only if your own proxy sets it. Default, and if it returns anything else: a random id.
   */
  readonly requestId?: NameRequest
  /**
   * Returns the network address of a caller, for counting failures and for events. Needed behind a proxy if the app is not Express. Default:
   * the address by Express's `trust proxy` or Fastify's `trustProxy`, else the peer's.
   */
  readonly clientAddress?: ClientAddress
  /**
   * Returns whether the client used TLS; anything but `true` means no. Needed behind a TLS proxy if the app is not Express. Default: the
   * protocol by Express's `trust proxy` or Fastify's `trustProxy`, else whether the socket is encrypted.
   */
  readonly isSecure?: IsSecure
  /**
   * Seconds, 1 to 600, after which a request that waits for a store or a hook gets 503; a later result is dropped. A body that has not arrived
   * by then is refused with 408. Default 30.
   */
  readonly requestTimeoutSeconds?: number
  /**
   * How many verified JWTs to cache, 0 to 1,000,000, so that the guards and the introspection endpoint check each signature once. Expiry and
   * revocation are still checked at each request. Default 10,000, about 10 MB.
   */
  readonly rememberedJwts?: number
  /** For tests. Default: the clock of the machine. */
  readonly clock?: Clock
}
