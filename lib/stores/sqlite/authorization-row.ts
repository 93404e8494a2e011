import type { Authorization } from '../token-store.js'

/** A row of `latchkey_authorization` as far as its record goes. */
export interface AuthorizationRow {
  readonly authorization_id: string
  readonly user_id: string
  readonly client_id: string
  readonly grant_type: string
  readonly scope: string
  readonly audience: string
  readonly device_label: string | null
  readonly created_at: number
  readonly expires_at: number
}

/** The columns of {@link AuthorizationRow}, of a table that the statement calls `owner`. */
export const authorizationColumns = `
  owner.authorization_id, owner.user_id, owner.client_id, owner.grant_type, owner.scope, owner.audience,
  owner.device_label, owner.created_at, owner.expires_at
`

/** Makes the record of an authorization from its row. */
export function toAuthorization(row: AuthorizationRow): Authorization {
  return {
    authorizationId: row.authorization_id,
    userId: row.user_id,
    clientId: row.client_id,
    grantType: row.grant_type,
    scope: row.scope,
    audience: row.audience,
    deviceLabel: row.device_label ?? undefined,
    createdAt: row.created_at,
    expiresAt: row.expires_at,
  }
}
