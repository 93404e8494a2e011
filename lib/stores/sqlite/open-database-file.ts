import { closeSync, openSync } from 'node:fs'
import { dirname } from 'node:path'
import { ConfigurationError } from '../../errors/configuration-error.js'
import { loadBetterSqlite3 } from './better-sqlite3.cjs'
import type { SqliteDatabase } from './sqlite-database.js'

type OpenDatabase = SqliteDatabase & { close(): unknown }
type DatabaseClass = new (file: string) => OpenDatabase

/**
 * Opens a database file with the driver that this Node has: `node:sqlite`, or else better-sqlite3.
 *
 * A new file can be read by its owner only: it holds digests of secrets that people may have chosen. Throws
 * `ConfigurationError` when there is no driver or the file cannot be opened.
 */
export function openDatabaseFile(file: string, Database: DatabaseClass = databaseClass()): OpenDatabase {
  try {
    if (file !== ':memory:') closeSync(openSync(file, 'a', 0o600))
    return new Database(file)
  } catch (cause) {
    const [problem, remedy] = faultOf(file, cause)
    throw refusal(problem, remedy, cause)
  }
}

/** The error for a file that is there, and that SQLite cannot read; undefined for any other error. */
export function noDatabase(file: string, cause: unknown): ConfigurationError | undefined {
  const { code, errcode } = Object(cause) as { readonly code?: unknown; readonly errcode?: unknown }
  if (code !== 'SQLITE_NOTADB' && errcode !== 26) return undefined
  return refusal(`${file} is a file, but not a SQLite database`, 'Name another one; it was left as it is', cause)
}

function faultOf(file: string, cause: unknown): readonly [problem: string, remedy: string] {
  if (file === '')
    return ['is an empty string', 'Give it the name of a file; if it comes from the environment, set that']
  const { code, message } = Object(cause) as { readonly code?: unknown; readonly message?: unknown }
  if (code === 'ERR_DLOPEN_FAILED' || (typeof message === 'string' && message.includes('bindings file'))) {
    const problem = 'better-sqlite3 is installed, but its native binding is missing or was built for another Node'
    return [problem, 'Run `npm rebuild better-sqlite3`, with install scripts allowed, or use Node 22.13 or later']
  }
  switch (code) {
    case 'ENOENT':
      return [`${file} cannot be opened: its folder does not exist`, `Make it: mkdir -p ${dirname(file)}`]
    case 'ENOTDIR':
      return [`${file} cannot be opened: ${dirname(file)} is not a folder`, 'Name a file in a folder']
    case 'EISDIR':
      return [`${file} is a folder`, 'Name a file in it, such as tokens.db']
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
      return [`${file} may not be written by this process (${code})`, 'Let its user write the file and its folder']
    default:
      return [`${file} cannot be opened (${String(code)})`, 'Check that its folder exists and is writable']
  }
}

function databaseClass(): DatabaseClass {
  const builtIn = process.getBuiltinModule('node:sqlite') as { readonly DatabaseSync: DatabaseClass } | undefined
  if (builtIn !== undefined) return builtIn.DatabaseSync
  try {
    return loadBetterSqlite3()
  } catch (cause) {
    const problem = `Node ${process.versions.node} has no node:sqlite, and better-sqlite3 cannot be loaded`
    throw refusal(problem, 'Run `npm install better-sqlite3@12`, or use Node 22.13 or later', cause)
  }
}

function refusal(problem: string, remedy: string, cause: unknown): ConfigurationError {
  return Object.assign(new ConfigurationError('database', problem, remedy), { cause })
}
