import { checkMethods, checkOptions } from '../../errors/check-options.js'
import type { SqlStatement } from '../sql/sql-connection.js'
import { SqlUserStore, type UserRow } from '../sql/sql-user-store.js'
import { userStatements, userTableOptions, type UserTable } from '../sql/user-table.js'
import type { UserStore } from '../user-store.js'
import { SqliteConnection, type Statement } from './sqlite-connection.js'
import type { SqliteDatabase } from './sqlite-database.js'

/**
 * Makes a `UserStore` over a table of users that the application has in an open SQLite database; it answers without promises. With
 * `usernameCase: 'insensitive'` an index on `lower(<username>)` keeps it fast; SQLite itself lowers the letters of ASCII only.
 *
 * Throws `ConfigurationError` for what cannot be a table.
 */
export function sqlUserStore(database: SqliteDatabase, options: UserTable): UserStore {
  checkOptions('sqlUserStore', options, userTableOptions)
  checkMethods('sqlUserStore.database', database, ['exec', 'prepare'])
  const dialect = { quote: '"', text: 'TEXT', isSameName: (column: string) => `lower(${column}) = ?` } as const
  const { findByUsername, findById, updateHash } = userStatements('sqlUserStore', options, dialect)
  const connection = new SqliteConnection(database)
  const prepared = new Map<SqlStatement, Statement<UserRow>>(
    [findByUsername, findById, updateHash].map((statement) => [statement, connection.prepare<UserRow>(statement.text)]),
  )
  return new SqlUserStore(
    {
      rows: (statement, values) => prepared.get(statement)?.all(...values) ?? [],
      change: (statement, values) => prepared.get(statement)?.run(...values) ?? 0,
    },
    { findByUsername, findById, updateHash },
    options.usernameCase,
  )
}
