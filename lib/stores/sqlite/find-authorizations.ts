import {
  toAuthorization,
  toListedAuthorization,
  type AuthorizationRow,
  type ListedRow,
} from '../sql/authorization-row.js'
import { findAuthorization, listAuthorizations } from '../sql/token-statements.js'
import type { Authorization, ListedAuthorization } from '../token-store.js'
import type { SqliteConnection, Statement } from './sqlite-connection.js'

/** Finds authorizations that are not revoked. */
export class FindAuthorizations {
  readonly #find: Statement<AuthorizationRow>
  readonly #ofUser: Statement<ListedRow>

  constructor(connection: SqliteConnection) {
    this.#find = connection.prepare(findAuthorization.text)
    this.#ofUser = connection.prepare(listAuthorizations.text)
  }

  find(authorizationId: string): Authorization | undefined {
    const row = this.#find.get(authorizationId)
    return row && toAuthorization(row)
  }

  ofUser(userId: string): readonly ListedAuthorization[] {
    return this.#ofUser.all(userId).map(toListedAuthorization)
  }
}
