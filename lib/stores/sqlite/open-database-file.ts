import { closeSync, openSync } from 'node:fs'
import { ConfigurationError } from '../../errors/configuration-error.js'
import { loadBetterSqlite3 } from './better-sqlite3.cjs'
import type { SqliteDatabase } from './sqlite-database.js'

/**
 * Opens a database file with the driver that this Node has: `node:sqlite`, or else better-sqlite3.
 *
 * A new file can be read by its owner only: it holds digests of secrets that people may have chosen. Throws
 * `ConfigurationError` when there is no driver or the file cannot be opened.
 */
export function openDatabaseFile(file: string): SqliteDatabase & { close(): unknown } {
  const Database = databaseClass()
  try {
    if (file !== ':memory:') closeSync(openSync(file, 'a', 0o600))
    return new Database(file)
  } catch (error) {
    const refusal = new ConfigurationError(
      'database',
      `${file} cannot be opened`,
      'Check that its folder exists and is writable',
    )
    refusal.cause = error
    throw refusal
  }
}

type DatabaseClass = new (file: string) => SqliteDatabase & { close(): unknown }

function databaseClass(): DatabaseClass {
  const builtIn = process.getBuiltinModule('node:sqlite') as { readonly DatabaseSync: DatabaseClass } | undefined
  if (builtIn !== undefined) return builtIn.DatabaseSync
  try {
    return loadBetterSqlite3()
  } catch (error) {
    const problem = `Node ${process.versions.node} has no node:sqlite, and better-sqlite3 cannot be loaded`
    const remedy = 'Run `npm install better-sqlite3@12`, or use Node 22.13 or later'
    const refusal = new ConfigurationError('database', problem, remedy)
    refusal.cause = error
    throw refusal
  }
}
