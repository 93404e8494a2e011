import { closeSync, mkdirSync, openSync } from 'node:fs'
import { dirname } from 'node:path'
import type { SqliteDatabase } from 'latchkey/stores/sqlite'

/** An open database file. */
export interface OpenFile extends SqliteDatabase {
  close(): unknown
}

type DatabaseClass = new (file: string) => OpenFile

const builtIn = process.getBuiltinModule('node:sqlite') as { readonly DatabaseSync: DatabaseClass } | undefined
const Database: DatabaseClass = builtIn?.DatabaseSync ?? (await import('better-sqlite3')).default

/**
 * Opens a database file with `node:sqlite`, or with better-sqlite3 on a Node that has none; latchkey chooses the same way. A new
 * file is for its owner only.
 */
export function openFile(file: string): OpenFile {
  mkdirSync(dirname(file), { recursive: true })
  closeSync(openSync(file, 'a', 0o600))
  return new Database(file)
}
