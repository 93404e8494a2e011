import { checkInterface } from '../../checks/check-interface.js'
import { describeOptions } from '../../checks/describe-options.js'
import { storeTimeout } from '../../checks/option-kind.js'
import { SqlUserStore, userDatabase } from '../sql/sql-user-store.js'
import { userStatements, userTableKinds, type UserDialect, type UserTable } from '../sql/user-table.js'
import type { UserStore } from '../user-store.js'
import { MysqlConnection } from './mysql-connection.js'
import type { MysqlPool } from './mysql-pool.js'
import { isImpossibleValue } from './store-error.js'

/** Options of {@link mysqlUsers}. */
export interface MysqlUserStoreOptions extends UserTable {
  /** Milliseconds after which a call throws `StoreUnavailableError`, 10 to 60,000. Default 5000. */
  readonly timeoutMilliseconds?: number | undefined
}

const description = describeOptions<MysqlUserStoreOptions>()('mysqlUsers', {
  ...userTableKinds,
  timeoutMilliseconds: storeTimeout(),
})

const charsets = "CONCAT(@@character_set_connection, ' ', @@character_set_results) AS charsets"
const bytesAndFloats = /^(?:(?:tiny|medium|long)?blob|(?:var)?binary|bit|float|double|real)$/i

const dialect: UserDialect = {
  name: 'mysqlUsers',
  quote: '`',
  text: 'CHAR',
  // Its own collation finds the candidates, and by an index.
  isSameName: (column) => `${column} = ?`,
  lossyTypes: { id: bytesAndFloats, text: bytesAndFloats },
  // No types of a temporary table, which this schema does not list.
  findTypes: ({ table: { table, columns } }) => ({
    text: `
      SELECT MAX(CASE WHEN column_name = ? THEN data_type END) AS id_type,
        MAX(CASE WHEN column_name = ? THEN data_type END) AS username_type,
        MAX(CASE WHEN column_name = ? THEN data_type END) AS hash_type, @@sql_mode AS mode, ${charsets}
      FROM information_schema.columns WHERE table_schema = COALESCE(?, DATABASE()) AND table_name = ?
    `,
    values: [columns.id, columns.username, columns.passwordHash, ...schemaAndName(table)],
  }),
  // Of each row: connections of a pool may differ.
  typesOfRow: () => charsets,
}

function schemaAndName(table: string): readonly [schema: string | null, name: string] {
  const dot = table.indexOf('.')
  return dot === -1 ? [null, table] : [table.slice(0, dot), table.slice(dot + 1)]
}

/**
 * Creates a `UserStore` over the application's table of users in MySQL or MariaDB. With `usernameCase: 'insensitive'` the column needs a
 * collation that ignores case, as most do. Throws `ConfigurationError`.
 *
 * @example
 * ```ts
 * import mysql from 'mysql2/promise'
 *
 * const users = mysqlUsers(mysql.createPool('mysql://localhost/shop'), {
 *   table: 'users',
 *   columns: { id: 'id', username: 'email', passwordHash: 'password_hash' },
 * })
 * ```
 */
export function mysqlUsers(pool: MysqlPool, options: MysqlUserStoreOptions): UserStore {
  const { timeoutMilliseconds, ...table } = description.read(options)
  checkInterface('mysqlUsers.pool', pool, 'MysqlPool')
  const statements = userStatements(table, dialect)
  const database = userDatabase(new MysqlConnection(pool, timeoutMilliseconds), isImpossibleValue)
  return new SqlUserStore(database, statements, table.usernameCase)
}
