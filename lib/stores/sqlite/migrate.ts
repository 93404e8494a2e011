import type { Clock } from '../../time/clock.js'
import { findVersion, missingMigrations, noteMigration, requireMigrated, type Schema } from '../sql/migration.js'
import { statement } from '../sql/sql-connection.js'
import type { SqliteConnection } from './sqlite-connection.js'

const findTable = statement('find_migrations', `SELECT 1 FROM sqlite_schema WHERE name = 'latchkey_migration'`)

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
    for (const { version, statements } of missing) {
      for (const statement of statements) connection.execute(statement)
      connection.change(noteMigration, version, clock())
    }
  })
}

function hasTable(connection: SqliteConnection): boolean {
  return connection.row(findTable) !== undefined
}

function appliedVersion(connection: SqliteConnection): number {
  return connection.row<{ readonly version: number | null }>(findVersion)?.version ?? 0
}
