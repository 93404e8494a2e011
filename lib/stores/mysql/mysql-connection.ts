import { StoreUnavailableError } from '../../errors/store-unavailable-error.js'
import { retryAborted } from '../../time/retry-aborted.js'
import type { SqlNumber } from '../sql/authorization-row.js'
import type { SqlConnection, SqlSession, SqlStatement, SqlValue } from '../sql/sql-connection.js'
import { withinDeadline, type Deadline } from '../within-deadline.js'
import type { MysqlClient, MysqlPool } from './mysql-pool.js'
import { isAborted, storeError } from './store-error.js'

/** What a statement has changed. */
export interface MysqlChange {
  readonly affectedRows: number
  /** The number that the statement gave to `last_insert_id`. */
  readonly insertId: number
}

/** A connection while it does some work. */
export interface MysqlSession extends SqlSession {
  changeAndTell(statement: SqlStatement, values: readonly SqlValue[]): Promise<MysqlChange>
}

/** A pool of `mysql2`: one way to send a statement, one way to be atomic, one kind of error. */
export class MysqlConnection implements SqlConnection {
  readonly #pool: MysqlPool
  readonly #timeoutMilliseconds: number

  constructor(pool: MysqlPool, timeoutMilliseconds: number) {
    this.#pool = pool
    this.#timeoutMilliseconds = timeoutMilliseconds
  }

  rows<Row>(statement: SqlStatement, values: readonly SqlValue[]): Promise<readonly Row[]> {
    return this.onOneConnection((session) => session.rows<Row>(statement, values))
  }

  change(statement: SqlStatement, values: readonly SqlValue[]): Promise<number> {
    return this.onOneConnection((session) => session.change(statement, values))
  }

  atomically<Result>(work: (session: MysqlSession) => Promise<Result>): Promise<Result> {
    return this.#withClient(async (client, deadline) => {
      try {
        await client.query({ sql: 'START TRANSACTION' })
        const result = await work(sessionOn(client, deadline))
        requireTime(deadline)
        await client.query({ sql: 'COMMIT' })
        return result
      } catch (error) {
        // If the connection is lost, the server rolls back itself. The original error says more than this one.
        if (!deadline.hasPassed) await client.query({ sql: 'ROLLBACK' }).catch(() => undefined)
        throw error
      }
    })
  }

  /** Does work outside of a transaction, with a lock that belongs to the connection, say. */
  onOneConnection<Result>(work: (session: MysqlSession) => Promise<Result>): Promise<Result> {
    return this.#withClient((client, deadline) => work(sessionOn(client, deadline)))
  }

  /**
   * Takes a connection for some work. Work that gets none in time is not done: a rotation that succeeded long after its client was told to try
   * again would turn the second try into a replay.
   */
  async #withClient<Result>(work: (client: MysqlClient, deadline: Deadline) => Promise<Result>): Promise<Result> {
    try {
      return await retryAborted(isAborted, () =>
        withinDeadline(this.#timeoutMilliseconds, 'MySQL', async (deadline) => {
          const client = await this.#pool.getConnection()
          if (deadline.hasPassed) {
            client.release()
            requireTime(deadline)
          }
          // Remove a connection that does not respond from the pool. Closing it ends its transaction.
          deadline.whenPassed(() => client.destroy())
          try {
            return await work(client, deadline)
          } finally {
            deadline.whenPassed(undefined)
            if (!deadline.hasPassed) client.release()
          }
        }),
      )
    } catch (error) {
      throw storeError(error)
    }
  }
}

function sessionOn(client: MysqlClient, deadline: Deadline): MysqlSession {
  async function send({ text }: SqlStatement, values: readonly SqlValue[]): Promise<unknown> {
    requireTime(deadline)
    // The rows as they are, whatever the application has its pool do with them.
    const plain = { rowsAsArray: false, namedPlaceholders: false, nestTables: false, typeCast: true }
    const [result] = await client.execute({ sql: text, values, ...plain })
    return result
  }
  return {
    rows: async <Row>(statement: SqlStatement, values: readonly SqlValue[]) => (await send(statement, values)) as Row[],
    change: async (statement, values) => ((await send(statement, values)) as MysqlChange).affectedRows,
    changeAndTell: async (statement, values) => {
      const { affectedRows, insertId } = (await send(statement, values)) as Omit<MysqlChange, 'insertId'> & {
        readonly insertId: SqlNumber
      }
      return { affectedRows, insertId: Number(insertId) }
    },
  }
}

/** The caller has given up, so the work is rolled back. */
function requireTime(deadline: Deadline): void {
  if (deadline.hasPassed) throw new StoreUnavailableError('MySQL was too slow')
}
