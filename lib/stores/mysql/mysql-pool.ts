/** A statement as `mysql2` takes it. */
export interface MysqlQuery {
  readonly sql: string
  readonly values?: unknown
  readonly rowsAsArray?: boolean
  readonly namedPlaceholders?: boolean
  readonly nestTables?: unknown
  readonly typeCast?: unknown
}

/** A connection that was taken from a pool. */
export interface MysqlClient {
  query(query: MysqlQuery): Promise<[unknown, unknown]>
  execute(query: MysqlQuery): Promise<[unknown, unknown]>
  /** Gives it back. */
  release(): void
  /** Closes it. */
  destroy(): void
}

/** A pool of `mysql2/promise`, as far as the stores use it. */
export interface MysqlPool {
  getConnection(): Promise<MysqlClient>
}
