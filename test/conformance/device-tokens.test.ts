import { randomBytes } from 'node:crypto'
import {
  createAuthorizationServer,
  memoryThrottle,
  passwordGrant,
  type AuthorizationServerOptions,
  type OAuthEvent,
  type PasswordGrantOptions,
  type ThrottleLimits,
} from 'latchkey'
import request, { type Response } from 'supertest'
import { describe, expect, it } from 'vitest'
import { plainServer } from '../fixtures/plain-passwords.js'
import { basic, secretOf, type TestServer } from '../fixtures/test-server.js'

const secret = randomBytes(32)
const stranger = '203.0.113.66'

/** A server with the throttle as it is by default; `alice` and `bob` have the password `right`. */
function deviceServer(
  password: Partial<PasswordGrantOptions> = {},
  more: Partial<AuthorizationServerOptions> = {},
  limits: ThrottleLimits = {},
): TestServer {
  const clock = (): number => server.now()
  const server: TestServer = plainServer({
    before: (app) => app.set('trust proxy', 1),
    password: { deviceTokens: true, ...password },
    server: { secret, throttle: memoryThrottle({ clock, limits }), ...more },
  })
  for (const [name, userId] of [
    ['alice', 'user-1'],
    ['bob', 'user-2'],
  ] as const)
    server.users.set(name, { userId, passwordHash: 'plain:right' })
  return server
}

interface SignIn {
  readonly username?: string
  readonly password?: string
  readonly address?: string
  readonly clientId?: string
  readonly deviceToken?: string | undefined
}

async function signIn({ http }: Pick<TestServer, 'http'>, given: SignIn): Promise<Response> {
  const { username = 'alice', password = 'wrong', address = stranger, clientId = 'shop-app', deviceToken } = given
  const form = { grant_type: 'password', username, password }
  return request(http)
    .post('/oauth/token')
    .set('Authorization', basic(clientId, secretOf(clientId)))
    .set('X-Forwarded-For', address)
    .type('form')
    .send(deviceToken === undefined ? form : { ...form, device_token: deviceToken })
}

/** Signs in with the right password, and returns the token of the device. */
async function deviceTokenOf(server: TestServer, given: SignIn = {}): Promise<string> {
  const answer = await signIn(server, { password: 'right', address: '198.51.100.1', ...given })
  expect(answer.status).toBe(200)
  return (answer.body as { device_token: string }).device_token
}

async function statuses(times: number, send: (i: number) => Promise<Response>): Promise<number[]> {
  const all = []
  for (let i = 0; i < times; i += 1) all.push((await send(i)).status)
  return all
}

describe('a device token', () => {
  it('lets its user sign in at a new address, despite three days of guesses by a stranger (V9)', async () => {
    const server = deviceServer()
    let deviceToken = await deviceTokenOf(server)
    const withToken: number[] = []
    const without: number[] = []
    for (let minutes = 0; minutes < 3 * 24 * 60; minutes += 30) {
      // The next free try is always the stranger's.
      while ((await signIn(server, { address: `203.0.113.${minutes % 200}` })).status !== 429) continue
      const address = `192.0.2.${(minutes / 30) % 200}`
      without.push((await signIn(server, { password: 'right', address, clientId: 'shop-app' })).status)
      const answer = await signIn(server, { password: 'right', address: `2001:db8::${minutes}:1`, deviceToken })
      withToken.push(answer.status)
      deviceToken = (answer.body as { device_token: string }).device_token
      server.advance(1800)
    }
    expect(withToken).toEqual(Array(144).fill(200))
    expect(without).toContain(429)
  })

  it('has its own attempts, five before a delay, which a success clears (V9)', async () => {
    const server = deviceServer()
    const deviceToken = await deviceTokenOf(server)
    await statuses(10, () => signIn(server, {}))
    const tries = (): Promise<number[]> => statuses(6, (i) => signIn(server, { deviceToken, address: `192.0.2.${i}` }))
    expect(await tries()).toEqual([400, 400, 400, 400, 400, 429])
    expect(server.events.findLast(({ type }) => type === 'throttled')).toMatchObject({ kind: 'device' })
    server.advance(1)
    const answer = await signIn(server, { deviceToken, password: 'right' })
    expect(answer.status).toBe(200)
    const { device_token: renewed } = answer.body as { device_token: string }
    // The renewed one is the same device.
    expect(await statuses(3, () => signIn(server, { deviceToken: renewed }))).toEqual([400, 400, 400])
    expect(await tries()).toEqual([400, 400, 429, 429, 429, 429])
  })

  it('does not replace the password (V9)', async () => {
    const server = deviceServer()
    const deviceToken = await deviceTokenOf(server)
    const answer = await signIn(server, { deviceToken, password: 'wrong' })
    expect([answer.status, answer.body]).toEqual([
      400,
      { error: 'invalid_grant', error_description: 'The user name or the password is wrong' },
    ])
  })

  it('is ignored if it is forged, or another user’s or client’s (V9)', async () => {
    const server = deviceServer()
    const own = await deviceTokenOf(server)
    const bobs = await deviceTokenOf(server, { username: 'bob' })
    const elsewhere = await deviceTokenOf(server, { clientId: 'other-app' })
    const stranger = await deviceTokenOf(deviceServer({}, { secret: randomBytes(32) }))
    const flipped = Buffer.from(own, 'base64url')
    flipped[20]! ^= 1
    const useless = [bobs, elsewhere, stranger, flipped.toString('base64url'), `${own}A`, own.slice(1), 'x', '{}']
    await statuses(5, () => signIn(server, {}))
    for (const deviceToken of useless) {
      expect((await signIn(server, { deviceToken, password: 'right' })).status, deviceToken).toBe(429)
    }
    expect((await signIn(server, { deviceToken: own, password: 'right' })).status).toBe(200)
  })

  it('expires after 180 days, and each sign-in renews it (V9)', async () => {
    const server = deviceServer()
    const old = await deviceTokenOf(server)
    server.advance(179 * 86_400)
    const renewed = await deviceTokenOf(server, { deviceToken: old })
    server.advance(86_400)
    await statuses(5, () => signIn(server, {}))
    expect((await signIn(server, { deviceToken: old, password: 'right' })).status).toBe(429)
    expect((await signIn(server, { deviceToken: renewed, password: 'right' })).status).toBe(200)
  })

  it('opens with a former secret, and is sealed with the current one (V9)', async () => {
    const next = randomBytes(32)
    const old = await deviceTokenOf(deviceServer())
    for (const [given, status] of [
      [[next.toString('base64'), secret.toString('hex')], 200],
      [next, 429],
    ] as const) {
      const server = deviceServer({}, { secret: given })
      await statuses(5, () => signIn(server, {}))
      expect((await signIn(server, { deviceToken: old, password: 'right' })).status).toBe(status)
    }
  })

  it('is issued only if the grant has them on, and is in no event or hook (V9)', async () => {
    expect((await signIn(deviceServer({ deviceTokens: false }), { password: 'right' })).body).not.toHaveProperty(
      'device_token',
    )
    const shown: unknown[] = []
    const server = deviceServer({
      deviceLabel: (context) => {
        shown.push(...context.parameters)
        return undefined
      },
    })
    const deviceToken = await deviceTokenOf(server)
    await statuses(7, () => signIn(server, { deviceToken }))
    server.advance(1)
    await deviceTokenOf(server, { deviceToken })
    expect(JSON.stringify([shown, server.events])).not.toContain(deviceToken.slice(0, 20))
    expect(shown).not.toEqual([])
  })
})

describe('failures in a row', () => {
  const clients = ['shop-app', 'other-app']
  const tooMany = (events: readonly OAuthEvent[]): OAuthEvent[] =>
    events.filter(({ type }) => type === 'account_failures')

  it('are counted over all clients and addresses; each hundred is reported once, by an event and a hook (V9)', async () => {
    const called: unknown[] = []
    const server = deviceServer(
      { onTooManyFailures: (failures, { requestId }) => called.push({ ...failures, requestId }) },
      {},
      { account: { freeFailures: 1000 }, address: { freeFailures: 1000 } },
    )
    const fail = (i: number): Promise<Response> =>
      signIn(server, { clientId: clients[i % 2]!, address: `192.0.2.${i % 9}` })
    await statuses(99, fail)
    expect(tooMany(server.events)).toEqual([])
    await statuses(1, fail)
    const [event] = tooMany(server.events)
    expect(event).toMatchObject({ userId: 'user-1', failures: 100, clientId: 'shop-app' })
    await statuses(100, fail)
    expect(tooMany(server.events)).toMatchObject([{ failures: 100 }, { failures: 200 }])
    expect(called).toEqual([
      { userId: 'user-1', failures: 100, clientId: 'shop-app', requestId: event!.requestId },
      expect.objectContaining({ failures: 200 }),
    ])
    // Nothing is locked by that.
    expect((await signIn(server, { password: 'right' })).status).toBe(200)
    await statuses(99, fail)
    expect(called).toHaveLength(2)
  })

  it('are not cleared by time: a hundred in as many days are reported (V9)', async () => {
    const server = deviceServer()
    for (let day = 0; day < 100; day += 1) {
      await signIn(server, {})
      server.advance(86_400)
    }
    expect(tooMany(server.events)).toMatchObject([{ failures: 100 }])
  })

  it('are not counted for unknown names, or for attempts that were not verified (V9)', async () => {
    const server = deviceServer({}, {}, { address: { freeFailures: 1000 } })
    await statuses(205, () => signIn(server, {}))
    expect(tooMany(server.events)).toEqual([])
    await statuses(205, (i) => signIn(server, { username: `nobody-${i % 3}` }))
    expect(tooMany(server.events)).toEqual([])
  })

  it('lead to a failure event if the hook fails, and the response stays the same (V9)', async () => {
    for (const onTooManyFailures of [
      () => {
        throw new Error('the mail server is away')
      },
      () => Promise.reject(new Error('the mail server is away')),
    ]) {
      const server = deviceServer({ onTooManyFailures }, {}, { account: { freeFailures: 1000 } })
      expect(new Set(await statuses(100, () => signIn(server, {})))).toEqual(new Set([400]))
      await expect.poll(() => server.events.filter(({ type }) => type === 'failure')).toHaveLength(1)
    }
  })
})

it('the option secret is checked, and not repeated in a message', () => {
  const sound = {
    issuer: 'http://localhost',
    scopes: ['a'],
    clients: { findClient: () => undefined },
    grants: [passwordGrant({ users: { findUserByUsername: () => undefined, findUser: () => undefined } })],
  }
  const { stores } = plainServer()
  const make = (given: unknown): unknown =>
    createAuthorizationServer({ ...sound, tokens: stores.tokens, onEvent: () => undefined, secret: given as Buffer })
  const random = randomBytes(32)
  for (const given of [
    random,
    new Uint8Array(random),
    random.toString('hex'),
    random.toString('base64url'),
    [random],
  ]) {
    expect(() => make(given)).not.toThrow()
  }
  const wrong = [
    [],
    '',
    'a passphrase that somebody has thought up',
    randomBytes(31),
    7,
    null,
    [random, 'short-secret'],
  ]
  for (const given of [...wrong, Buffer.alloc(32), 'ab'.repeat(32)]) {
    expect(() => make(given)).toThrow(/^secret(\[1\])?: .*openssl rand -base64 32/)
    expect(() => make(given)).not.toThrow(/thought up|short-secret|abab/)
  }
})
