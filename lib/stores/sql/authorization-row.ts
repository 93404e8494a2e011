import type { Authorization, ListedAuthorization } from '../token-store.js'

/** What a driver answers for a text: octets where the column compares bytes (MySQL). */
export type SqlText = string | Uint8Array

/** What a driver answers for a whole number: a string where it may be too long for a number (PostgreSQL). */
export type SqlNumber = number | bigint | string

/** A row of `latchkey_authorization` as far as its record goes. */
export interface AuthorizationRow {
  readonly authorization_id: SqlText
  readonly user_id: SqlText
  readonly client_id: SqlText
  readonly grant_type: SqlText
  readonly scope: SqlText
  readonly audience: SqlText
  readonly device_label: SqlText | null
  readonly created_at: SqlNumber
  readonly expires_at: SqlNumber
}

/** A row as it is listed. */
export interface ListedRow extends AuthorizationRow {
  readonly last_used_at: SqlNumber
}

/** The columns of {@link AuthorizationRow}, of a table that the statement calls `owner`. */
export const authorizationColumns = `
  owner.authorization_id, owner.user_id, owner.client_id, owner.grant_type, owner.scope, owner.audience,
  owner.device_label, owner.created_at, owner.expires_at
`

/** Makes the record of an authorization from its row. */
export function toAuthorization(row: AuthorizationRow): Authorization {
  return {
    authorizationId: textOf(row.authorization_id),
    userId: textOf(row.user_id),
    clientId: textOf(row.client_id),
    grantType: textOf(row.grant_type),
    scope: textOf(row.scope),
    audience: textOf(row.audience),
    deviceLabel: row.device_label === null ? undefined : textOf(row.device_label),
    createdAt: Number(row.created_at),
    expiresAt: Number(row.expires_at),
  }
}

/** Makes a listed authorization from its row. */
export function toListedAuthorization(row: ListedRow): ListedAuthorization {
  return { ...toAuthorization(row), lastUsedAt: Number(row.last_used_at) }
}

/** Makes a string of what a driver answered for a text. */
export function textOf(value: SqlText): string {
  return typeof value === 'string' ? value : Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString()
}
