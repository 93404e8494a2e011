import { checkInterface } from '../../checks/check-interface.js'
import { describeOptions } from '../../checks/describe-options.js'
import { clock, flag, storeTimeout } from '../../checks/option-kind.js'
import type { Clock } from '../../time/clock.js'
import { limiterThrottle } from '../../throttle/limiter-throttle.js'
import type { Throttle } from '../../throttle/throttle.js'
import { throttleLimits, type ThrottleLimits } from '../../throttle/throttle-limits.js'
import { SqlClientStore } from '../sql/sql-client-store.js'
import { statement } from '../sql/sql-connection.js'
import { SqlKeyStore } from '../sql/sql-key-store.js'
import { sqlRateLimiter } from '../sql/sql-rate-limiter.js'
import { SqlTokenStore } from '../sql/sql-token-store.js'
import { migrateMysql } from './migrate.js'
import { mysqlSchema } from './migrations.js'
import { MysqlConnection } from './mysql-connection.js'
import { mysqlCounters } from './mysql-counters.js'
import type { MysqlPool } from './mysql-pool.js'
import { mysqlTokens } from './mysql-tokens.js'

/** Options of {@link openMysqlStores}. */
export interface MysqlStoresOptions {
  /**
   * Milliseconds after which a call throws `StoreUnavailableError`, including the wait for a connection of the pool. 10 to 60,000. Default
   * 5000.
   */
  readonly timeoutMilliseconds?: number | undefined
  /**
   * Whether to create and update the tables. With `false` you apply what `printMigrations` prints, and a schema that lacks a step
   * is refused. Default true.
   */
  readonly migrate?: boolean | undefined
  /** Default: the clock of the machine. */
  readonly clock?: Clock | undefined
  /** Limits of the stores' `throttle` that differ from the defaults. */
  readonly throttleLimits?: ThrottleLimits | undefined
}

const description = describeOptions<MysqlStoresOptions>()('openMysqlStores', {
  timeoutMilliseconds: storeTimeout(),
  migrate: flag().or(true),
  clock: clock(),
  throttleLimits: throttleLimits(),
})

/** Stores in one MySQL or MariaDB database. */
export interface MysqlStores {
  readonly clients: SqlClientStore
  readonly tokens: SqlTokenStore
  readonly keys: SqlKeyStore
  /** Counts failures for all processes: `createAuthorizationServer({ clients, tokens, throttle })`. */
  readonly throttle: Throttle
}

const MIGRATION_MILLISECONDS = 60_000

const saveClient = statement('replace_client', 'REPLACE INTO latchkey_client (client_id, registration) VALUES (?, ?)')

/**
 * Opens stores in a MySQL (8 or later) or MariaDB (10.6 or later) database, over a pool of `mysql2/promise`, and creates or updates their
 * tables. Several processes may share it. The application closes the pool.
 *
 * Throws `ConfigurationError`, and `StoreUnavailableError` if the database is unreachable.
 *
 * @example
 * ```ts
 * import mysql from 'mysql2/promise'
 *
 * const pool = mysql.createPool(process.env['DATABASE_URL'] ?? 'mysql://localhost/shop')
 * const { clients, tokens, keys, throttle } = await openMysqlStores(pool)
 * ```
 */
export async function openMysqlStores(pool: MysqlPool, options: MysqlStoresOptions = {}): Promise<MysqlStores> {
  const { timeoutMilliseconds, migrate, clock, throttleLimits: limits } = description.read(options)
  checkInterface('openMysqlStores.pool', pool, 'MysqlPool')
  const connection = new MysqlConnection(pool, timeoutMilliseconds)
  const patient = new MysqlConnection(pool, MIGRATION_MILLISECONDS)
  await migrateMysql({ connection, patient }, mysqlSchema, { apply: migrate, clock })
  return {
    clients: new SqlClientStore(connection, saveClient),
    tokens: new SqlTokenStore(connection, mysqlTokens(connection), clock),
    keys: new SqlKeyStore(connection),
    throttle: limiterThrottle(sqlRateLimiter(connection, mysqlCounters(connection)), {
      limits,
      timeoutMilliseconds,
    }),
  }
}
