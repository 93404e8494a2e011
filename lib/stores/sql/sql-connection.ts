/** A value of a statement. Drivers differ in all other types. */
export type SqlValue = string | number | null

/** One of the fixed statements of a store. */
export interface SqlStatement {
  /** Unique among all statements of this package: the server keeps the prepared statement by it. */
  readonly name: string
  /** The text, with a `?` for each value and no other question mark. */
  readonly text: string
}

/** Makes a statement. */
export function statement(name: string, text: string): SqlStatement {
  return { name: `latchkey_${name}`, text }
}

/** Sends statements. Throws `StoreUnavailableError` if the database cannot serve. */
export interface SqlSession {
  /** Returns the rows that a statement finds. */
  rows<Row>(statement: SqlStatement, values: readonly SqlValue[]): Promise<readonly Row[]>
  /** Returns the number of rows that a statement changed. */
  change(statement: SqlStatement, values: readonly SqlValue[]): Promise<number>
}

/** A database with an asynchronous driver. It hides the differences between drivers. */
export interface SqlConnection extends SqlSession {
  /**
   * Does all of the work or nothing, in one transaction. The work is repeated if the database aborts it because of a deadlock, so it must depend
   * only on what it reads.
   */
  atomically<Result>(work: (session: SqlSession) => Promise<Result>): Promise<Result>
}
