import { budget, fillPlaces, pruneDialect } from '../sql/prune-statements.js'
import type { PruneLimits } from '../token-store.js'
import type { MaybePromise } from '../../time/maybe-promise.js'
import type { SqliteConnection, Statement } from './sqlite-connection.js'

/** Every step stops the process: it takes a few milliseconds. */
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

interface DeadRow {
  readonly authorization_id: string
  readonly is_fat: number
}

/**
 * Removes what can never matter again, in steps, so that no request waits long: the statements and their order are those of
 * `pruneTokens` of the databases with asynchronous drivers, where the reasons are.
 */
export class PruneTokens {
  readonly #connection: SqliteConnection
  readonly #deleteExpired: readonly Statement<never>[]
  readonly #forgetNonces: Statement<never>
  readonly #deleteExpiredCounters: Statement<never>
  readonly #forgetOldNonces: Statement<never> | undefined
  readonly #due: Statement<DeadRow>
  readonly #move: Statement<never>
  readonly #dead: Statement<DeadRow>
  readonly #deleteTokens: readonly Statement<never>[]
  readonly #deleteSomeTokens: readonly Statement<never>[]
  readonly #deleteAuthorizations: Statement<never>
  readonly #putBack: Statement<never>

  constructor(connection: SqliteConnection) {
    this.#connection = connection
    this.#deleteExpired = [dialect.deleteExpiredAccessTokens, dialect.deleteExpiredRevokedTokens].map(({ text }) =>
      connection.prepare(text),
    )
    this.#forgetNonces = connection.prepare(dialect.forgetNonces.text)
    this.#deleteExpiredCounters = connection.prepare(dialect.deleteExpiredCounters.text)
    const { forgetOldNonces } = dialect
    this.#forgetOldNonces = forgetOldNonces && connection.prepare(forgetOldNonces.text)
    this.#due = connection.prepare(dialect.findDueAuthorizations.text)
    this.#move = connection.prepare(dialect.moveUsableUntil.text)
    this.#dead = connection.prepare(dialect.findDeadAuthorizations.text)
    this.#deleteTokens = dialect.deleteTokens.map(({ text }) => connection.prepare(text))
    this.#deleteSomeTokens = dialect.deleteSomeTokens.map(({ text }) => connection.prepare(text))
    this.#deleteAuthorizations = connection.prepare(dialect.deleteAuthorizations.text)
    this.#putBack = connection.prepare(dialect.putBack.text)
  }

  /** Returns a number when there is little to do; otherwise a promise, and others are served between two steps. */
  prune(now: number, { budgetMilliseconds }: PruneLimits = {}): MaybePromise<number> {
    const { isUsedUp } = budget(budgetMilliseconds)
    const steps = this.#steps(now, isUsedUp)
    const first = steps.next()
    return first.done === true ? first.value : finish(steps)
  }

  /** Stops after each step that leaves something to do, and returns how many records went. */
  *#steps(now: number, isUsedUp: () => boolean): Generator<void, number> {
    let removed = 0
    for (const statement of this.#deleteExpired) removed += yield* this.#inBatches(statement, now, isUsedUp)
    // A nonce is no record, and a counter is none of a token: nothing is counted.
    yield* this.#inBatches(this.#forgetNonces, now, isUsedUp)
    yield* this.#inBatches(this.#deleteExpiredCounters, now * 1000, isUsedUp)
    for (;;) {
      const batch = this.#connection.atomically(() => this.#pruneAuthorizations(now))
      if (batch === undefined) break
      removed += batch.removed
      if (isUsedUp()) break
      if (batch.hasMore) yield
    }
    // Last: what went with its sign-in needs no change.
    if (this.#forgetOldNonces !== undefined) yield* this.#inBatches(this.#forgetOldNonces, now - 60, isUsedUp)
    return removed
  }

  *#inBatches(statement: Statement<never>, time: number, isUsedUp: () => boolean): Generator<void, number> {
    let changed = 0
    for (;;) {
      const inBatch = statement.run(time)
      changed += inBatch
      if (inBatch < dialect.sizes.tokens) return changed
      yield
      if (isUsedUp()) return changed
    }
  }

  #pruneAuthorizations(now: number): { readonly removed: number; readonly hasMore: boolean } | undefined {
    const due = this.#due.all(now)
    if (due.length === 0) return undefined
    const looked = fillPlaces(dialect.sizes, idsOf(due))
    this.#move.run(now, ...looked)
    const dead = this.#dead.all(...looked, now)
    let removed = 0
    let hasMore = due.length >= dialect.sizes.authorizations

    const thin = idsOf(dead.filter((row) => row.is_fat === 0))
    if (thin.length > 0) {
      const ids = fillPlaces(dialect.sizes, thin)
      for (const statement of this.#deleteTokens) removed += statement.run(...ids)
      removed += this.#deleteAuthorizations.run(...ids)
    }

    const fat = idsOf(dead.filter((row) => row.is_fat !== 0))
    if (fat.length > 0) {
      const ids = fillPlaces(dialect.sizes, fat)
      const batch = this.#deleteSome(ids)
      hasMore ||= batch.hasMore
      removed += batch.removed
      if (batch.hasMore) this.#putBack.run(now, ...ids)
      else removed += this.#deleteAuthorizations.run(...ids)
    }
    return { removed, hasMore }
  }

  #deleteSome(ids: readonly string[]): { readonly removed: number; readonly hasMore: boolean } {
    let removed = 0
    for (const statement of this.#deleteSomeTokens) {
      const batch = statement.run(...ids)
      removed += batch
      if (batch >= dialect.sizes.tokens) return { removed, hasMore: true }
    }
    return { removed, hasMore: false }
  }
}

async function finish(steps: Generator<void, number>): Promise<number> {
  for (;;) {
    await new Promise((resolve) => setImmediate(resolve))
    const step = steps.next()
    if (step.done === true) return step.value
  }
}

function idsOf(rows: readonly DeadRow[]): string[] {
  return rows.map(({ authorization_id }) => authorization_id)
}
