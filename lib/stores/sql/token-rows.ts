import type { TokenHash } from '../../crypto/hash.js'
import type { AccessTokenRecord, RefreshTokenRecord, RefreshTokenSpending } from '../token-store.js'
import { textOf, toAuthorization, type AuthorizationRow, type SqlNumber, type SqlText } from './authorization-row.js'

/** A row of `latchkey_access_token` without its key. */
export interface AccessTokenRow {
  readonly client_id: SqlText
  readonly user_id: SqlText | null
  readonly authorization_id: SqlText | null
  readonly scope: SqlText
  readonly audience: SqlText
  readonly issued_at: SqlNumber
  readonly expires_at: SqlNumber
}

/** The columns that say nothing until a refresh token is spent. */
export interface SpendingRow {
  readonly spent_at: SqlNumber | null
  readonly successor_nonce: SqlText | null
  readonly access_token_scope: SqlText | null
  readonly access_token_audience: SqlText | null
  readonly access_token_expires_at: SqlNumber | null
  readonly retry_until: SqlNumber | null
  /** Of the token's successor: nothing when that is unspent. */
  readonly successor_spent_at: SqlNumber | null
  readonly late_retry_at: SqlNumber | null
}

/** A row of `latchkey_refresh_token` without its key, and its authorization. */
export interface RefreshTokenRow extends SpendingRow, AuthorizationRow {
  readonly token_issued_at: SqlNumber
  readonly token_expires_at: SqlNumber
  readonly paced_until: SqlNumber | null
}

/** Whether a JWT is revoked by itself, whether all of its time are, and whether its authorization is there. */
export interface RevocationRow {
  readonly is_revoked: SqlNumber | boolean
  readonly is_revoked_by_time: SqlNumber | boolean
  readonly has_authorization: SqlNumber | boolean
}

/** Makes the record of an access token from its row. */
export function toAccessToken(tokenHash: TokenHash, row: AccessTokenRow): AccessTokenRecord {
  const { user_id: userId, authorization_id: authorizationId } = row
  const [clientId, scope, audience] = [textOf(row.client_id), textOf(row.scope), textOf(row.audience)]
  const [issuedAt, expiresAt] = [Number(row.issued_at), Number(row.expires_at)]
  // Both are written out: this is the way of every guarded request, and spreading what they share would take longer than the rest.
  if (userId === null || authorizationId === null) {
    return { tokenHash, clientId, userId: undefined, authorizationId: undefined, scope, audience, issuedAt, expiresAt }
  }
  return {
    tokenHash,
    clientId,
    userId: textOf(userId),
    authorizationId: textOf(authorizationId),
    scope,
    audience,
    issuedAt,
    expiresAt,
  }
}

/** Makes the record of a refresh token from its row. */
export function toRefreshToken(tokenHash: TokenHash, row: RefreshTokenRow): RefreshTokenRecord {
  const authorization = toAuthorization(row)
  return {
    tokenHash,
    authorizationId: authorization.authorizationId,
    issuedAt: Number(row.token_issued_at),
    expiresAt: Number(row.token_expires_at),
    pacedUntil: numberOf(row.paced_until),
    spending: toSpending(row),
    authorization,
  }
}

/** Makes the spending from its columns; `undefined` when the token is unspent. */
export function toSpending(row: SpendingRow): RefreshTokenSpending | undefined {
  const { spent_at, successor_nonce, access_token_scope, access_token_audience, access_token_expires_at } = row
  if (spent_at === null || access_token_scope === null) return undefined
  if (access_token_audience === null || access_token_expires_at === null) return undefined
  return {
    spentAt: Number(spent_at),
    successorNonce: successor_nonce === null ? undefined : textOf(successor_nonce),
    accessTokenScope: textOf(access_token_scope),
    accessTokenAudience: textOf(access_token_audience),
    accessTokenExpiresAt: Number(access_token_expires_at),
    retryUntil: numberOf(row.retry_until),
    successorSpentAt: numberOf(row.successor_spent_at),
    lateRetryAt: numberOf(row.late_retry_at),
  }
}

function numberOf(value: SqlNumber | null): number | undefined {
  return value === null ? undefined : Number(value)
}

/** Whether a JWT is revoked. Written so that only a clear answer makes a token good. */
export function isRevoked(row: RevocationRow | undefined, authorizationId: string | undefined): boolean {
  if (row === undefined || Number(row.is_revoked) !== 0) return true
  if (authorizationId === undefined) return Number(row.is_revoked_by_time) !== 0
  // What has ended an authorization is seen by it: another one, of the same second, goes on.
  return Number(row.has_authorization) !== 1
}
