import type { Clock } from '../../time/clock.js'
import { applyMigrations, findApplied, missingMigrations, requireMigrated, type Schema } from '../sql/migration.js'
import { statement } from '../sql/sql-connection.js'
import { checkPostgresSettings } from './check-settings.js'
import type { PostgresConnection } from './postgres-connection.js'
import { isMissingTable } from './store-error.js'

/** The number is ours alone: nothing else of the application waits for this lock. */
const lock = statement('lock_migration', 'SELECT pg_advisory_xact_lock(5283917602183)')

/**
 * Brings the schema up to date in one transaction. Several processes may do so at once: the first one gets the advisory lock, the
 * others find nothing left to do. A schema that is up to date needs no lock and no right to create tables.
 *
 * `connection` detects a server that does not respond. `patient` changes the tables: it waits for other processes and for large tables.
 */
export async function migratePostgres(
  { connection, patient }: { readonly connection: PostgresConnection; readonly patient: PostgresConnection },
  schema: Schema,
  { apply, clock }: { readonly apply: boolean; readonly clock: Clock },
): Promise<void> {
  await checkPostgresSettings(connection)
  const missing = missingMigrations(schema.migrations, await findApplied(connection, isMissingTable))
  if (missing.length === 0) return
  if (!apply) requireMigrated(missing)
  await patient.atomically(async (session) => {
    await session.rows(lock, [])
    await applyMigrations(session, schema, clock)
  })
}
