import type { LimiterState, RateLimiter } from '../../throttle/rate-limiter.js'
import type { SqlNumber } from './authorization-row.js'
import { statement, type SqlConnection, type SqlStatement } from './sql-connection.js'

/** What of the counters differs between databases. All go by the clock of the database, in milliseconds. */
export interface CounterDialect {
  /** The time in milliseconds since the epoch, as SQL. */
  readonly now: string
  /** Adds points to a counter, which begins again where it has expired, and returns it; in one atomic step. */
  readonly add: (name: string, points: number, milliseconds: number) => Promise<LimiterState>
  /** Values: the name, the points, for how many milliseconds. */
  readonly replace: SqlStatement
}

/** A row of `latchkey_throttle`. */
export interface CounterRow {
  readonly points: SqlNumber
  /** Milliseconds until it expires. */
  readonly remaining: SqlNumber
}

/** Counters in a database with an asynchronous driver. */
export function sqlRateLimiter(connection: SqlConnection, { now, add, replace }: CounterDialect): RateLimiter {
  const find = statement(
    'find_counter',
    `SELECT points, expires_at - ${now} AS remaining FROM latchkey_throttle WHERE name = ? AND expires_at > ${now}`,
  )
  return {
    penalty: (name, points, { customDuration }) => add(name, points, customDuration * 1000),
    reward: (name, points, { customDuration }) => add(name, -points, customDuration * 1000),
    async get(name) {
      const [row] = await connection.rows<CounterRow>(find, [name])
      return row === undefined ? null : stateOf(row)
    },
    set: (name, points, seconds) => connection.change(replace, [name, points, seconds * 1000]),
    delete: (name) => connection.change(deleteCounter, [name]),
  }
}

const deleteCounter = statement('delete_counter', 'DELETE FROM latchkey_throttle WHERE name = ?')

/** Returns what a row says. */
export function stateOf({ points, remaining }: CounterRow): LimiterState {
  return { consumedPoints: Number(points), msBeforeNext: Math.max(0, Number(remaining)) }
}
