import { StoreUnavailableError } from '../../errors/store-unavailable-error.js'
import type { Clock } from '../../time/clock.js'
import { applyMigrations, findApplied, missingMigrations, requireMigrated, type Schema } from '../sql/migration.js'
import { statement } from '../sql/sql-connection.js'
import { checkMysqlSettings } from './check-settings.js'
import type { MysqlConnection } from './mysql-connection.js'
import { isMissingTable } from './store-error.js'

/** For this database alone: the names of locks are shared by the whole server. */
const lock = statement('lock', `SELECT GET_LOCK(CONCAT('latchkey:', SHA1(DATABASE())), 50) AS locked`)
const unlock = statement('unlock', `SELECT RELEASE_LOCK(CONCAT('latchkey:', SHA1(DATABASE()))) AS released`)

/**
 * Brings the schema up to date. Several processes may do so at once: the first one gets the named lock, the others find nothing left
 * to do. A schema that is up to date needs no lock and no right to create tables.
 *
 * `connection` detects a server that does not respond. `patient` changes the tables: it waits for other processes and for large tables.
 */
export async function migrateMysql(
  { connection, patient }: { readonly connection: MysqlConnection; readonly patient: MysqlConnection },
  schema: Schema,
  { apply, clock }: { readonly apply: boolean; readonly clock: Clock },
): Promise<void> {
  const missing = await connection.onOneConnection(async (session) => {
    await checkMysqlSettings(session)
    return missingMigrations(schema.migrations, await findApplied(session, isMissingTable))
  })
  if (missing.length === 0) return
  if (!apply) requireMigrated(missing)
  await patient.onOneConnection(async (session) => {
    const [row] = await session.rows<{ readonly locked: unknown }>(lock, [])
    if (Number(row?.locked) !== 1)
      throw new StoreUnavailableError('Another process has been changing the tables for long')
    try {
      await applyMigrations(session, schema, clock)
    } finally {
      // A connection that is lost loses its lock.
      await session.rows(unlock, []).catch(() => undefined)
    }
  })
}
