import type { SqliteDatabase, SqliteValue } from './sqlite-database.js'
import { storeError } from './store-error.js'

/** A prepared statement whose rows have a known shape and whose errors are ours. */
export interface Statement<Row> {
  /** Answers how many rows it changed. */
  run(...values: SqliteValue[]): number
  get(...values: SqliteValue[]): Row | undefined
  all(...values: SqliteValue[]): readonly Row[]
}

/** Where the differences between the drivers end: one way to prepare, one way to be atomic, one kind of error. */
export class SqliteConnection {
  readonly #database: SqliteDatabase

  constructor(database: SqliteDatabase) {
    this.#database = database
  }

  /** Runs statements that answer nothing. */
  execute(sql: string): void {
    unified(() => this.#database.exec(sql))
  }

  /** Prepares a statement for a row of the columns that it selects. */
  prepare<Row = never>(sql: string): Statement<Row> {
    const statement = unified(() => this.#database.prepare(sql))
    return {
      run: (...values) => unified(() => Number(statement.run(...values).changes)),
      get: (...values) => unified(() => statement.get(...values)) as Row | undefined,
      all: (...values) => unified(() => statement.all(...values)) as Row[],
    }
  }

  /**
   * Does all of the work or nothing. The write lock is taken first: a transaction that begins with reading could not wait for
   * its turn to write, it would fail.
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

  #rollBack(): void {
    try {
      this.#database.exec('ROLLBACK')
    } catch {
      // After some errors SQLite has rolled back by itself; the error that led here says more than this one.
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
