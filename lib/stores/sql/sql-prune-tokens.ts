import type { PruneLimits } from '../token-store.js'
import { textOf, type SqlNumber, type SqlText } from './authorization-row.js'
import { budget, fillPlaces, type PruneDialect } from './prune-statements.js'
import type { SqlConnection, SqlSession, SqlStatement } from './sql-connection.js'

/** An authorization that has ended. */
export interface DeadRow {
  readonly authorization_id: SqlText
  /** 1 when it has many tokens. */
  readonly is_fat: SqlNumber
}

/**
 * Removes what can never matter again, in batches. Every statement follows an index to what has to go: what is alive costs nothing.
 *
 * `usable_until` is never later than the moment when an authorization runs out of tokens that can be used, but it may be earlier,
 * because rotations do not move it on. So it is worked out again before anything goes by it, while the row is locked: a rotation
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
  const deletions = [dialect.deleteExpiredAccessTokens, dialect.deleteExpiredRevokedTokens]
  for (const deletion of deletions) removed += await inBatches(deletion, now)
  // A nonce is no record, and a counter is none of a token: nothing is counted.
  await inBatches(dialect.forgetNonces, now)
  await inBatches(dialect.deleteExpiredCounters, now * 1000)
  // At least one batch, however long the tokens took: each kind of record has its turn.
  let batch: number | undefined
  do {
    batch = await connection.atomically((session) => pruneAuthorizations(session, dialect, now))
    removed += batch ?? 0
  } while (batch !== undefined && !isUsedUp())
  // Last: what went with its sign-in needs no change.
  if (dialect.forgetOldNonces !== undefined) await inBatches(dialect.forgetOldNonces, now - 60)
  return removed

  async function inBatches(statement: SqlStatement, time: number): Promise<number> {
    let changed = 0
    for (;;) {
      const inBatch = await connection.change(statement, [time])
      changed += inBatch
      if (inBatch < dialect.sizes.tokens || isUsedUp()) return changed
    }
  }
}

/** Returns how many records went; `undefined` when there was nothing to look at. */
async function pruneAuthorizations(
  session: SqlSession,
  dialect: PruneDialect,
  now: number,
): Promise<number | undefined> {
  const due = await session.rows<Pick<DeadRow, 'authorization_id'>>(dialect.findDueAuthorizations, [now])
  if (due.length === 0) return undefined
  const looked = fillPlaces(dialect.sizes, idsOf(due))
  await session.change(dialect.moveUsableUntil, [now, ...looked])
  const dead = await session.rows<DeadRow>(dialect.findDeadAuthorizations, [...looked, now])
  const isFat = (row: DeadRow): boolean => Number(row.is_fat) !== 0
  let removed = 0

  const thin = idsOf(dead.filter((row) => !isFat(row)))
  if (thin.length > 0) {
    const ids = fillPlaces(dialect.sizes, thin)
    for (const statement of dialect.deleteTokens) removed += await session.change(statement, ids)
    removed += await session.change(dialect.deleteAuthorizations, ids)
  }

  const fat = idsOf(dead.filter(isFat))
  if (fat.length > 0) {
    const ids = fillPlaces(dialect.sizes, fat)
    for (const statement of dialect.deleteSomeTokens) {
      const batch = await session.change(statement, ids)
      removed += batch
      if (batch < dialect.sizes.tokens) continue
      // There may be more of them. Others are looked at first.
      await session.change(dialect.putBack, [now, ...ids])
      return removed
    }
    removed += await session.change(dialect.deleteAuthorizations, ids)
  }
  return removed
}

/** The ids of rows. */
export function idsOf(rows: readonly Pick<DeadRow, 'authorization_id'>[]): string[] {
  return rows.map((row) => textOf(row.authorization_id))
}
