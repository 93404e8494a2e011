import { isStoreUnavailableError } from '../../errors/store-unavailable-error.js'
import type { SqliteConnection } from './sqlite-connection.js'

/** Settings of a connection that we opened ourselves: WAL, so that readers and a writer do not wait for each other. */
export function configureDatabaseFile(connection: SqliteConnection, busyTimeoutMilliseconds: number): void {
  connection.execute(`PRAGMA busy_timeout = ${busyTimeoutMilliseconds}`)
  switchToWal(connection, Date.now() + busyTimeoutMilliseconds)
  connection.execute('PRAGMA synchronous = NORMAL')
}

/**
 * The switch needs the file for itself, and when several processes open a new file at once SQLite refuses it without waiting,
 * whatever its busy timeout: so we wait.
 */
function switchToWal(connection: SqliteConnection, deadline: number): void {
  for (;;) {
    try {
      connection.execute('PRAGMA journal_mode = WAL')
      return
    } catch (error) {
      if (!isStoreUnavailableError(error) || Date.now() >= deadline) throw error
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10)
    }
  }
}
