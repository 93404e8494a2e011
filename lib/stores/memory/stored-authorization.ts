import type { TokenHash } from '../../protocol/token-hash.js'
import type {
  Authorization,
  ListedAuthorization,
  NewRefreshToken,
  RefreshTokenRecord,
  RefreshTokenSpending,
  RevocationSelection,
} from '../token-store.js'

/** An authorization in memory, and what keeps it there. */
export class StoredAuthorization {
  readonly record: Authorization
  /** Revoked or pruned: access tokens that still stand in their Map are dead. */
  ended = false
  /** How many of its access tokens stand in their Map. */
  accessTokens = 0
  /** The only one that may be unspent: every other was spent to get its successor. */
  newestRefreshToken: StoredRefreshToken | undefined = undefined
  /** When the last of its JWTs ends; 0 when it has none. */
  signedTokensUntil = 0
  lastUsedAt: number

  constructor(record: Authorization) {
    this.record = { ...record }
    this.lastUsedAt = record.createdAt
  }

  /** Whether a token is left that can be used. */
  isUsable(now: number): boolean {
    if (this.record.expiresAt <= now) return false
    return this.accessTokens > 0 || this.signedTokensUntil > now || this.newestRefreshToken?.isUsable(now) === true
  }

  /** Whether a revocation takes it. */
  isSelected(selection: RevocationSelection): boolean {
    if ('authorizationId' in selection) return this.record.authorizationId === selection.authorizationId
    if ('clientId' in selection) return this.record.clientId === selection.clientId
    if ('everything' in selection) return true
    return this.record.userId === selection.userId && this.record.authorizationId !== selection.exceptAuthorizationId
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
  readonly authorization: StoredAuthorization
  /** The one that was spent to get this one. */
  readonly predecessor: StoredRefreshToken | undefined
  spending: RefreshTokenSpending | undefined = undefined

  constructor(token: NewRefreshToken, authorization: StoredAuthorization) {
    this.tokenHash = token.tokenHash
    this.issuedAt = token.issuedAt
    this.expiresAt = token.expiresAt
    this.authorization = authorization
    this.predecessor = authorization.newestRefreshToken
  }

  /** Whether it can still be spent. */
  isUsable(now: number): boolean {
    return this.spending === undefined && this.expiresAt > now
  }

  /** The record as a store answers it. */
  toRecord(): RefreshTokenRecord {
    const { record: authorization } = this.authorization
    const { tokenHash, issuedAt, expiresAt, spending } = this
    return { tokenHash, authorizationId: authorization.authorizationId, issuedAt, expiresAt, authorization, spending }
  }
}
