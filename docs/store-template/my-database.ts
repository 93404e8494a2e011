// What the stores have in common: a pool with time-outs, a transaction, and the one kind of error that latchkey knows.
import { StoreUnavailableError } from 'latchkey'
import pg from 'pg'

/** Makes a pool in which nothing waits for ever. Milliseconds. */
export function createPool(connectionString: string): pg.Pool {
  const pool = new pg.Pool({
    connectionString,
    // For a free connection. Whoever waited in vain has left the queue: the work is not done later on.
    connectionTimeoutMillis: 5000,
    // For a statement. The server ends it, so that it is not done after we gave up.
    statement_timeout: 5000,
    // For the answer. The server may be gone, and cannot end anything then.
    query_timeout: 6000,
  })
  // A connection that is lost tells it here: an idle one at the pool, one that was taken from it at itself. Without listeners it
  // would end the process.
  const report = (error: Error): void => console.error('PostgreSQL:', error.message)
  pool.on('error', report)
  pool.on('connect', (client) => client.on('error', report))
  return pool
}

/** Sends one statement, which is atomic by itself. */
export async function query<Row extends pg.QueryResultRow>(
  pool: pg.Pool,
  sql: string,
  values: readonly (string | number | null)[] = [],
): Promise<pg.QueryResult<Row>> {
  try {
    return await pool.query<Row>(sql, [...values])
  } catch (error) {
    throw storeError(error)
  }
}

/** Does all of the work or nothing. It may be done again when the database ended it for the sake of another transaction. */
export async function inTransaction<Result>(
  pool: pg.Pool,
  work: (client: pg.PoolClient) => Promise<Result>,
): Promise<Result> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await tryTransaction(pool, work)
    } catch (error) {
      if (attempt === 3 || !isAborted(error)) throw storeError(error)
    }
  }
}

async function tryTransaction<Result>(
  pool: pg.Pool,
  work: (client: pg.PoolClient) => Promise<Result>,
): Promise<Result> {
  const client = await pool.connect()
  try {
    // Each statement sees what others have committed before it, also where the default of the database is another one.
    await client.query('BEGIN ISOLATION LEVEL READ COMMITTED')
    const result = await work(client)
    await client.query('COMMIT')
    client.release()
    return result
  } catch (error) {
    // After an answer of the server the connection is good. After anything else it is closed, which rolls back, too.
    const rollBack = async (): Promise<boolean> => {
      await client.query('ROLLBACK')
      return true
    }
    const isGood = error instanceof pg.DatabaseError && (await rollBack().catch(() => false))
    client.release(!isGood)
    throw error
  }
}

/** Deadlock and serialization failure. */
function isAborted(error: unknown): boolean {
  return error instanceof pg.DatabaseError && (error.code === '40P01' || error.code === '40001')
}

/**
 * Rule: an error that may pass is a `StoreUnavailableError`, and the client is answered 503: try again. Any other error is a
 * defect, and is answered 500.
 */
function storeError(error: unknown): unknown {
  return mayPass(error) ? new StoreUnavailableError('PostgreSQL cannot serve', { cause: error }) : error
}

function mayPass(error: unknown): boolean {
  if (error instanceof pg.DatabaseError) {
    // SQLSTATE: connection, rollback, resources, shutdown and time-out, system, read-only server, lock.
    return /^(?:08|40|53|57|58|25006|55P03)/.test(error.code ?? '')
  }
  // Node's errors of the network have a code; those of `pg` itself have none.
  return error instanceof Error && ('code' in error || /timeout|terminated|connection|pool/i.test(error.message))
}
