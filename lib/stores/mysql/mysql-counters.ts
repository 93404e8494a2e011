import type { CounterDialect, CounterRow } from '../sql/sql-rate-limiter.js'
import { statement } from '../sql/sql-connection.js'
import type { MysqlConnection } from './mysql-connection.js'

/** Without the time zone of the session, in which an hour of autumn comes twice. */
export const mysqlMilliseconds = `(TIMESTAMPDIFF(MICROSECOND, '1970-01-01', UTC_TIMESTAMP(3)) DIV 1000)`

/** Points can be less than 0, which `last_insert_id` cannot tell. */
const OFFSET = 2 ** 31
const told = (points: string): string =>
  `CAST(last_insert_id(${points} + ${String(OFFSET)}) AS SIGNED) - ${String(OFFSET)}`
const hasExpired = `expires_at <= ${mysqlMilliseconds}`

/** The second assignment sees the points that the first one has made, but the old time. */
const add = statement(
  'add_to_counter',
  `INSERT INTO latchkey_throttle (name, points, expires_at) VALUES (?, ${told('?')}, ${mysqlMilliseconds} + ?)
  ON DUPLICATE KEY UPDATE
    points = ${told(`IF(${hasExpired}, ?, points + ?)`)},
    expires_at = IF(${hasExpired}, VALUES(expires_at), expires_at)`,
)

const remaining = statement(
  'find_remaining_time',
  `SELECT points, expires_at - ${mysqlMilliseconds} AS remaining FROM latchkey_throttle WHERE name = ?`,
)

/** Counters in MySQL, which counts in one statement and tells the points by `last_insert_id`: it has no RETURNING. */
export function mysqlCounters(connection: MysqlConnection): CounterDialect {
  return {
    now: mysqlMilliseconds,
    add: (name, points, milliseconds) =>
      connection.onOneConnection(async (session) => {
        const values = [name, points, milliseconds, points, points]
        const { insertId } = await session.changeAndTell(add, values)
        const [row] = await session.rows<CounterRow>(remaining, [name])
        return { consumedPoints: insertId - OFFSET, msBeforeNext: Math.max(0, Number(row?.remaining ?? 0)) }
      }),
    replace: statement(
      'replace_counter',
      `REPLACE INTO latchkey_throttle (name, points, expires_at) VALUES (?, ?, ${mysqlMilliseconds} + ?)`,
    ),
  }
}
