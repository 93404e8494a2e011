/** A value that is bound to a statement; nothing else is, because drivers differ in the rest. */
export type SqliteValue = string | number | null

/** A prepared statement, as both drivers have it. */
export interface SqliteStatement {
  run(...values: SqliteValue[]): { readonly changes: number | bigint }
  get(...values: SqliteValue[]): unknown
  all(...values: SqliteValue[]): unknown[]
}

/**
 * An open SQLite database with a synchronous driver: `DatabaseSync` of `node:sqlite` and `Database` of better-sqlite3 fit.
 *
 * Give the stores a connection of their own: on a shared one a transaction that the application left open would take our
 * writes with it when it is rolled back.
 */
export interface SqliteDatabase {
  exec(sql: string): unknown
  prepare(sql: string): SqliteStatement
  close?(): unknown
}
