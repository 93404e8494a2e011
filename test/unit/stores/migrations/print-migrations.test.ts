import Database from 'better-sqlite3'
import { printMigrations, type SqlDialect } from 'latchkey/stores/migrations'
import { openMysqlStores } from 'latchkey/stores/mysql'
import { openPostgresStores } from 'latchkey/stores/postgres'
import { openSqliteStores } from 'latchkey/stores/sqlite'
import { createPool } from 'mysql2/promise'
import pg from 'pg'
import { afterAll, describe, expect, it } from 'vitest'
import { ConfigurationError } from '../../../../lib/errors/configuration-error.js'
import { newSignIn } from '../../../../lib/testing/token-records.js'
import { startMariadb } from '../../../../tools/servers/start-mariadb.mjs'
import { startPostgres } from '../../../../tools/servers/start-postgres.mjs'

const postgres = await startPostgres()
const mariadb = await startMariadb()
afterAll(async () => {
  await Promise.all([postgres?.stop(), mariadb?.stop()])
})

const lacking = /^database: lacks the migrations 1, 2, 3(?:, 4)? of latchkey/

describe('printMigrations', () => {
  it('refuses an unknown dialect and an unknown option', () => {
    expect(() => printMigrations('oracle' as SqlDialect)).toThrow(ConfigurationError)
    expect(() => printMigrations('oracle' as SqlDialect)).toThrow('Use one of: postgres, mysql, sqlite')
    expect(() => printMigrations('toString' as SqlDialect)).toThrow(ConfigurationError)
    expect(() => printMigrations('mysql', { since: 1 } as object)).toThrow('printMigrations.since')
  })

  it('prints only the steps after a version', () => {
    expect(printMigrations('sqlite', { after: 1 })).not.toContain('version 1\n')
    expect(printMigrations('sqlite', { after: 1 })).toContain('-- latchkey: version 2\n')
    expect(printMigrations('sqlite', { after: 3 })).not.toContain('ALTER')
    expect(printMigrations('sqlite', { after: 4 })).not.toContain('latchkey_throttle (')
  })

  it('makes a SQLite database that is accepted without migrating', () => {
    const database = new Database(':memory:')
    expect(() => openSqliteStores(database, { migrate: false })).toThrow(lacking)
    database.exec(printMigrations('sqlite'))
    const { tokens } = openSqliteStores(database, { migrate: false })
    const signIn = newSignIn()
    tokens.saveTokens(signIn)
    expect(tokens.findAccessToken(signIn.accessToken.tokenHash)).toEqual(signIn.accessToken)
    openSqliteStores(database)
    expect(database.prepare('SELECT count(*) FROM latchkey_migration').pluck().get()).toBe(4)
  })

  it.skipIf(postgres === undefined)('makes a PostgreSQL database that is accepted without migrating', async () => {
    const pool = new pg.Pool({ connectionString: await postgres!.createDatabase('printed') })
    try {
      await expect(openPostgresStores(pool, { migrate: false })).rejects.toThrow(lacking)
      await pool.query(printMigrations('postgres'))
      const { tokens } = await openPostgresStores(pool, { migrate: false })
      const signIn = newSignIn()
      await tokens.saveTokens(signIn)
      expect(await tokens.findAccessToken(signIn.accessToken.tokenHash)).toEqual(signIn.accessToken)
      await openPostgresStores(pool)
      const { rows } = await pool.query<{ age: string }>(
        'SELECT extract(epoch FROM now()) - applied_at AS age FROM latchkey_migration',
      )
      expect(rows.map(({ age }) => Math.abs(Number(age)) < 60)).toEqual([true, true, true])
    } finally {
      await pool.end()
    }
  })

  it.skipIf(mariadb === undefined)('makes a MySQL database that is accepted without migrating', async () => {
    const pool = createPool({ uri: await mariadb!.createDatabase('printed'), multipleStatements: true })
    try {
      await expect(openMysqlStores(pool, { migrate: false })).rejects.toThrow(lacking)
      await pool.query(printMigrations('mysql'))
      const { tokens } = await openMysqlStores(pool, { migrate: false })
      const signIn = newSignIn()
      await tokens.saveTokens(signIn)
      expect(await tokens.findAccessToken(signIn.accessToken.tokenHash)).toEqual(signIn.accessToken)
    } finally {
      await pool.end()
    }
  })
})
