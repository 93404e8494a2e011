import type { SqlStatement } from '../sql/sql-connection.js'
import type { SqliteDatabase, SqliteStatement, SqliteValue } from './sqlite-database.js'
import { storeError } from './store-error.js'

/* eslint-disable @typescript-eslint/no-unnecessary-type-parameters -- the caller knows the columns of its statement */

/** Where the differences between the drivers end: one way to send a statement, one way to be atomic, one kind of error. */
export class SqliteConnection {
  readonly #database: SqliteDatabase
  readonly #prepared = new Map<SqlStatement, SqliteStatement>()

  constructor(database: SqliteDatabase) {
    this.#database = database
  }

  /** Runs statements that return nothing. */
  execute(sql: string): void {
    unified(() => this.#database.exec(sql))
  }

  /** Prepares a statement before it is used, so that it fails now if it cannot work. */
  prepare(statement: SqlStatement): void {
    unified(() => this.#prepare(statement))
  }

  /** Returns how many rows the statement changed. */
  change(statement: SqlStatement, ...values: readonly SqliteValue[]): number {
    return unified(() => Number(this.#prepare(statement).run(...values).changes))
  }

  /** Returns the first row that the statement finds. */
  row<Row>(statement: SqlStatement, ...values: readonly SqliteValue[]): Row | undefined {
    return unified(() => this.#prepare(statement).get(...values)) as Row | undefined
  }

  /** Returns all rows that the statement finds. */
  rows<Row>(statement: SqlStatement, ...values: readonly SqliteValue[]): readonly Row[] {
    return unified(() => this.#prepare(statement).all(...values)) as Row[]
  }

  /**
   * Does all of the work or nothing. Takes the write lock first: a transaction that begins with reading could not wait for its turn to
   * write, it would fail.
   */
  atomically<Result>(work: () => Result): Result {
    this.execute('BEGIN IMMEDIATE')
    try {
      const result = work()
      this.execute('COMMIT')
      return result
    } catch (error) {
      this.#rollBack()
      throw error
    }
  }

  #prepare(statement: SqlStatement): SqliteStatement {
    let prepared = this.#prepared.get(statement)
    if (prepared === undefined) this.#prepared.set(statement, (prepared = this.#database.prepare(statement.text)))
    return prepared
  }

  #rollBack(): void {
    try {
      this.#database.exec('ROLLBACK')
    } catch {
      // After some errors SQLite has rolled back by itself. The error that led here says more than this one.
    }
  }
}

function unified<Result>(call: () => Result): Result {
  try {
    return call()
  } catch (error) {
    throw storeError(error)
  }
}
