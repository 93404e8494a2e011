import type { Clock } from '../../time/clock.js'
import { missingMigrations, requireMigrated, type Schema } from '../sql/migration.js'
import type { SqliteConnection } from './sqlite-connection.js'

/**
 * Brings the schema up to date, or with `apply: false` refuses one that is not. Several processes may do so at once: each step is
 * applied exactly once.
 *
 * Throws `ConfigurationError` when a newer version of this package has been there before.
 */
export function migrate(
  connection: SqliteConnection,
  { migrationTable, migrations }: Pick<Schema, 'migrationTable' | 'migrations'>,
  { apply = true, clock }: { readonly apply?: boolean; readonly clock: Clock },
): void {
  if (!apply) {
    requireMigrated(missingMigrations(migrations, hasTable(connection) ? appliedVersion(connection) : 0))
    return
  }
  connection.atomically(() => {
    connection.execute(migrationTable)
    const missing = missingMigrations(migrations, appliedVersion(connection))
    const note = connection.prepare('INSERT INTO latchkey_migration (version, applied_at) VALUES (?, ?)')
    for (const { version, statements } of missing) {
      for (const statement of statements) connection.execute(statement)
      note.run(version, clock())
    }
  })
}

function hasTable(connection: SqliteConnection): boolean {
  return (
    connection.prepare<unknown>(`SELECT 1 FROM sqlite_schema WHERE name = 'latchkey_migration'`).get() !== undefined
  )
}

function appliedVersion(connection: SqliteConnection): number {
  const current = connection.prepare<{ version: number | null }>(
    'SELECT max(version) AS version FROM latchkey_migration',
  )
  return current.get()?.version ?? 0
}
