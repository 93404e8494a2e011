import { describeOptions } from '../../checks/describe-options.js'
import { wholeNumber } from '../../checks/option-kind.js'
import { ConfigurationError } from '../../errors/configuration-error.js'
import { mysqlSchema } from '../mysql/migrations.js'
import { postgresSchema } from '../postgres/migrations.js'
import type { Schema } from '../sql/migration.js'
import { sqliteSchema } from '../sqlite/migrations.js'

/** The databases whose tables are made by migrations. `mysql` is MariaDB, too. */
export type SqlDialect = 'postgres' | 'mysql' | 'sqlite'

/** Options of {@link printMigrations}. */
export interface PrintMigrationsOptions {
  /** The version that the database has already: only later steps are printed. Default 0. */
  readonly after?: number | undefined
}

const description = describeOptions<PrintMigrationsOptions>()('printMigrations', { after: wholeNumber(0).or(0) })

const schemas: ReadonlyMap<string, Schema> = new Map([
  ['postgres', postgresSchema],
  ['mysql', mysqlSchema],
  ['sqlite', sqliteSchema],
])

/**
 * Returns the SQL that brings a database up to date, for teams whose own tool applies it: run it once, with what the tool does about
 * several processes. It notes its versions in `latchkey_migration`, so that stores opened with `migrate: false` accept it, and stores
 * opened without find nothing left to do.
 *
 * Throws `ConfigurationError` for an unknown dialect.
 *
 * @example
 * ```ts
 * import { printMigrations } from 'latchkey/stores/migrations'
 *
 * console.log(printMigrations('postgres'))
 * ```
 */
export function printMigrations(dialect: SqlDialect, options: PrintMigrationsOptions = {}): string {
  const schema = schemas.get(dialect)
  if (schema === undefined) {
    const known = [...schemas.keys()].join(', ')
    throw new ConfigurationError('printMigrations', `does not know ${dialect}`, `Use one of: ${known}`)
  }
  const { after } = description.read(options)
  const steps = schema.migrations.filter(({ version }) => version > after)
  const parts = steps.flatMap(({ version, statements }) => [
    `-- latchkey: version ${String(version)}`,
    ...statements.map(terminated),
    terminated(`INSERT INTO latchkey_migration (version, applied_at) VALUES (${String(version)}, ${schema.now})`),
  ])
  return [terminated(schema.migrationTable), ...parts, ''].join('\n\n')
}

function terminated(sql: string): string {
  const trimmed = sql.trim()
  return trimmed.endsWith(';') ? trimmed : `${trimmed};`
}
