import { checkInterface } from '../../checks/check-interface.js'
import { describeOptions } from '../../checks/describe-options.js'
import { flag, storeTimeout } from '../../checks/option-kind.js'
import type { UserStore } from '../user-store.js'
import { SqlUserStore, userDatabase } from '../sql/sql-user-store.js'
import { userStatements, userTableKinds, type UserDialect, type UserTable } from '../sql/user-table.js'
import { PostgresConnection } from './postgres-connection.js'
import type { PostgresPool } from './postgres-pool.js'
import { isImpossibleValue } from './store-error.js'

/** Options of {@link postgresUsers}. */
export interface PostgresUserStoreOptions extends UserTable {
  /** Milliseconds after which a call throws `StoreUnavailableError`, 10 to 60,000. Default 5000. */
  readonly timeoutMilliseconds?: number | undefined
  /** Whether the server keeps statements prepared. Set it to false behind a pooler that shares connections and cannot. Default true. */
  readonly preparedStatements?: boolean | undefined
}

const description = describeOptions<PostgresUserStoreOptions>()('postgresUsers', {
  ...userTableKinds,
  timeoutMilliseconds: storeTimeout(),
  preparedStatements: flag().or(true),
})

const dialect: UserDialect = {
  name: 'postgresUsers',
  quote: '"',
  // Takes the spaces off that a CHAR(n) is padded with.
  text: 'TEXT',
  isSameName: (column) => `lower(${column}) = ?`,
  // The text of a bytea, in hexadecimal digits, is one of its own.
  lossyTypes: { id: /^(?:real|double precision)$/, text: /^(?:bytea|real|double precision)$/ },
  // Also of an empty table.
  findTypes: ({ from, id, username, passwordHash }) => ({
    text: `
      SELECT pg_typeof(users.${id})::text AS id_type, pg_typeof(users.${username})::text AS username_type,
        pg_typeof(users.${passwordHash})::text AS hash_type
      FROM (SELECT 1) AS one LEFT JOIN ${from} AS users ON FALSE
    `,
    values: [],
  }),
}

/**
 * Creates a `UserStore` over the application's table of users in PostgreSQL. With `usernameCase: 'insensitive'` an index on
 * `lower(<username>)` keeps it fast. Throws `ConfigurationError`.
 *
 * @example
 * ```ts
 * import pg from 'pg'
 *
 * const users = postgresUsers(new pg.Pool(), {
 *   table: 'users',
 *   columns: { id: 'id', username: 'email', passwordHash: 'password_hash' },
 * })
 * ```
 */
export function postgresUsers(pool: PostgresPool, options: PostgresUserStoreOptions): UserStore {
  const { timeoutMilliseconds, preparedStatements, ...table } = description.read(options)
  checkInterface('postgresUsers.pool', pool, 'PostgresPool')
  const statements = userStatements(table, dialect)
  const connection = new PostgresConnection(pool, { timeoutMilliseconds, preparedStatements })
  return new SqlUserStore(userDatabase(connection, isImpossibleValue), statements, table.usernameCase)
}
