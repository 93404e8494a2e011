import { describeOptions } from '../../checks/describe-options.js'
import { clock, flag, wholeNumber } from '../../checks/option-kind.js'
import { checkInterface } from '../../checks/check-interface.js'
import { ConfigurationError } from '../../errors/configuration-error.js'
import { describeValue } from '../../checks/kind-of-value.js'
import type { Clock } from '../../time/clock.js'
import { limiterThrottle } from '../../throttle/limiter-throttle.js'
import type { Throttle } from '../../throttle/throttle.js'
import { throttleLimits, type ThrottleLimits } from '../../throttle/throttle-limits.js'
import { configureDatabaseFile } from './configure-database-file.js'
import { migrate } from './migrate.js'
import { sqliteSchema } from './migrations.js'
import { noDatabase, openDatabaseFile } from './open-database-file.js'
import { SqliteClientStore } from './sqlite-client-store.js'
import { SqliteConnection } from './sqlite-connection.js'
import { SqliteKeyStore } from './sqlite-key-store.js'
import { sqliteRateLimiter } from './sqlite-rate-limiter.js'
import type { SqliteDatabase } from './sqlite-database.js'
import { SqliteTokenStore } from './sqlite-token-store.js'

/** Options of {@link openSqliteStores}. */
export interface SqliteStoresOptions {
  /**
   * Milliseconds that a call waits, and its process with it, for another process that is writing; then it throws
   * `StoreUnavailableError`. For a file only: a database that is handed over has its own setting. Default 2000.
   */
  readonly busyTimeoutMilliseconds?: number | undefined
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

const description = describeOptions<SqliteStoresOptions>()('openSqliteStores', {
  busyTimeoutMilliseconds: wholeNumber(0, 60_000).or(2000),
  migrate: flag().or(true),
  clock: clock(),
  throttleLimits: throttleLimits(),
})

/** Stores in one SQLite database. */
export interface SqliteStores {
  readonly clients: SqliteClientStore
  readonly tokens: SqliteTokenStore
  readonly keys: SqliteKeyStore
  /** Counts failures for all processes that open the file: `createAuthorizationServer({ clients, tokens, throttle })`. */
  readonly throttle: Throttle
  /** Closes the file; a database that was handed over stays open. */
  close(): void
}

/**
 * Opens stores in a SQLite database, and creates or updates its tables. Several processes may share it.
 *
 * A string is a file or `:memory:`. It is opened with `node:sqlite`, or with better-sqlite3 if Node.js does not have it, in WAL mode with
 * `synchronous = NORMAL`: a crash of the process loses nothing, a power failure may lose the last moments. Throws `ConfigurationError`.
 *
 * @example
 * ```ts
 * const { clients, tokens, keys, throttle } = openSqliteStores('latchkey.db')
 * ```
 */
export function openSqliteStores(database: string | SqliteDatabase, options: SqliteStoresOptions = {}): SqliteStores {
  const { busyTimeoutMilliseconds, migrate: apply, clock, throttleLimits: limits } = description.read(options)
  const schema = { apply, clock, limits, isInMemory: database === ':memory:' }
  if (typeof database === 'string') return openFile(database, busyTimeoutMilliseconds, schema)
  if (typeof database !== 'object') {
    const problem = `is ${describeValue(database)}; it must be the name of a file, or an open database`
    throw new ConfigurationError('database', problem, "Write openSqliteStores('tokens.db')")
  }
  checkInterface('database', database, 'SqliteDatabase')
  if (options.busyTimeoutMilliseconds !== undefined) {
    const problem = 'is for files that openSqliteStores opens itself'
    throw new ConfigurationError(
      'openSqliteStores.busyTimeoutMilliseconds',
      problem,
      'Set it where you open the database',
    )
  }
  return { ...storesOn(new SqliteConnection(database), schema), close: () => undefined }
}

interface SchemaOptions {
  readonly apply: boolean
  readonly clock: Clock
  readonly limits: ThrottleLimits | undefined
  readonly isInMemory: boolean
}

function openFile(name: string, busyTimeoutMilliseconds: number, schema: SchemaOptions): SqliteStores {
  const file = openDatabaseFile(name)
  try {
    const connection = new SqliteConnection(file)
    configureDatabaseFile(connection, busyTimeoutMilliseconds)
    return { ...storesOn(connection, schema), close: () => void file.close() }
  } catch (error) {
    file.close()
    throw noDatabase(name, error) ?? error
  }
}

function storesOn(connection: SqliteConnection, schema: SchemaOptions): Omit<SqliteStores, 'close'> {
  migrate(connection, sqliteSchema, schema)
  const { clock, limits } = schema
  const throttle = limiterThrottle(sqliteRateLimiter(connection), { limits, timeoutMilliseconds: 60_000 })
  return {
    clients: new SqliteClientStore(connection),
    tokens: new SqliteTokenStore(connection, clock),
    keys: new SqliteKeyStore(connection),
    // Nobody else opens a database in memory.
    throttle: { ...throttle, isShared: !schema.isInMemory },
  }
}
