import type { Clock } from '../../time/clock.js'
import { StoreUnavailableError } from '../../errors/store-unavailable-error.js'
import { missingMigrations, requireMigrated, type Schema } from '../sql/migration.js'
import { statement, type SqlSession } from '../sql/sql-connection.js'
import { checkMysqlSettings } from './check-settings.js'
import type { MysqlConnection } from './mysql-connection.js'
import { isMissingTable } from './store-error.js'

const findVersion = statement('find_version', 'SELECT max(version) AS version FROM latchkey_migration')
const note = statement('note_migration', 'INSERT INTO latchkey_migration (version, applied_at) VALUES (?, ?)')
/** Of this database alone: the names of locks are those of the whole server. */
const lock = statement('lock', `SELECT GET_LOCK(CONCAT('latchkey:', SHA1(DATABASE())), 50) AS locked`)
const unlock = statement('unlock', `SELECT RELEASE_LOCK(CONCAT('latchkey:', SHA1(DATABASE()))) AS released`)

/**
 * Brings the schema up to date. Several processes may do so at once: the first one has the named lock, the others find nothing left
 * to do. A schema that is up to date takes no lock and no right to create tables.
 *
 * `patient` does the work: it waits for other processes, and for large tables. A server that does not answer is told by `connection`.
 */
export async function migrateMysql(
  { connection, patient }: { readonly connection: MysqlConnection; readonly patient: MysqlConnection },
  { migrationTable, migrations }: Schema,
  { apply, clock }: { readonly apply: boolean; readonly clock: Clock },
): Promise<void> {
  const missing = await connection.onOneConnection(async (session) => {
    await checkMysqlSettings(session)
    return missingMigrations(migrations, await findApplied(session))
  })
  if (missing.length === 0) return
  if (!apply) requireMigrated(missing)
  await patient.onOneConnection(async (session) => {
    const [row] = await session.rows<{ readonly locked: unknown }>(lock, [])
    if (Number(row?.locked) !== 1) throw new StoreUnavailableError('Another process is changing the tables for long')
    try {
      await session.change(statement('create_migration', migrationTable), [])
      for (const { version, statements } of missingMigrations(migrations, await findApplied(session))) {
        for (const [index, text] of statements.entries()) {
          await session.change(statement(`migration_${String(version)}_${String(index)}`, text), [])
        }
        await session.change(note, [version, clock()])
      }
    } finally {
      // A connection that is lost loses its lock.
      await session.rows(unlock, []).catch(() => undefined)
    }
  })
}

async function findApplied(session: SqlSession): Promise<number> {
  try {
    const [row] = await session.rows<{ readonly version: unknown }>(findVersion, [])
    return Number(row?.version ?? 0)
  } catch (error) {
    if (isMissingTable(error)) return 0
    throw error
  }
}
