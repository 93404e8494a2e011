import { setTimeout as sleep } from 'node:timers/promises'
import { createConnection } from 'mysql2/promise'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createClient, hashToken } from 'latchkey'
import {
  startMariadbDatabase,
  startPostgresDatabase,
  startRedisDatabase,
  type OpenedStores,
  type StartDatabase,
  type StartedDatabase,
} from '../fixtures/database-servers.js'
import { startServerProcesses, type ServerProcess } from '../fixtures/server-process.js'
import { TokenCaller, type Answer } from '../fixtures/token-caller.js'

const password = 'the password of all users'
const grantTypes = ['password', 'refresh_token', 'client_credentials']
const scopes = ['orders:read']
const app = createClient({ firstParty: true, grantTypes, scopes, defaultScopes: scopes, mayIntrospect: true })
const caller = new TokenCaller(app)
const refused = { status: 400, body: { error: 'invalid_grant' } }

const kinds: readonly (readonly [name: string, start: StartDatabase])[] = [
  ['PostgreSQL', startPostgresDatabase],
  ['MariaDB', startMariadbDatabase],
  ['Redis', startRedisDatabase],
]
const databases = await Promise.all(kinds.map(async ([name, start]) => ({ name, database: await start() })))
afterAll(async () => {
  for (const { database } of databases) await database?.server.stop()
})

for (const { name, database } of databases) {
  describe.skipIf(database === undefined)(`server processes on one ${name}`, () => {
    if (database !== undefined) checkSharedStore(database)
  })
}

function checkSharedStore({ server, settings, open }: StartedDatabase): void {
  let processes: ServerProcess[] = []
  let ports: number[] = []
  let stores: OpenedStores
  let users = 0
  let createdTables = 0

  beforeAll(async () => {
    const before = await countCreatedTables()
    processes = await startServerProcesses(4, { ...settings, password })
    createdTables = (await countCreatedTables()) - before
    ports = processes.map(({ port }) => port)
    stores = await open()
    await stores.clients.saveClient(app.client)
  })
  afterAll(async () => {
    await stores.close()
    await Promise.all(processes.map((child) => child.stop()))
  })

  /** Of all databases of the server, and only MariaDB counts. */
  async function countCreatedTables(): Promise<number> {
    if (settings.kind !== 'mysql' || server.given) return 0
    const connection = await createConnection({ uri: server.url })
    const [rows] = await connection.query(`SHOW GLOBAL STATUS LIKE 'Com_create_table'`)
    await connection.end()
    return Number((rows as { Value: string }[])[0]?.Value)
  }

  /** A user whom no other test has. */
  async function signIn(port = ports[0]!): Promise<{ userId: string; access: string; refresh: string }> {
    const userId = `user-${String(++users)}`
    const { status, body } = await caller.signIn(port, userId, password)
    expect(status).toBe(200)
    return { userId, access: String(body['access_token']), refresh: String(body['refresh_token']) }
  }

  /** Asks every process at once. */
  const everywhere = (ask: (port: number) => Promise<Answer>): Promise<Answer[]> =>
    Promise.all(ports.map((port) => ask(port)))
  const ordersEverywhere = async (token: unknown): Promise<number[]> =>
    (await everywhere((port) => caller.orders(port, token))).map(({ status }) => status)

  it.skipIf(settings.kind === 'redis')(
    'four that start at once on an empty database apply each migration once',
    async () => {
      const applied = await stores.query('SELECT version, applied_at FROM latchkey_migration ORDER BY version')
      expect(applied.map(({ version }) => Number(version))).toEqual(applied.map((_, index) => index + 1))
      expect(applied.length).toBeGreaterThan(0)
      if (settings.kind !== 'mysql' || server.given) return
      // Eight tables, and for each process perhaps the one that notes the steps.
      expect(createdTables).toBeGreaterThanOrEqual(9)
      expect(createdTables).toBeLessThanOrEqual(12)
    },
  )

  it.each([2, 4])(
    '%i leave one live successor of fifty concurrent refreshes, and the user signed in (RTG-14, RTG-15)',
    async (count) => {
      const { userId, refresh } = await signIn()
      const before = await stores.countRefreshTokens()
      const answers = await Promise.all(
        Array.from({ length: 50 }, (_, index) => caller.refresh(ports[index % count]!, refresh)),
      )

      expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 50 }, () => 200))
      const [successor, ...others] = new Set(answers.map(({ body }) => String(body['refresh_token'])))
      expect(others).toEqual([])
      expect(new Set(answers.map(({ body }) => body['access_token'])).size).toBe(1)
      expect(await stores.countRefreshTokens()).toBe(before + 1)
      expect(await isSpent(refresh)).toBe(true)
      expect(await isSpent(successor!)).toBe(false)
      if (settings.kind !== 'redis') {
        const unspent = await stores.query(`
        SELECT token.token_hash FROM latchkey_refresh_token AS token
        JOIN latchkey_authorization AS owner ON owner.authorization_id = token.authorization_id
        WHERE owner.user_id = '${userId}' AND token.spent_at IS NULL
      `)
        expect(unspent.map(({ token_hash: hash }) => String(hash))).toEqual([hashToken(successor!)])
      }

      expect(await ordersEverywhere(answers[0]?.body['access_token'])).toEqual([200, 200, 200, 200])
      const next = await caller.refresh(ports[3]!, successor)
      expect(next.status).toBe(200)
      expect(await ordersEverywhere(next.body['access_token'])).toEqual([200, 200, 200, 200])
    },
  )

  async function isSpent(token: string): Promise<boolean | undefined> {
    const record = await stores.tokens.findRefreshToken(hashToken(token), {} as never)
    return record === undefined ? undefined : record.spending !== undefined
  }

  it('end the sign-in in all of them when a spent token comes back after the grace (RTG-12, RTG-13)', async () => {
    const { access, refresh } = await signIn(ports[0])
    const renewed = await caller.refresh(ports[1]!, refresh)
    const renewedAgain = await caller.refresh(ports[2]!, renewed.body['refresh_token'])
    expect(renewedAgain.status).toBe(200)
    await Promise.all(processes.map((child) => child.advance(61)))

    expect(await caller.refresh(ports[3]!, refresh)).toMatchObject(refused)
    const dead = [refresh, renewed.body['refresh_token'], renewedAgain.body['refresh_token']]
    for (const token of dead) {
      const answers = await everywhere((port) => caller.refresh(port, token))
      expect(answers).toMatchObject([refused, refused, refused, refused])
    }
    for (const token of [access, renewed.body['access_token'], renewedAgain.body['access_token']]) {
      expect(await ordersEverywhere(token)).toEqual([401, 401, 401, 401])
    }
  })

  it('a refresh token that is revoked in one of them is dead in all at once, and so is its sign-in (REV-10, REV-12, REV-13)', async () => {
    const { access, refresh } = await signIn(ports[0])
    const renewed = await caller.refresh(ports[1]!, refresh)
    expect(await ordersEverywhere(renewed.body['access_token'])).toEqual([200, 200, 200, 200])

    expect(await caller.revoke(ports[2]!, refresh)).toMatchObject({ status: 200, text: '{}' })
    expect(await ordersEverywhere(access)).toEqual([401, 401, 401, 401])
    expect(await ordersEverywhere(renewed.body['access_token'])).toEqual([401, 401, 401, 401])
    const refreshed = await everywhere((port) => caller.refresh(port, renewed.body['refresh_token']))
    expect(refreshed).toMatchObject([refused, refused, refused, refused])
    const told = await everywhere((port) => caller.introspect(port, renewed.body['access_token']))
    expect(told.map(({ body }) => body)).toEqual([false, false, false, false].map((active) => ({ active })))
  })

  it('an access token that is revoked in one of them is dead in all at once, and the sign-in goes on (REV-12)', async () => {
    const { access, refresh } = await signIn()
    expect((await caller.revoke(ports[3]!, access)).status).toBe(200)
    expect(await ordersEverywhere(access)).toEqual([401, 401, 401, 401])
    expect((await caller.refresh(ports[1]!, refresh)).status).toBe(200)
  })

  it('what an application revokes in one of them is dead in all at once (ENT-08)', async () => {
    const ended = [await signIn(ports[0]), await signIn(ports[1])] as const
    const other = await signIn(ports[2])
    const second = await caller.signIn(ports[3]!, ended[0].userId, password)

    expect(await processes[2]!.revoke({ userId: ended[0].userId })).toBe(2)
    for (const token of [ended[0].access, second.body['access_token']]) {
      expect(await ordersEverywhere(token)).toEqual([401, 401, 401, 401])
    }
    expect(await ordersEverywhere(ended[1].access)).toEqual([200, 200, 200, 200])

    const own = await caller.clientToken(ports[0]!)
    expect(await ordersEverywhere(own.body['access_token'])).toEqual([200, 200, 200, 200])
    expect(await processes[1]!.revoke({ clientId: app.client.clientId })).toBeGreaterThanOrEqual(2)
    for (const token of [own.body['access_token'], ended[1].access, other.access]) {
      expect(await ordersEverywhere(token)).toEqual([401, 401, 401, 401])
    }
    expect(await caller.refresh(ports[0]!, other.refresh)).toMatchObject(refused)
  })

  it('a revocation during refreshes wins: nothing that they were given works', async () => {
    const { userId, access, refresh } = await signIn()
    const given: unknown[] = [access]
    // All with the same token at a time: one that goes on while another is behind would make a replay of it.
    const refreshing = (async () => {
      let token: unknown = refresh
      for (let turn = 0; turn < 20; turn++) {
        const answers = await Promise.all(ports.map((port) => caller.refresh(port, token)))
        for (const { status, body } of answers) {
          if (status === 200) given.push(body['access_token'])
          else expect({ status, body }).toMatchObject(refused)
        }
        if (answers.some(({ status }) => status !== 200)) return
        token = answers[0]?.body['refresh_token']
      }
    })()
    while (given.length < 5) await sleep(5)
    expect(await processes[3]!.revoke({ userId })).toBe(1)
    await refreshing

    for (const token of new Set(given)) expect(await ordersEverywhere(token)).toEqual([401, 401, 401, 401])
  })

  it('no process has ended', () => {
    expect(processes.map(({ hasEnded }) => hasEnded)).toEqual([false, false, false, false])
  })
}
