/** A value that is bound to a statement; nothing else is, because drivers differ in the rest. */
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

/** Sends statements; throws `StoreUnavailableError` when the database cannot serve. */
export interface SqlSession {
  /** Answers the rows that a statement finds. */
  rows<Row>(statement: SqlStatement, values: readonly SqlValue[]): Promise<readonly Row[]>
  /** Answers how many rows a statement changed. */
  change(statement: SqlStatement, values: readonly SqlValue[]): Promise<number>
}

/** A database with an asynchronous driver: where the differences between drivers end. */
export interface SqlConnection extends SqlSession {
  /**
   * Does all of the work or nothing, in one transaction. The work may be done again when the database chose it as the victim of a
   * deadlock: it must depend on nothing but what it reads.
   */
  atomically<Result>(work: (session: SqlSession) => Promise<Result>): Promise<Result>
}
