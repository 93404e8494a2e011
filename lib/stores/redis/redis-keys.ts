/**
 * The names of keys. All begin with the same prefix, then the kind of the record; an id comes last. No two records share a key, whatever
 * is in their ids.
 */
export class RedisKeys {
  /** No key by itself: scripts make keys of it that they learn of while they run. Clients may put a prefix of their own before it. */
  readonly root: string
  /** Hash: client → registration. */
  readonly clients: string
  /** Hash: the signing keys, and what tells whether they are the expected ones. */
  readonly signingKeys: string
  /** Hash: how many revocations of many there were, and the last one of each client and of all. */
  readonly revocations: string
  /** Sorted set: clients that have authorizations, by the end of the last one. */
  readonly authorizedClients: string

  constructor(prefix: string) {
    this.root = prefix
    this.clients = `${prefix}clients`
    this.signingKeys = `${prefix}signing-keys`
    this.revocations = `${prefix}revocations`
    this.authorizedClients = `${prefix}authorized-clients`
  }

  /** What every script on tokens gets, then its own. */
  ofScript(...own: readonly string[]): readonly [string, ...string[]] {
    return [this.root, this.revocations, this.authorizedClients, ...own]
  }

  /** String: an access token by its hash. */
  accessToken(tokenHash: string): string {
    return `${this.root}access:${keyPart(tokenHash)}`
  }

  /** String: a refresh token by its hash. */
  refreshToken(tokenHash: string): string {
    return `${this.root}refresh:${keyPart(tokenHash)}`
  }

  /** Hash: an authorization. */
  authorization(authorizationId: string): string {
    return `${this.root}authorization:${keyPart(authorizationId)}`
  }

  /** String: that a JWT is revoked. */
  revokedToken(tokenId: string): string {
    return `${this.root}revoked:${keyPart(tokenId)}`
  }

  /** String: a counter of a throttle. */
  counter(name: string): string {
    return `${this.root}throttle:${keyPart(name)}`
  }

  /** Sorted set: the authorizations of a user, by their end. */
  authorizationsOfUser(userId: string): string {
    return `${this.root}user:${keyPart(userId)}`
  }

  /** Sorted set: the authorizations of a client, by their end. */
  authorizationsOfClient(clientId: string): string {
    return `${this.root}client:${keyPart(clientId)}`
  }
}

/**
 * An id as it stands in a key: without line breaks, and a text that UTF-8 can carry. Half a surrogate pair, which UTF-8 cannot, is
 * escaped, and so is the sign that escapes: no two ids give the same.
 */
export function keyPart(id: string): string {
  // Hashes and UUIDs have nothing to escape.
  return /^[\w.:@-]*$/.test(id) ? id : JSON.stringify(id).slice(1, -1)
}
