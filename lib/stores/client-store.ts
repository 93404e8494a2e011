import type { MaybePromise } from '../time/maybe-promise.js'
import type { RequestContext } from '../request/request-context.js'

/** A registered application (RFC 6749 §2): confidential when it can keep a secret, public when it cannot. */
export type Client = ConfidentialClient | PublicClient

/** A client that runs where nobody else can read its secret: a server, a service. */
export interface ConfidentialClient extends ClientRegistration {
  readonly clientType: 'confidential'
  /**
   * The ways it may authenticate, by their IANA names (`client_secret_basic`, `client_secret_post`, …); any other way is
   * refused even with the right secret.
   */
  readonly authMethods: readonly string[]
  /** Its secrets as digests. Several may be valid at once, so that one can be replaced without downtime. */
  readonly secrets: readonly ClientSecret[]
}

/** A client in a browser or on a device: it has no secret and is identified, never authenticated (RFC 6749 §2.1). */
export interface PublicClient extends ClientRegistration {
  readonly clientType: 'public'
  readonly authMethods: readonly ['none']
}

/** Access tokens are random references into the token store, or signed statements (RFC 9068) that others can verify. */
export type AccessTokenFormat = 'opaque' | 'jwt'

/** What is registered about every client. */
export interface ClientRegistration {
  /** Compared byte for byte. Assigned by the server, never chosen by a stranger (RFC 9700 §4.15). */
  readonly clientId: string
  /** For people; no meaning to the protocol. */
  readonly name?: string | undefined
  /** The values of `grant_type` that it may use; `refresh_token` here is what makes it get refresh tokens. */
  readonly grantTypes: readonly string[]
  /** The scopes that it may have, each one also in the server's catalogue. */
  readonly scopes: readonly string[]
  /** What it gets when it asks for no scope. Absent: the request is refused with `invalid_scope`. */
  readonly defaultScopes?: readonly string[] | undefined
  /** Trusted to see a user's password: the second switch of the password grant (RFC 9700 §2.4). Default false. */
  readonly firstParty?: boolean | undefined
  /**
   * Whether it signs users in from a server of its own and tells their addresses by the form parameter `user_address`: failed sign-ins are
   * counted for that address then. For confidential clients only. Default false: the parameter is ignored.
   */
  readonly tellsUserAddress?: boolean | undefined
  /**
   * Seconds since the epoch from which on it should not use the password grant any more: told in the header `Deprecation` of each
   * answer to that grant (RFC 9745). Absent: not told.
   */
  readonly passwordGrantDeprecatedAt?: number | undefined
  /**
   * Seconds since the epoch from which on it may not use the password grant: `unauthorized_client`. Told before in the header `Sunset`
   * (RFC 8594). Absent: no end.
   */
  readonly passwordGrantSunsetAt?: number | undefined
  /** Answers as if the client were unknown. Default false. */
  readonly disabled?: boolean | undefined
  /** The form of its access tokens. Absent: the server's `accessTokenFormat`; a resource's own decides before both. */
  readonly accessTokenFormat?: AccessTokenFormat | undefined
  /** The resources that it may ask tokens for. Absent: all of the server's. */
  readonly resources?: readonly string[] | undefined
  /** Whether it may ask the introspection endpoint (RFC 7662 §4), as a resource server does. Default false. */
  readonly mayIntrospect?: boolean | undefined
  /**
   * The resource that it speaks for when it introspects: tokens for other resources are inactive to it. Absent: tokens of
   * every audience are shown.
   */
  readonly introspectsFor?: string | undefined
  /** Seconds. Absent: the server's `accessTokenLifetimeSeconds`. */
  readonly accessTokenLifetimeSeconds?: number | undefined
  /** Seconds that a refresh token may lie unused. Absent: the server's `refreshTokenLifetimeSeconds`. */
  readonly refreshTokenLifetimeSeconds?: number | undefined
  /** Seconds from sign-in to the end, however often refreshed. Absent: the server's `authorizationLifetimeSeconds`. */
  readonly authorizationLifetimeSeconds?: number | undefined
}

/** One secret of a client, as it is stored. */
export interface ClientSecret {
  /** Names it without showing it. Absent on those of earlier versions, which are given one when they change. */
  readonly secretId?: string | undefined
  /** `sha256:` and the base64url digest of a generated secret, or a bcrypt hash of one that a person chose. */
  readonly digest: string
  /** Seconds since the epoch. Absent: unknown. */
  readonly createdAt?: number | undefined
  /** Seconds since the epoch from which on it is refused. Absent: it does not expire. */
  readonly expiresAt?: number | undefined
  /** Seconds since the epoch; noted once an hour, so that it was used at this time and up to an hour later. Absent: not yet. */
  readonly lastUsedAt?: number | undefined
}

/**
 * Where clients are looked up.
 *
 * Contract: finds by exact, case-sensitive equality, and returns `undefined` for an unknown id. Throws
 * `StoreUnavailableError` when it cannot be reached; for any other exception the server responds `server_error`.
 */
export interface ClientStore {
  /** Finds a client by its id. */
  findClient(clientId: string, context: RequestContext): MaybePromise<Client | undefined>
}

/** A client store that can also be written to; what the adapters in this package are. */
export interface ClientRegistry extends ClientStore {
  /** Adds a client, or replaces the one with the same id as a whole. */
  saveClient(client: Client): MaybePromise<void>
  /**
   * Replaces a client only while it still is `current`, as this store returned it; returns false and changes nothing otherwise, also
   * when it was deleted or `next` has another id. Of several that change a client at once one wins; the others read it again.
   */
  replaceClient(current: Client, next: Client): MaybePromise<boolean>
  /** Removes a client; nothing happens when there is none. Its tokens are revoked with `authorizations.revoke`. */
  deleteClient(clientId: string): MaybePromise<void>
  /** Whether the clients are kept in memory, so that a server may list them while it is made. Absent: no. */
  readonly isVolatile?: boolean | undefined
  /** All clients, ordered by id. */
  listClients(): MaybePromise<readonly Client[]>
}
