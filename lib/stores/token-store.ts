import type { MaybePromise } from '../time/maybe-promise.js'
import type { RequestContext } from '../request/request-context.js'
import type { TokenHash } from '../crypto/hash.js'

/** One sign-in of one user on one device, to which all its tokens belong; it ends as a whole. */
export interface Authorization {
  readonly authorizationId: string
  readonly userId: string
  readonly clientId: string
  /** The grant that began it, such as `password`. */
  readonly grantType: string
  /** What the user granted, space-separated; refreshing may narrow an access token, never this (RFC 6749 §6). */
  readonly scope: string
  /** The resources that it was granted for, space-separated URIs (RFC 8707); empty where the server has no resources. */
  readonly audience: string
  /** What the user may recognize the device by; absent when nothing is known. */
  readonly deviceLabel: string | undefined
  /** Seconds since the epoch. */
  readonly createdAt: number
  /** Seconds since the epoch at which it ends however often it was refreshed. */
  readonly expiresAt: number
}

/** An authorization as it is listed. */
export interface ListedAuthorization extends Authorization {
  /** When tokens were last issued in it, seconds since the epoch. */
  readonly lastUsedAt: number
}

/** An access token as it is stored: on behalf of a user, or of the client itself. */
export type AccessTokenRecord = UserAccessTokenRecord | ClientAccessTokenRecord

/** An access token that acts for a user; it dies with its authorization. */
export interface UserAccessTokenRecord extends AccessTokenFields {
  readonly userId: string
  readonly authorizationId: string
}

/** An access token of the client credentials grant: no user, no authorization. */
export interface ClientAccessTokenRecord extends AccessTokenFields {
  readonly userId: undefined
  readonly authorizationId: undefined
}

interface AccessTokenFields {
  readonly tokenHash: TokenHash
  readonly clientId: string
  /** Space-separated. */
  readonly scope: string
  /** The resources that accept it, space-separated URIs (RFC 8707); empty where the server has no resources. */
  readonly audience: string
  /** Seconds since the epoch. */
  readonly issuedAt: number
  /** Seconds since the epoch; from this second on the token is dead. */
  readonly expiresAt: number
}

/** A refresh token to be stored. */
export interface NewRefreshToken {
  readonly tokenHash: TokenHash
  readonly authorizationId: string
  /** Seconds since the epoch. */
  readonly issuedAt: number
  /** Seconds since the epoch; never later than the authorization's. */
  readonly expiresAt: number
  /**
   * Limits how often a sign-in is refreshed: milliseconds since the epoch up to which its allowance is used. A store keeps the number
   * and returns it. Absent: 0, nothing is used.
   */
  readonly pacedUntil?: number | undefined
}

/** What is left on a refresh token that was spent: enough to derive the same successors again from the token itself. */
export interface RefreshTokenSpending {
  /** Seconds since the epoch. */
  readonly spentAt: number
  /**
   * Random, base64url. With the presented token it yields the successors; alone it yields nothing. Absent once a store has forgotten it,
   * which it must do when the successor is spent, and in `prune` from `retryUntil` on.
   */
  readonly successorNonce?: string | undefined
  /** The scope of the access token that was issued, space-separated. */
  readonly accessTokenScope: string
  /** The audience of that access token, space-separated. */
  readonly accessTokenAudience: string
  /** When that access token ends, seconds since the epoch. */
  readonly accessTokenExpiresAt: number
  /** When the grace ends, seconds since the epoch: from then on the nonce is not needed. Absent: a minute after `spentAt`. */
  readonly retryUntil?: number | undefined
  /** Set by the store: `receivedAt` of the rotation that spent the successor, milliseconds since the epoch. Absent: it is not spent. */
  readonly successorSpentAt?: number | undefined
  /** Set by {@link TokenStore.claimLateRetry}: when a late retry was answered, seconds since the epoch. Absent: none was. */
  readonly lateRetryAt?: number | undefined
}

/** How many spent refresh tokens of an authorization a store keeps at least, unless they have expired themselves. */
export const SPENT_TOKENS_KEPT = 1000

/** A refresh token as a store finds it. */
export interface RefreshTokenRecord extends NewRefreshToken {
  readonly authorization: Authorization
  /** Absent: it can still be spent. */
  readonly spending: RefreshTokenSpending | undefined
}

/** What one answer of the token endpoint adds to the store. */
export type NewTokens = NewUserTokens | NewClientTokens

/** A sign-in begins. */
export interface NewUserTokens {
  readonly authorization: Authorization
  /** Absent for a JWT: it carries its own record, and is not stored. */
  readonly accessToken: UserAccessTokenRecord | undefined
  /** When the access token ends, stored or not, seconds since the epoch: until then its authorization must be known. */
  readonly accessTokenExpiresAt: number
  readonly refreshToken: NewRefreshToken | undefined
}

/** A client gets a token of its own; for a JWT nothing is stored at all. */
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
   * When the request came, milliseconds since the epoch. In the same atomic step the store notes it as `successorSpentAt` of the token
   * that the presented one was the successor of, and forgets that one's nonce. Absent: `spentAt` in milliseconds.
   */
  readonly receivedAt?: number | undefined
}

/** What a store needs to know of a JWT access token to revoke it, or to tell whether it is revoked. */
export interface SignedTokenId {
  /** The token's `jti`. */
  readonly tokenId: string
  /** Absent for a client's own token. */
  readonly authorizationId: string | undefined
  /** The client that the token was issued to. Absent: not judged by it. */
  readonly clientId?: string | undefined
  /** `iat`, seconds since the epoch. Absent: not judged by it. */
  readonly issuedAt?: number | undefined
}

/** How a rotation ended, as the store found it; what follows from it is decided by the refresh token grant. */
export type RotationOutcome =
  /** This call spent the token, and the successors are stored. */
  | { readonly outcome: 'rotated' }
  /** It was spent before; nothing was changed. */
  | { readonly outcome: 'already_spent'; readonly spending: RefreshTokenSpending }
  /** It is unknown, or its authorization was revoked; nothing was changed. */
  | { readonly outcome: 'gone' }

/** Which tokens to revoke. */
export type RevocationSelection =
  /** One sign-in. */
  | { readonly authorizationId: string }
  /** All sign-ins of a user, but for one if wished. */
  | { readonly userId: string; readonly exceptAuthorizationId?: string | undefined }
  /**
   * All sign-ins through a client, and the client's own tokens: those that are stored, and its JWTs with an `issuedAt` up to and
   * including `issuedUntil`, seconds since the epoch. Absent: its JWTs live to their end.
   */
  | { readonly clientId: string; readonly issuedUntil?: number | undefined }
  /** All of them; JWTs likewise. */
  | { readonly everything: true; readonly issuedUntil?: number | undefined }

/** How far one pruning goes. */
export interface PruneLimits {
  /** Milliseconds after which no further batch is begun; what is left waits for the next pruning. Absent: until nothing is left. */
  readonly budgetMilliseconds?: number | undefined
}

/**
 * Where tokens and the authorizations they belong to are kept, by hash: a usable token never reaches a store.
 *
 * Contract, checked by `tokenStoreContract` of `latchkey/testing`:
 * - each method is atomic: all of it or nothing, also when the process dies in the middle, also between processes;
 * - hashes and ids are compared byte for byte;
 * - what a method has done is seen by the next call, in every process;
 * - a token of a revoked authorization is treated as unknown, at once and for ever;
 * - expiry is judged by the caller: a store may return expired records, and may drop by itself what `prune` would remove at
 *   that time, but nothing else;
 * - throws `StoreUnavailableError` when it cannot be reached; for any other exception the server responds `server_error`.
 */
export interface TokenStore {
  /** Whether everything is forgotten when the process ends; for the posture of a server. Absent: no. */
  readonly isVolatile?: boolean | undefined
  /** Whether it is meant for several servers at once; for the posture of a server. Absent: no. */
  readonly isShared?: boolean | undefined
  /** Stores the tokens of one response: all of them or none. */
  saveTokens(tokens: NewTokens, context: RequestContext): MaybePromise<void>
  /** Finds an access token; `undefined` when it is unknown or revoked. */
  findAccessToken(tokenHash: TokenHash, context: RequestContext): MaybePromise<AccessTokenRecord | undefined>
  /** Finds a refresh token, spent or not, with its authorization; `undefined` when it is unknown or revoked. */
  findRefreshToken(tokenHash: TokenHash, context: RequestContext): MaybePromise<RefreshTokenRecord | undefined>
  /**
   * Returns `revoked` for an access or refresh token that is not found because it or its sign-in was revoked, as far as the store still
   * knows that. Only for the `reason` of events: an error changes no response. One look-up by an index is enough. Absent: unknown.
   */
  whyNotFound?(tokenHash: TokenHash, context: RequestContext): MaybePromise<'revoked' | undefined>
  /**
   * Spends a refresh token and stores its successors in one atomic compare-and-set: of any number of concurrent calls for
   * one token exactly one returns `rotated`, and none once its authorization is revoked.
   */
  rotateRefreshToken(rotation: RefreshTokenRotation, context: RequestContext): MaybePromise<RotationOutcome>
  /**
   * Notes in one atomic step, as `lateRetryAt` (seconds since the epoch), that a spent token is answered once more long after it was
   * spent. Returns true for one caller alone, and only while the token's nonce is kept and no late retry was claimed for the token that it
   * was the successor of: two late retries in a row never both succeed. Absent: the store allows no grace of more than a minute.
   */
  claimLateRetry?(tokenHash: TokenHash, at: number, context: RequestContext): MaybePromise<boolean>
  /** Revokes one access token; nothing happens when it is unknown. */
  revokeAccessToken(tokenHash: TokenHash, context: RequestContext): MaybePromise<void>
  /**
   * Revokes one JWT by its `jti`. Remembered until `expiresAt` (seconds since the epoch), when the token is dead anyway;
   * revoking it again changes nothing.
   */
  revokeSignedToken(tokenId: string, expiresAt: number, context: RequestContext): MaybePromise<void>
  /**
   * Whether a JWT is revoked: by itself, because its authorization is revoked or unknown, or because its client, or everything, was
   * revoked with an `issuedUntil` that is not before its `issuedAt`.
   */
  isSignedTokenRevoked(token: SignedTokenId, context: RequestContext): MaybePromise<boolean>
  /** Finds an authorization; `undefined` when it is unknown or revoked. */
  findAuthorization(authorizationId: string, context: RequestContext): MaybePromise<Authorization | undefined>
  /** The authorizations of a user that are not revoked, the last used first; ended ones may be among them. */
  listAuthorizations(userId: string, context: RequestContext): MaybePromise<readonly ListedAuthorization[]>
  /** Revokes by selection, and returns how many live authorizations it ended. */
  revokeTokens(selection: RevocationSelection, context: RequestContext): MaybePromise<number>
  /**
   * Removes what can never matter again at `now` (seconds since the epoch), and returns how many records it removed.
   *
   * Access tokens and revoked JWTs go when they have expired. An authorization goes, with its tokens, when it is revoked or
   * expired, or has nothing left that could be used: no stored access token, no refresh token to spend, and no JWT that has not
   * expired (`accessTokenExpiresAt` tells when, of a sign-in and of each rotation without an access token to store). Until
   * then it stays, because a JWT of an unknown authorization is revoked, and its spent refresh tokens stay, because a replay
   * is recognized by them (RFC 9700 §4.14.2): the newest {@link SPENT_TOKENS_KEPT} of them, until each has expired itself. Nonces
   * of spent tokens are forgotten from `retryUntil` on.
   *
   * Large stores do so in bounded, atomic batches, also inside one authorization, so that requests need not wait for all of it. A store
   * without promises lets requests in between two batches. Absent: the store removes all of this by itself.
   */
  prune?(now: number, limits?: PruneLimits): MaybePromise<number>
}
