import Database from 'better-sqlite3'
import { openSqliteStores } from 'latchkey/stores/sqlite'
import { describe, expect, it } from 'vitest'
import { ConfigurationError } from '../../../../lib/errors/configuration-error.js'
import { migrate as migrateSchema } from '../../../../lib/stores/sqlite/migrate.js'
import { sqliteSchema } from '../../../../lib/stores/sqlite/migrations.js'
import { SqliteConnection } from '../../../../lib/stores/sqlite/sqlite-connection.js'
import { rotation, signIn } from '../stored-records.js'

const { migrationTable, migrations } = sqliteSchema

const first = { version: 1, statements: ["CREATE TABLE notes (text TEXT); INSERT INTO notes VALUES ('kept')"] }
const second = { version: 2, statements: ['ALTER TABLE notes ADD COLUMN author TEXT'] }
const third = { version: 3, statements: ["UPDATE notes SET author = 'nobody'"] }

describe('migrate', () => {
  it('applies all steps to an empty database, in order, and notes when', () => {
    const { database, connection } = emptyDatabase()
    migrate(connection, [first, second, third], () => 1000)
    expect(database.prepare('SELECT * FROM notes').all()).toEqual([{ text: 'kept', author: 'nobody' }])
    expect(applied(database)).toEqual([
      { version: 1, applied_at: 1000 },
      { version: 2, applied_at: 1000 },
      { version: 3, applied_at: 1000 },
    ])
  })

  it('applies nothing twice', () => {
    const { database, connection } = emptyDatabase()
    for (const now of [1000, 2000]) migrate(connection, [first, second], () => now)
    expect(database.prepare('SELECT * FROM notes').all()).toEqual([{ text: 'kept', author: null }])
    expect(applied(database).map(({ applied_at }) => applied_at)).toEqual([1000, 1000])
  })

  it('brings an older schema up to date and keeps its data', () => {
    const { database, connection } = emptyDatabase()
    migrate(connection, [first], () => 1000)
    migrate(connection, [first, second, third], () => 2000)
    expect(database.prepare('SELECT * FROM notes').all()).toEqual([{ text: 'kept', author: 'nobody' }])
    expect(applied(database).map(({ applied_at }) => applied_at)).toEqual([1000, 2000, 2000])
  })

  it('applies none of the steps when one of them fails', () => {
    const { database, connection } = emptyDatabase()
    const broken = { version: 2, statements: ['ALTER TABLE notes ADD COLUMN author TEXT; SELECT nonsense'] }
    expect(() => migrate(connection, [first, broken], () => 1000)).toThrow('nonsense')
    expect(database.prepare('SELECT name FROM sqlite_schema').all()).toEqual([])
    expect(database.inTransaction).toBe(false)
  })

  it('refuses a schema that is newer than it knows', () => {
    const { database, connection } = emptyDatabase()
    migrate(connection, [first, second], () => 1000)
    const problem = 'database: has schema version 2, and this version of latchkey knows 1'
    expect(() => migrate(connection, [first], () => 1000)).toThrow(ConfigurationError)
    expect(() => migrate(connection, [first], () => 1000)).toThrow(problem)
    expect(database.inTransaction).toBe(false)
  })
})

describe('the migrations', () => {
  it('are numbered from one without a gap', () => {
    expect(migrations.map(({ version }) => version)).toEqual(migrations.map((_, index) => index + 1))
  })

  it('make tables with our prefix only, so that they can share a database with the application', () => {
    const { database, connection } = emptyDatabase()
    migrate(connection, migrations, () => 1000)
    const names = database.prepare("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name").pluck().all()
    expect(names).toEqual([
      'latchkey_access_token',
      'latchkey_authorization',
      'latchkey_client',
      'latchkey_migration',
      'latchkey_not_before',
      'latchkey_refresh_token',
      'latchkey_revoked_token',
      'latchkey_signing_key',
      'latchkey_throttle',
    ])
  })

  it('keep the sign-ins of a database from before audiences and JWTs', () => {
    const { database, connection } = emptyDatabase()
    migrate(connection, migrations.slice(0, 1), () => 1000)
    const [alice, rotated] = [signIn('alice'), rotation(signIn('alice'), 'next')]
    database.exec(`
      INSERT INTO latchkey_authorization VALUES
        ('authorization of alice', 'alice', 'mobile-app', 'password', 'orders:read', 0, 2592000, NULL, 86400);
      INSERT INTO latchkey_access_token VALUES
        ('${alice.accessToken.tokenHash}', 'mobile-app', 'alice', 'authorization of alice', 'orders:read', 0, 3600);
      INSERT INTO latchkey_refresh_token VALUES
        ('${alice.refreshToken.tokenHash}', 'authorization of alice', 0, 86400, 500, 'next', 'orders:read', 3600),
        ('${rotated.refreshToken.tokenHash}', 'authorization of alice', 500, 86400, NULL, NULL, NULL, NULL);
    `)

    const { tokens } = openSqliteStores(database, { clock: () => 2000 })
    const authorization = { ...alice.authorization, audience: '' }
    expect(tokens.findAccessToken(alice.accessToken.tokenHash)).toEqual({ ...alice.accessToken, audience: '' })
    expect(tokens.findRefreshToken(alice.refreshToken.tokenHash)).toEqual({
      ...alice.refreshToken,
      authorization,
      spending: { ...rotated.spending, spentAt: 500, accessTokenAudience: '' },
    })
    expect(tokens.listAuthorizations('alice')).toEqual([{ ...authorization, lastUsedAt: 500 }])
    const presented = rotated.refreshToken.tokenHash
    expect(tokens.rotateRefreshToken({ ...rotation(alice, 'third'), presented })).toEqual({ outcome: 'rotated' })
    expect(tokens.prune(2_592_000)).toBe(6)
  })
})

function migrate(connection: SqliteConnection, steps: typeof migrations, clock: () => number): void {
  migrateSchema(connection, { migrationTable, migrations: steps }, { clock })
}

function emptyDatabase(): { database: Database.Database; connection: SqliteConnection } {
  const database = new Database(':memory:')
  return { database, connection: new SqliteConnection(database) }
}

function applied(database: Database.Database): { version: number; applied_at: number }[] {
  return database.prepare<[], { version: number; applied_at: number }>('SELECT * FROM latchkey_migration').all()
}
