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
  /** Who issues: an `https` URL without query and fragment (RFC 8414 §2); `http` for a loopback host, else see `allowHttp`. */
  readonly issuer: string
  /**
   * Whether the issuer may be `http` on another host than loopback: in a network of containers, or on a LAN, while developing. Default
   * false. In production such an issuer is refused all the same.
   */
  readonly allowHttp?: boolean
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
  /**
   * Seconds for which guards remember that the client and the user of a token are not disabled, 0 to 3600; then they are looked up again,
   * each once for all tokens. `false`: guards do not look them up. Default 5; `false` with `checkRevocation: false`.
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
  /** Seconds for which others may keep the published keys. Default 300. */
  readonly jwksMaxAgeSeconds?: number
  /** Seconds. Default 3600; a client may have its own. */
  readonly accessTokenLifetimeSeconds?: number
  /** Seconds that a refresh token may lie unused. Default 1,209,600 (14 days); a client may have its own. */
  readonly refreshTokenLifetimeSeconds?: number
  /**
   * Longest lifetime of a JWT, in seconds: what claims to live longer is neither issued nor accepted, so that a key that leaked makes no
   * tokens for a century. Default 31,536,000 (a year), or `accessTokenLifetimeSeconds` where that is longer.
   */
  readonly longestAccessTokenSeconds?: number
  /**
   * Seconds, at most 300, by which the clocks of the server's processes may differ, or a clock may be set back: a JWT whose `iat` or `nbf`
   * is no further in the future is accepted. Its end is not forgiven. Default 60.
   */
  readonly clockSkewSeconds?: number
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
   * Whether requests without TLS are refused: all to the endpoints, those with a token at the guards. Default: in production with an
   * `https` issuer, but for requests of the machine itself that no proxy forwarded. `true` refuses those too. Production is
   * `NODE_ENV=production`, or an `https` issuer on no loopback host unless `NODE_ENV` is `development` or `test`. Behind a TLS proxy, set
   * Express's `trust proxy`, or `isSecure`.
   */
  readonly requireTls?: boolean
  /**
   * Counts failures to authenticate and holds guesses up (RFC 6749 §4.3.2, §10.10). Default `memoryThrottle()`, which counts in this
   * process alone; `false`: somebody else does it.
   */
  readonly throttle?: Throttle | false
  /**
   * The secret that this server seals with what clients keep for it, such as device tokens: 32 random bytes, as a Buffer or as base64 or
   * hexadecimal text, the same in all processes. A list has the current one first, and then those before it, which still open what they
   * sealed. Default: random in each process, so that what was sealed ends with it.
   */
  readonly secret?: ServerSecret
  /** Verifies client secrets that people chose, which are stored as slow hashes. Default `bcryptHasher({ workers: 1 })`. */
  readonly secretHasher?: PasswordHasher
  /**
   * Whether clients may have secrets that people chose, which are stored as slow hashes: then each wrong secret costs that work, also for
   * an id that no client has. Without it such a secret is refused, with the reason `chosen_secrets_not_enabled` in an event. Default: true
   * where `clients` has `listClients` and lists such a client, else false.
   */
  readonly chosenClientSecrets?: boolean
  /** Whether a server with weak settings, which `posture()` lists, is refused. Default false: it warns once. */
  readonly strict?: boolean
  /** Is told what happens. Default: the console gets warnings and failures, and while developing refusals; see `consoleEvents`. */
  readonly onEvent?: (event: OAuthEvent) => unknown
  /**
   * Names a request, in events and in the header `Request-Id` of its answer: 1 to 128 characters of `[\w.:~+/=-]`. Default, and where it
   * answers anything else: a random name. Take over a header of the request only where a proxy of yours sets it.
   */
  readonly requestId?: NameRequest
  /**
   * Returns the network address of a caller, by which failures are counted and which events name: behind a proxy, where the app is not
   * Express. Default: what Express makes of its `trust proxy` or Fastify of its `trustProxy`, else the peer's.
   */
  readonly clientAddress?: ClientAddress
  /**
   * Returns whether the client used TLS: behind a TLS proxy, where the app is not Express. Anything but `true` means no. Default: what
   * Express makes of its `trust proxy` or Fastify of its `trustProxy`, else whether the socket is encrypted.
   */
  readonly isSecure?: IsSecure
  /**
   * Seconds after which a request that waits for a store or a hook is answered 503, 1 to 600; what comes later is dropped. A body
   * that has not arrived after as many seconds is refused with 408. Default 30.
   */
  readonly requestTimeoutSeconds?: number
  /**
   * How many JWTs the guards and the introspection endpoint remember as well signed, so that a token that comes again costs no signature;
   * whether it is over or revoked is asked each time all the same. 0 to 1,000,000; 0 remembers none. Default 10,000, about 10 MB.
   */
  readonly rememberedJwts?: number
  /** For tests. Default: the clock of the machine. */
  readonly clock?: Clock
}
