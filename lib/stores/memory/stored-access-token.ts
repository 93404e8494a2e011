import type { TokenHash } from '../../crypto/hash.js'
import type { ClientAccessTokenRecord, UserAccessTokenRecord } from '../token-store.js'
import type { ClientShare } from './client-share.js'
import type { StoredAuthorization } from './stored-authorization.js'

/** An access token in memory: a copy of the record in a class, so that all share one compact layout. */
export type StoredAccessToken = StoredUserToken | StoredClientToken

/** A client's own access token. */
export class StoredClientToken implements ClientAccessTokenRecord {
  readonly tokenHash: TokenHash
  readonly clientId: string
  readonly userId: undefined
  readonly authorizationId: undefined
  readonly scope: string
  readonly audience: string
  readonly issuedAt: number
  readonly expiresAt: number
  readonly #share: ClientShare

  constructor(record: ClientAccessTokenRecord, share: ClientShare) {
    this.tokenHash = record.tokenHash
    this.clientId = record.clientId
    this.userId = undefined
    this.authorizationId = undefined
    this.scope = record.scope
    this.audience = record.audience
    this.issuedAt = record.issuedAt
    this.expiresAt = record.expiresAt
    this.#share = share
  }

  get authorization(): undefined {
    return undefined
  }

  get share(): ClientShare {
    return this.#share
  }

  get isRevoked(): boolean {
    return this.#share.isRevoked
  }
}

/** A user's access token. It links to its authorization without exposing it in the record. */
export class StoredUserToken implements UserAccessTokenRecord {
  readonly tokenHash: TokenHash
  readonly clientId: string
  readonly userId: string
  readonly authorizationId: string
  readonly scope: string
  readonly audience: string
  readonly issuedAt: number
  readonly expiresAt: number
  readonly #authorization: StoredAuthorization

  constructor(record: UserAccessTokenRecord, authorization: StoredAuthorization) {
    this.tokenHash = record.tokenHash
    this.clientId = record.clientId
    this.userId = record.userId
    this.authorizationId = record.authorizationId
    this.scope = record.scope
    this.audience = record.audience
    this.issuedAt = record.issuedAt
    this.expiresAt = record.expiresAt
    this.#authorization = authorization
  }

  get authorization(): StoredAuthorization {
    return this.#authorization
  }

  get share(): ClientShare {
    return this.#authorization.share
  }

  get isRevoked(): boolean {
    return this.#authorization.hasEnded
  }
}
