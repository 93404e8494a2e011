import type { LimiterState, RateLimiter } from '../../throttle/rate-limiter.js'
import type { SqliteConnection, Statement } from './sqlite-connection.js'

interface CounterRow {
  readonly points: number
  readonly expires_at: number
}

const upsert = `INSERT INTO latchkey_throttle AS counter (name, points, expires_at) VALUES (?, ?, ?)
  ON CONFLICT (name) DO UPDATE SET`

/** Counters in SQLite, by the clock of the machine, which all its processes share. Nothing is prepared before it is used. */
export function sqliteRateLimiter(connection: SqliteConnection): RateLimiter {
  let prepared: Statements | undefined
  const statements = (): Statements => (prepared ??= prepare(connection))

  function add(name: string, points: number, seconds: number): Promise<LimiterState> {
    return promised(() => {
      const now = Date.now()
      const row = statements().add.get(name, points, now + seconds * 1000, now, now)
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
        const row = statements().find.get(name, now)
        return row === undefined ? null : stateOf(row, now)
      }),
    set: (name, points, seconds) => promised(() => statements().replace.run(name, points, Date.now() + seconds * 1000)),
    delete: (name) => promised(() => statements().delete.run(name)),
  }
}

interface Statements {
  readonly add: Statement<CounterRow>
  readonly find: Statement<CounterRow>
  readonly replace: Statement<never>
  readonly delete: Statement<never>
}

function prepare(connection: SqliteConnection): Statements {
  return {
    // One statement is one transaction, and takes the write lock at once: nobody counts in between.
    add: connection.prepare(
      `${upsert}
        points = CASE WHEN counter.expires_at <= ? THEN excluded.points ELSE counter.points + excluded.points END,
        expires_at = CASE WHEN counter.expires_at <= ? THEN excluded.expires_at ELSE counter.expires_at END
      RETURNING points, expires_at`,
    ),
    find: connection.prepare('SELECT points, expires_at FROM latchkey_throttle WHERE name = ? AND expires_at > ?'),
    replace: connection.prepare(`${upsert} points = excluded.points, expires_at = excluded.expires_at`),
    delete: connection.prepare('DELETE FROM latchkey_throttle WHERE name = ?'),
  }
}

function stateOf({ points, expires_at }: CounterRow, now: number): LimiterState {
  return { consumedPoints: points, msBeforeNext: Math.max(0, expires_at - now) }
}

/** What throws becomes a promise that rejects. */
async function promised<Result>(work: () => Result): Promise<Result> {
  return Promise.resolve(work())
}
