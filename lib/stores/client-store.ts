import type { MaybePromise } from '../time/maybe-promise.js'
import type { RequestContext } from '../request/request-context.js'

/** A registered application (RFC 6749 §2): confidential if it can keep a secret, otherwise public. */
export type Client = ConfidentialClient | PublicClient

/** A client whose secret nobody else can read: a server, a service. */
export interface ConfidentialClient extends ClientRegistration {
  readonly clientType: 'confidential'
  /**
   * The authentication methods that it may use, by their IANA names (`client_secret_basic`, `client_secret_post`, …). Any other method is
   * refused, even with the right secret.
   */
  readonly authMethods: readonly string[]
  /** Digests of its secrets. Several may be valid at once, so that one can be replaced without downtime. */
  readonly secrets: readonly ClientSecret[]
}

/** A client in a browser or on a device. It has no secret, so it is identified and never authenticated (RFC 6749 §2.1). */
export interface PublicClient extends ClientRegistration {
  readonly clientType: 'public'
  readonly authMethods: readonly ['none']
}

/** `opaque`: a random reference into the token store. `jwt`: signed claims that other services can verify (RFC 9068). */
export type AccessTokenFormat = 'opaque' | 'jwt'

/** The registration of any client. */
export interface ClientRegistration {
  /** Compared byte for byte. Never let a stranger choose it (RFC 9700 §4.15). */
  readonly clientId: string
  /** For people. The protocol ignores it. */
  readonly name?: string | undefined
  /** The values of `grant_type` that it may use. With `refresh_token` it gets refresh tokens. */
  readonly grantTypes: readonly string[]
  /** The scopes that it may have. Each must be in the server's `scopes`. */
  readonly scopes: readonly string[]
  /** The scopes that it gets if it asks for none. Absent: such a request is refused with `invalid_scope`. */
  readonly defaultScopes?: readonly string[] | undefined
  /** Whether it is trusted with users' passwords. The password grant requires it (RFC 9700 §2.4). Default false. */
  readonly firstParty?: boolean | undefined
  /**
   * Whether it signs users in from its own server and sends their addresses in the form parameter `user_address`. Failed sign-ins are then
   * counted for that address. For confidential clients only. Default false: the parameter is ignored.
   */
  readonly tellsUserAddress?: boolean | undefined
  /**
   * When it should stop using the password grant, seconds since the epoch. Each response to that grant says so in the header `Deprecation`
   * (RFC 9745). Absent: no header.
   */
  readonly passwordGrantDeprecatedAt?: number | undefined
  /**
   * When it may no longer use the password grant, seconds since the epoch: then it gets `unauthorized_client`. Earlier responses say so in
   * the header `Sunset` (RFC 8594). Absent: never.
   */
  readonly passwordGrantSunsetAt?: number | undefined
  /** Whether it is treated as an unknown client. Default false. */
  readonly disabled?: boolean | undefined
  /** The format of its access tokens. A resource's own format comes first. Absent: the server's `accessTokenFormat`. */
  readonly accessTokenFormat?: AccessTokenFormat | undefined
  /** The resources that it may request tokens for. Absent: all resources of the server. */
  readonly resources?: readonly string[] | undefined
  /** Whether it may use the introspection endpoint (RFC 7662 §4), as a resource server does. Default false. */
  readonly mayIntrospect?: boolean | undefined
  /**
   * The resource it may introspect for; tokens for other resources are reported as inactive. Absent: it may introspect tokens of every
   * audience.
   */
  readonly introspectsFor?: string | undefined
  /** Seconds. Absent: the server's `accessTokenLifetimeSeconds`. */
  readonly accessTokenLifetimeSeconds?: number | undefined
  /** Seconds until an unused refresh token expires. Absent: the server's `refreshTokenLifetimeSeconds`. */
  readonly refreshTokenLifetimeSeconds?: number | undefined
  /** Seconds until a sign-in expires, however often it is refreshed. Absent: the server's `authorizationLifetimeSeconds`. */
  readonly authorizationLifetimeSeconds?: number | undefined
}

/** A stored secret of a client. */
export interface ClientSecret {
  /** Identifies the secret. Absent in records of earlier versions until they change. */
  readonly secretId?: string | undefined
  /** `sha256:` and the base64url digest of a generated secret, or the bcrypt hash of a secret that a person chose. */
  readonly digest: string
  /** Seconds since the epoch. Absent: unknown. */
  readonly createdAt?: number | undefined
  /** Seconds since the epoch. It is refused from then on. Absent: it does not expire. */
  readonly expiresAt?: number | undefined
  /** Seconds since the epoch. Recorded at most once an hour, so the last use may be up to an hour later. Absent: not used yet. */
  readonly lastUsedAt?: number | undefined
}

/**
 * Looks up clients.
 *
 * Contract: ids are compared byte for byte, and an unknown id returns `undefined`. A method throws `StoreUnavailableError` if the store is
 * unreachable. For any other exception the response is `server_error`.
 */
export interface ClientStore {
  /** Finds a client by its id. */
  findClient(clientId: string, context: RequestContext): MaybePromise<Client | undefined>
}

/** A client store that can also be written to, as the adapters of this package can. */
export interface ClientRegistry extends ClientStore {
  /** Adds a client, or replaces the one with the same id. */
  saveClient(client: Client): MaybePromise<void>
  /**
   * Replaces a client only if it is still `current`, as this store returned it. Otherwise, also if it was deleted or `next` has another id,
   * it returns false and changes nothing. One of several concurrent changes wins; the others read the client again.
   */
  replaceClient(current: Client, next: Client): MaybePromise<boolean>
  /** Removes a client, if it exists. Use `authorizations.revoke` to revoke its tokens. */
  deleteClient(clientId: string): MaybePromise<void>
  /** Whether the clients are in memory, so that a server can check them at startup. Absent: false. */
  readonly isVolatile?: boolean | undefined
  /** Lists all clients, ordered by id. */
  listClients(): MaybePromise<readonly Client[]>
}
