import { checkBoolean, checkMethods, checkOptions } from '../../errors/check-options.js'
import type { UserStore } from '../user-store.js'
import { SqlUserStore, userDatabase } from '../sql/sql-user-store.js'
import { userStatements, userTableOptions, type UserTable } from '../sql/user-table.js'
import { checkTimeout } from '../within-deadline.js'
import { PostgresConnection } from './postgres-connection.js'
import type { PostgresPool } from './postgres-pool.js'
import { isImpossibleValue } from './store-error.js'

/** What {@link sqlUserStore} can be told. */
export interface PostgresUserStoreOptions extends UserTable {
  /** Milliseconds after which a call throws `StoreUnavailableError`, 10 to 60,000. Default 5000. */
  readonly timeoutMilliseconds?: number | undefined
  /** Whether the server keeps the statements prepared; a proxy that shares connections may not be able to. Default true. */
  readonly preparedStatements?: boolean | undefined
}

const optionNames = [...userTableOptions, 'timeoutMilliseconds', 'preparedStatements']

/**
 * Makes a `UserStore` over a table of users that the application has in PostgreSQL. With `usernameCase: 'insensitive'` an index on
 * `lower(<username>)` keeps it fast.
 *
 * Throws `ConfigurationError` for what cannot be a table.
 */
export function sqlUserStore(pool: PostgresPool, options: PostgresUserStoreOptions): UserStore {
  checkOptions('sqlUserStore', options, optionNames)
  const { timeoutMilliseconds = 5000, preparedStatements = true, usernameCase } = options
  checkMethods('sqlUserStore.pool', pool, ['connect'])
  checkTimeout('sqlUserStore', timeoutMilliseconds)
  checkBoolean('sqlUserStore.preparedStatements', preparedStatements)
  const dialect = { quote: '"', text: 'TEXT', isSameName: (column: string) => `lower(${column}) = ?` } as const
  const statements = userStatements('sqlUserStore', options, dialect)
  const connection = new PostgresConnection(pool, { timeoutMilliseconds, preparedStatements })
  return new SqlUserStore(userDatabase(connection, isImpossibleValue), statements, usernameCase)
}
