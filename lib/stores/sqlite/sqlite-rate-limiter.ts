import type { LimiterState, RateLimiter } from '../../throttle/rate-limiter.js'
import { statement } from '../sql/sql-connection.js'
import type { SqliteConnection } from './sqlite-connection.js'

interface CounterRow {
  readonly points: number
  readonly expires_at: number
}

const upsert = `INSERT INTO latchkey_throttle AS counter (name, points, expires_at) VALUES (?, ?, ?)
  ON CONFLICT (name) DO UPDATE SET`

/** One statement is one transaction, and takes the write lock at once: no other process counts in between. */
const addPoints = statement(
  'add_to_counter',
  `${upsert}
    points = CASE WHEN counter.expires_at <= ? THEN excluded.points ELSE counter.points + excluded.points END,
    expires_at = CASE WHEN counter.expires_at <= ? THEN excluded.expires_at ELSE counter.expires_at END
  RETURNING points, expires_at`,
)
const findCounter = statement(
  'find_counter',
  'SELECT points, expires_at FROM latchkey_throttle WHERE name = ? AND expires_at > ?',
)
const replaceCounter = statement(
  'replace_counter',
  `${upsert} points = excluded.points, expires_at = excluded.expires_at`,
)
const deleteCounter = statement('delete_counter', 'DELETE FROM latchkey_throttle WHERE name = ?')

/** Creates counters in SQLite. They use the clock of the machine, which all its processes share. */
export function sqliteRateLimiter(connection: SqliteConnection): RateLimiter {
  function add(name: string, points: number, seconds: number): Promise<LimiterState> {
    return promised(() => {
      const now = Date.now()
      const row = connection.row<CounterRow>(addPoints, name, points, now + seconds * 1000, now, now)
      if (row === undefined) throw new Error('SQLite did not return the counter')
      return stateOf(row, now)
    })
  }

  return {
    penalty: (name, points, { customDuration }) => add(name, points, customDuration),
    reward: (name, points, { customDuration }) => add(name, -points, customDuration),
    get: (name) =>
      promised(() => {
        const now = Date.now()
        const row = connection.row<CounterRow>(findCounter, name, now)
        return row === undefined ? null : stateOf(row, now)
      }),
    set: (name, points, seconds) =>
      promised(() => connection.change(replaceCounter, name, points, Date.now() + seconds * 1000)),
    delete: (name) => promised(() => connection.change(deleteCounter, name)),
  }
}

function stateOf({ points, expires_at }: CounterRow, now: number): LimiterState {
  return { consumedPoints: points, msBeforeNext: Math.max(0, expires_at - now) }
}

/** Returns a promise, also for an error that the work throws. */
async function promised<Result>(work: () => Result): Promise<Result> {
  return Promise.resolve(work())
}
