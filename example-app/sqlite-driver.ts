import type { ShopDatabase } from './database.js'

type DatabaseClass = new (file: string) => ShopDatabase

const builtIn = process.getBuiltinModule('node:sqlite') as { readonly DatabaseSync: DatabaseClass } | undefined
const Database: DatabaseClass = builtIn?.DatabaseSync ?? (await import('better-sqlite3')).default

/** Opens a database file with `node:sqlite`, or with better-sqlite3 on a Node that has none; latchkey chooses the same way. */
export function openFile(file: string): ShopDatabase {
  return new Database(file)
}
