import { createConnection, createPool, type PoolOptions } from 'mysql2/promise'
import pg from 'pg'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import {
  ConfigurationError,
  hashToken,
  type ClientRegistry,
  type KeyStore,
  type StoredSigningKey,
  type TokenStore,
} from 'latchkey'
import { openMysqlStores } from 'latchkey/stores/mysql'
import { openPostgresStores } from 'latchkey/stores/postgres'
import { startMariadb } from '../../tools/servers/start-mariadb.mjs'
import { startPostgres } from '../../tools/servers/start-postgres.mjs'
import { databaseApp } from '../fixtures/database-app.js'

interface Stores {
  readonly clients: ClientRegistry
  readonly tokens: TokenStore
  readonly keys: KeyStore
}

const context = {} as never

describe('PostgreSQL, as an application has set it', () => {
  let server: Awaited<ReturnType<typeof startPostgres>>
  let url: string
  beforeAll(async () => {
    server = await startPostgres()
  })
  beforeEach(async ({ skip, task }) => {
    if (server === undefined) return skip()
    url = await server.createDatabase(`settings_${task.id.replace(/\W/g, '').slice(-20)}`)
  })
  afterAll(() => server?.stop())

  it.each(['repeatable read', 'serializable'])(
    'one of many concurrent rotations wins with %s by default',
    async (level) => {
      const client = new pg.Client({ connectionString: url })
      await client.connect()
      const name = new URL(url).pathname.slice(1)
      await client.query(`ALTER DATABASE ${name} SET default_transaction_isolation = '${level}'`)
      await client.end()
      const pool = new pg.Pool({ connectionString: url })
      expect((await pool.query('SHOW transaction_isolation')).rows).toEqual([{ transaction_isolation: level }])
      await expectOneWinner(await openPostgresStores(pool))
      await pool.end()
    },
  )

  const types = (parse: (value: string, oid: number) => unknown): pg.PoolConfig => {
    const getTypeParser: unknown = (oid: number) => (value: unknown) => parse(String(value), oid)
    return { types: { getTypeParser } as pg.CustomTypesConfig }
  }
  it.each<[name: string, config: pg.PoolConfig]>([
    ['whole numbers as BigInt', types((value, oid) => (oid === 20 ? BigInt(value) : value))],
    ['whole numbers as numbers', types((value, oid) => (oid === 20 ? Number(value) : value))],
    ['everything as text', types((value) => value)],
  ])('the stores return the same with %s', async (_name, config) => {
    const plain = new pg.Pool({ connectionString: url })
    const special = new pg.Pool({ connectionString: url, ...config })
    await expectSameAnswers(await openPostgresStores(plain), await openPostgresStores(special))
    await Promise.all([plain.end(), special.end()])
  })

  it.each<[name: string, config: pg.PoolConfig]>([
    ['values in binary, which pg reads as text', { binary: true } as pg.PoolConfig],
    ['whole numbers as something else', types((value, oid) => (oid === 20 ? `#${value}` : value))],
  ])('%s are refused when the stores are opened', async (_name, config) => {
    const pool = new pg.Pool({ connectionString: url, ...config })
    const opening = openPostgresStores(pool)
    await expect(opening).rejects.toThrow(ConfigurationError)
    await expect(opening).rejects.toThrow(/where the database has 1800000000/)
    await pool.end()
  })
})

describe('MariaDB, as an application has set it', () => {
  let server: Awaited<ReturnType<typeof startMariadb>>
  let url: string
  beforeAll(async () => {
    server = await startMariadb()
  })
  beforeEach(async ({ skip, task }) => {
    // It is brought into states that are not for servers of others.
    if (server === undefined || server.given) return skip()
    url = await server.createDatabase(`settings_${task.id.replace(/\W/g, '').slice(-20)}`)
  })
  afterAll(() => server?.stop())

  /** Sets something for all connections that are made later. */
  async function set(...statements: readonly string[]): Promise<void> {
    const connection = await createConnection({ uri: server!.url })
    for (const sql of statements) await connection.query(sql)
    await connection.end()
  }

  it.each(['READ COMMITTED', 'SERIALIZABLE'])(
    'one of many concurrent rotations wins with %s by default',
    async (level) => {
      await set(`SET GLOBAL TRANSACTION ISOLATION LEVEL ${level}`)
      const pool = createPool({ uri: url })
      try {
        const [rows] = await pool.query('SELECT @@tx_isolation AS level')
        expect(rows).toEqual([{ level: level.replace(' ', '-') }])
        await expectOneWinner(await openMysqlStores(pool))
      } finally {
        await pool.end()
        await set('SET GLOBAL TRANSACTION ISOLATION LEVEL REPEATABLE READ')
      }
    },
  )

  it.each<[name: string, options: PoolOptions]>([
    ['rowsAsArray', { rowsAsArray: true }],
    ['a typeCast of its own', { typeCast: () => 'nothing' }],
    ['typeCast off', { typeCast: false }],
    ['bigNumberStrings', { supportBigNumbers: true, bigNumberStrings: true }],
    ['namedPlaceholders', { namedPlaceholders: true }],
    ['dateStrings', { dateStrings: true }],
    ['nestTables', { nestTables: true }],
    ['decimalNumbers', { decimalNumbers: true }],
    ['multipleStatements', { multipleStatements: true }],
    ['the number of rows changed for that of rows found', { flags: ['-FOUND_ROWS'] }],
    ['its own time zone', { timezone: '+05:30' }],
  ])('the stores return the same with %s', async (_name, options) => {
    const plain = createPool({ uri: url })
    const special = createPool({ uri: url, ...options })
    await expectSameAnswers(await openMysqlStores(plain), await openMysqlStores(special))
    await Promise.all([plain.end(), special.end()])
  })

  it.each<[name: string, options: PoolOptions, on: string, off: string, message: RegExp]>([
    ['latin1', { charset: 'latin1' }, 'DO 0', 'DO 0', /talks latin1 to the database/],
    [
      'a sql_mode that is not strict',
      {},
      `SET GLOBAL sql_mode = ''`,
      'SET GLOBAL sql_mode = DEFAULT',
      /no strict sql_mode/,
    ],
    ['autocommit off', {}, 'SET GLOBAL autocommit = 0', 'SET GLOBAL autocommit = 1', /autocommit/],
  ])('%s is refused when the stores are opened', async (_name, options, on, off, message) => {
    await set(on)
    const pool = createPool({ uri: url, ...options })
    try {
      const opening = openMysqlStores(pool)
      await expect(opening).rejects.toThrow(ConfigurationError)
      await expect(opening).rejects.toThrow(message)
    } finally {
      await pool.end()
      await set(off)
    }
  })
})

/** Fifty refreshes of one token, and two who replace the signing keys. */
async function expectOneWinner(stores: Stores): Promise<void> {
  const app = await databaseApp(stores)
  const { refresh_token: presented } = await app.signIn()
  const answers = await Promise.all(Array.from({ length: 50 }, () => app.refresh(presented)))
  expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 50 }, () => 200))
  expect(new Set(answers.map(({ body }) => body.refresh_token)).size).toBe(1)
  expect(app.events.filter((event) => event.type === 'tokens_issued' && event.how === 'refreshed')).toHaveLength(1)
  expect((await app.refresh(answers[0]!.body.refresh_token)).status).toBe(200)

  for (let round = 0; round < 5; round++) {
    const before = await stores.keys.listSigningKeys()
    const replaced = await Promise.all(
      ['one', 'other', 'third'].map(async (name) =>
        stores.keys.replaceSigningKeys(before, [signingKey(`${name}-${String(round)}`)]),
      ),
    )
    expect(replaced.filter(Boolean)).toHaveLength(1)
    expect(await stores.keys.listSigningKeys()).toHaveLength(1)
  }
}

/** Both are on one database: whatever one has stored the other one tells as the first one does. */
async function expectSameAnswers(plain: Stores, special: Stores): Promise<void> {
  const app = await databaseApp(special)
  const { access_token: access, refresh_token: first } = await app.signIn()
  const renewed = await app.refresh(first)
  expect(renewed.status).toBe(200)
  expect((await app.refresh(first)).body.refresh_token).toBe(renewed.body.refresh_token)
  expect((await app.orders(access)).status).toBe(200)
  expect((await app.clientToken()).status).toBe(200)
  expect(await special.keys.replaceSigningKeys([], [signingKey('first')])).toBe(true)
  await special.tokens.revokeSignedToken('revoked', 2_000_000_000, context)
  const listed = await plain.tokens.listAuthorizations('user-1', context)
  const { authorizationId } = listed[0]!

  const ask = ({ clients, tokens, keys }: Stores): Promise<readonly unknown[]> =>
    Promise.all([
      clients.listClients(),
      clients.findClient('shop-app', context),
      tokens.findAccessToken(hashToken(access), context),
      tokens.findRefreshToken(hashToken(first), context),
      tokens.findRefreshToken(hashToken(renewed.body.refresh_token), context),
      tokens.findAuthorization(authorizationId, context),
      tokens.listAuthorizations('user-1', context),
      tokens.isSignedTokenRevoked({ tokenId: 'revoked', authorizationId }, context),
      tokens.isSignedTokenRevoked({ tokenId: 'other', authorizationId }, context),
      tokens.isSignedTokenRevoked({ tokenId: 'other', authorizationId: 'unknown' }, context),
      keys.listSigningKeys(),
    ])
  const answers = await ask(plain)
  expect(await ask(special)).toStrictEqual(answers)
  expect(answers.slice(7, 10)).toEqual([true, false, true])

  expect(await special.tokens.prune?.(app.now())).toBe(0)
  expect(await special.tokens.revokeTokens({ userId: 'user-1' }, context)).toBe(1)
  expect(await special.tokens.revokeTokens({ userId: 'user-1' }, context)).toBe(0)
  // The authorization with two tokens of each kind, the token of the client, the revoked JWT.
  expect(await special.tokens.prune?.(2_100_000_000)).toBe(7)
}

function signingKey(keyId: string): StoredSigningKey {
  return { keyId, algorithm: 'ES256', state: 'active', encryptedPrivateKey: 'x', since: 1_800_000_000 }
}
