import type { TokenHash } from '../../crypto/hash.js'
import {
  SPENT_TOKENS_KEPT,
  type Authorization,
  type ListedAuthorization,
  type NewRefreshToken,
  type RefreshTokenRecord,
  type RefreshTokenRotation,
  type RefreshTokenSpending,
} from '../token-store.js'
import type { ClientShare } from './client-share.js'

/** An authorization in memory. */
export class StoredAuthorization {
  readonly record: Authorization
  readonly share: ClientShare
  /** Revoked or pruned: access tokens that are still in their Map are invalid. */
  #hasEnded = false
  /** The number of its access tokens in their Map. */
  accessTokens = 0
  /** The number of its spent refresh tokens. */
  spentTokens = 0
  /** The start of its chain of refresh tokens. */
  oldestRefreshToken: StoredRefreshToken | undefined = undefined
  /** The only token that may be unspent: each other one was spent for its successor. */
  newestRefreshToken: StoredRefreshToken | undefined = undefined
  /** When the last of its JWTs expires; 0 without JWTs. */
  signedTokensUntil = 0
  lastUsedAt: number
  /** The neighbours in the list of the user's sign-ins. */
  previousOfUser: StoredAuthorization | undefined = undefined
  nextOfUser: StoredAuthorization | undefined = undefined

  constructor(record: Authorization, share: ClientShare) {
    this.record = { ...record }
    this.share = share
    this.lastUsedAt = record.createdAt
  }

  /** Whether it was revoked or pruned. */
  get hasEnded(): boolean {
    return this.#hasEnded || this.share.isRevoked
  }

  /** Ends it. */
  end(): void {
    this.#hasEnded = true
  }

  /** Returns whether it has a usable token. */
  isUsable(now: number): boolean {
    if (this.hasEnded || this.record.expiresAt <= now) return false
    return this.accessTokens > 0 || this.signedTokensUntil > now || this.newestRefreshToken?.isUsable(now) === true
  }

  /** Adds the successor of the newest refresh token, or the first one. */
  addRefreshToken(token: NewRefreshToken): StoredRefreshToken {
    const added = new StoredRefreshToken(token, this)
    if (this.newestRefreshToken !== undefined) this.newestRefreshToken.successor = added
    this.oldestRefreshToken ??= added
    this.newestRefreshToken = added
    return added
  }

  /** Removes the oldest refresh token if it is spent and expired, or if more are kept than necessary. */
  dropSpentToken(now: number): StoredRefreshToken | undefined {
    const { oldestRefreshToken: oldest } = this
    if (oldest?.spending === undefined) return undefined
    if (oldest.expiresAt > now && this.spentTokens <= SPENT_TOKENS_KEPT) return undefined
    this.oldestRefreshToken = oldest.successor
    if (oldest.successor !== undefined) oldest.successor.predecessor = undefined
    this.spentTokens -= 1
    return oldest
  }

  /** The record as a store lists it. */
  toListed(): ListedAuthorization {
    return { ...this.record, lastUsedAt: this.lastUsedAt }
  }
}

/** A refresh token in memory. */
export class StoredRefreshToken {
  readonly tokenHash: TokenHash
  readonly issuedAt: number
  readonly expiresAt: number
  readonly pacedUntil: number | undefined
  readonly authorization: StoredAuthorization
  /** The one that was spent to get this one. */
  predecessor: StoredRefreshToken | undefined
  successor: StoredRefreshToken | undefined = undefined
  /** Never changed, always replaced: others may hold it. */
  spending: RefreshTokenSpending | undefined = undefined

  constructor(token: NewRefreshToken, authorization: StoredAuthorization) {
    this.tokenHash = token.tokenHash
    this.issuedAt = token.issuedAt
    this.expiresAt = token.expiresAt
    this.pacedUntil = token.pacedUntil
    this.authorization = authorization
    this.predecessor = authorization.newestRefreshToken
  }

  /** Whether it can still be spent. */
  isUsable(now: number): boolean {
    return this.spending === undefined && this.expiresAt > now
  }

  /** Spends it. From now on it cannot be derived from its predecessor. */
  spend({ spending, receivedAt = spending.spentAt * 1000 }: RefreshTokenRotation): void {
    this.spending = { ...spending }
    this.authorization.spentTokens += 1
    const { predecessor } = this
    if (predecessor?.spending === undefined) return
    predecessor.spending = { ...predecessor.spending, successorNonce: undefined, successorSpentAt: receivedAt }
  }

  /** Forgets the nonce when no retry is possible. */
  forgetNonce(now: number): void {
    const { spending } = this
    if (spending?.successorNonce === undefined) return
    if ((spending.retryUntil ?? spending.spentAt + 60) > now) return
    this.spending = { ...spending, successorNonce: undefined }
  }

  /** Notes a late retry, unless this token or its predecessor had one. Returns whether it did. */
  claimLateRetry(at: number): boolean {
    const { spending } = this
    if (spending?.successorNonce === undefined || spending.lateRetryAt !== undefined) return false
    if (this.predecessor?.spending?.lateRetryAt !== undefined) return false
    this.spending = { ...spending, lateRetryAt: at }
    return true
  }

  /** Returns the record. */
  toRecord(): RefreshTokenRecord {
    const { record: authorization } = this.authorization
    const { authorizationId } = authorization
    const { tokenHash, issuedAt, expiresAt, pacedUntil, spending } = this
    return { tokenHash, authorizationId, issuedAt, expiresAt, pacedUntil, authorization, spending }
  }
}
