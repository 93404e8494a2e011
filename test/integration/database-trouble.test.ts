import { setTimeout as sleep } from 'node:timers/promises'
import { createConnection, createPool, type Connection } from 'mysql2/promise'
import pg from 'pg'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { hashToken, isStoreUnavailableError, type ClientRegistry, type TokenStore } from 'latchkey'
import { openMysqlStores } from 'latchkey/stores/mysql'
import { openPostgresStores } from 'latchkey/stores/postgres'
import { startMariadb } from '../../tools/servers/start-mariadb.mjs'
import { startPostgres } from '../../tools/servers/start-postgres.mjs'
import { databaseApp, serverError, unavailable, type DatabaseApp } from '../fixtures/database-app.js'
import { shown } from '../fixtures/shown-answer.js'

/** Somebody else who is connected to the database. */
interface Other {
  run(sql: string): Promise<readonly Record<string, unknown>[]>
  end(): Promise<unknown>
}

interface Opened {
  readonly clients: ClientRegistry
  readonly tokens: TokenStore
  /** Takes a connection out of the pool, and answers how to give it back. */
  readonly hold: () => Promise<() => void>
  readonly end: () => Promise<unknown>
}

interface Settings {
  readonly connections?: number
  readonly timeoutMilliseconds?: number
  readonly user?: string
}

interface Kind {
  readonly name: string
  readonly start: typeof startPostgres | typeof startMariadb
  readonly open: (url: string, settings: Settings) => Promise<Opened>
  readonly connect: (url: string) => Promise<Other>
  /** Of whoever is not the administrator. */
  readonly createUser: readonly string[]
  readonly readOnly: readonly [on: string, off: string]
  readonly begin: string
  /** Locks a table in a transaction or session: against writing, and against everybody. */
  readonly lockTable: { readonly writing: (table: string) => string; readonly all: (table: string) => string }
  readonly unlock: string
  /** Finds transactions that wait for a lock. */
  readonly waiting: string
  readonly limitConnections: readonly [on: string, off: string]
}

/** Milliseconds after our own limit until the server has given up too: it counts from when it has the statement. */
const serverIsLater = 500

const kinds: readonly Kind[] = [
  {
    name: 'PostgreSQL',
    start: startPostgres,
    async open(url, { connections = 10, timeoutMilliseconds = 2000, user }) {
      const target = new URL(url)
      if (user !== undefined) target.username = user
      const pool = new pg.Pool({ connectionString: target.href, max: connections })
      return {
        ...(await openPostgresStores(pool, { timeoutMilliseconds })),
        async hold() {
          const client = await pool.connect()
          return () => client.release()
        },
        end: () => pool.end(),
      }
    },
    async connect(url) {
      const client = new pg.Client({ connectionString: url })
      await client.connect()
      return {
        run: async (sql) => (await client.query<Record<string, unknown>>(sql)).rows,
        end: () => client.end(),
      }
    },
    createUser: [
      'CREATE ROLE app LOGIN',
      'GRANT ALL ON ALL TABLES IN SCHEMA public TO app',
      'ALTER TABLE latchkey_access_token OWNER TO app',
    ],
    readOnly: ['ALTER ROLE app SET default_transaction_read_only = on', 'ALTER ROLE app RESET ALL'],
    begin: 'BEGIN',
    lockTable: {
      writing: (table) => `LOCK TABLE ${table} IN SHARE MODE`,
      all: (table) => `LOCK TABLE ${table} IN ACCESS EXCLUSIVE MODE`,
    },
    unlock: 'ROLLBACK',
    waiting: 'SELECT pid FROM pg_locks WHERE NOT granted',
    limitConnections: ['ALTER ROLE app CONNECTION LIMIT 0', 'ALTER ROLE app CONNECTION LIMIT -1'],
  },
  {
    name: 'MariaDB',
    start: startMariadb,
    async open(url, { connections = 10, timeoutMilliseconds = 2000, user }) {
      const target = new URL(url)
      if (user !== undefined) target.username = user
      const pool = createPool({ uri: target.href, connectionLimit: connections })
      return {
        ...(await openMysqlStores(pool, { timeoutMilliseconds })),
        async hold() {
          const connection = await pool.getConnection()
          return () => connection.release()
        },
        end: () => pool.end(),
      }
    },
    async connect(url) {
      const connection: Connection = await createConnection({ uri: url })
      return {
        run: async (sql) => (await connection.query(sql))[0] as Record<string, unknown>[],
        end: () => connection.end(),
      }
    },
    createUser: [
      `CREATE USER app@'127.0.0.1'`,
      `GRANT SELECT, INSERT, UPDATE, DELETE, CREATE, DROP, ALTER ON trouble.* TO app@'127.0.0.1'`,
    ],
    readOnly: ['SET GLOBAL read_only = 1', 'SET GLOBAL read_only = 0'],
    begin: 'START TRANSACTION',
    lockTable: {
      writing: (table) => `LOCK TABLES ${table} READ`,
      all: (table) => `LOCK TABLES ${table} WRITE`,
    },
    unlock: 'UNLOCK TABLES',
    waiting: `SELECT trx_id FROM information_schema.innodb_trx WHERE trx_state = 'LOCK WAIT'`,
    limitConnections: [
      `ALTER USER app@'127.0.0.1' WITH MAX_USER_CONNECTIONS 1`,
      `ALTER USER app@'127.0.0.1' WITH MAX_USER_CONNECTIONS 0`,
    ],
  },
]

describe.each(kinds)('trouble with $name', (kind) => {
  let server: Awaited<ReturnType<typeof startPostgres>>
  let url: string
  let other: Other
  let stores: Opened
  let app: DatabaseApp

  beforeAll(async () => {
    server = await kind.start()
    if (server === undefined || server.given) return
    url = await server.createDatabase('trouble')
    const first = await kind.open(url, {})
    await databaseApp(first)
    await first.end()
    other = await kind.connect(url)
    for (const sql of kind.createUser) await other.run(sql)
  })
  afterAll(async () => {
    if (server === undefined) return
    if (!server.given) await other.end()
    await server.stop()
  })

  beforeEach(async ({ skip }) => {
    // It is brought into states that are not for servers of others.
    if (server === undefined || server.given) return skip()
    await open({})
  })
  afterEach(async () => {
    if (server !== undefined && !server.given) await stores.end()
  })

  async function open(settings: Settings): Promise<void> {
    stores = await kind.open(url, { user: 'app', ...settings })
    app = await databaseApp(stores, { register: false })
  }

  async function isSpent(token: string): Promise<boolean> {
    const record = await stores.tokens.findRefreshToken(hashToken(token), {} as never)
    expect(record).toBeDefined()
    return record?.spending !== undefined
  }

  /** Tries again after a 503, as clients do, but not for ever. */
  async function untilServed<Answer extends { status: number }>(send: () => Promise<Answer>): Promise<Answer> {
    for (let attempt = 1; ; attempt++) {
      const answer = await send()
      if (answer.status === 200 || attempt === 50) return answer
      expect(answer.status).toBe(503)
      await sleep(50)
    }
  }

  it('without a free connection everything is 503, and nothing of it is done later (BRR-22, ORD-05)', async () => {
    await stores.end()
    await open({ connections: 1, timeoutMilliseconds: 1500 })
    const { access_token: access, refresh_token: presented } = await app.signIn()
    const giveBack = await stores.hold()
    const answers = await Promise.all([
      app.refresh(presented),
      app.orders(access),
      app.clientToken(),
      app.refresh(presented),
    ])
    expect(answers.map(({ status }) => status)).toEqual([503, 503, 503, 503])
    expect(shown(answers[0])).toEqual(unavailable)
    expect(shown(answers[2])).toEqual(unavailable)
    await expect(app.oauth.authorizations.revoke({ userId: 'user-1' })).rejects.toThrow(
      'did not respond within 1500 ms',
    )
    giveBack()

    expect((await app.orders(access)).status).toBe(200)
    expect(await isSpent(presented)).toBe(false)
    // Far behind the grace: a token that had been spent meanwhile would end the sign-in now.
    app.advance(60)
    expect((await app.refresh(presented)).status).toBe(200)
    expect((await app.clientToken()).status).toBe(200)
  })

  it('a rotation that waits too long for a lock on its table is 503, and not done later (TOK-24, RTG-15)', async () => {
    const { access_token: access, refresh_token: presented } = await app.signIn()
    await other.run(kind.begin)
    await other.run(kind.lockTable.writing('latchkey_refresh_token'))
    expect(shown(await app.refresh(presented))).toEqual(unavailable)
    expect((await app.orders(access)).status).toBe(200)
    await sleep(serverIsLater)
    await other.run(kind.unlock)

    await sleep(300)
    expect(await isSpent(presented)).toBe(false)
    app.advance(60)
    const refreshed = await untilServed(() => app.refresh(presented))
    expect(refreshed.status).toBe(200)
    expect((await app.orders(refreshed.body.access_token)).status).toBe(200)
  })

  it('a rotation that waits too long for a lock on its rows is 503, and not done later (TOK-24, RTG-15)', async () => {
    for (const table of ['latchkey_refresh_token', 'latchkey_authorization']) {
      const { refresh_token: presented } = await app.signIn()
      await other.run(kind.begin)
      await other.run(`SELECT * FROM ${table} FOR UPDATE`)
      expect(shown(await app.refresh(presented))).toEqual(unavailable)
      await sleep(serverIsLater)
      await other.run('ROLLBACK')

      await sleep(300)
      expect(await isSpent(presented)).toBe(false)
      app.advance(60)
      expect((await untilServed(() => app.refresh(presented))).status).toBe(200)
    }
  })

  it('a table that is locked against reading makes the guard answer 503, and it recovers (BRR-22)', async () => {
    const { access_token: access } = await app.signIn()
    await other.run(kind.begin)
    await other.run(kind.lockTable.all('latchkey_access_token'))
    const answers = await Promise.all(Array.from({ length: 15 }, () => app.orders(access)))
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([503]))
    expect(shown(answers[0]!)).toEqual({ ...unavailable, pragma: shown(answers[0]!).pragma })
    await other.run(kind.unlock)
    expect((await untilServed(() => app.orders(access))).status).toBe(200)
  })

  it('with a database that has become read-only the guard works and nothing is issued, until it recovers', async () => {
    const { access_token: access, refresh_token: presented } = await app.signIn()
    const [on, off] = kind.readOnly
    await other.run(on)
    // Connections that were opened before know nothing of it in PostgreSQL.
    await stores.end()
    await open({})
    expect((await app.orders(access)).status).toBe(200)
    expect(shown(await app.refresh(presented))).toEqual(unavailable)
    expect(shown(await app.clientToken())).toEqual(unavailable)
    await expect(app.signIn()).rejects.toThrow('temporarily_unavailable')
    await expect(app.oauth.authorizations.revoke({ clientId: 'shop-app' })).rejects.toThrow('cannot serve')
    await expect(stores.tokens.prune?.(2_000_000_000)).rejects.toThrow('cannot serve')
    await other.run(off)
    await stores.end()
    await open({})
    expect((await app.refresh(presented)).status).toBe(200)
  })

  it('too many connections are 503, and it recovers', async () => {
    const { access_token: access } = await app.signIn()
    const [on, off] = kind.limitConnections
    await other.run(on)
    // One more than is allowed: the pool has one, and would open another.
    const giveBack = await stores.hold()
    const answers = await Promise.all([app.orders(access), app.orders(access), app.clientToken()])
    expect(answers.map(({ status }) => status)).toContain(503)
    for (const answer of answers) expect([200, 503]).toContain(answer.status)
    await other.run(off)
    giveBack()
    expect((await untilServed(() => app.orders(access))).status).toBe(200)
    expect((await untilServed(() => app.clientToken())).status).toBe(200)
  })

  it('a missing table is 500 without details, and everything works when it is back (ORD-05)', async () => {
    const { access_token: access } = await app.signIn()
    await other.run('ALTER TABLE latchkey_access_token RENAME TO gone')
    const answers = [await app.clientToken(), await app.orders(access)] as const
    await other.run('ALTER TABLE gone RENAME TO latchkey_access_token')
    expect(shown(answers[0])).toEqual(serverError)
    expect(shown(answers[1])).toEqual({ ...serverError, pragma: shown(answers[1]).pragma })
    expect(answers.map(({ text }) => /latchkey|gone|relation|table|SELECT/i.test(text))).toEqual([false, false])
    expect((await app.orders(access)).status).toBe(200)
    expect((await app.clientToken()).status).toBe(200)
  })

  it('a deadlock is no error: the rotation is tried again', async () => {
    await stores.end()
    await open({ timeoutMilliseconds: 8000 })
    const { refresh_token: presented } = await app.signIn()
    await other.run('CREATE TABLE ballast (number BIGINT)')
    await other.run(kind.begin)
    // More work than a rotation: the database ends the transaction that has done less.
    for (let row = 0; row < 50; row++) await other.run(`INSERT INTO ballast VALUES (${String(row)})`)
    await other.run('UPDATE latchkey_authorization SET last_used_at = last_used_at + 1')
    const refreshed = app.refresh(presented)
    // What InnoDB tells is renewed when nobody has asked for a tenth of a second.
    await expect.poll(() => other.run(kind.waiting), { interval: 150 }).not.toEqual([])
    await other.run('UPDATE latchkey_refresh_token SET issued_at = issued_at + 1')
    await other.run('COMMIT')
    expect((await refreshed).status).toBe(200)
    await other.run('DROP TABLE ballast')
  })

  it('concurrent rotations, revocations and prunings do not disturb each other', async () => {
    await stores.end()
    await open({ timeoutMilliseconds: 8000 })
    let turns = 0
    const errors: unknown[] = []
    // It may be a victim, too.
    const signInAgain = async (): Promise<string> =>
      app.signIn().then(({ refresh_token }) => refresh_token, signInAgain)
    const signedIn = await Promise.all(Array.from({ length: 6 }, () => app.signIn()))
    const chains = signedIn.map(async (tokens) => {
      let presented = tokens.refresh_token
      for (let turn = 0; turn < 12; turn++) {
        const answer = await app.refresh(presented)
        turns += 1
        if (answer.status === 200) presented = answer.body.refresh_token
        // Its sign-in was ended: it begins another one.
        else if (answer.body.error === 'invalid_grant') presented = await signInAgain()
        else errors.push(shown(answer))
      }
    })
    const others = [
      () => app.oauth.authorizations.revoke({ clientId: 'shop-app' }),
      () => app.oauth.authorizations.revoke({ everything: true }),
      () => app.oauth.authorizations.revoke({ userId: 'user-1' }),
      () => stores.tokens.prune!(app.now()),
      () => stores.tokens.prune!(app.now()),
    ].map(async (act) => {
      while (turns < 72) {
        await Promise.resolve(act()).catch((error: unknown) => errors.push(error))
        await sleep(15)
      }
    })
    await Promise.all([...chains, ...others])
    const unlucky = errors.filter(
      (error) => isStoreUnavailableError(error) || (error as { status?: number }).status === 503,
    )
    expect(errors.filter((error) => !unlucky.includes(error))).toEqual([])
    // Somebody may be the victim of deadlock after deadlock, but that is rare.
    expect(unlucky.length).toBeLessThan(5)
  })
})
