import { ConfigurationError } from '../../errors/configuration-error.js'

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

/** The steps that a database at this version lacks. Throws `ConfigurationError` when a newer version of this package has been there. */
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
