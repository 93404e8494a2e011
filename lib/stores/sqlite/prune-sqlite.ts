import type { MaybePromise } from '../../time/maybe-promise.js'
import { pruneBatches, type DeadRow, type PruneBatch, type PruneBatchResult } from '../sql/prune-batches.js'
import { pruneDialect } from '../sql/prune-statements.js'
import type { PruneLimits } from '../token-store.js'
import type { SqliteConnection } from './sqlite-connection.js'

/** The sizes are small: the process does nothing else during a batch, which takes a few milliseconds. */
const dialect = pruneDialect({
  sizes: { authorizations: 25, tokens: 100, thin: 4 },
  limited: ({ head, table, key, where, limit }) =>
    `${head} WHERE ${key} IN (SELECT ${key} FROM ${table} WHERE ${where} LIMIT ${String(limit)})`,
  hasOldNonces: true,
  lock: '',
  newestFirst: 'token.generation DESC',
  least: 'min',
  greatest: 'max',
  milliseconds: `CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER)`,
})

/** Prunes SQLite. Returns a number if there is little to do. Otherwise a promise: requests are served between two batches. */
export function pruneSqlite(connection: SqliteConnection, now: number, limits?: PruneLimits): MaybePromise<number> {
  const batches = pruneBatches(dialect, now, limits)
  let batch = batches.next()
  while (batch.done !== true) {
    const result = run(connection, batch.value)
    if (result.isFull) return finish(connection, batches, result)
    batch = batches.next(result)
  }
  return batch.value
}

async function finish(
  connection: SqliteConnection,
  batches: ReturnType<typeof pruneBatches>,
  result: PruneBatchResult,
): Promise<number> {
  if (result.isFull) await new Promise((resolve) => setImmediate(resolve))
  const batch = batches.next(result)
  return batch.done === true ? batch.value : finish(connection, batches, run(connection, batch.value))
}

function run(connection: SqliteConnection, batch: PruneBatch): PruneBatchResult {
  return batch.isAtomic ? connection.atomically(() => runSteps(connection, batch)) : runSteps(connection, batch)
}

function runSteps(connection: SqliteConnection, batch: PruneBatch): PruneBatchResult {
  const steps = batch.steps()
  let step = steps.next()
  while (step.done !== true) {
    const { statement, values, finds } = step.value
    step = steps.next({
      rows: finds ? connection.rows<DeadRow>(statement, ...values) : [],
      changed: finds ? 0 : connection.change(statement, ...values),
    })
  }
  return step.value
}
