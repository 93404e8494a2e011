import Database from 'better-sqlite3'
import { mysqlUsers } from 'latchkey/stores/mysql'
import { postgresUsers } from 'latchkey/stores/postgres'
import { sqliteUsers, type UserTable } from 'latchkey/stores/sqlite'
import { userStoreContract } from 'latchkey/testing'
import { createPool } from 'mysql2/promise'
import pg from 'pg'
import { afterAll, describe, expect, it } from 'vitest'
import { isStoreUnavailableError, type UserStore } from 'latchkey'
import { ConfigurationError } from '../../lib/errors/configuration-error.js'
import { contractContext as context } from '../../lib/testing/contract-rule.js'
import { startMariadb } from '../../tools/servers/start-mariadb.mjs'
import { startPostgres } from '../../tools/servers/start-postgres.mjs'

const postgres = await startPostgres()
const mariadb = await startMariadb()
const pool = postgres && new pg.Pool({ connectionString: await postgres.createDatabase('users') })
const mysqlPool = mariadb && createPool({ uri: await mariadb.createDatabase('users'), multipleStatements: true })
const file = new Database(':memory:')

afterAll(async () => {
  await Promise.all([pool?.end(), mysqlPool?.end()])
  await Promise.all([postgres?.stop(), mariadb?.stop()])
})

/** One database, as the tests below see it. */
interface TestDatabase {
  readonly origin: 'postgresUsers' | 'mysqlUsers' | 'sqliteUsers'
  readonly absent: boolean
  /** Types of the id column. */
  readonly idTypes: Readonly<Record<string, readonly [adas: string, bobs: string]>>
  /** A type for names that are compared without regard to case, accents or trailing spaces. */
  readonly looseText: string
  readonly run: (sql: string) => Promise<unknown>
  readonly userStore: (table: UserTable) => UserStore
}

const texts = ['ada-1', 'bob-1'] as const
const uuids = ['5f0c954e-9d9a-4b3c-8f6e-000000000001', '5f0c954e-9d9a-4b3c-8f6e-000000000002'] as const
const databases: TestDatabase[] = [
  {
    origin: 'postgresUsers',
    absent: pool === undefined,
    idTypes: { TEXT: texts, INTEGER: ['12', '34'], BIGINT: ['9007199254740993', '9007199254740995'], UUID: uuids },
    looseText: 'TEXT',
    run: (sql) => pool!.query(sql),
    userStore: (table) => postgresUsers(pool!, table),
  },
  {
    origin: 'mysqlUsers',
    absent: mysqlPool === undefined,
    idTypes: { 'VARCHAR(64)': texts, INTEGER: ['12', '34'], BIGINT: ['9007199254740993', '9007199254740995'] },
    looseText: 'VARCHAR(190) COLLATE utf8mb4_general_ci',
    run: (sql) => mysqlPool!.query(sql.replaceAll('"', '`')),
    userStore: (table) => mysqlUsers(mysqlPool!, table),
  },
  {
    origin: 'sqliteUsers',
    absent: false,
    idTypes: { TEXT: texts, INTEGER: ['12', '34'] },
    looseText: 'TEXT COLLATE NOCASE',
    run: async (sql) => file.exec(sql),
    userStore: (table) => sqliteUsers(file, table),
  },
]

const columns = { id: 'id', username: 'name', passwordHash: 'password hash', disabled: 'blocked' } as const

describe.each(databases)('$origin', ({ absent, idTypes, looseText, origin, run, userStore }) => {
  describe.skipIf(absent).each(Object.entries(idTypes))('with an id of type %s', (idType, [adas, bobs]) => {
    // Prepared statements know the types of the columns: each type has a table of its own.
    const table = `app users ${idType}`
    userStoreContract({
      describe,
      it,
      async create() {
        await run(`
          DROP TABLE IF EXISTS "${table}";
          CREATE TABLE "${table}" (
            "id" ${idType} PRIMARY KEY, "name" ${looseText}, "password hash" VARCHAR(190), "blocked" INTEGER
          );
          INSERT INTO "${table}" VALUES
            ('${adas}', 'ada', '$2b$10$first', NULL),
            ('${bobs}', 'bob', '$2b$10$second', 1);
        `)
        return {
          store: userStore({ table, columns }),
          username: 'ada',
          user: { userId: adas, passwordHash: '$2b$10$first' },
          otherUser: { userId: bobs, passwordHash: '$2b$10$second', disabled: true },
          absentUsername: 'nobody',
        }
      },
    })
  })

  describe.skipIf(absent)('names', () => {
    async function users(names: readonly string[], usernameCase?: UserTable['usernameCase']): Promise<UserStore> {
      await run(`
        DROP TABLE IF EXISTS accounts;
        CREATE TABLE accounts (id INTEGER PRIMARY KEY, name ${looseText}, hash VARCHAR(190));
      `)
      for (const [id, name] of names.entries()) {
        await run(`INSERT INTO accounts VALUES (${String(id + 1)}, '${name}', '$2b$10$${String(id + 1)}')`)
      }
      return userStore({
        table: 'accounts',
        columns: { id: 'id', username: 'name', passwordHash: 'hash' },
        usernameCase,
      })
    }
    const idOf = async (store: UserStore, name: string): Promise<string | undefined> =>
      (await store.findUserByUsername(name, context))?.userId

    it('are compared exactly by default, whatever the collation of the column', async () => {
      const store = await users(['Ada', 'ada'])
      expect(await idOf(store, 'Ada')).toBe('1')
      expect(await idOf(store, 'ada')).toBe('2')
      for (const name of ['ADA', 'ada ', 'ad\u00E1', ' ada', '']) expect(await idOf(store, name)).toBeUndefined()
    })

    it('are compared without case if asked for, and otherwise exactly', async () => {
      const store = await users(['Ada', 'bob'], 'insensitive')
      for (const name of ['Ada', 'ada', 'ADA', 'aDa']) expect(await idOf(store, name)).toBe('1')
      for (const name of ['ada ', 'ad\u00E1', ' ada', '', '\u0430da']) expect(await idOf(store, name)).toBeUndefined()
      expect(await idOf(store, 'BOB')).toBe('2')
    })

    it('are returned as they are stored (V3)', async () => {
      const store = await users(['Ada', 'bob'], 'insensitive')
      expect(await store.findUserByUsername('ADA', context)).toMatchObject({ userId: '1', username: 'Ada' })
      expect(await store.findUser('2', context)).toMatchObject({ userId: '2', username: 'bob' })
    })

    it('find no user if two users have the same name', async () => {
      expect(await idOf(await users(['ada', 'ada']), 'ada')).toBeUndefined()
      const insensitive = await users(['Ada', 'ada', 'bob'], 'insensitive')
      expect(await idOf(insensitive, 'ada')).toBeUndefined()
      expect(await idOf(insensitive, 'bob')).toBe('3')
    })
  })

  describe.skipIf(absent)('rows', () => {
    const table = { table: 'people', columns: { id: 'id', username: 'name', passwordHash: 'hash', disabled: 'off' } }

    it.each([
      ['INTEGER', 'NULL', false],
      ['INTEGER', '0', false],
      ['INTEGER', '1', true],
      ['INTEGER', '-1', true],
      ['VARCHAR(40)', `'2026-11-28 08:00:00'`, true],
      ['VARCHAR(40)', `'yes'`, true],
      ['VARCHAR(40)', `'0'`, false],
    ])('are disabled or locked or not by a column of type %s that is %s: %s', async (type, value, isSet) => {
      await run(`
        DROP TABLE IF EXISTS flagged;
        CREATE TABLE flagged (id INTEGER PRIMARY KEY, name VARCHAR(40), hash VARCHAR(40), off ${type}, held ${type});
        INSERT INTO flagged VALUES (1, 'ada', '$2b$10$first', ${value}, NULL), (2, 'bob', '$2b$10$second', NULL, ${value});
      `)
      const users = userStore({ table: 'flagged', columns: { ...table.columns, locked: 'held' } })
      const ada = { userId: '1', username: 'ada', passwordHash: '$2b$10$first', disabled: isSet, locked: false }
      const bob = { userId: '2', username: 'bob', passwordHash: '$2b$10$second', disabled: false, locked: isSet }
      expect(await users.findUser('1', context)).toEqual(ada)
      expect(await users.findUserByUsername('bob', context)).toEqual(bob)
    })

    it('without a password are no users', async () => {
      await run(`
        DROP TABLE IF EXISTS people;
        CREATE TABLE people (id INTEGER PRIMARY KEY, name VARCHAR(40), hash VARCHAR(40), off INTEGER);
        INSERT INTO people VALUES (1, 'ada', NULL, NULL);
      `)
      expect(await userStore(table).findUser('1', context)).toBeUndefined()
      expect(await userStore(table).findUserByUsername('ada', context)).toBeUndefined()
    })

    it('without a name are found by id (V3)', async () => {
      await run(`
        DROP TABLE IF EXISTS people;
        CREATE TABLE people (id INTEGER PRIMARY KEY, name VARCHAR(40), hash VARCHAR(40), off INTEGER);
        INSERT INTO people VALUES (1, NULL, '$2b$10$first', NULL);
      `)
      const user = await userStore(table).findUser('1', context)
      expect([user?.userId, user?.username]).toEqual(['1', undefined])
      expect(await userStore(table).findUserByUsername('null', context)).toBeUndefined()
    })

    it('keep a password that was changed while the old one was verified', async () => {
      await run(`
        DROP TABLE IF EXISTS people;
        CREATE TABLE people (id INTEGER PRIMARY KEY, name VARCHAR(40), hash VARCHAR(40), off INTEGER);
        INSERT INTO people VALUES (1, 'ada', 'changed', NULL);
      `)
      const store = userStore(table)
      await store.updatePasswordHash?.('1', 'stronger', 'verified', context)
      expect((await store.findUser('1', context))?.passwordHash).toBe('changed')
      await store.updatePasswordHash?.('1', 'stronger', 'changed', context)
      expect((await store.findUser('1', context))?.passwordHash).toBe('stronger')
    })
  })

  describe.skipIf(absent)('options', () => {
    it('are refused if they cannot work', () => {
      const sound = { table: 'people', columns: { id: 'id', username: 'name', passwordHash: 'hash' } }
      for (const [mistake, option] of [
        [{ ...sound, tabel: 'x' }, `${origin}.tabel`],
        [{ ...sound, table: '' }, `${origin}.table`],
        [{ ...sound, table: 'app..people' }, `${origin}.table`],
        [{ ...sound, table: 'people WHERE ?' }, `${origin}.table`],
        [{ ...sound, columns: { ...sound.columns, username: undefined } }, `${origin}.columns.username`],
        [{ ...sound, columns: { ...sound.columns, email: 'email' } }, `${origin}.columns.email`],
        [{ ...sound, usernameCase: 'lower' }, `${origin}.usernameCase`],
      ] as const) {
        expect(() => userStore(mistake as UserTable)).toThrow(ConfigurationError)
        expect(() => userStore(mistake as UserTable)).toThrow(option)
      }
    })

    it('cannot break out of the name of a table', async () => {
      await run('DROP TABLE IF EXISTS people; CREATE TABLE people (id INTEGER PRIMARY KEY)')
      const find = async (): Promise<unknown> =>
        userStore({
          table: 'people"; DROP TABLE people; -- `; DROP TABLE people; -- ',
          columns: { id: 'id', username: 'name', passwordHash: 'hash' },
        }).findUser('1', context)
      await expect(find()).rejects.toThrow()
      await run('INSERT INTO people VALUES (1)')
    })
  })
})

describe.skipIf(pool === undefined)('postgresUsers of a database that is gone', () => {
  it('throws StoreUnavailableError', async () => {
    const nowhere = new pg.Pool({ connectionString: 'postgres://nobody@127.0.0.1:1/none' })
    const store = postgresUsers(nowhere, {
      table: 'people',
      columns: { id: 'id', username: 'name', passwordHash: 'hash' },
    })
    const error: unknown = await Promise.resolve(store.findUser('1', context)).catch((thrown: unknown) => thrown)
    expect(isStoreUnavailableError(error)).toBe(true)
    await nowhere.end()
  })
})
