import { checkMethods, checkOptions } from '../../errors/check-options.js'
import { SqlUserStore, userDatabase } from '../sql/sql-user-store.js'
import { userStatements, userTableOptions, type UserTable } from '../sql/user-table.js'
import type { UserStore } from '../user-store.js'
import { checkTimeout } from '../within-deadline.js'
import { MysqlConnection } from './mysql-connection.js'
import type { MysqlPool } from './mysql-pool.js'
import { isImpossibleValue } from './store-error.js'

/** What {@link sqlUserStore} can be told. */
export interface MysqlUserStoreOptions extends UserTable {
  /** Milliseconds after which a call throws `StoreUnavailableError`, 10 to 60,000. Default 5000. */
  readonly timeoutMilliseconds?: number | undefined
}

/**
 * Makes a `UserStore` over a table of users that the application has in MySQL or MariaDB. With `usernameCase: 'insensitive'` the
 * column needs a collation that ignores case, as most do.
 *
 * Throws `ConfigurationError` for what cannot be a table.
 */
export function sqlUserStore(pool: MysqlPool, options: MysqlUserStoreOptions): UserStore {
  checkOptions('sqlUserStore', options, [...userTableOptions, 'timeoutMilliseconds'])
  const { timeoutMilliseconds = 5000, usernameCase } = options
  checkMethods('sqlUserStore.pool', pool, ['getConnection'])
  checkTimeout('sqlUserStore', timeoutMilliseconds)
  // Its own collation finds the candidates, and by an index.
  const dialect = { quote: '`', text: 'CHAR', isSameName: (column: string) => `${column} = ?` } as const
  const statements = userStatements('sqlUserStore', options, dialect)
  const database = userDatabase(new MysqlConnection(pool, timeoutMilliseconds), isImpossibleValue)
  return new SqlUserStore(database, statements, usernameCase)
}
