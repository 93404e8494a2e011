import { execFileSync, spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { writeFileSync } from 'node:fs'
import Database from 'better-sqlite3'
import express from 'express'
import passport from 'passport'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type * as Latchkey from 'latchkey'
import type {
  AuthorizationServer,
  AuthorizationServerOptions,
  ClientRegistry,
  CreatedClient,
  RefreshTokenRotation,
} from 'latchkey'
import type * as Memory from 'latchkey/stores/memory'
import type * as Postgres from 'latchkey/stores/postgres'
import type * as Sqlite from 'latchkey/stores/sqlite'
import { userStoreContract, verifyingUserStoreContract } from 'latchkey/testing'
import { freePort } from '../../tools/servers/free-port.mjs'
import { startMariadb } from '../../tools/servers/start-mariadb.mjs'
import { startPostgres } from '../../tools/servers/start-postgres.mjs'
import { startRedis } from '../../tools/servers/start-redis.mjs'
import { basic } from '../fixtures/test-server.js'
import { blocksOf, readText } from '../fixtures/doc-blocks.js'
import { builtPackage, docProject, docProjectBlocks, type DocProject } from '../fixtures/doc-project.js'

const scopes = ['orders:read', 'stock:read', 'reports:read', 'admin']
const token = expect.stringMatching(/^[\w-]{43}$/)

const [postgres, mariadb, redis] = await Promise.all([startPostgres(), startMariadb(), startRedis()])
afterAll(() => Promise.all([postgres?.stop(), mariadb?.stop(), redis?.stop()]))

let project: DocProject
let latchkey: typeof Latchkey
let memory: typeof Memory
const servers: Server[] = []

beforeAll(async () => {
  project = docProject()
  latchkey = await builtPackage<typeof Latchkey>('latchkey')
  memory = await builtPackage<typeof Memory>('latchkey/stores/memory')
  return () => {
    for (const server of servers) server.close()
    project.remove()
  }
})

interface Answer {
  readonly status: number
  readonly body: Record<string, unknown>
}

async function listen(server: Server, port = 0): Promise<string> {
  servers.push(server)
  if (!server.listening) server.listen(port, '127.0.0.1')
  if (!server.listening) await once(server, 'listening')
  return `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`
}

async function get(url: string, authorization?: string): Promise<Answer> {
  const answer = await fetch(url, { headers: authorization === undefined ? {} : { authorization } })
  return { status: answer.status, body: (await answer.json()) as Record<string, unknown> }
}

async function post(origin: string, authorization: string, form: Record<string, string>): Promise<Answer> {
  const init = { method: 'POST', headers: { authorization }, body: new URLSearchParams(form) }
  const answer = await fetch(`${origin}/oauth/token`, init)
  return { status: answer.status, body: (await answer.json()) as Record<string, unknown> }
}

const cardType = 'urn:example:grant-type:card'
const blocked = new Set<string>()
const cards = {
  ownerOf: async (card: string, code: string) => (card === '4711' && code === '0815' ? 'user-1' : undefined),
  isBlocked: async (userId: string) => blocked.has(userId),
}

interface TestApp {
  readonly oauth: AuthorizationServer
  readonly app: express.Express
  readonly created: CreatedClient
  /** `Authorization` of the client. */
  readonly client: string
  readonly clients: Memory.MemoryClientStore
  readonly signIn: (origin: string) => Promise<string>
  readonly clientToken: (origin: string, scope?: string) => Promise<string>
}

/** An app on the built package, with the card grant of docs/extend.md, which needs no passwords. */
async function testApp(options: Partial<AuthorizationServerOptions> = {}): Promise<TestApp> {
  const { cardGrant } = await project.load('card-grant.ts')
  const created = latchkey.createClient({
    grantTypes: ['client_credentials', 'refresh_token', cardType],
    scopes,
    defaultScopes: ['orders:read', 'stock:read'],
  })
  const { clients, tokens } = memory.createMemoryStores({ clients: [created.client], pruneIntervalSeconds: 0 })
  const oauth = latchkey.createAuthorizationServer({
    issuer: 'http://127.0.0.1',
    clients,
    tokens,
    scopes,
    grants: [latchkey.clientCredentialsGrant(), latchkey.refreshTokenGrant(), cardGrant(cards)],
    onEvent: () => undefined,
    ...options,
  })
  const app = express()
  app.use(oauth.router())
  const client = basic(created.client.clientId, created.clientSecret)
  const bearer = ({ status, body }: Answer): string => {
    expect(status).toBe(200)
    return `Bearer ${String(body['access_token'])}`
  }
  return {
    oauth,
    app,
    created,
    client,
    clients,
    signIn: async (origin) => bearer(await post(origin, client, { grant_type: cardType, card: '4711', code: '0815' })),
    clientToken: async (origin, scope = 'orders:read') =>
      bearer(await post(origin, client, { grant_type: 'client_credentials', scope })),
  }
}

/** Executed below, each by the test that has its name. */
const executed = [
  ...['server.mjs', 'guard-a-route.ts', 'database.mjs', 'setup.mjs', 'app.mjs', 'guards.ts', 'stock-service.ts'],
  ...[
    'asking-service.ts',
    'change-password.ts',
    'my-users.ts',
    'directory-users.ts',
    'my-clients.ts',
    'my-stores.test.ts',
  ],
  ...['rotate-secret.ts', 'jwt-server.ts', 'rotate-signing-key.ts', 'devices.ts', 'deprecate-password.ts'],
  ...[
    'password-usage.ts',
    'rotate-refresh-token.ts',
    'sqlite.ts',
    'postgres.ts',
    'sql-users.ts',
    'mysql.ts',
    'redis.ts',
  ],
  ...['print-migrations.ts', 'card-grant.ts', 'api-key.ts', 'scrypt-hasher.ts', 'passport.ts', 'verify-own-tokens.ts'],
  ...['log-event.ts', 'server.cjs', 'front-handler.ts'],
]
/** Executed by test/integration/observability-docs.test.ts and client-developers-docs.test.ts. */
const elsewhere = [
  ...[
    'gateway.mjs',
    'console-events.mjs',
    'pino-events.mjs',
    'slow-requests.mjs',
    'metrics-route.mjs',
    'telemetry.mjs',
  ],
  ...['api-client.ts', 'axios-tokens.ts'],
]
/** Compiled alone, by test/integration/doc-code.test.ts: it needs what is not here, and the page says what. */
const onlyCompiled = ['warehouse-beside-the-issuer.mjs']

it('every named block of the pages is executed here', () => {
  const expected = [...executed, ...elsewhere, ...onlyCompiled]
  expect([...docProjectBlocks().keys()].sort()).toEqual(expected.sort())
})

describe('the quick start: server.mjs', () => {
  const code = docProjectBlocks().get('server.mjs')!
  const [signIn = '', refresh = ''] = blocksOf('README.md')
    .find(({ language }) => language === 'sh')!
    .code.trimEnd()
    .split('\n')
  let quickStart: ChildProcess
  let port: number
  let printed: string

  beforeAll(async () => {
    port = await freePort()
    writeFileSync(join(project.folder, 'server.mjs'), code.replaceAll('3000', String(port)))
    quickStart = spawn(process.execPath, ['server.mjs'], { cwd: project.folder, stdio: ['ignore', 'pipe', 'inherit'] })
    const [chunk] = (await once(quickStart.stdout!, 'data')) as [Buffer]
    printed = chunk.toString().trim()
  })

  afterAll(async () => {
    const exited = once(quickStart, 'exit')
    quickStart.kill()
    await exited
  })

  it('has 25 lines of 90 columns with its two commands, in a README of 150 lines', () => {
    const lines = [...code.trimEnd().split('\n'), signIn, refresh]
    expect(lines.length).toBeLessThanOrEqual(25)
    expect(Math.max(...lines.map(({ length }) => length))).toBeLessThanOrEqual(90)
    expect(readText('README.md').trimEnd().split('\n').length).toBeLessThanOrEqual(150)
    const columns = blocksOf('README.md').flatMap((block) => block.code.split('\n').map(({ length }) => length))
    expect(Math.max(...columns)).toBeLessThanOrEqual(90)
  })

  it('signs in and refreshes by the commands of README.md, and guards the route', async () => {
    const curl = (command: string, variables: string): Record<string, string> =>
      JSON.parse(execFileSync('bash', ['-c', `${variables}\n${command} --silent`], { encoding: 'utf8' }))
    const body = curl(signIn, printed)
    const expected = {
      access_token: token,
      token_type: 'Bearer',
      expires_in: 3600,
      scope: 'orders:read',
      refresh_token: token,
    }
    expect(body).toEqual(expected)
    const shown = /^```json\n([\s\S]*?)^```$/m.exec(readText('docs/start.md'))![1]!
    expect(JSON.parse(shown)).toEqual(expected)

    const orders = `http://127.0.0.1:${port}/orders`
    expect(await get(orders, `Bearer ${body['access_token']!}`)).toEqual({ status: 200, body: { of: 'user-1' } })
    expect(await get(orders)).toEqual({ status: 401, body: {} })
    const refreshed = curl(refresh, `${printed} REFRESH_TOKEN=${body['refresh_token']!}`)
    expect(refreshed).toEqual(expected)
    expect(refreshed['refresh_token']).not.toBe(body['refresh_token'])
  })
})

describe.skipIf(postgres === undefined)('docs/start.md: database.mjs, setup.mjs and app.mjs', () => {
  it('sign in by one process, and use and revoke the tokens at another', async () => {
    const env = { ...process.env, DATABASE_URL: await postgres!.createDatabase('start') }
    const inFolder = { cwd: project.folder, encoding: 'utf8' } as const
    const setup = spawnSync(process.execPath, ['setup.mjs'], { ...inFolder, env })
    const client = basic('web', /^SECRET=(\S+)$/m.exec(setup.stdout)![1]!)
    const start = async (): Promise<[ChildProcess, string]> => {
      const options = { cwd: project.folder, env: { ...env, PORT: String(await freePort()) } }
      const child = spawn(process.execPath, ['app.mjs'], { ...options, stdio: ['ignore', 'pipe', 'inherit'] })
      const [chunk] = (await once(child.stdout, 'data')) as [Buffer]
      return [child, chunk.toString().trim().replace('localhost', '127.0.0.1')]
    }
    const [[first, one], [second, other]] = await Promise.all([start(), start()])
    try {
      const form = { grant_type: 'password', username: 'Alice@example.com', password: 'correct-horse' }
      const { body } = await post(one, client, form)
      const bearer = `Bearer ${String(body['access_token'])}`
      expect(await get(`${other}/orders`, bearer)).toEqual({ status: 200, body: { of: expect.any(String) } })
      const init = { method: 'POST', headers: { authorization: client } }
      const revocation = new URLSearchParams({ token: String(body['refresh_token']) })
      expect((await fetch(`${other}/oauth/revoke`, { ...init, body: revocation })).status).toBe(200)
      expect(await get(`${one}/orders`, bearer)).toMatchObject({ status: 401, body: { error: 'invalid_token' } })
    } finally {
      const exited = [first, second].map((child) => once(child, 'exit'))
      first.kill()
      second.kill()
      await Promise.all(exited)
    }
  })
})

describe('guard-a-route.ts', () => {
  it('has a route for users and one for services', async () => {
    const { app, oauth, created, signIn, clientToken } = await testApp()
    const { addOrders } = await project.load('guard-a-route.ts')
    addOrders(app, oauth)
    const origin = await listen(createServer(app))
    const [user, service] = [await signIn(origin), await clientToken(origin, 'orders:read stock:read')]
    expect(await get(`${origin}/orders`, user)).toEqual({ status: 200, body: { of: 'user-1' } })
    expect(await get(`${origin}/stock`, service)).toEqual({ status: 200, body: { by: created.client.clientId } })
    expect(await get(`${origin}/orders`, service)).toMatchObject({ status: 403, body: { error: 'access_denied' } })
    expect(await get(`${origin}/stock`, user)).toMatchObject({ status: 403, body: { error: 'access_denied' } })
  })
})

describe('scrypt-hasher.ts', () => {
  it('verifies its own hashes, and no others', async () => {
    const { scryptHasher } = await project.load('scrypt-hasher.ts')
    const stored = await scryptHasher.hash('correct horse')
    expect(await scryptHasher.verify('correct horse', stored)).toBe(true)
    expect(await scryptHasher.verify('wrong', stored)).toBe(false)
    expect(await scryptHasher.verify('correct horse', '$2b$10$hash')).toBe(false)
    expect([scryptHasher.needsRehash(stored), scryptHasher.needsRehash('$2b$10$hash')]).toEqual([false, true])
    await scryptHasher.verifyNobody('correct horse')
    expect(() =>
      latchkey.passwordGrant({
        users: { findUserByUsername: () => undefined, findUser: () => undefined },
        hasher: scryptHasher,
      }),
    ).not.toThrow()
  })
})

describe('guards.ts', () => {
  it('accepts what its comments say', async () => {
    const { app, oauth, created, signIn, clientToken } = await testApp()
    const { addRoutes } = await project.load('guards.ts')
    addRoutes(app, oauth)
    const origin = await listen(createServer(app))
    const { clientId } = created.client
    const user = await signIn(origin)
    const service = await clientToken(origin, 'stock:read orders:read reports:read')

    expect(await get(`${origin}/stock`, user)).toEqual({ status: 200, body: { by: 'user-1' } })
    expect(await get(`${origin}/stock`, service)).toEqual({ status: 200, body: { by: clientId } })
    expect(await get(`${origin}/orders`, user)).toEqual({ status: 200, body: { of: 'user-1' } })
    expect(await get(`${origin}/orders`, service)).toMatchObject({ status: 403, body: { error: 'access_denied' } })
    expect(await get(`${origin}/reports`, service)).toEqual({
      status: 200,
      body: { for: clientId, mayEdit: false },
    })
    expect(await get(`${origin}/reports`, user)).toMatchObject({ status: 403, body: { error: 'insufficient_scope' } })
    expect(await get(`${origin}/articles`)).toEqual({ status: 200, body: { reader: 'anonymous' } })
    expect(await get(`${origin}/articles`, user)).toEqual({ status: 200, body: { reader: clientId } })
    expect(await get(`${origin}/articles`, 'Bearer wrong')).toMatchObject({
      status: 401,
      body: { error: 'invalid_token' },
    })
  })
})

describe('change-password.ts', () => {
  it('ends the other sign-ins of the user', async () => {
    const { app, oauth, signIn } = await testApp()
    const { endOtherSignIns } = await project.load('change-password.ts')
    app.post('/password', oauth.requireBearer({ for: 'user' }), async (req, res) => {
      res.json({ ended: await endOtherSignIns(oauth, req.auth) })
    })
    app.get('/me', oauth.requireBearer({ for: 'user' }), (req, res) => res.json(req.auth.userId))
    const origin = await listen(createServer(app))
    const [laptop, phone] = [await signIn(origin), await signIn(origin)]

    const answer = await fetch(`${origin}/password`, { method: 'POST', headers: { authorization: laptop } })
    expect(await answer.json()).toEqual({ ended: 1 })
    expect(await get(`${origin}/me`, laptop)).toEqual({ status: 200, body: 'user-1' })
    expect(await get(`${origin}/me`, phone)).toMatchObject({ status: 401, body: { error: 'invalid_token' } })
  })
})

describe('jwt-server.ts and stock-service.ts', () => {
  it('issue JWTs for one resource, and verify them with the published keys', async () => {
    const { createJwtServer } = await project.load('jwt-server.ts')
    const { createStockService } = await project.load('stock-service.ts')
    const { openSqliteStores } = await builtPackage<typeof Sqlite>('latchkey/stores/sqlite')
    const stores = openSqliteStores(':memory:')
    const { client, clientSecret } = latchkey.createClient({
      clientId: 'stock-sync',
      grantTypes: ['client_credentials'],
      scopes: ['stock:read'],
    })
    stores.clients.saveClient(client)
    const origin = await reservedOrigin()
    const { oauth } = await createJwtServer(origin, stores, 'a passphrase of enough characters')
    const app = express()
    app.use(oauth.router())
    app.get('/own', oauth.requireBearer({ resource: 'https://stock.example.com' }), (_req, res) => res.json('own'))
    await listen(createServer(app), Number(new URL(origin).port))
    const stock = await listen(createServer(createStockService(origin, 'https://stock.example.com')))

    const form = { grant_type: 'client_credentials', scope: 'stock:read' }
    const authorization = basic('stock-sync', clientSecret)
    const issued = await post(origin, authorization, { ...form, resource: 'https://stock.example.com' })
    const jwt = `Bearer ${String(issued.body['access_token'])}`
    expect(jwt).toMatch(/^Bearer [\w-]+\.[\w-]+\.[\w-]+$/)
    expect(await get(`${stock}/warehouse`, jwt)).toEqual({
      status: 200,
      body: { askedBy: 'stock-sync', department: 'logistics' },
    })
    expect(await get(`${origin}/own`, jwt)).toEqual({ status: 200, body: 'own' })
    const own = await post(origin, authorization, form)
    expect(own.body['access_token']).toEqual(token)
    expect(await get(`${stock}/warehouse`, `Bearer ${String(own.body['access_token'])}`)).toMatchObject({
      status: 401,
      body: { error: 'invalid_token' },
    })
    stores.close()
  })
})

describe('rotate-signing-key.ts', () => {
  it('signs with a new key, and goes on publishing the old one', async () => {
    const { rotateSigningKey } = await project.load('rotate-signing-key.ts')
    const { keys } = memory.createMemoryStores({ pruneIntervalSeconds: 0 })
    const passphrase = 'a passphrase of enough characters'
    const signingKeys = latchkey.storedSigningKeys({ store: keys, passphrase, publishSeconds: 1 })
    await signingKeys.ensureActive('ES256')
    const before = (await signingKeys.current()).active().keyId
    const keyId = await rotateSigningKey(signingKeys, 2)
    const after = await signingKeys.current()
    expect(after.active().keyId).toBe(keyId)
    expect(after.published.keys.map(({ kid }) => kid).sort()).toEqual([before, keyId].sort())
    const publishedForAnHour = latchkey.storedSigningKeys({ store: keys, passphrase, publishSeconds: 3600 })
    await expect(rotateSigningKey(publishedForAnHour, 0)).rejects.toThrow('must be published')
  })
})

describe('asking-service.ts', () => {
  it('asks the issuer about tokens, with the client that the page has', async () => {
    const { createAskingService } = await project.load('asking-service.ts')
    const origin = await reservedOrigin()
    const { app, clients, created, clientToken } = await testApp({ issuer: origin, resources: [{ resource: origin }] })
    await listen(createServer(app), Number(new URL(origin).port))
    const audience = origin
    const { client, clientSecret } = latchkey.createClient({
      mayIntrospect: true,
      introspectsFor: audience,
      grantTypes: [],
      scopes: [],
    })
    clients.saveClient(client)
    const credentials = { clientId: client.clientId, clientSecret }
    const service = await listen(createServer(createAskingService(origin, audience, credentials)))

    expect(await get(`${service}/warehouse`, await clientToken(origin, 'stock:read'))).toEqual({
      status: 200,
      body: { by: created.client.clientId },
    })
    expect(await get(`${service}/warehouse`, 'Bearer wrong')).toMatchObject({ status: 401 })
  })
})

describe('devices.ts', () => {
  it('shows users their sign-ins, and ends one of them', async () => {
    const { devicesRouter } = await project.load('devices.ts')
    const { app, oauth, signIn } = await testApp()
    app.use('/devices', devicesRouter(oauth))
    const origin = await listen(createServer(app))
    const [laptop, phone] = [await signIn(origin), await signIn(origin)]

    const { status, body } = await get(`${origin}/devices`, laptop)
    expect(status).toBe(200)
    const listed = body as unknown as { id: string; isThisOne: boolean }[]
    expect(listed).toEqual(
      expect.arrayContaining([
        { id: expect.any(String), lastUsedAt: expect.any(Number), isThisOne: true },
        { id: expect.any(String), lastUsedAt: expect.any(Number), isThisOne: false },
      ]),
    )
    const remove = async (id: string): Promise<number> =>
      (await fetch(`${origin}/devices/${id}`, { method: 'DELETE', headers: { authorization: laptop } })).status
    expect(await remove('nobodys')).toBe(404)
    expect(await remove(listed.find(({ isThisOne }) => !isThisOne)!.id)).toBe(204)
    expect(await get(`${origin}/devices`, phone)).toMatchObject({ status: 401, body: { error: 'invalid_token' } })
    expect(await get(`${origin}/devices`, laptop)).toMatchObject({ status: 200, body: [{ isThisOne: true }] })
  })
})

/** Answers as `pg` does, from SQLite, to which `$1` is a parameter with the name 1. */
function queryOn(database: Database.Database): (sql: string, values: unknown[]) => Promise<{ rows: unknown[] }> {
  return async (sql, values) => {
    const statement = database.prepare(sql)
    const named = Object.fromEntries(values.map((value, index) => [index + 1, value]))
    if (statement.reader) return { rows: statement.all(named) }
    statement.run(named)
    return { rows: [] }
  }
}

describe('my-users.ts', () => {
  userStoreContract({
    describe,
    it,
    create: async () => {
      const { MyUsers } = await project.load('my-users.ts')
      const database = new Database(':memory:')
      database.exec('CREATE TABLE users (id, username, password_hash, blocked_at)')
      database.exec(`INSERT INTO users VALUES ('user-1', 'alice', '$2b$10$hash', NULL)`)
      return {
        store: new MyUsers({ query: queryOn(database) }),
        username: 'alice',
        user: { userId: 'user-1', passwordHash: '$2b$10$hash', disabled: false },
        absentUsername: 'bob',
        close: () => void database.close(),
      }
    },
  })

  it('reports a blocked user', async () => {
    const { MyUsers } = await project.load('my-users.ts')
    const pool = { query: async () => ({ rows: [{ id: 'user-2', password_hash: 'hash', blocked_at: new Date() }] }) }
    expect(await new MyUsers(pool).findUser('user-2')).toEqual({
      userId: 'user-2',
      passwordHash: 'hash',
      disabled: true,
    })
  })
})

describe('my-clients.ts and my-stores.test.ts', () => {
  it('pass the contracts', () => {
    const { status, stdout } = spawnSync(process.execPath, ['--test', 'my-stores.test.js'], {
      cwd: project.folder,
      encoding: 'utf8',
      env: { PATH: process.env['PATH'] },
    })
    expect(stdout).toMatch(/^. fail 0$/m)
    expect(Number(/^. pass (\d+)$/m.exec(stdout)?.[1])).toBeGreaterThan(40)
    expect(status).toBe(0)
  })
})

describe('rotate-refresh-token.ts', () => {
  const rotation = (presented: string, successor: string): RefreshTokenRotation =>
    ({
      presented,
      spending: { spentAt: 2, successorNonce: successor, accessTokenScope: 'orders:read', accessTokenExpiresAt: 9 },
      accessToken: { tokenHash: `access ${successor}`, authorizationId: 'live' },
      refreshToken: { tokenHash: successor, authorizationId: 'live', issuedAt: 2, expiresAt: 99 },
    }) as unknown as RefreshTokenRotation

  it('spends a token once, and never one that is revoked', async () => {
    const { rotateRefreshToken } = await project.load('rotate-refresh-token.ts')
    const database = new Database(':memory:')
    database.exec(`
      CREATE TABLE authorizations (id, revoked_at);
      CREATE TABLE access_tokens (token_hash, record);
      CREATE TABLE refresh_tokens (token_hash, authorization_id, issued_at, expires_at, spending);
      INSERT INTO authorizations VALUES ('live', NULL), ('revoked', 1);
      INSERT INTO refresh_tokens VALUES ('one', 'live', 1, 99, NULL), ('two', 'revoked', 1, 99, NULL);
    `)
    const query = queryOn(database)
    const first = rotation('one', 'successor')

    expect(await rotateRefreshToken(query, first)).toEqual({ outcome: 'rotated' })
    const spent = { outcome: 'already_spent', spending: first.spending }
    expect(await rotateRefreshToken(query, rotation('one', 'another'))).toEqual(spent)
    expect(await rotateRefreshToken(query, rotation('two', 'another'))).toEqual({ outcome: 'gone' })
    expect(await rotateRefreshToken(query, rotation('three', 'another'))).toEqual({ outcome: 'gone' })
    expect(await rotateRefreshToken(query, rotation('successor', 'third'))).toEqual({ outcome: 'rotated' })

    const hashes = (table: string): unknown => database.prepare(`SELECT token_hash FROM ${table}`).pluck().all()
    expect(hashes('access_tokens')).toEqual(['access successor', 'access third'])
    expect(hashes('refresh_tokens')).toEqual(['one', 'two', 'successor', 'third'])
    database.close()
  })
})

/** What a block opens. */
interface OpenedStores extends Pick<AuthorizationServerOptions, 'tokens'> {
  readonly clients: ClientRegistry
  close(): unknown
}

/** Requires that a token of stores that were closed is good in those that are opened after them. */
async function expectTokensToOutlive(open: () => OpenedStores | Promise<OpenedStores>): Promise<void> {
  const guarded = (stores: OpenedStores): RequestListener => {
    const oauth = latchkey.createAuthorizationServer({
      issuer: 'http://127.0.0.1',
      clients: stores.clients,
      tokens: stores.tokens,
      scopes,
      grants: [latchkey.clientCredentialsGrant()],
    })
    const app = express()
    app.use(oauth.router())
    app.get('/stock', oauth.requireBearer(), (req, res) => res.json({ by: req.auth.clientId }))
    return app
  }
  const { client, clientSecret } = latchkey.createClient({
    clientId: 'stock-sync',
    grantTypes: ['client_credentials'],
    scopes,
  })

  const before = await open()
  await before.clients.saveClient(client)
  const issued = await post(await listen(createServer(guarded(before))), basic('stock-sync', clientSecret), {
    grant_type: 'client_credentials',
    scope: 'admin',
  })
  await before.close()

  const after = await open()
  const origin = await listen(createServer(guarded(after)))
  expect(await get(`${origin}/stock`, `Bearer ${String(issued.body['access_token'])}`)).toEqual({
    status: 200,
    body: { by: 'stock-sync' },
  })
  await after.close()
}

describe('sqlite.ts', () => {
  it('opens stores whose tokens outlive them', async () => {
    const { openStores } = await project.load('sqlite.ts')
    const file = join(project.folder, 'latchkey.db')
    await expectTokensToOutlive(() => openStores(file))
  })
})

describe.skipIf(postgres === undefined)('postgres.ts, sql-users.ts and print-migrations.ts', () => {
  it('opens stores whose tokens outlive them', async () => {
    const { openStores } = await project.load('postgres.ts')
    const url = await postgres!.createDatabase('docs')
    await expectTokensToOutlive(() => openStores(url))
  })

  it('prints what makes the tables', async () => {
    const { openPostgresStores } = await builtPackage<typeof Postgres>('latchkey/stores/postgres')
    const printed = execFileSync(process.execPath, ['print-migrations.js'], { cwd: project.folder, encoding: 'utf8' })
    const pool = new pg.Pool({ connectionString: await postgres!.createDatabase('docs_migrations') })
    await expect(openPostgresStores(pool, { migrate: false })).rejects.toThrow('lacks the migrations')
    await pool.query(printed)
    const { clients } = await openPostgresStores(pool, { migrate: false })
    expect(await clients.listClients()).toEqual([])
    await pool.end()
  })

  it('finds users in a table of the application', async () => {
    const { shopUsers } = await project.load('sql-users.ts')
    const pool = new pg.Pool({ connectionString: await postgres!.createDatabase('docs_users') })
    await pool.query('CREATE TABLE users (id BIGINT, email TEXT, password_hash TEXT, blocked_at TIMESTAMPTZ)')
    await pool.query(`INSERT INTO users VALUES (1, 'Alice@example.com', 'a', NULL), (2, 'bob@example.com', 'b', now()),
      (3, 'carol@example.com', 'c', NULL), (4, 'CAROL@example.com', 'd', NULL)`)
    const users = shopUsers(pool)
    const alice = { userId: '1', username: 'Alice@example.com', passwordHash: 'a', disabled: false, locked: false }
    expect(await users.findUserByUsername('alice@EXAMPLE.com')).toEqual(alice)
    expect(await users.findUser('1')).toEqual(alice)
    expect(await users.findUser('2')).toEqual({
      userId: '2',
      username: 'bob@example.com',
      passwordHash: 'b',
      disabled: true,
      locked: false,
    })
    expect(await users.findUserByUsername('carol@example.com')).toBeUndefined()
    await pool.end()
  })
})

describe.skipIf(mariadb === undefined)('mysql.ts', () => {
  it('opens stores whose tokens outlive them', async () => {
    const { openStores } = await project.load('mysql.ts')
    const url = await mariadb!.createDatabase('docs')
    await expectTokensToOutlive(() => openStores(url))
  })
})

describe.skipIf(redis === undefined)('redis.ts', () => {
  it('opens stores whose tokens outlive them', async () => {
    const { openStores } = await project.load('redis.ts')
    await expectTokensToOutlive(() => openStores(redis!.url))
  })
})

describe('card-grant.ts', () => {
  it('signs in, refuses, refreshes, and stops refreshing for a blocked user', async () => {
    const { app, client } = await testApp()
    const origin = await listen(createServer(app))
    const present = (form: Record<string, string>): Promise<Answer> =>
      post(origin, client, { grant_type: cardType, ...form })

    expect(await present({ card: '4711' })).toEqual({
      status: 400,
      body: { error: 'invalid_request', error_description: 'card or code is missing' },
    })
    expect(await present({ card: '4711', code: '0000' })).toEqual({
      status: 400,
      body: { error: 'invalid_grant', error_description: 'The card or its code is wrong' },
    })
    const tokens = {
      access_token: token,
      token_type: 'Bearer',
      expires_in: 3600,
      scope: 'orders:read stock:read',
      refresh_token: token,
    }
    const signedIn = await present({ card: '4711', code: '0815' })
    expect(signedIn).toEqual({ status: 200, body: tokens })
    const refresh = { grant_type: 'refresh_token', refresh_token: String(signedIn.body['refresh_token']) }
    const refreshed = await post(origin, client, refresh)
    expect(refreshed).toEqual({ status: 200, body: tokens })

    blocked.add('user-1')
    const again = { grant_type: 'refresh_token', refresh_token: String(refreshed.body['refresh_token']) }
    expect(await post(origin, client, again)).toMatchObject({ status: 400, body: { error: 'invalid_grant' } })
    blocked.delete('user-1')
  })
})

describe('api-key.ts', () => {
  it('authenticates clients that are registered for it, and no others', async () => {
    const { apiKey } = await project.load('api-key.ts')
    const { app, clients, created } = await testApp({ clientAuthMethods: [apiKey] })
    const registration = { grantTypes: ['client_credentials'], scopes, defaultScopes: scopes, authMethods: ['api_key'] }
    const keyed = latchkey.createClient({ ...registration, clientId: 'keyed' })
    const expired = latchkey.createClient({ ...registration, clientId: 'expired' })
    clients.saveClient(keyed.client)
    const client = expired.client
    clients.saveClient({ ...client, secrets: client.secrets.map((secret) => ({ ...secret, expiresAt: 1 })) })
    const origin = await listen(createServer(app))
    const ask = async (clientId: string, secret: string | undefined): Promise<number> =>
      (await post(origin, `ApiKey ${clientId}.${secret!}`, { grant_type: 'client_credentials' })).status

    expect(await ask('keyed', keyed.clientSecret)).toBe(200)
    expect(await ask('keyed', expired.clientSecret)).toBe(401)
    expect(await ask('nobody', keyed.clientSecret)).toBe(401)
    expect(await ask('expired', expired.clientSecret)).toBe(401)
    expect(await ask(created.client.clientId, created.clientSecret)).toBe(401)
  })
})

describe('passport.ts', () => {
  it('guards by Passport as the guard would', async () => {
    const { app, oauth, created, client, signIn, clientToken } = await testApp()
    const { addPassportRoutes } = await project.load('passport.ts')
    addPassportRoutes(app, oauth)
    const origin = await listen(createServer(app))
    const { clientId } = created.client

    expect(await get(`${origin}/orders`, await signIn(origin))).toMatchObject({
      status: 200,
      body: {
        auth: { actsFor: 'user', userId: 'user-1', clientId, scope: 'orders:read stock:read' },
        sameAsUser: true,
      },
    })
    expect(await get(`${origin}/orders`)).toEqual({ status: 401, body: {} })
    expect(await get(`${origin}/orders`, await clientToken(origin, 'stock:read'))).toMatchObject({
      status: 403,
      body: { error: 'insufficient_scope' },
    })
    expect(await get(`${origin}/status`, client)).toMatchObject({ status: 200, body: { clientId } })
    expect(await get(`${origin}/status`, basic(clientId, 'wrong'))).toMatchObject({
      status: 401,
      body: { error: 'invalid_client' },
    })
  })
})

describe('verify-own-tokens.ts', () => {
  it('accepts the tokens of the application and no others', async () => {
    const { ownTokens } = await project.load('verify-own-tokens.ts')
    const { Passport } = passport as unknown as { Passport: new () => passport.Authenticator }
    const own = new Passport()
    own.use(ownTokens)
    const app = express()
    app.get('/me', own.authenticate('bearer', { session: false }), (req, res) => res.json(req.user))
    const origin = await listen(createServer(app))

    expect(await get(`${origin}/me`, 'Bearer a-token-of-mine')).toEqual({ status: 200, body: { id: 'user-1' } })
    expect(await get(`${origin}/me`, 'Bearer another')).toMatchObject({ status: 401, body: { error: 'invalid_token' } })
  })
})

describe('log-event.ts', () => {
  it('logs one line of JSON for each event', async () => {
    const { logEvent } = await project.load('log-event.ts')
    const lines: string[] = []
    const { log } = console
    console.log = (line: string) => lines.push(line)
    try {
      const { app, clientToken, client } = await testApp({ onEvent: logEvent })
      const origin = await listen(createServer(app))
      await clientToken(origin)
      await post(origin, client, { grant_type: 'refresh_token', refresh_token: 'wrong' })
    } finally {
      console.log = log
    }
    expect(lines.map((line) => JSON.parse(line))).toMatchObject([
      { type: 'tokens_issued', how: 'new', grantType: 'client_credentials', scope: 'orders:read' },
      { type: 'unknown_token' },
      { type: 'request_refused', error: 'invalid_grant' },
    ])
  })
})

describe('server.cjs', () => {
  it('serves and guards in CommonJS', async () => {
    const { createApp } = (await project.load('server.cjs')).default
    const { client, clientSecret } = latchkey.createClient({
      grantTypes: ['client_credentials'],
      scopes: ['orders:read'],
    })
    const origin = await listen(createServer(createApp(client)))
    const form = { grant_type: 'client_credentials', scope: 'orders:read' }
    const issued = await post(origin, basic(client.clientId, clientSecret), form)
    expect(issued.status).toBe(200)
    expect(await get(`${origin}/orders`, `Bearer ${String(issued.body['access_token'])}`)).toMatchObject({
      status: 200,
      body: { actsFor: 'client', clientId: client.clientId, scope: 'orders:read' },
    })
  })
})

describe('front-handler.ts', () => {
  it('issues tokens in front of the app, and leaves everything else to it', async () => {
    const { oauth, clientToken } = await testApp()
    const { serve } = await project.load('front-handler.ts')
    const app = express()
    app.get('/stock', oauth.requireBearer({ scope: 'stock:read' }), (req, res) => res.json({ by: req.auth.actsFor }))
    const origin = await listen(serve(oauth, app))

    expect(await get(`${origin}/stock`, await clientToken(origin, 'stock:read'))).toEqual({
      status: 200,
      body: { by: 'client' },
    })
    expect(await get(`${origin}/stock`)).toEqual({ status: 401, body: {} })
  })
})

describe('rotate-secret.ts', () => {
  it('lets the old secret work for a week beside the new one', async () => {
    let now = Math.floor(Date.now() / 1000)
    const { app, oauth, created, client } = await testApp({ clock: () => now })
    const { clientId } = created.client
    const { rotateSecret } = await project.load('rotate-secret.ts')
    const replaced = await rotateSecret(oauth, clientId)
    const origin = await listen(createServer(app))
    const form = { grant_type: 'client_credentials', scope: 'orders:read' }

    expect((await post(origin, client, form)).status).toBe(200)
    expect((await post(origin, basic(clientId, replaced), form)).status).toBe(200)
    now += 7 * 86_400 + 5
    expect((await post(origin, client, form)).status).toBe(401)
    expect((await post(origin, basic(clientId, replaced), form)).status).toBe(200)
  })

  it('withdraws unused secrets, and nothing else', async () => {
    let now = Math.floor(Date.now() / 1000)
    const { app, oauth, created, client } = await testApp({ clock: () => now })
    const { clientId } = created.client
    const { rotateSecret, retireUnused } = await project.load('rotate-secret.ts')
    const replaced = await rotateSecret(oauth, clientId)
    const origin = await listen(createServer(app))
    const form = { grant_type: 'client_credentials', scope: 'orders:read' }
    expect(await retireUnused(oauth, clientId, now)).toEqual([])
    expect((await post(origin, client, form)).status).toBe(200)
    now += 25 * 3600
    expect((await post(origin, basic(clientId, replaced), form)).status).toBe(200)
    await expect.poll(() => retireUnused(oauth, clientId, now)).toHaveLength(1)
    expect((await post(origin, client, form)).status).toBe(401)
    expect((await post(origin, basic(clientId, replaced), form)).status).toBe(200)
    expect(await retireUnused(oauth, clientId, now + 7 * 86_400)).toEqual([])
  })
})

describe('directory-users.ts', () => {
  verifyingUserStoreContract({
    describe,
    it,
    create: async () => {
      const { DirectoryUsers } = await project.load('directory-users.ts')
      const ids: Record<string, string> = Object.assign(Object.create(null), { ada: 'user-1', lin: 'user-2' })
      const directory = {
        idOf: async (username: string) => ids[username.toLowerCase()],
        isEnabled: async (userId: string) => userId === 'user-1',
        async bind(username: string, password: string) {
          // RFC 4513 §5.1.2: without a password nobody is asked for.
          if (password === '') return undefined
          const userId = ids[username.toLowerCase()]
          if (userId === undefined || password !== 'Correct horse') return '52e'
          return userId === 'user-2' ? '775' : undefined
        },
      }
      return {
        store: new DirectoryUsers(directory),
        username: 'ada',
        password: 'Correct horse',
        userId: 'user-1',
        absentUsername: 'bob',
        lockedUsername: 'lin',
      }
    },
  })
})

describe('deprecate-password.ts, directory-users.ts and password-usage.ts', () => {
  it('do what the pages say about users in a directory and the sunset of the grant', async () => {
    const { endingPasswordGrant, deprecatePassword } = await project.load('deprecate-password.ts')
    const { DirectoryUsers } = await project.load('directory-users.ts')
    const { countPasswordUse, usage } = await project.load('password-usage.ts')
    const codes: Record<string, string | undefined> = { right: undefined, locked: '775', old: '773' }
    let isAway = false
    const users = new DirectoryUsers({
      idOf: async (username: string) => `id-of-${username}`,
      isEnabled: async () => true,
      async bind(_username: string, password: string) {
        if (isAway) throw new Error('ECONNREFUSED')
        return password in codes ? codes[password] : '52e'
      },
    })
    let now = Date.parse('2027-06-30') / 1000
    const { app, clients } = await testApp({
      clock: () => now,
      grants: [endingPasswordGrant(users), latchkey.refreshTokenGrant()],
      onEvent: countPasswordUse,
    })
    const grantTypes = ['password', 'refresh_token']
    const { client, clientSecret } = latchkey.createClient({
      grantTypes,
      firstParty: true,
      scopes,
      defaultScopes: scopes,
    })
    clients.saveClient(deprecatePassword(client))
    const origin = await listen(createServer(app))
    const signIn = async (password: string): Promise<readonly [number, string, string | null]> => {
      const body = new URLSearchParams({ grant_type: 'password', username: 'ada', password })
      const headers = { authorization: basic(client.clientId, clientSecret) }
      const answer = await fetch(`${origin}/oauth/token`, { method: 'POST', headers, body })
      expect(answer.headers.get('deprecation')).toBe('@1798761600')
      expect(answer.headers.get('sunset')).toBe('Thu, 01 Jul 2027 00:00:00 GMT')
      expect(answer.headers.get('link')).toBe('<https://developer.example.com/sign-in>; rel="deprecation"')
      const { error, error_description: description } = (await answer.json()) as Record<string, string>
      return [answer.status, error ?? 'tokens', description ?? null]
    }
    const wrong = [400, 'invalid_grant', 'The user name or the password is wrong']
    expect(await signIn('right')).toEqual([200, 'tokens', null])
    expect(await signIn('wrong')).toEqual(wrong)
    expect(await signIn('locked')).toEqual(wrong)
    expect(await signIn('old')).toEqual([400, 'invalid_grant', expect.stringContaining('another step')])
    isAway = true
    expect((await signIn('right')).slice(0, 2)).toEqual([503, 'temporarily_unavailable'])
    expect([...usage]).toEqual([[client.clientId, { signIns: 1, refused: 3 }]])
    now += 86_400
    expect((await signIn('right')).slice(0, 2)).toEqual([400, 'unauthorized_client'])
  })
})

/** Where a server will listen: an issuer has to know that before. */
async function reservedOrigin(): Promise<string> {
  return `http://127.0.0.1:${await freePort()}`
}
