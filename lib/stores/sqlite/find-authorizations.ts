import type { Authorization, ListedAuthorization } from '../token-store.js'
import { authorizationColumns, toAuthorization, type AuthorizationRow } from './authorization-row.js'
import type { SqliteConnection, Statement } from './sqlite-connection.js'

interface ListedRow extends AuthorizationRow {
  readonly last_used_at: number
}

/** Finds authorizations that are not revoked. */
export class FindAuthorizations {
  readonly #find: Statement<AuthorizationRow>
  readonly #ofUser: Statement<ListedRow>

  constructor(connection: SqliteConnection) {
    this.#find = connection.prepare(`
      SELECT ${authorizationColumns} FROM latchkey_authorization AS owner
      WHERE authorization_id = ? AND revoked_at IS NULL
    `)
    this.#ofUser = connection.prepare(`
      SELECT ${authorizationColumns}, owner.last_used_at FROM latchkey_authorization AS owner
      WHERE user_id = ? AND revoked_at IS NULL
      ORDER BY last_used_at DESC
    `)
  }

  find(authorizationId: string): Authorization | undefined {
    const row = this.#find.get(authorizationId)
    return row && toAuthorization(row)
  }

  ofUser(userId: string): readonly ListedAuthorization[] {
    return this.#ofUser.all(userId).map((row) => ({ ...toAuthorization(row), lastUsedAt: row.last_used_at }))
  }
}
