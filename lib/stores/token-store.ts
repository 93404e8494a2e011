import type { MaybePromise } from '../protocol/maybe-promise.js'
import type { RequestContext } from '../protocol/request-context.js'
import type { TokenHash } from '../protocol/token-hash.js'

/** One sign-in of one user on one device, to which all its tokens belong; it ends as a whole. */
export interface Authorization {
  readonly authorizationId: string
  readonly userId: string
  readonly clientId: string
  /** The grant that began it, such as `password`. */
  readonly grantType: string
  /** What the user granted, space-separated; refreshing may narrow an access token, never this (RFC 6749 §6). */
  readonly scope: string
  /** Seconds since the epoch. */
  readonly createdAt: number
  /** Seconds since the epoch at which it ends however often it was refreshed. */
  readonly expiresAt: number
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
}

/** What is left on a refresh token that was spent: enough to derive the same successors again from the token itself. */
export interface RefreshTokenSpending {
  /** Seconds since the epoch. */
  readonly spentAt: number
  /** Random, base64url. With the presented token it yields the successors; alone it yields nothing. */
  readonly successorNonce: string
  /** The scope of the access token that was issued, space-separated. */
  readonly accessTokenScope: string
  /** When that access token ends, seconds since the epoch. */
  readonly accessTokenExpiresAt: number
}

/** A refresh token as a store finds it. */
export interface RefreshTokenRecord extends NewRefreshToken {
  readonly authorization: Authorization
  /** Absent: it can still be spent. */
  readonly spending: RefreshTokenSpending | undefined
}

/** What one answer of the token endpoint adds to the store. */
export interface NewTokens {
  /** The sign-in that begins with these tokens; absent for a token of the client itself. */
  readonly authorization: Authorization | undefined
  readonly accessToken: AccessTokenRecord
  readonly refreshToken: NewRefreshToken | undefined
}

/** The exchange of one refresh token for its successors. */
export interface RefreshTokenRotation {
  readonly presented: TokenHash
  readonly spending: RefreshTokenSpending
  readonly accessToken: UserAccessTokenRecord
  readonly refreshToken: NewRefreshToken
}

/** How a rotation ended, as the store found it; what follows from it is decided by the refresh token grant. */
export type RotationOutcome =
  /** This call spent the token, and the successors are stored. */
  | { readonly outcome: 'rotated' }
  /** Somebody spent it before; nothing was changed. */
  | { readonly outcome: 'already_spent'; readonly spending: RefreshTokenSpending }
  /** It is unknown, or its authorization was revoked; nothing was changed. */
  | { readonly outcome: 'gone' }

/** Which tokens to revoke. */
export type RevocationSelection =
  /** One sign-in. */
  | { readonly authorizationId: string }
  /** All sign-ins of a user, but for one if wished. */
  | { readonly userId: string; readonly exceptAuthorizationId?: string | undefined }
  /** All sign-ins through a client, and the client's own tokens. */
  | { readonly clientId: string }
  /** All of them. */
  | { readonly everything: true }

/**
 * Where tokens and the authorizations they belong to are kept, by hash: a usable token never reaches a store.
 *
 * Contract, checked by `tokenStoreContract` of `latchkey/testing`:
 * - each method is atomic: all of it or nothing, also when the process dies in the middle, also between processes;
 * - hashes and ids are compared byte for byte;
 * - what a method has answered is seen by the next call, in every process;
 * - a token of a revoked authorization is as good as unknown, at once and for ever;
 * - expiry is judged by the caller: a store may return expired records, and may forget them only through `prune`;
 * - throws `StoreUnavailableError` when it cannot be reached; any other exception is answered with `server_error`.
 */
export interface TokenStore {
  /** Stores what one answer issues: all of it or nothing. */
  saveTokens(tokens: NewTokens, context: RequestContext): MaybePromise<void>
  /** Finds an access token; `undefined` when it is unknown or revoked. */
  findAccessToken(tokenHash: TokenHash, context: RequestContext): MaybePromise<AccessTokenRecord | undefined>
  /** Finds a refresh token, spent or not, with its authorization; `undefined` when it is unknown or revoked. */
  findRefreshToken(tokenHash: TokenHash, context: RequestContext): MaybePromise<RefreshTokenRecord | undefined>
  /**
   * Spends a refresh token and stores its successors in one atomic compare-and-set: of any number of concurrent calls for
   * one token exactly one is answered `rotated`, and none once its authorization is revoked.
   */
  rotateRefreshToken(rotation: RefreshTokenRotation, context: RequestContext): MaybePromise<RotationOutcome>
  /** Revokes one access token; nothing happens when it is unknown. */
  revokeAccessToken(tokenHash: TokenHash, context: RequestContext): MaybePromise<void>
  /** Revokes by selection and answers how many live authorizations it ended. */
  revokeTokens(selection: RevocationSelection, context: RequestContext): MaybePromise<number>
  /**
   * Removes what can never matter again at `now` (seconds since the epoch) and answers how many records went. An authorization
   * goes, with its tokens, when it is revoked, over, or has no token left that could be used; until then its spent refresh
   * tokens stay, because a replay is recognized by them (RFC 9700 §4.14.2).
   */
  prune(now: number): MaybePromise<number>
}
