import { ConfigurationError } from '../../errors/configuration-error.js'
import type { Clock } from '../../time/clock.js'
import { statement, type SqlSession, type SqlStatement } from './sql-connection.js'

/** One step of the schema. A step that was published never changes. */
export interface Migration {
  /** 1, 2, 3, … in the order they are applied. */
  readonly version: number
  readonly statements: readonly string[]
}

/** How the tables of a database come to be. */
export interface Schema {
  /** Creates the table that notes which steps were applied, where it is missing. */
  readonly migrationTable: string
  /** The time in seconds since the epoch, as the database itself tells it. */
  readonly now: string
  /** From the empty database on. */
  readonly migrations: readonly Migration[]
}

/** Returns the steps that a database at this version lacks. Throws `ConfigurationError` if a newer version of this package was there. */
export function missingMigrations(migrations: readonly Migration[], applied: number): readonly Migration[] {
  const known = migrations.at(-1)?.version ?? 0
  if (applied > known) {
    const problem = `has schema version ${String(applied)}, and this version of latchkey knows ${String(known)}`
    throw new ConfigurationError('database', problem, 'Update latchkey, or open another database')
  }
  return migrations.filter(({ version }) => version > applied)
}

/** Refuses a database that lacks steps, for those who apply them with a tool of their own. */
export function requireMigrated(missing: readonly Migration[]): void {
  if (missing.length === 0) return
  const versions = missing.map(({ version }) => String(version)).join(', ')
  const remedy = 'Apply what printMigrations of latchkey/stores/migrations prints, or leave `migrate` out'
  throw new ConfigurationError('database', `lacks the migrations ${versions} of latchkey`, remedy)
}

/** Finds the version of the schema; no version where nothing was applied. */
export const findVersion: SqlStatement = statement(
  'find_version',
  'SELECT max(version) AS version FROM latchkey_migration',
)

/** Values: the version, the time. */
export const noteMigration: SqlStatement = statement(
  'note_migration',
  'INSERT INTO latchkey_migration (version, applied_at) VALUES (?, ?)',
)

/** Returns the version of the schema: 0 for an empty database. `isMissingTable` recognizes the driver's error for one. */
export async function findApplied(session: SqlSession, isMissingTable: (error: unknown) => boolean): Promise<number> {
  try {
    const [row] = await session.rows<{ readonly version: unknown }>(findVersion, [])
    return Number(row?.version ?? 0)
  } catch (error) {
    if (isMissingTable(error)) return 0
    throw error
  }
}

/** Applies the missing steps, for a caller that holds the lock of its database. Another process may have been there before. */
export async function applyMigrations(
  session: SqlSession,
  { migrationTable, migrations }: Schema,
  clock: Clock,
): Promise<void> {
  await session.change(statement('create_migration', migrationTable), [])
  const applied = await findApplied(session, () => false)
  for (const { version, statements } of missingMigrations(migrations, applied)) {
    for (const [index, text] of statements.entries()) {
      await session.change(statement(`migration_${String(version)}_${String(index)}`, text), [])
    }
    await session.change(noteMigration, [version, clock()])
  }
}
