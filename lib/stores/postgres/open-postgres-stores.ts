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
import { ignoreConnectionErrors } from './ignore-connection-errors.js'
import { migratePostgres } from './migrate.js'
import { postgresSchema } from './migrations.js'
import { PostgresConnection } from './postgres-connection.js'
import { postgresCounters } from './postgres-counters.js'
import type { PostgresPool } from './postgres-pool.js'
import { postgresTokens } from './postgres-tokens.js'

/** Options of {@link openPostgresStores}. */
export interface PostgresStoresOptions {
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
  /** Whether the server keeps statements prepared. Set it to false behind a pooler that shares connections and cannot. Default true. */
  readonly preparedStatements?: boolean | undefined
  /** Default: the clock of the machine. */
  readonly clock?: Clock | undefined
  /** Limits of the stores' `throttle` that differ from the defaults. */
  readonly throttleLimits?: ThrottleLimits | undefined
}

const description = describeOptions<PostgresStoresOptions>()('openPostgresStores', {
  timeoutMilliseconds: storeTimeout(),
  migrate: flag().or(true),
  preparedStatements: flag().or(true),
  clock: clock(),
  throttleLimits: throttleLimits(),
})

/** Stores in one PostgreSQL database. */
export interface PostgresStores {
  readonly clients: SqlClientStore
  readonly tokens: SqlTokenStore
  readonly keys: SqlKeyStore
  /** Counts failures for all processes: `createAuthorizationServer({ clients, tokens, throttle })`. */
  readonly throttle: Throttle
}

const MIGRATION_MILLISECONDS = 60_000

const saveClient = statement(
  'replace_client',
  `INSERT INTO latchkey_client (client_id, registration) VALUES (?, ?)
  ON CONFLICT (client_id) DO UPDATE SET registration = excluded.registration`,
)

/**
 * Opens stores in a PostgreSQL database, 12 or later, over a `Pool` of `pg`, and creates or updates their tables. Several processes may
 * share it. The application closes the pool. A lost connection no longer ends the process; listen to `error` of the pool to log it.
 *
 * Throws `ConfigurationError`, and `StoreUnavailableError` if the database is unreachable.
 *
 * @example
 * ```ts
 * import pg from 'pg'
 *
 * const pool = new pg.Pool({ connectionString: process.env['DATABASE_URL'], connectionTimeoutMillis: 5000 })
 * const { clients, tokens, keys, throttle } = await openPostgresStores(pool)
 * ```
 */
export async function openPostgresStores(
  pool: PostgresPool,
  options: PostgresStoresOptions = {},
): Promise<PostgresStores> {
  const { timeoutMilliseconds, migrate, preparedStatements, clock, throttleLimits: limits } = description.read(options)
  checkInterface('openPostgresStores.pool', pool, 'PostgresPool')
  ignoreConnectionErrors(pool)
  const connection = new PostgresConnection(pool, { timeoutMilliseconds, preparedStatements })
  const patient = new PostgresConnection(pool, {
    timeoutMilliseconds: MIGRATION_MILLISECONDS,
    preparedStatements: false,
  })
  await migratePostgres({ connection, patient }, postgresSchema, { apply: migrate, clock })
  return {
    clients: new SqlClientStore(connection, saveClient),
    tokens: new SqlTokenStore(connection, postgresTokens(timeoutMilliseconds), clock),
    keys: new SqlKeyStore(connection),
    throttle: limiterThrottle(sqlRateLimiter(connection, postgresCounters(connection)), {
      limits,
      timeoutMilliseconds,
    }),
  }
}
