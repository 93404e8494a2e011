import type { PruneLimits } from '../token-store.js'
import { textOf, type SqlNumber, type SqlText } from './authorization-row.js'
import type { PruneDialect } from './prune-statements.js'
import type { SqlStatement, SqlValue } from './sql-connection.js'

/** An authorization that has ended. */
export interface DeadRow {
  readonly authorization_id: SqlText
  /** 1 if it has many tokens. */
  readonly is_fat: SqlNumber
}

/** A statement of a pruning, which its driver sends. */
export interface PruneStep {
  readonly statement: SqlStatement
  readonly values: readonly SqlValue[]
  /** Whether it finds rows. Otherwise it changes some. */
  readonly finds: boolean
}

/** What a statement of a pruning found or changed. */
export interface PruneStepResult {
  readonly rows: readonly DeadRow[]
  readonly changed: number
}

/** What a batch did. */
export interface PruneBatchResult {
  /** How many records it removed. */
  readonly removed: number
  /** Whether it left nothing of its kind to do. */
  readonly isLast: boolean
  /** Whether it did as much as a batch may: a driver without promises serves requests before the next one. */
  readonly isFull: boolean
}

/** The statements of a batch, one after the other. */
export type PruneSteps = Generator<PruneStep, PruneBatchResult, PruneStepResult>

/** A batch of a pruning. */
export interface PruneBatch {
  /** Whether its statements are one transaction. */
  readonly isAtomic: boolean
  /** Begins the batch; again when its transaction was aborted. */
  steps(): PruneSteps
}

/**
 * Removes what can never matter again, in batches, for drivers with promises and without: a generator yields each statement, and the
 * driver sends it. So this is written once, and SQLite's transactions still are never interrupted, which an `await` inside one would do.
 *
 * Every statement follows an index to what has to go: living records cost nothing. `usable_until` is never later than the moment when
 * an authorization runs out of usable tokens. It may be earlier, because rotations do not move it on: so it is computed again before
 * anything is removed by it, while the row is locked. A rotation locks the row, too.
 *
 * Returns how many records were removed.
 */
export function* pruneBatches(
  dialect: PruneDialect,
  now: number,
  { budgetMilliseconds }: PruneLimits = {},
): Generator<PruneBatch, number, PruneBatchResult> {
  const end = budgetMilliseconds === undefined ? Infinity : performance.now() + budgetMilliseconds
  const isUsedUp = (): boolean => performance.now() >= end
  let removed = yield* allOf(dialect.deleteExpiredAccessTokens, now)
  removed += yield* allOf(dialect.deleteExpiredRevokedTokens, now)
  // Nonces and the counters of a throttle are not records: they are not counted.
  yield* allOf(dialect.forgetNonces, now)
  yield* allOf(dialect.deleteExpiredCounters, now * 1000)
  // At least one batch, however long the tokens took: each kind of record has its turn.
  for (;;) {
    const batch = yield { isAtomic: true, steps: () => pruneAuthorizations(dialect, now) }
    removed += batch.removed
    if (batch.isLast || isUsedUp()) break
  }
  // Last: what went with its authorization needs no change.
  if (dialect.forgetOldNonces !== undefined) yield* allOf(dialect.forgetOldNonces, now - 60)
  return removed

  function* allOf(statement: SqlStatement, time: number): Generator<PruneBatch, number, PruneBatchResult> {
    let changed = 0
    for (;;) {
      const batch = yield { isAtomic: false, steps: () => oneStatement(dialect, statement, time) }
      changed += batch.removed
      if (batch.isLast || isUsedUp()) return changed
    }
  }
}

function* oneStatement({ sizes }: PruneDialect, statement: SqlStatement, time: number): PruneSteps {
  const { changed } = yield change(statement, [time])
  const isFull = changed >= sizes.tokens
  return { removed: changed, isLast: !isFull, isFull }
}

function* pruneAuthorizations(dialect: PruneDialect, now: number): PruneSteps {
  const { sizes } = dialect
  const due = yield find(dialect.findDueAuthorizations, [now])
  if (due.rows.length === 0) return { removed: 0, isLast: true, isFull: false }
  const checked = fillPlaces(sizes.authorizations, due.rows)
  yield change(dialect.moveUsableUntil, [now, ...checked])
  const dead = yield find(dialect.findDeadAuthorizations, [...checked, now])
  let removed = 0

  const thin = dead.rows.filter((row) => !isFat(row))
  if (thin.length > 0) {
    const ids = fillPlaces(sizes.authorizations, thin)
    for (const statement of dialect.deleteTokens) removed += (yield change(statement, ids)).changed
    removed += (yield change(dialect.deleteAuthorizations, ids)).changed
  }

  const fat = dead.rows.filter(isFat)
  if (fat.length > 0) {
    const ids = fillPlaces(sizes.authorizations, fat)
    for (const statement of dialect.deleteSomeTokens) {
      const { changed } = yield change(statement, ids)
      removed += changed
      if (changed < sizes.tokens) continue
      // There may be more of them. Other authorizations come first.
      yield change(dialect.putBack, [now, ...ids])
      return { removed, isLast: false, isFull: true }
    }
    removed += (yield change(dialect.deleteAuthorizations, ids)).changed
  }
  return { removed, isLast: false, isFull: due.rows.length >= sizes.authorizations }
}

function find(statement: SqlStatement, values: readonly SqlValue[]): PruneStep {
  return { statement, values, finds: true }
}

function change(statement: SqlStatement, values: readonly SqlValue[]): PruneStep {
  return { statement, values, finds: false }
}

function isFat(row: DeadRow): boolean {
  return Number(row.is_fat) !== 0
}

/** Returns as many ids as the statements have places: the last id fills those that are left. */
function fillPlaces(places: number, rows: readonly DeadRow[]): readonly string[] {
  const ids = rows.map((row) => textOf(row.authorization_id))
  const last = ids.at(-1) ?? ''
  return Array.from({ length: places }, (_, index) => ids[index] ?? last)
}
