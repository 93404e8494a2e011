import Database from 'better-sqlite3'
import { mysqlUsers } from 'latchkey/stores/mysql'
import { postgresUsers } from 'latchkey/stores/postgres'
import { sqliteUsers, type UserTable } from 'latchkey/stores/sqlite'
import { createPool, type Pool, type PoolOptions } from 'mysql2/promise'
import pg from 'pg'
import { afterAll, describe, expect, it } from 'vitest'
import type { User, UserStore } from 'latchkey'
import { ConfigurationError } from '../../lib/errors/configuration-error.js'
import { contractContext as context } from '../../lib/testing/contract-rule.js'
import { startMariadb } from '../../tools/servers/start-mariadb.mjs'
import { startPostgres } from '../../tools/servers/start-postgres.mjs'

const postgres = await startPostgres()
const mariadb = await startMariadb()
const pool = postgres && new pg.Pool({ connectionString: await postgres.createDatabase('identities') })
const uri = mariadb && (await mariadb.createDatabase('identities'))
const mysqlPool = uri === undefined ? undefined : createPool({ uri, multipleStatements: true })
const pools: Pool[] = mysqlPool === undefined ? [] : [mysqlPool]
const file = new Database(':memory:')

afterAll(async () => {
  await Promise.all([pool?.end(), ...pools.map((one) => one.end())])
  await Promise.all([postgres?.stop(), mariadb?.stop()])
})

const columns = { id: 'id', username: 'name', passwordHash: 'hash' } as const
const hash = `$2b$10$${'a'.repeat(53)}`
let tables = 0

/** A table of its own for each test, because prepared statements know the types of columns. */
async function usersIn(
  run: (sql: string) => unknown,
  store: (table: UserTable) => UserStore,
  [id, name, hashType]: readonly [id: string, name: string, hash: string],
  rows: readonly string[],
): Promise<UserStore> {
  tables += 1
  const table = `people_${tables}`
  await run(`CREATE TABLE ${table} (id ${id}, name ${name}, hash ${hashType})`)
  for (const row of rows) await run(`INSERT INTO ${table} VALUES (${row})`)
  return store({ table, columns })
}

async function refusalOf(find: () => unknown): Promise<ConfigurationError> {
  let found: unknown
  try {
    found = await find()
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigurationError)
    return error as ConfigurationError
  }
  return expect.fail(`it found ${JSON.stringify(found)}`)
}

/** Both look-ups are refused, for a name that there is and for one that there is not, and no value is told. */
async function expectRefused(users: UserStore, option: string, type: string, values: readonly string[]): Promise<void> {
  for (const find of [
    () => users.findUserByUsername('alice', context),
    () => users.findUserByUsername('nobody', context),
    () => users.findUser('1', context),
  ]) {
    const { option: named, message } = await refusalOf(find)
    expect([named, message.includes(type)]).toEqual([option, true])
    for (const value of values) expect(message).not.toContain(value)
  }
}

async function found(users: UserStore, name = 'alice'): Promise<User | undefined> {
  const user = await users.findUserByUsername(name, context)
  if (user !== undefined) expect(await users.findUser(user.userId, context)).toEqual(user)
  return user
}

const text = { id: 'VARCHAR(40)', name: 'VARCHAR(40)', hash: 'VARCHAR(80)' }

describe('sqliteUsers', () => {
  const run = (sql: string): unknown => file.exec(sql)
  const of = (types: readonly [string, string, string], ...rows: string[]): Promise<UserStore> =>
    usersIn(run, (table) => sqliteUsers(file, table), types, rows)

  it.each([
    ['an id that is a BLOB', ['BLOB', 'TEXT', 'TEXT'], `x'919c954e', 'alice', '${hash}'`, 'id', 'blob'],
    ['an id that is a BLOB of ASCII', ['BLOB', 'TEXT', 'TEXT'], `x'3132', 'alice', '${hash}'`, 'id', 'blob'],
    ['an id that is a DOUBLE', ['DOUBLE', 'TEXT', 'TEXT'], `12, 'alice', '${hash}'`, 'id', 'real'],
    ['a name that is a BLOB', ['TEXT', 'BLOB', 'TEXT'], `'1', x'616c696365', '${hash}'`, 'username', 'blob'],
    ['a hash that is a BLOB', ['TEXT', 'TEXT', 'BLOB'], `'1', 'alice', x'243262'`, 'passwordHash', 'blob'],
  ] as const)('refuses %s, by column and type (03)', async (_what, types, row, column, type) => {
    await expectRefused(await of(types, row), `sqliteUsers.columns.${column}`, type, ['alice', '919c', hash])
  })

  it('refuses one such value among others (03)', async () => {
    const users = await of(['', 'TEXT', 'TEXT'], `'1', 'ada', '${hash}'`, `x'ff', 'alice', '${hash}'`)
    expect((await found(users, 'ada'))?.userId).toBe('1')
    expect((await refusalOf(() => users.findUserByUsername('alice', context))).message).toContain('type blob')
  })

  it('refuses bytes that are not UTF-8 (03)', async () => {
    const users = await of(['TEXT', 'TEXT', 'TEXT'], `CAST(x'61ff' AS TEXT), 'alice', '${hash}'`)
    expect((await refusalOf(() => users.findUserByUsername('alice', context))).option).toBe('sqliteUsers.columns.id')
  })

  it('refuses an id that two users have (03)', async () => {
    const users = await of(['INTEGER', 'TEXT', 'TEXT'], `1, 'alice', '${hash}'`, `1, 'bob', '${hash}'`)
    expect((await refusalOf(() => users.findUserByUsername('alice', context))).message).toContain('two users have it')
    expect((await refusalOf(() => users.findUser('1', context))).option).toBe('sqliteUsers.columns.id')
  })

  it('refuses an id that leads to another user (03)', async () => {
    // A column without a type compares letter by letter and number by number: a text and a number that look alike are two ids.
    const users = await of(['', 'TEXT', 'TEXT'], `1, 'alice', '${hash}'`, `'1', 'bob', '${hash}'`)
    expect((await refusalOf(() => users.findUserByUsername('alice', context))).message).toContain('does not lead back')
    expect((await found(users, 'bob'))?.userId).toBe('1')
  })

  it('finds names and hashes that are numbers, and names in an empty table', async () => {
    expect(await found(await of(['INTEGER', 'INTEGER', 'TEXT'], `7, 4711, '${hash}'`), '4711')).toMatchObject({
      userId: '7',
      username: '4711',
    })
    expect(await found(await of(['INTEGER', 'TEXT', 'TEXT']))).toBeUndefined()
  })

  it('accepts a view that converts bytes to text (03)', async () => {
    run(`
      CREATE TABLE raw_people (id BLOB PRIMARY KEY, name TEXT, hash TEXT);
      INSERT INTO raw_people VALUES (x'919c', 'alice', '${hash}'), (x'f1fc', 'bob', '${hash}');
      CREATE VIEW people AS SELECT hex(id) AS id, name, hash FROM raw_people;
    `)
    const users = sqliteUsers(file, { table: 'people', columns })
    expect([(await found(users))?.userId, (await found(users, 'bob'))?.userId]).toEqual(['919C', 'F1FC'])
  })
})

describe.skipIf(mysqlPool === undefined)('mysqlUsers', () => {
  const run = (sql: string): unknown => mysqlPool!.query(sql)
  const of = (types: readonly [string, string, string], ...rows: string[]): Promise<UserStore> =>
    usersIn(run, (table) => mysqlUsers(mysqlPool!, table), types, rows)
  const asBytes = ['BINARY(16)', 'VARBINARY(40)', 'BLOB', 'TINYBLOB', 'MEDIUMBLOB', 'LONGBLOB']

  it.each([...asBytes, 'BIT(16)', 'DOUBLE', 'FLOAT'])('refuses an id of the type %s (03)', async (type) => {
    const value = type.startsWith('B') && type !== 'BLOB' && !type.startsWith('BIN') ? '12' : "'12'"
    const users = await of([type, text.name, text.hash], `${value}, 'alice', '${hash}'`)
    await expectRefused(users, 'mysqlUsers.columns.id', type.replace(/\(.*/, '').toLowerCase(), ['alice', hash])
  })

  it.each(asBytes)('refuses a name and a hash of the type %s (03)', async (type) => {
    const wide = type.replace('(16)', '(90)').replace('(40)', '(90)')
    const named = wide.replace(/\(.*/, '').toLowerCase()
    const names = await of(['INT', wide, text.hash], `1, 'alice', '${hash}'`)
    await expectRefused(names, 'mysqlUsers.columns.username', named, [hash])
    const hashes = await of(['INT', text.name, wide], `1, 'alice', '${hash}'`)
    await expectRefused(hashes, 'mysqlUsers.columns.passwordHash', named, [hash])
  })

  const another = (options: PoolOptions): Pool => {
    const made = createPool({ uri: uri!, ...options })
    pools.push(made)
    return made
  }

  it.each(['latin1', 'utf8mb3'])('refuses a connection with the character set %s (03)', async (charset) => {
    const table = `charset_${charset}`
    await run(`CREATE TABLE ${table} (id VARCHAR(40), name VARCHAR(40), hash VARCHAR(80)) CHARSET utf8mb4`)
    await run(`INSERT INTO ${table} VALUES ('Ж', 'alice', '${hash}'), ('😀', 'bob', '${hash}')`)
    const told = another({ charset: charset === 'utf8mb3' ? 'UTF8_GENERAL_CI' : 'LATIN1_SWEDISH_CI' })
    const users = mysqlUsers(told, { table, columns })
    const { option, message } = await refusalOf(() => users.findUserByUsername('alice', context))
    expect([option, message.includes('utf8mb4')]).toEqual(['mysqlUsers.pool', true])
  })

  it('refuses one connection of a pool that was set to latin1 later (03)', async () => {
    await run(`CREATE TABLE set_names (id VARCHAR(40), name VARCHAR(40), hash VARCHAR(80)) CHARSET utf8mb4`)
    await run(`INSERT INTO set_names VALUES ('Ж', 'alice', '${hash}')`)
    const one = another({ connectionLimit: 1 })
    const users = mysqlUsers(one, { table: 'set_names', columns })
    expect((await found(users))?.userId).toBe('Ж')
    await one.query('SET NAMES latin1')
    expect((await refusalOf(() => users.findUserByUsername('alice', context))).option).toBe('mysqlUsers.pool')
  })

  it('refuses a connection that pads columns of type CHAR (30)', async () => {
    await run(`CREATE TABLE chars (id INT, name CHAR(30), hash CHAR(80))`)
    await run(`INSERT INTO chars VALUES (1, 'alice', '${hash}')`)
    const one = another({ connectionLimit: 1 })
    await one.query("SET sql_mode = 'PAD_CHAR_TO_FULL_LENGTH'")
    const users = mysqlUsers(one, { table: 'chars', columns })
    expect((await refusalOf(() => users.findUserByUsername('alice', context))).message).toContain('PAD_CHAR')
    expect(await found(mysqlUsers(mysqlPool!, { table: 'chars', columns }))).toMatchObject({ passwordHash: hash })
  })

  it('finds what is one-to-one: CHAR, DECIMAL, ids that differ in case, latin1 columns with every character', async () => {
    const latin1 = 'VARCHAR(40) CHARACTER SET latin1 COLLATE latin1_bin'
    const ids = await of([latin1, text.name, text.hash], `'€ü', 'alice', '${hash}'`, `'Žü', 'bob', '${hash}'`)
    expect([(await found(ids))?.userId, (await found(ids, 'bob'))?.userId]).toEqual(['€ü', 'Žü'])
    const cases = await of(['CHAR(20)', text.name, text.hash], `'a', 'alice', '${hash}'`, `'A', 'bob', '${hash}'`)
    expect([(await found(cases))?.userId, (await found(cases, 'bob'))?.userId]).toEqual(['a', 'A'])
    const decimals = await of(['DECIMAL(30,0)', text.name, text.hash], `123456789012345678901234, 'alice', '${hash}'`)
    expect((await found(decimals))?.userId).toBe('123456789012345678901234')
  })

  it('accepts a view that converts bytes to text, also in another schema (03)', async () => {
    await run(`
      CREATE TABLE raw_people (id BINARY(2) PRIMARY KEY, name VARCHAR(40), hash VARCHAR(80));
      INSERT INTO raw_people VALUES (x'919c', 'alice', '${hash}'), (x'f1fc', 'bob', '${hash}');
      CREATE VIEW text_people AS SELECT hex(id) AS id, name, hash FROM raw_people;
    `)
    const schema = new URL(uri!).pathname.slice(1)
    const users = mysqlUsers(mysqlPool!, { table: `${schema}.text_people`, columns })
    expect([(await found(users))?.userId, (await found(users, 'bob'))?.userId]).toEqual(['919C', 'F1FC'])
    const raw = mysqlUsers(mysqlPool!, { table: `${schema}.raw_people`, columns })
    expect((await refusalOf(() => raw.findUserByUsername('alice', context))).message).toContain('type binary')
  })
})

describe.skipIf(pool === undefined)('postgresUsers', () => {
  const run = (sql: string): unknown => pool!.query(sql)
  const of = (types: readonly [string, string, string], ...rows: string[]): Promise<UserStore> =>
    usersIn(run, (table) => postgresUsers(pool!, table), types, rows)

  it.each([
    ['INTEGER', 'CHAR(30)', 'VARCHAR(80)'],
    ['INTEGER', 'VARCHAR(30)', 'CHAR(80)'],
    ['CHAR(30)', 'CHAR(30)', 'CHAR(80)'],
  ] as const)('finds users whose id, name and hash are of the types %s, %s, %s (30)', async (...types) => {
    const users = await of(types, `'1', 'alice', '${hash}'`, `'2', 'bob', '${hash}'`)
    expect(await found(users)).toMatchObject({ userId: '1', username: 'alice', passwordHash: hash })
    expect(await users.findUserByUsername('alice ', context)).toBeUndefined()
    await users.updatePasswordHash?.('1', hash.replace('aaa', 'bbb'), hash, context)
    expect((await found(users))?.passwordHash).toBe(hash.replace('aaa', 'bbb'))
  })

  it.each([
    ['id', 'double precision', ['DOUBLE PRECISION', text.name, text.hash]],
    ['id', 'real', ['REAL', text.name, text.hash]],
    ['username', 'bytea', ['INTEGER', 'BYTEA', text.hash]],
    ['passwordHash', 'bytea', ['INTEGER', text.name, 'BYTEA']],
  ] as const)('refuses an %s of the type %s, also in an empty table (03)', async (column, type, types) => {
    await expectRefused(await of(types), `postgresUsers.columns.${column}`, type, [])
    const row = `1, 'alice', '${column === 'passwordHash' ? 'abc' : hash}'`
    await expectRefused(await of(types, row), `postgresUsers.columns.${column}`, type, ['alice', hash])
  })

  it.each([
    ['BYTEA', `'\\x919c'`, '\\x919c'],
    ['BIT(4)', `B'0101'`, '0101'],
    ['NUMERIC', '123456789012345678901234', '123456789012345678901234'],
  ])('finds users by an id of the type %s, whose text is its own (03)', async (type, value, userId) => {
    expect((await found(await of([type, text.name, text.hash], `${value}, 'alice', '${hash}'`)))?.userId).toBe(userId)
  })
})
