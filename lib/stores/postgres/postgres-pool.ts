/** A statement as `pg` takes it. */
export interface PostgresQuery {
  readonly text: string
  readonly values?: unknown[]
  /** The server keeps a statement with a name prepared, once for each connection. */
  readonly name?: string
}

/** What a statement answers. */
export interface PostgresResult {
  readonly rows: unknown[]
  readonly rowCount: number | null
}

/** A connection that was taken from a pool. */
export interface PostgresClient {
  query(query: PostgresQuery): Promise<PostgresResult>
  /** Gives it back; with an error or `true` it is closed. */
  release(error?: Error | boolean): void
  on?(event: 'error', listener: (error: Error) => void): unknown
}

/** A `Pool` of `pg`, as far as the stores use it. */
export interface PostgresPool {
  connect(): Promise<PostgresClient>
  on?: {
    (event: 'error', listener: (error: Error) => void): unknown
    (event: 'acquire', listener: (client: PostgresClient) => void): unknown
  }
}
