import { ConfigurationError } from '../../errors/configuration-error.js'
import { statement, type SqlSession } from '../sql/sql-connection.js'
import type { SqlNumber } from '../sql/authorization-row.js'

const time = 1_800_000_000

const findNumber = statement('find_number', `SELECT CAST(${String(time)} AS BIGINT) AS number`)

/** Refuses a pool that answers other numbers than it was given, as one with `binary: true` does: tokens would live for another time. */
export async function checkPostgresSettings(session: SqlSession): Promise<void> {
  const [row] = await session.rows<{ readonly number: SqlNumber }>(findNumber, [])
  if (Number(row?.number) === time) return
  const problem = `answers ${String(row?.number)} where the database has ${String(time)}`
  throw new ConfigurationError(
    'openPostgresStores.pool',
    problem,
    'Leave `binary` out, and parse whole numbers as what they are',
  )
}
