import type { PruneLimits } from '../token-store.js'
import { textOf, type SqlText } from './authorization-row.js'
import {
  budget,
  deleteAuthorizations,
  fillPlaces,
  findDeadAuthorizations,
  TOKENS_IN_BATCH,
  type PruneDialect,
} from './prune-statements.js'
import type { SqlConnection, SqlSession } from './sql-connection.js'

interface IdRow {
  readonly authorization_id: SqlText
}

/**
 * Removes what can never matter again, in batches. Every statement follows an index to what has to go: what is alive costs nothing.
 *
 * `usable_until` is never later than the moment when an authorization runs out of tokens that can be used, but it may be earlier,
 * because rotations do not move it on. So it is worked out anew before anything goes by it, while the row is locked: a rotation
 * locks it, too.
 */
export async function pruneTokens(
  connection: SqlConnection,
  dialect: PruneDialect,
  now: number,
  { budgetMilliseconds }: PruneLimits = {},
): Promise<number> {
  const { isUsedUp } = budget(budgetMilliseconds)
  let removed = 0
  for (const expired of [dialect.deleteExpiredAccessTokens, dialect.deleteExpiredRevokedTokens]) {
    let batch: number
    do {
      batch = await connection.change(expired, [now])
      removed += batch
    } while (batch >= TOKENS_IN_BATCH && !isUsedUp())
  }
  // At least one batch, however long the tokens took: each kind of record has its turn.
  let batch: number | undefined
  do {
    batch = await connection.atomically((session) => pruneAuthorizations(session, dialect, now))
    removed += batch ?? 0
  } while (batch !== undefined && !isUsedUp())
  return removed
}

/** Answers how many records went; `undefined` when there was nothing to look at. */
async function pruneAuthorizations(
  session: SqlSession,
  dialect: PruneDialect,
  now: number,
): Promise<number | undefined> {
  const due = await session.rows<IdRow>(dialect.findDueAuthorizations, [now])
  if (due.length === 0) return undefined
  const looked = fillPlaces(idsOf(due))
  await session.change(dialect.moveUsableUntil, looked)
  const dead = await session.rows<IdRow>(findDeadAuthorizations, [...looked, now])
  if (dead.length === 0) return 0
  const ids = fillPlaces(idsOf(dead))
  let removed = 0
  for (const statement of deleteAuthorizations) removed += await session.change(statement, ids)
  return removed
}

function idsOf(rows: readonly IdRow[]): string[] {
  return rows.map((row) => textOf(row.authorization_id))
}
