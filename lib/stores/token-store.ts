import type { MaybePromise } from '../time/maybe-promise.js'
import type { RequestContext } from '../request/request-context.js'
import type { TokenHash } from '../crypto/hash.js'

/** One sign-in of one user on one device. All its tokens belong to it, and end with it. */
export interface Authorization {
  readonly authorizationId: string
  readonly userId: string
  readonly clientId: string
  /** The grant that began it, such as `password`. */
  readonly grantType: string
  /** The granted scope, space-separated. A refresh may narrow an access token, never this (RFC 6749 §6). */
  readonly scope: string
  /** The granted resources, space-separated URIs (RFC 8707). Empty if the server has no resources. */
  readonly audience: string
  /** Helps the user to recognize the device. Absent if unknown. */
  readonly deviceLabel: string | undefined
  /** Seconds since the epoch. */
  readonly createdAt: number
  /** Seconds since the epoch. It expires then, however often it was refreshed. */
  readonly expiresAt: number
}

/** An authorization in a list. */
export interface ListedAuthorization extends Authorization {
  /** When tokens were last issued for it, seconds since the epoch. */
  readonly lastUsedAt: number
}

/** A stored access token: it acts for a user, or for the client itself. */
export type AccessTokenRecord = UserAccessTokenRecord | ClientAccessTokenRecord

/** An access token that acts for a user. It ends with its authorization. */
export interface UserAccessTokenRecord extends AccessTokenFields {
  readonly userId: string
  readonly authorizationId: string
}

/** An access token of the client credentials grant, without user and authorization. */
export interface ClientAccessTokenRecord extends AccessTokenFields {
  readonly userId: undefined
  readonly authorizationId: undefined
}

interface AccessTokenFields {
  readonly tokenHash: TokenHash
  readonly clientId: string
  /** Space-separated. */
  readonly scope: string
  /** The resources that accept it, space-separated URIs (RFC 8707). Empty if the server has no resources. */
  readonly audience: string
  /** Seconds since the epoch. */
  readonly issuedAt: number
  /** Seconds since the epoch. From this second on the token has expired. */
  readonly expiresAt: number
}

/** A refresh token to store. */
export interface NewRefreshToken {
  readonly tokenHash: TokenHash
  readonly authorizationId: string
  /** Seconds since the epoch. */
  readonly issuedAt: number
  /** Seconds since the epoch, never later than that of the authorization. */
  readonly expiresAt: number
  /**
   * Limits how often a sign-in is refreshed: milliseconds since the epoch up to which its allowance is used. A store keeps and returns the
   * number. Absent: 0.
   */
  readonly pacedUntil?: number | undefined
}

/** What a store keeps on a spent refresh token: with the token itself, enough to derive the same successors again. */
export interface RefreshTokenSpending {
  /** Seconds since the epoch. */
  readonly spentAt: number
  /**
   * Random, base64url. With the presented token it yields the successors; alone it yields nothing. A store must forget it when the successor
   * is spent, and in `prune` from `retryUntil` on. Absent once forgotten.
   */
  readonly successorNonce?: string | undefined
  /** The scope of the issued access token, space-separated. */
  readonly accessTokenScope: string
  /** The audience of that access token, space-separated. */
  readonly accessTokenAudience: string
  /** When that access token expires, seconds since the epoch. */
  readonly accessTokenExpiresAt: number
  /** When the grace ends, seconds since the epoch. The nonce is not needed after that. Absent: a minute after `spentAt`. */
  readonly retryUntil?: number | undefined
  /** Set by the store: `receivedAt` of the rotation that spent the successor, milliseconds since the epoch. Absent: not spent. */
  readonly successorSpentAt?: number | undefined
  /** Set by {@link TokenStore.claimLateRetry}: when a late retry was allowed, seconds since the epoch. Absent: none was. */
  readonly lateRetryAt?: number | undefined
}

/** The number of unexpired spent refresh tokens that a store keeps at least for each authorization. */
export const SPENT_TOKENS_KEPT = 1000

/** A stored refresh token. */
export interface RefreshTokenRecord extends NewRefreshToken {
  readonly authorization: Authorization
  /** Absent: it can still be spent. */
  readonly spending: RefreshTokenSpending | undefined
}

/** What one response of the token endpoint adds to the store. */
export type NewTokens = NewUserTokens | NewClientTokens

/** The tokens of a new sign-in. */
export interface NewUserTokens {
  readonly authorization: Authorization
  /** Absent for a JWT, which carries its own record and is not stored. */
  readonly accessToken: UserAccessTokenRecord | undefined
  /** When the access token expires, stored or not, seconds since the epoch. Until then its authorization must be known. */
  readonly accessTokenExpiresAt: number
  readonly refreshToken: NewRefreshToken | undefined
}

/** The token of a client that acts for itself. For a JWT nothing is stored. */
export interface NewClientTokens {
  readonly authorization: undefined
  readonly accessToken: ClientAccessTokenRecord
  readonly refreshToken: undefined
}

/** The exchange of one refresh token for its successors. */
export interface RefreshTokenRotation {
  readonly presented: TokenHash
  readonly spending: RefreshTokenSpending
  /** Absent for a JWT. */
  readonly accessToken: UserAccessTokenRecord | undefined
  readonly refreshToken: NewRefreshToken
  /**
   * When the request came, milliseconds since the epoch. In the same atomic step the store sets it as `successorSpentAt` on the predecessor
   * of the presented token, and forgets the predecessor's nonce. Absent: `spentAt` in milliseconds.
   */
  readonly receivedAt?: number | undefined
}

/** What a store needs to know about a JWT to find out whether it is revoked. */
export interface SignedTokenId {
  /** The token's `jti`. */
  readonly tokenId: string
  /** Absent for a client's own token. */
  readonly authorizationId: string | undefined
  /** The client that the token was issued to. Absent: ignored. */
  readonly clientId?: string | undefined
  /** `iat`, seconds since the epoch. Absent: ignored. */
  readonly issuedAt?: number | undefined
}

/** The outcome of a rotation. The server decides what follows from it. */
export type RotationOutcome =
  /** This call spent the token and stored its successors. */
  | { readonly outcome: 'rotated' }
  /** It was spent before. Nothing was changed. */
  | { readonly outcome: 'already_spent'; readonly spending: RefreshTokenSpending }
  /** It is unknown, or its authorization was revoked. Nothing was changed. */
  | { readonly outcome: 'gone' }

/** Which tokens to revoke. */
export type RevocationSelection =
  /** One sign-in. */
  | { readonly authorizationId: string }
  /** All sign-ins of a user, optionally except one. */
  | { readonly userId: string; readonly exceptAuthorizationId?: string | undefined }
  /**
   * All sign-ins through a client, and the client's own tokens: stored ones, and JWTs with an `issuedAt` up to and including `issuedUntil`,
   * seconds since the epoch. Absent: its JWTs stay valid until they expire.
   */
  | { readonly clientId: string; readonly issuedUntil?: number | undefined }
  /** All tokens, with JWTs as above. */
  | { readonly everything: true; readonly issuedUntil?: number | undefined }

/** Limits of one pruning. */
export interface PruneLimits {
  /** Milliseconds after which no new batch begins. The rest waits for the next pruning. Absent: unlimited. */
  readonly budgetMilliseconds?: number | undefined
}

/**
 * Stores tokens, by hash, and the authorizations that they belong to. A usable token never reaches a store.
 *
 * Contract, checked by `tokenStoreContract` of `latchkey/testing`:
 * - each method is atomic, even if the process dies, and the next call sees its effect, in every process;
 * - hashes and ids are compared byte for byte;
 * - a token of a revoked authorization is unknown, at once and for ever;
 * - the caller judges expiry: a store may return expired records, and may remove what `prune` would remove at that time, but nothing else;
 * - a method throws `StoreUnavailableError` if the store is unreachable. For any other exception the response is `server_error`.
 */
export interface TokenStore {
  /** Whether everything is lost when the process ends. Used by `posture()`. Absent: false. */
  readonly isVolatile?: boolean | undefined
  /** Whether several servers can share it. Used by `posture()`. Absent: false. */
  readonly isShared?: boolean | undefined
  /** Stores the tokens of one response: all of them or none. */
  saveTokens(tokens: NewTokens, context: RequestContext): MaybePromise<void>
  /** Finds an access token; `undefined` if it is unknown or revoked. */
  findAccessToken(tokenHash: TokenHash, context: RequestContext): MaybePromise<AccessTokenRecord | undefined>
  /** Finds a refresh token, spent or not, with its authorization; `undefined` if it is unknown or revoked. */
  findRefreshToken(tokenHash: TokenHash, context: RequestContext): MaybePromise<RefreshTokenRecord | undefined>
  /**
   * Returns `revoked` for an access or refresh token that is not found because it or its sign-in was revoked, if the store still knows
   * that. Only for the `reason` of events: an error changes no response. One indexed look-up is enough. Absent: unknown.
   */
  whyNotFound?(tokenHash: TokenHash, context: RequestContext): MaybePromise<'revoked' | undefined>
  /**
   * Spends a refresh token and stores its successors in one atomic compare-and-set. Of any number of concurrent calls for one token exactly
   * one returns `rotated`, and none once its authorization is revoked.
   */
  rotateRefreshToken(rotation: RefreshTokenRotation, context: RequestContext): MaybePromise<RotationOutcome>
  /**
   * Sets `lateRetryAt` of a spent token to `at` (seconds since the epoch) in one atomic step, which allows one retry long after it was spent.
   * Returns true for one caller only, and only if the token's nonce is kept and its predecessor has no `lateRetryAt`: two late retries in a
   * row never both succeed. Absent: the store allows no grace of more than a minute.
   */
  claimLateRetry?(tokenHash: TokenHash, at: number, context: RequestContext): MaybePromise<boolean>
  /** Revokes one access token. Does nothing if it is unknown. */
  revokeAccessToken(tokenHash: TokenHash, context: RequestContext): MaybePromise<void>
  /**
   * Revokes one JWT by its `jti`. The store remembers that until `expiresAt` (seconds since the epoch), when the token has expired anyway.
   * Revoking it again changes nothing.
   */
  revokeSignedToken(tokenId: string, expiresAt: number, context: RequestContext): MaybePromise<void>
  /**
   * Returns whether a JWT is revoked: by its `jti`, because its authorization is revoked or unknown, or because its client or everything was
   * revoked with an `issuedUntil` not before its `issuedAt`.
   */
  isSignedTokenRevoked(token: SignedTokenId, context: RequestContext): MaybePromise<boolean>
  /** Finds an authorization; `undefined` if it is unknown or revoked. */
  findAuthorization(authorizationId: string, context: RequestContext): MaybePromise<Authorization | undefined>
  /** Lists the authorizations of a user that are not revoked, the last used first. Expired ones may be among them. */
  listAuthorizations(userId: string, context: RequestContext): MaybePromise<readonly ListedAuthorization[]>
  /** Revokes by selection, and returns the number of live authorizations that it ended. */
  revokeTokens(selection: RevocationSelection, context: RequestContext): MaybePromise<number>
  /**
   * Removes what no longer matters at `now` (seconds since the epoch), and returns the number of removed records.
   *
   * - Access tokens and revoked JWTs are removed when they have expired.
   * - An authorization is removed with its tokens when it is revoked or expired, or when nothing of it can be used: no stored access token, no
   *   unspent refresh token, no unexpired JWT (see `accessTokenExpiresAt`). Until then it stays, because a JWT of an unknown authorization
   *   counts as revoked.
   * - Spent refresh tokens stay with it, because they reveal a replay (RFC 9700 §4.14.2): the newest {@link SPENT_TOKENS_KEPT}, until each
   *   has expired. Their nonces are forgotten from `retryUntil` on.
   *
   * Large stores prune in bounded, atomic batches, also within one authorization, so that requests need not wait. A store without promises
   * lets requests in between two batches. Absent: the store removes all of this by itself.
   */
  prune?(now: number, limits?: PruneLimits): MaybePromise<number>
}
