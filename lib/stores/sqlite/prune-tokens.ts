import {
  budget,
  deleteAuthorizations,
  fillPlaces,
  findDeadAuthorizations,
  pruneDialect,
  TOKENS_IN_BATCH,
} from '../sql/prune-statements.js'
import type { PruneLimits } from '../token-store.js'
import type { SqliteConnection, Statement } from './sqlite-connection.js'

const dialect = pruneDialect({
  deleteExpired: (table, key) =>
    `DELETE FROM ${table} WHERE ${key} IN (SELECT ${key} FROM ${table} WHERE expires_at <= ? LIMIT ${String(TOKENS_IN_BATCH)})`,
  lock: '',
  least: 'min',
  greatest: 'max',
})

interface IdRow {
  readonly authorization_id: string
}

/**
 * Removes what can never matter again, in batches, so that no request waits long for the write lock. The same statements in the same
 * order as `pruneTokens` of the databases with asynchronous drivers, where it is said why.
 */
export class PruneTokens {
  readonly #connection: SqliteConnection
  readonly #expired: readonly Statement<never>[]
  readonly #due: Statement<IdRow>
  readonly #move: Statement<never>
  readonly #dead: Statement<IdRow>
  readonly #delete: readonly Statement<never>[]

  constructor(connection: SqliteConnection) {
    this.#connection = connection
    this.#expired = [dialect.deleteExpiredAccessTokens, dialect.deleteExpiredRevokedTokens].map(({ text }) =>
      connection.prepare(text),
    )
    this.#due = connection.prepare(dialect.findDueAuthorizations.text)
    this.#move = connection.prepare(dialect.moveUsableUntil.text)
    this.#dead = connection.prepare(findDeadAuthorizations.text)
    this.#delete = deleteAuthorizations.map(({ text }) => connection.prepare(text))
  }

  prune(now: number, { budgetMilliseconds }: PruneLimits = {}): number {
    const { isUsedUp } = budget(budgetMilliseconds)
    let removed = 0
    for (const expired of this.#expired) {
      let batch: number
      do {
        batch = expired.run(now)
        removed += batch
      } while (batch >= TOKENS_IN_BATCH && !isUsedUp())
    }
    let batch: number | undefined
    do {
      batch = this.#connection.atomically(() => this.#pruneAuthorizations(now))
      removed += batch ?? 0
    } while (batch !== undefined && !isUsedUp())
    return removed
  }

  #pruneAuthorizations(now: number): number | undefined {
    const due = this.#due.all(now)
    if (due.length === 0) return undefined
    const looked = fillPlaces(due.map(({ authorization_id }) => authorization_id))
    this.#move.run(...looked)
    const dead = this.#dead.all(...looked, now)
    if (dead.length === 0) return 0
    const ids = fillPlaces(dead.map(({ authorization_id }) => authorization_id))
    return this.#delete.reduce((removed, statement) => removed + statement.run(...ids), 0)
  }
}
