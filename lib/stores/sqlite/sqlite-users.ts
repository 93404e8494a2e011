import { checkInterface } from '../../checks/check-interface.js'
import { describeOptions } from '../../checks/describe-options.js'
import { SqlUserStore, type UserRow } from '../sql/sql-user-store.js'
import { userStatements, userTableKinds, type NamedTable, type UserDialect, type UserTable } from '../sql/user-table.js'
import type { UserStore } from '../user-store.js'
import { SqliteConnection } from './sqlite-connection.js'
import type { SqliteDatabase } from './sqlite-database.js'

const description = describeOptions<UserTable>()('sqliteUsers', userTableKinds)

/** In SQLite each value has its own type. */
const typesOfRow = ({ id, username, passwordHash }: NamedTable): string =>
  `typeof(${id}) AS id_type, typeof(${username}) AS username_type, typeof(${passwordHash}) AS hash_type`

const dialect: UserDialect = {
  name: 'sqliteUsers',
  quote: '"',
  text: 'TEXT',
  isSameName: (column) => `lower(${column}) = ?`,
  lossyTypes: { id: /^(?:blob|real)$/, text: /^(?:blob|real)$/ },
  findTypes: (table) => ({ text: `SELECT ${typesOfRow(table)} FROM ${table.from} LIMIT 1`, values: [] }),
  typesOfRow,
}

/**
 * Creates a `UserStore` over the application's table of users in an open SQLite database. It returns without promises. With
 * `usernameCase: 'insensitive'` an index on `lower(<username>)` keeps it fast; SQLite lowers only ASCII letters. Throws
 * `ConfigurationError`.
 *
 * @example
 * ```ts
 * import Database from 'better-sqlite3'
 *
 * const users = sqliteUsers(new Database('shop.db'), {
 *   table: 'users',
 *   columns: { id: 'id', username: 'email', passwordHash: 'password_hash' },
 * })
 * ```
 */
export function sqliteUsers(database: SqliteDatabase, options: UserTable): UserStore {
  const table = description.read(options)
  checkInterface('sqliteUsers.database', database, 'SqliteDatabase')
  const statements = userStatements(table, dialect)
  const { findByUsername, findById, findTypes } = statements
  const connection = new SqliteConnection(database)
  // The update is prepared when it is needed: SQLite does not prepare it for a view.
  for (const statement of [findByUsername, findById, findTypes]) connection.prepare(statement)
  return new SqlUserStore(
    {
      rows: (statement, values) => connection.rows<UserRow>(statement, ...values),
      change: (statement, values) => connection.change(statement, ...values),
    },
    statements,
    table.usernameCase,
  )
}
