import type { Clock } from '../../time/clock.js'
import { missingMigrations, requireMigrated, type Schema } from '../sql/migration.js'
import { statement, type SqlSession } from '../sql/sql-connection.js'
import { checkPostgresSettings } from './check-settings.js'
import type { PostgresConnection } from './postgres-connection.js'
import { isMissingTable } from './store-error.js'

const findVersion = statement('find_version', 'SELECT max(version) AS version FROM latchkey_migration')
const note = statement('note_migration', 'INSERT INTO latchkey_migration (version, applied_at) VALUES (?, ?)')
/** The number is only ours: nothing else of the application waits for it. */
const lock = statement('lock_migration', 'SELECT pg_advisory_xact_lock(5283917602183)')

/**
 * Brings the schema up to date in one transaction. Several processes may do so at once: the first one has the advisory lock, the
 * others find nothing left to do. A schema that is up to date takes no lock and no right to create tables.
 *
 * `patient` does the work: it waits for other processes, and for large tables. A server that does not answer is told by `connection`.
 */
export async function migratePostgres(
  { connection, patient }: { readonly connection: PostgresConnection; readonly patient: PostgresConnection },
  { migrationTable, migrations }: Schema,
  { apply, clock }: { readonly apply: boolean; readonly clock: Clock },
): Promise<void> {
  await checkPostgresSettings(connection)
  const missing = missingMigrations(migrations, await findApplied(connection))
  if (missing.length === 0) return
  if (!apply) requireMigrated(missing)
  await patient.atomically(async (session) => {
    await session.rows(lock, [])
    await session.change(statement('create_migration', migrationTable), [])
    for (const { version, statements } of missingMigrations(migrations, await appliedVersion(session))) {
      for (const [index, text] of statements.entries()) {
        await session.change(statement(`migration_${String(version)}_${String(index)}`, text), [])
      }
      await session.change(note, [version, clock()])
    }
  })
}

async function findApplied(connection: PostgresConnection): Promise<number> {
  try {
    return await appliedVersion(connection)
  } catch (error) {
    if (isMissingTable(error)) return 0
    throw error
  }
}

async function appliedVersion(session: SqlSession): Promise<number> {
  const [row] = await session.rows<{ readonly version: string | null }>(findVersion, [])
  return Number(row?.version ?? 0)
}
