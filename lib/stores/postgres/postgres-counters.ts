import { stateOf, type CounterDialect, type CounterRow } from '../sql/sql-rate-limiter.js'
import { statement, type SqlConnection } from '../sql/sql-connection.js'

/** Not `now()`, which is the time when the transaction began: a statement may have waited for the one before it. */
export const postgresMilliseconds = 'CAST(extract(epoch FROM clock_timestamp()) * 1000 AS BIGINT)'

const insert = `INSERT INTO latchkey_throttle AS counter (name, points, expires_at) VALUES (?, ?, ${postgresMilliseconds} + ?)
  ON CONFLICT (name) DO UPDATE SET`
const hasExpired = `counter.expires_at <= ${postgresMilliseconds}`

const add = statement(
  'add_to_counter',
  `${insert}
    points = CASE WHEN ${hasExpired} THEN excluded.points ELSE counter.points + excluded.points END,
    expires_at = CASE WHEN ${hasExpired} THEN excluded.expires_at ELSE counter.expires_at END
  RETURNING points, expires_at - ${postgresMilliseconds} AS remaining`,
)

/** Counters in PostgreSQL: one statement counts and tells. */
export function postgresCounters(connection: SqlConnection): CounterDialect {
  return {
    now: postgresMilliseconds,
    async add(name, points, milliseconds) {
      const [row] = await connection.rows<CounterRow>(add, [name, points, milliseconds])
      if (row === undefined) throw new Error('PostgreSQL did not return the counter')
      return stateOf(row)
    },
    replace: statement('replace_counter', `${insert} points = excluded.points, expires_at = excluded.expires_at`),
  }
}
