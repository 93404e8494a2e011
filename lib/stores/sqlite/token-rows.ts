import type { TokenHash } from '../../protocol/token-hash.js'
import type { AccessTokenRecord, RefreshTokenRecord, RefreshTokenSpending } from '../token-store.js'
import { toAuthorization, type AuthorizationRow } from './authorization-row.js'

/** A row of `latchkey_access_token` without its key. */
export interface AccessTokenRow {
  readonly client_id: string
  readonly user_id: string | null
  readonly authorization_id: string | null
  readonly scope: string
  readonly audience: string
  readonly issued_at: number
  readonly expires_at: number
}

/** The columns that say nothing until a refresh token is spent. */
export interface SpendingRow {
  readonly spent_at: number | null
  readonly successor_nonce: string | null
  readonly access_token_scope: string | null
  readonly access_token_audience: string
  readonly access_token_expires_at: number | null
}

/** A row of `latchkey_refresh_token` without its key, and its authorization. */
export interface RefreshTokenRow extends SpendingRow, AuthorizationRow {
  readonly token_issued_at: number
  readonly token_expires_at: number
}

/** Makes the record of an access token from its row. */
export function toAccessToken(tokenHash: TokenHash, row: AccessTokenRow): AccessTokenRecord {
  const { client_id: clientId, user_id: userId, authorization_id: authorizationId, scope, audience } = row
  const fields = { tokenHash, clientId, scope, audience, issuedAt: row.issued_at, expiresAt: row.expires_at }
  if (userId === null || authorizationId === null) return { ...fields, userId: undefined, authorizationId: undefined }
  return { ...fields, userId, authorizationId }
}

/** Makes the record of a refresh token from its row. */
export function toRefreshToken(tokenHash: TokenHash, row: RefreshTokenRow): RefreshTokenRecord {
  return {
    tokenHash,
    authorizationId: row.authorization_id,
    issuedAt: row.token_issued_at,
    expiresAt: row.token_expires_at,
    spending: toSpending(row),
    authorization: toAuthorization(row),
  }
}

/** Makes the spending from its columns; `undefined` when the token is unspent. */
export function toSpending(row: SpendingRow): RefreshTokenSpending | undefined {
  const { spent_at, successor_nonce, access_token_scope, access_token_expires_at } = row
  if (spent_at === null || successor_nonce === null || access_token_scope === null) return undefined
  if (access_token_expires_at === null) return undefined
  return {
    spentAt: spent_at,
    successorNonce: successor_nonce,
    accessTokenScope: access_token_scope,
    accessTokenAudience: row.access_token_audience,
    accessTokenExpiresAt: access_token_expires_at,
  }
}
