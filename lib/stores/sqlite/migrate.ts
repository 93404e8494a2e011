import { ConfigurationError } from '../../errors/configuration-error.js'
import type { Clock } from '../../protocol/clock.js'
import type { Migration } from './migrations.js'
import type { SqliteConnection } from './sqlite-connection.js'

/**
 * Brings the schema up to date. Several processes may do so at once: each step is applied exactly once.
 *
 * Throws `ConfigurationError` when a newer version of this package has been there before.
 */
export function migrate(connection: SqliteConnection, migrations: readonly Migration[], clock: Clock): void {
  connection.atomically(() => {
    connection.execute(`
      CREATE TABLE IF NOT EXISTS latchkey_migration (
        version    INTEGER NOT NULL PRIMARY KEY,
        applied_at INTEGER NOT NULL
      ) STRICT, WITHOUT ROWID
    `)
    const current = connection.prepare<{ version: number | null }>(
      'SELECT max(version) AS version FROM latchkey_migration',
    )
    const applied = current.get()?.version ?? 0
    const known = migrations.at(-1)?.version ?? 0
    if (applied > known) {
      const problem = `has schema version ${applied}, and this version of latchkey knows ${known}`
      throw new ConfigurationError('database', problem, 'Update latchkey, or open another database')
    }
    const note = connection.prepare('INSERT INTO latchkey_migration (version, applied_at) VALUES (?, ?)')
    for (const { version, sql } of migrations) {
      if (version <= applied) continue
      connection.execute(sql)
      note.run(version, clock())
    }
  })
}
