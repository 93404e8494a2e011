import cluster from 'node:cluster'
import { once } from 'node:events'
import { mkdtempSync } from 'node:fs'
import { createServer, request as ask, type IncomingMessage } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import request from 'supertest'
import { afterEach, describe, expect, it } from 'vitest'
import {
  bcryptHasher,
  clientCredentialsGrant,
  createAuthorizationServer,
  loadSigningKeys,
  memoryThrottle,
  passwordGrant,
  refreshTokenGrant,
  type AuthorizationServerOptions,
  type Client,
  type OAuthEvent,
  type PasswordHasher,
  type Throttle,
} from 'latchkey'
import { createMemoryStores } from 'latchkey/stores/memory'
import { openSqliteStores } from 'latchkey/stores/sqlite'
import { generateKeyPairSync } from 'node:crypto'
import { ConfigurationError } from '../../lib/errors/configuration-error.js'
import { standardErrorOf } from '../fixtures/standard-error.js'
import { basic, clients as testClients, secretOf, testServer, type TestServer } from '../fixtures/test-server.js'

const environment = { ...process.env }
afterEach(() => {
  process.env = { ...environment }
})

const { clients, tokens: volatile } = createMemoryStores({ pruneIntervalSeconds: 0 })
const { tokens: lasting } = openSqliteStores(':memory:')
const shared = Object.assign(Object.create(lasting) as typeof lasting, { isShared: true })
const claiming = Object.assign(Object.create(lasting) as typeof lasting, { claimLateRetry: () => true })
const users = { findUserByUsername: () => undefined, findUser: () => undefined }
const sharedCounters: Throttle = { ...memoryThrottle(), isShared: true }
const resources = [{ resource: 'https://api.example.com' }, { resource: 'https://stock.example.com' }]
const hs256 = loadSigningKeys([{ key: { kty: 'oct', k: Buffer.alloc(32, 7).toString('base64url'), alg: 'HS256' } }])
const es256 = loadSigningKeys([generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey])

const sound: AuthorizationServerOptions = {
  issuer: 'https://auth.example.com',
  clients,
  tokens: lasting,
  scopes: ['orders:read'],
  grants: [clientCredentialsGrant()],
}

function make(options: Partial<AuthorizationServerOptions>) {
  const events: OAuthEvent[] = []
  const oauth = createAuthorizationServer({ ...sound, onEvent: (event) => events.push(event), ...options })
  return { oauth, events }
}

/** What is weak in production, and what is told of it. */
const weak: [code: string, options: Partial<AuthorizationServerOptions>][] = [
  ['memory_store', { tokens: volatile }],
  ['no_throttle', { throttle: false }],
  ['memory_throttle', { tokens: shared }],
  ['public_password_client', { grants: [passwordGrant({ users, allowPublicClients: true })] }],
  ['long_access_tokens', { accessTokenLifetimeSeconds: 86_401, authorizationLifetimeSeconds: 100_000 }],
  ['unrevocable_tokens', { signingKeys: es256, resources, checkRevocation: false, accessTokenLifetimeSeconds: 3601 }],
  [
    'unlimited_sign_ins',
    { grants: [clientCredentialsGrant(), refreshTokenGrant()], authorizationLifetimeSeconds: 401 * 86_400 },
  ],
  ['long_grace', { grants: [refreshTokenGrant({ graceSeconds: 61 })], tokens: claiming }],
  ['short_grace', { grants: [refreshTokenGrant({ graceSeconds: 4 })] }],
  ['http_issuer', { issuer: 'http://127.0.0.1' }],
  ['no_tls', { requireTls: false }],
  ['shared_symmetric_key', { signingKeys: hs256, resources }],
]

/** What is like it, and is fine. */
const fine: [what: string, options: Partial<AuthorizationServerOptions>][] = [
  ['the defaults on a store that lasts', {}],
  ['a shared store and shared counters', { tokens: shared, throttle: sharedCounters }],
  ['the password grant for confidential clients', { grants: [passwordGrant({ users })] }],
  ['a grace of a minute', { grants: [refreshTokenGrant({ graceSeconds: 60 })] }],
  ['a grace of five seconds', { grants: [refreshTokenGrant({ graceSeconds: 5 })] }],
  ['no grace', { grants: [refreshTokenGrant({ graceSeconds: 0 })] }],
  ['access tokens of a day', { accessTokenLifetimeSeconds: 86_400 }],
  ['unchecked JWTs of an hour', { signingKeys: es256, resources, checkRevocation: false }],
  ['HS256 for this app alone', { signingKeys: hs256, resources: resources.slice(0, 1) }],
  ['published keys for several services', { signingKeys: es256, resources }],
  ['a long authorization that nothing refreshes', { authorizationLifetimeSeconds: 401 * 86_400 }],
]

describe('the posture in production', () => {
  it.each(weak)('names %s, with the reason and the remedy, and warns once', (code, options) => {
    process.env['NODE_ENV'] = 'production'
    const { oauth, events } = make(options)
    const findings = oauth.posture()
    expect(findings.map((finding) => finding.code)).toEqual([code])
    expect(findings[0]).toEqual({
      code,
      reason: expect.stringMatching(/.{20}/),
      remedy: expect.stringMatching(/.{20}/),
    })
    const warnings = events.filter((event) => event.type === 'warning' && event.code === 'weak_settings')
    expect(warnings).toMatchObject([{ message: `Weak settings: ${code}`, findings }])
  })

  it.each(weak)('refuses %s with strict', (code, options) => {
    process.env['NODE_ENV'] = 'production'
    expect(() => make({ ...options, strict: true })).toThrow(ConfigurationError)
    expect(() => make({ ...options, strict: true })).toThrow(`strict: refuses weak settings: ${code}: `)
  })

  it('asks whether a long lifetime is in milliseconds', () => {
    const { oauth } = make({ accessTokenLifetimeSeconds: 3_600_000, authorizationLifetimeSeconds: 4_000_000 })
    const found = oauth.posture().find(({ code }) => code === 'long_access_tokens')
    expect(found?.remedy).toBe('If these are milliseconds, write 3600')
  })

  it.each(fine)('finds nothing wrong with %s', (_what, options) => {
    process.env['NODE_ENV'] = 'production'
    const { oauth, events } = make({ ...options, strict: true })
    expect(oauth.posture()).toEqual([])
    expect(events.filter((event) => event.type === 'warning' && event.code !== 'password_grant_enabled')).toEqual([])
  })

  it('assumes several processes if a process manager says so', () => {
    process.env['NODE_ENV'] = 'production'
    expect(cluster.isWorker).toBe(false)
    for (const name of ['NODE_APP_INSTANCE', 'pm_id']) {
      process.env = { ...environment, NODE_ENV: 'production', [name]: '0' }
      expect(make({}).oauth.posture()).toMatchObject([{ code: 'memory_throttle' }])
    }
  })
})

describe('the posture if NODE_ENV does not say production', () => {
  const own = { issuer: 'https://localhost:8443', tokens: volatile }

  it.each([
    [undefined, 'https://auth.example.com', ['memory_store']],
    ['staging', 'https://auth.example.com', ['memory_store']],
    ['development', 'https://auth.example.com', []],
    ['test', 'https://auth.example.com', []],
    [undefined, 'https://localhost:8443', []],
    [undefined, 'https://127.0.0.1', []],
    [undefined, 'http://localhost:3000', []],
    ['production', 'https://localhost:8443', ['memory_store']],
  ])('depends on the issuer: NODE_ENV %s, %s (V15)', (node, issuer, codes) => {
    if (node === undefined) delete process.env['NODE_ENV']
    else process.env['NODE_ENV'] = node
    const options = { issuer, tokens: volatile }
    expect(
      make(options)
        .oauth.posture()
        .map(({ code }) => code),
    ).toEqual(codes)
    if (codes.length > 0) expect(() => make({ ...options, strict: true })).toThrow('strict: refuses weak settings')
    else expect(make({ ...options, strict: true }).oauth.posture()).toEqual([])
    const noTls = make({ issuer, requireTls: false }).oauth.posture()
    expect(noTls.map(({ code }) => code)).toEqual(codes.length > 0 ? ['no_tls'] : [])
  })

  it.each(['NODE_APP_INSTANCE', 'pm_id'])('mentions several processes if %s does (27)', (name) => {
    process.env = { ...environment, NODE_ENV: 'development', [name]: '0' }
    expect(make(own).oauth.posture()).toMatchObject([
      { code: 'memory_store', reason: expect.stringMatching(/each process.*unknown to the others/) },
      { code: 'memory_throttle' },
    ])
    expect(make({ throttle: sharedCounters }).oauth.posture()).toEqual([])
  })
})

describe('the posture in development', () => {
  it.each(weak.filter(([code]) => ['memory_store', 'memory_throttle', 'http_issuer', 'no_tls'].includes(code)))(
    'does not mind %s',
    (_code, options) => {
      process.env['NODE_ENV'] = 'development'
      expect(make({ ...options, strict: true }).oauth.posture()).toEqual([])
    },
  )

  it('prints weak settings without a listener, once in a process', async () => {
    const printed = await standardErrorOf(() => {
      for (let i = 0; i < 3; i++) createAuthorizationServer({ ...sound, throttle: false })
    })
    expect(printed.split('\n')).toEqual([
      expect.stringMatching(/^\S+Z latchkey warn warning weak_settings "Weak settings: no_throttle"$/),
      expect.stringMatching(/^ {2}no_throttle: Failed sign-ins are not throttled .*\. Leave throttle out.*\.$/),
      '',
    ])
  })
})

describe('a proxy that is not trusted', () => {
  const forwarded = { 'x-forwarded-for': '203.0.113.7' }

  it.each([
    ['x-forwarded-for', '203.0.113.7'],
    ['forwarded', 'for=203.0.113.7'],
    ['x-real-ip', '203.0.113.7'],
  ])('is noticed by the header %s, and reported once', async (name, value) => {
    const server = testServer({ server: { throttle: memoryThrottle() } })
    expect(server.oauth.posture()).toEqual([])
    await request(server.http).post('/oauth/token').set(name, value)
    await request(server.http).post('/oauth/token').set(name, value)
    expect(server.oauth.posture()).toMatchObject([{ code: 'untrusted_proxy' }])
    const warnings = server.events.filter((event) => event.type === 'warning' && event.code === 'untrusted_proxy')
    expect(warnings).toMatchObject([{ findings: server.oauth.posture() }])
  })

  it('is not reported if the application trusts it, or nothing was forwarded', async () => {
    const server = testServer({
      server: { throttle: memoryThrottle() },
      before: (app) => app.set('trust proxy', true),
    })
    await request(server.http).post('/oauth/token').set(forwarded)
    // On one machine the caller's address is the proxy's own.
    await request(server.http).post('/oauth/token').set('x-forwarded-for', '127.0.0.1')
    await request(testServer().http).post('/oauth/token')
    expect(server.oauth.posture()).toEqual([])
  })
})

describe('a proxy at a Unix socket', () => {
  it('has no address, and is noticed (25)', async () => {
    const server = testServer({
      server: { throttle: memoryThrottle() },
      before: (app) => app.set('trust proxy', 'loopback'),
    })
    expect(await postTo(server, {})).toBe(400)
    expect(server.oauth.posture()).toEqual([])
    expect(await postTo(server, { 'x-forwarded-for': '203.0.113.7' })).toBe(400)
    expect(server.oauth.posture()).toMatchObject([
      { code: 'untrusted_proxy', remedy: expect.stringContaining('isSecure') },
    ])
  })

  it.each([1, true, () => true])('is not reported if the application trusts it: %s (25)', async (trusted) => {
    const server = testServer({
      server: { throttle: memoryThrottle() },
      before: (app) => app.set('trust proxy', trusted),
    })
    await postTo(server, { 'x-forwarded-for': '203.0.113.7' })
    expect(server.oauth.posture()).toEqual([])
    expect(server.events.at(-1)).toMatchObject({ address: '203.0.113.7' })
  })

  it('is noticed by a guard that refuses, too (25)', async () => {
    const server = testServer()
    await request(server.http).get('/orders')
    expect(server.oauth.posture()).toEqual([])
    await request(server.http).get('/orders').set('x-forwarded-for', '203.0.113.7')
    expect(server.oauth.posture()).toMatchObject([{ code: 'untrusted_proxy' }])
  })

  async function postTo({ http }: TestServer, headers: Record<string, string>): Promise<number | undefined> {
    const socketPath = join(mkdtempSync(join(tmpdir(), 'proxy-')), 'socket')
    await once(http.listen(socketPath), 'listening')
    try {
      const sent = ask({ socketPath, method: 'POST', path: '/oauth/token', headers, agent: false }).end()
      const [answer] = (await once(sent, 'response')) as [IncomingMessage]
      answer.resume()
      return answer.statusCode
    } finally {
      http.close()
    }
  }
})

describe('stored hashes that cost more than the hasher', () => {
  /** bcrypt, cost 11, of nothing that anybody knows. */
  const costlier = `$2b$11$${'.'.repeat(53)}`
  const signIn = (http: Parameters<typeof request>[0]): request.Test =>
    request(http)
      .post('/oauth/token')
      .set('Authorization', basic('shop-app', secretOf('shop-app')))
      .type('form')
      .send({ grant_type: 'password', username: 'bob', password: 'wrong' })

  it('are noticed at a sign-in, and reported once with the remedy (V14)', async () => {
    const server = testServer({
      server: { throttle: memoryThrottle() },
      password: { hasher: bcryptHasher({ workers: 1 }) },
    })
    server.users.set('bob', { userId: 'user-2', passwordHash: costlier })
    expect(server.oauth.posture()).toEqual([])
    await signIn(server.http)
    await signIn(server.http)
    expect(server.oauth.posture()).toMatchObject([
      { code: 'costlier_hashes', remedy: 'Give it their cost: bcryptHasher({ cost: 11 })' },
    ])
    const warnings = server.events.filter((event) => event.type === 'warning' && event.code === 'costlier_hashes')
    expect(warnings).toMatchObject([{ findings: server.oauth.posture() }])
  })

  it('are noticed for chosen client secrets, before one is presented (V14)', async () => {
    const server = testServer({
      server: { throttle: memoryThrottle() },
      moreClients: [{ ...testClients[2]!, clientId: 'brought-along', secrets: [{ digest: costlier }] } as Client],
    })
    await request(server.http).post('/oauth/token').set('Authorization', basic('made-up', 'x')).type('form').send('a=b')
    expect(server.oauth.posture()).toMatchObject([{ code: 'costlier_hashes' }])
  })

  it('are not reported for a hasher that does not describe its hashes (V14)', async () => {
    const ours = bcryptHasher({ workers: 1 })
    const hasher: PasswordHasher = {
      hash: (password) => ours.hash(password),
      verify: (password, passwordHash) => ours.verify(password, passwordHash),
      verifyNobody: (password) => ours.verifyNobody(password),
      needsRehash: (passwordHash) => ours.needsRehash(passwordHash),
    }
    const server = testServer({
      server: { throttle: memoryThrottle() },
      password: { hasher },
    })
    server.users.set('bob', { userId: 'user-2', passwordHash: costlier })
    expect((await signIn(server.http)).status).toBe(400)
    expect(server.oauth.posture()).toEqual([])
  })
})

describe('the address of a caller', () => {
  const post = (http: Parameters<typeof request>[0], from: string): request.Test =>
    request(http).post('/oauth/token').set('x-real-ip', from)

  it('is what the application says, also in front of Express, and then no proxy is reported', async () => {
    const clientAddress: NonNullable<AuthorizationServerOptions['clientAddress']> = (req) =>
      req.headers['x-real-ip'] as string
    const server = testServer({ server: { clientAddress } })
    for (const http of [server.http, createServer(server.oauth.handler())]) {
      await post(http, '203.0.113.7')
      expect(server.events.at(-1)).toMatchObject({ type: 'request_refused', address: '203.0.113.7' })
    }
    expect(server.oauth.posture()).toEqual([])
  })

  it.each([
    ['nothing', () => undefined],
    ['an empty string', () => ''],
    ['a number', () => 7],
    ['a promise', () => Promise.reject(new Error('too late'))],
    ['an exception', () => expect.unreachable()],
  ])('is that of the peer if the application says %s', async (_what, clientAddress) => {
    const server = testServer({ server: { clientAddress: clientAddress as () => string } })
    await post(server.http, '203.0.113.7')
    expect(server.events.at(-1)).toMatchObject({ type: 'request_refused', address: '127.0.0.1' })
  })
})
