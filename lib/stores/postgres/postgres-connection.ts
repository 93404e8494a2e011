import { StoreUnavailableError } from '../../errors/store-unavailable-error.js'
import { isAborted, retryAborted } from '../../time/retry-aborted.js'
import type { SqlConnection, SqlSession, SqlStatement, SqlValue } from '../sql/sql-connection.js'
import { withinDeadline, type Deadline } from '../within-deadline.js'
import type { PostgresClient, PostgresPool, PostgresQuery, PostgresResult } from './postgres-pool.js'
import { isStaleStatement, storeError } from './store-error.js'

/** How a {@link PostgresConnection} works. */
export interface PostgresConnectionOptions {
  readonly timeoutMilliseconds: number
  /** Whether the server keeps the statements prepared. */
  readonly preparedStatements: boolean
}

/** A pool of `pg`: one way to send a statement, one way to be atomic, one kind of error. */
export class PostgresConnection implements SqlConnection {
  readonly #pool: PostgresPool
  readonly #timeoutMilliseconds: number
  readonly #preparedStatements: boolean
  /** The texts with `$1`, `$2`, … as PostgreSQL has them. */
  readonly #texts = new Map<SqlStatement, string>()

  constructor(pool: PostgresPool, { timeoutMilliseconds, preparedStatements }: PostgresConnectionOptions) {
    this.#pool = pool
    this.#timeoutMilliseconds = timeoutMilliseconds
    this.#preparedStatements = preparedStatements
  }

  async rows<Row>(statement: SqlStatement, values: readonly SqlValue[]): Promise<readonly Row[]> {
    return (await this.#send(statement, values)).rows as Row[]
  }

  async change(statement: SqlStatement, values: readonly SqlValue[]): Promise<number> {
    return (await this.#send(statement, values)).rowCount ?? 0
  }

  atomically<Result>(work: (session: SqlSession) => Promise<Result>): Promise<Result> {
    return this.#withClient(async (client, deadline) => {
      const send = (query: PostgresQuery): Promise<PostgresResult> => {
        // The caller has given up, so roll back.
        if (deadline.hasPassed) throw new StoreUnavailableError('PostgreSQL was too slow')
        return client.query(query)
      }
      try {
        // Each statement sees what others have committed, whatever the default of the database: see rotate.
        await send({ text: 'BEGIN ISOLATION LEVEL READ COMMITTED' })
        const result = await work({
          rows: async <Row>(statement: SqlStatement, values: readonly SqlValue[]) =>
            (await send(this.#query(statement, values))).rows as Row[],
          change: async (statement, values) => (await send(this.#query(statement, values))).rowCount ?? 0,
        })
        await send({ text: 'COMMIT' })
        return result
      } catch (error) {
        // If the connection is lost, the server rolls back itself. The original error says more than this one.
        await client.query({ text: 'ROLLBACK' }).catch(() => undefined)
        throw error
      }
    })
  }

  #send(statement: SqlStatement, values: readonly SqlValue[]): Promise<PostgresResult> {
    return this.#withClient((client, _deadline, attempt) => client.query(this.#query(statement, values, attempt)))
  }

  /**
   * Takes a connection for some work. Work that gets none in time is not done: a rotation that succeeded long after its client was told to try
   * again would turn the second try into a replay.
   */
  async #withClient<Result>(
    work: (client: PostgresClient, deadline: Deadline, attempt: number) => Promise<Result>,
  ): Promise<Result> {
    try {
      return await retryAborted(isWorthRepeating, (attempt) =>
        withinDeadline(this.#timeoutMilliseconds, 'PostgreSQL', async (deadline) => {
          const client = await this.#pool.connect()
          if (deadline.hasPassed) {
            client.release()
            throw new StoreUnavailableError('PostgreSQL had no connection in time')
          }
          let isReleased = false
          const release = (isBroken: boolean): void => {
            if (!isReleased) client.release(isBroken)
            isReleased = true
          }
          // Remove a connection that does not respond from the pool.
          deadline.whenPassed(() => release(true))
          try {
            const result = await work(client, deadline, attempt)
            release(false)
            return result
          } catch (error) {
            release(isBroken(error))
            throw error
          }
        }),
      )
    } catch (error) {
      throw storeError(error)
    }
  }

  /** What is sent again has no name: see isStaleStatement. */
  #query(statement: SqlStatement, values: readonly SqlValue[], attempt = 1): PostgresQuery {
    const text = this.#textOf(statement)
    const isNamed = this.#preparedStatements && attempt === 1
    return isNamed ? { name: statement.name, text, values: values as unknown[] } : { text, values: values as unknown[] }
  }

  #textOf(statement: SqlStatement): string {
    let text = this.#texts.get(statement)
    if (text === undefined) {
      let place = 0
      text = statement.text.replaceAll('?', () => `$${String(++place)}`)
      this.#texts.set(statement, text)
    }
    return text
  }
}

/**
 * Returns whether the connection may be unusable after this error. A regular error of the server has a severity, in the server's language; after
 * some errors the server closes the connection.
 */
function isBroken(error: unknown): boolean {
  const { severity, code } = Object(error) as { readonly severity?: unknown; readonly code?: unknown }
  return severity === undefined || /^(?:57P|08|25P0[34])/.test(String(code)) || isStaleStatement(error)
}

function isWorthRepeating(error: unknown): boolean {
  return isAborted(error) || isStaleStatement(error)
}
