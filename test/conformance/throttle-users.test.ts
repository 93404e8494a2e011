import { createHash } from 'node:crypto'
import { memoryThrottle, type ThrottleLimits } from 'latchkey'
import request, { type Response } from 'supertest'
import { describe, expect, it } from 'vitest'
import { plainServer, recordingHasher } from '../fixtures/plain-passwords.js'
import { basicLine, formLine } from '../fixtures/post-token.js'
import { sendRaw } from '../fixtures/raw-http.js'
import { answered, refused, shown, type ShownAnswer } from '../fixtures/shown-answer.js'
import { basic, secretOf, type TestServer, type TestServerOptions } from '../fixtures/test-server.js'

const home = '198.51.100.1'
const stranger = '203.0.113.66'
const invalidUser = refused(400, 'invalid_grant', 'The user name or the password is wrong')
const body = { error: 'temporarily_unavailable', error_description: 'Too many failed attempts' }
const throttled = (seconds: number): ShownAnswer => answered(429, body, { retryAfter: String(seconds) })

/** A server with the throttle as it is by default, behind one proxy, and what its hasher was asked. */
function guardedServer(options: TestServerOptions & { readonly limits?: ThrottleLimits } = {}) {
  const hashed: string[] = []
  const hasher = recordingHasher(hashed)
  const { limits, ...others } = options
  const clock = (): number => server.now()
  const server: TestServer = plainServer({
    before: (app) => app.set('trust proxy', 1),
    ...others,
    password: { hasher, ...others.password },
    server: { throttle: memoryThrottle({ clock: () => clock(), limits }), ...others.server },
  })
  server.users.set('bob', { userId: 'user-2', passwordHash: "plain:bob's password" })
  server.users.set('ex', { userId: 'user-3', passwordHash: 'plain:right', disabled: true })
  return Object.assign(server, { hashed })
}

async function signIn(
  server: Pick<TestServer, 'http'>,
  username: string,
  password: string,
  address = stranger,
  clientId = 'shop-app',
): Promise<Response> {
  return request(server.http)
    .post('/oauth/token')
    .set('Authorization', basic(clientId, secretOf(clientId)))
    .set('X-Forwarded-For', address)
    .type('form')
    .send({ grant_type: 'password', username, password })
}

async function answers(times: number, send: (i: number) => Promise<Response>): Promise<ShownAnswer[]> {
  const all = []
  for (let i = 0; i < times; i += 1) all.push(shown(await send(i)))
  return all
}

describe.each([4, 5] as const)('guesses at a user, Express %d', (express) => {
  it('verifies five wrong passwords, and responds to the sixth with 429 in OAuth JSON (AUT-01, ROP-07, DEC-08)', async () => {
    const server = guardedServer({ express })
    expect(await answers(5, (i) => signIn(server, 'alice', `guess ${i}`))).toEqual(Array(5).fill(invalidUser))
    expect(shown(await signIn(server, 'alice', 'guess 5'))).toEqual(throttled(1))
    expect(server.hashed).toHaveLength(5)
    expect(server.events.filter(({ type }) => type === 'throttled')).toEqual([
      expect.objectContaining({ kind: 'account', clientId: 'shop-app', address: stranger, retryAfterSeconds: 1 }),
    ])
  })

  it('makes delays grow; after a delay the right password works (AUT-03)', async () => {
    const server = guardedServer({ express })
    await answers(5, (i) => signIn(server, 'alice', `guess ${i}`))
    for (const seconds of [1, 2, 4, 8]) {
      expect(shown(await signIn(server, 'alice', "alice's password"))).toEqual(throttled(seconds))
      server.advance(seconds)
      expect(shown(await signIn(server, 'alice', 'one more guess'))).toEqual(invalidUser)
    }
    server.advance(15)
    expect(shown(await signIn(server, 'alice', "alice's password"))).toEqual(throttled(1))
    server.advance(1)
    expect((await signIn(server, 'alice', "alice's password")).status).toBe(200)
  })

  it('responds with the same bytes while throttled: right and wrong, known, unknown and disabled (AUT-05, ABU-069)', async () => {
    const server = guardedServer({ express, limits: { account: { freeFailures: 1 } } })
    const lines = ['POST /oauth/token HTTP/1.1', formLine, basicLine('shop-app'), `X-Forwarded-For: ${stranger}`]
    const send = async (username: string, password: string): Promise<string> => {
      const form = new URLSearchParams({ grant_type: 'password', username, password }).toString()
      return (await sendRaw(server.http, lines, form)).octets.replace(/\r\nRequest-Id: [^\r]*/i, '')
    }
    const tries = [
      ['alice', "alice's password"],
      ['alice', 'wrong'],
      ['nobody', 'wrong'],
      ['ex', 'right'],
      ['ex', 'wrong'],
    ] as const
    const first = []
    for (const username of ['alice', 'nobody', 'ex']) first.push(await send(username, 'wrong'))
    expect(new Set(first).size).toBe(1)
    const later = []
    for (const [username, password] of tries) later.push(await send(username, password))
    expect(new Set(later).size).toBe(1)
    expect(later[0]).toMatch(/^HTTP\/1\.1 429 [^]*\r\nRetry-After: 1\r\n/)
    expect(server.hashed).toHaveLength(3)
  })
})

describe('names', () => {
  it('are counted whether or not the user exists: the same responses in the same order (AUT-02)', async () => {
    const told = []
    for (const username of ['alice', 'nobody', 'ex']) {
      const server = guardedServer()
      const one = await answers(12, async (i) => {
        if (i % 3 === 2) server.advance(1)
        return signIn(server, username, `guess ${i}`)
      })
      told.push({ one, hashed: server.hashed.length })
    }
    expect(told[1]).toEqual(told[0])
    expect(told[2]).toEqual(told[0])
    expect(told[0]!.one.map(({ status }) => status)).toContain(429)
  })

  it('share one counter over all spellings (AUT-07, ABU-071)', async () => {
    const server = guardedServer()
    const spellings = ['bob', 'Bob', 'bob ', ' BOB', 'bo\u0301b', 'bób', '\uFF22ob', 'b\u200Bob']
    const all = await answers(spellings.length, (i) => signIn(server, spellings[i]!, 'wrong'))
    expect(all.map(({ status }) => status)).toEqual([400, 400, 400, 400, 400, 429, 429, 429])
    expect(server.hashed).toHaveLength(5)
  })

  it('give a user with a similar name no more guesses by signing in between (AUT-07)', async () => {
    const server = guardedServer()
    server.users.set('Alice', { userId: 'user-6', passwordHash: 'plain:his own' })
    const statuses: number[] = []
    for (let i = 0; i < 8; i += 1) {
      statuses.push((await signIn(server, 'alice', `guess ${i}`)).status)
      await signIn(server, 'Alice', 'his own')
    }
    expect(statuses).toEqual([400, 400, 400, 400, 400, 429, 429, 429])
  })

  it('are counted for each client', async () => {
    const server = guardedServer()
    await answers(6, (i) => signIn(server, 'alice', `guess ${i}`))
    expect((await signIn(server, 'alice', "alice's password", home, 'other-app')).status).toBe(200)
    expect((await signIn(server, 'alice', "alice's password", home)).status).toBe(429)
  })

  it('are refused before they are counted if they are impossible', async () => {
    const server = guardedServer()
    const all = await answers(20, () => signIn(server, 'a\nb', 'x'.repeat(2000)))
    expect(new Set(all.map(({ status }) => status))).toEqual(new Set([400]))
    expect((await signIn(server, 'alice', "alice's password")).status).toBe(200)
  })
})

describe('successes', () => {
  it('are never counted (AUT-04)', async () => {
    const server = guardedServer({ limits: { address: { freeFailures: 1 } } })
    const all = await answers(30, (i) => signIn(server, 'alice', "alice's password", `198.51.100.${i % 5}`))
    expect(new Set(all.map(({ status }) => status))).toEqual(new Set([200]))
  })

  it('clear the failures of the user at that address (AUT-04)', async () => {
    const server = guardedServer()
    for (let i = 0; i < 4; i += 1) {
      const all = await answers(4, () => signIn(server, 'alice', 'wrong', home))
      expect(all).toEqual(Array(4).fill(invalidUser))
      expect((await signIn(server, 'alice', "alice's password", home)).status).toBe(200)
    }
  })

  it('of an own account do not clear the failures of the address (AUT-04, ABU-072)', async () => {
    const server = guardedServer({ limits: { address: { freeFailures: 20 } } })
    const statuses: number[] = []
    for (let i = 0; i < 25; i += 1) {
      statuses.push((await signIn(server, `victim-${i}`, 'Summer2026!')).status)
      await signIn(server, 'bob', "bob's password")
    }
    expect(statuses).toEqual([...Array<number>(20).fill(400), ...Array<number>(5).fill(429)])
  })

  it('that need two hundred places at once get them', async () => {
    const server = guardedServer()
    await new Promise<void>((resolve) => server.http.listen(0, '127.0.0.1', resolve))
    const all = await Promise.all(Array.from({ length: 200 }, () => signIn(server, 'alice', "alice's password")))
    server.http.close()
    expect(new Set(all.map(({ status }) => status))).toEqual(new Set([200]))
  })
})

describe('many at once', () => {
  it.each([
    ['one address', () => stranger],
    ['a thousand addresses', (i: number) => `10.0.${i >> 8}.${i & 255}`],
  ])('verifies as many of 1000 parallel guesses from %s as in sequence (AUT-06, ABU-070)', async (_what, addressOf) => {
    const server = guardedServer({ limits: { account: { freeFailures: 10 } } })
    await new Promise<void>((resolve) => server.http.listen(0, '127.0.0.1', resolve))
    const all = await Promise.all(
      Array.from({ length: 1000 }, (_, i) => signIn(server, 'alice', `guess ${i}`, addressOf(i))),
    )
    server.http.close()
    expect(server.hashed).toHaveLength(10)
    const count = (status: number): number => all.filter((answer) => answer.status === status).length
    expect([count(400), count(429)]).toEqual([10, 990])
  })
})

describe('addresses', () => {
  it('stop one password for a thousand accounts with 429 (ABU-072, AUT-02)', async () => {
    const server = guardedServer()
    const all = await answers(1000, (i) => signIn(server, `user-${i}`, 'Summer2026!'))
    expect(all.map(({ status }) => status)).toEqual([...Array<number>(100).fill(400), ...Array<number>(900).fill(429)])
    expect(server.hashed).toHaveLength(100)
    expect(server.events.find(({ type }) => type === 'throttled')).toMatchObject({ kind: 'address' })
  })

  it('count as one within a /64 (AUT-08)', async () => {
    const server = guardedServer({ limits: { address: { freeFailures: 3 } } })
    const all = await answers(6, (i) => signIn(server, `user-${i}`, 'wrong', `2001:db8::${i}:${i}`))
    expect(all.map(({ status }) => status)).toEqual([400, 400, 400, 429, 429, 429])
    expect((await signIn(server, 'user-7', 'wrong', '2001:db8:0:1::1')).status).toBe(400)
  })

  it.each([
    ['off', 4, false],
    ['off', 5, false],
    ['on', 4, 1],
    ['on', 5, 1],
  ] as const)(
    'cannot be invented by X-Forwarded-For, in 1000 requests, trust proxy %s, Express %d (ABU-029, HTP-22)',
    async (_what, express, trustProxy) => {
      const before: TestServerOptions['before'] = (app) => app.set('trust proxy', trustProxy)
      const server = guardedServer({ express, before })
      const made = (i: number): string => `10.${i >> 8}.${i & 255}.7`
      // The proxy adds the address of its peer at the end.
      const all = await answers(1000, (i) =>
        signIn(server, `user-${i}`, 'wrong', trustProxy === 1 ? `${made(i)}, ${stranger}` : made(i)),
      )
      const statuses = all.map(({ status }) => status)
      expect(statuses).toEqual([...Array<number>(100).fill(400), ...Array<number>(900).fill(429)])
    },
  )

  it('of earlier sign-ins stay open to their user despite strangers elsewhere', async () => {
    const server = guardedServer()
    expect((await signIn(server, 'alice', "alice's password", home)).status).toBe(200)
    for (let i = 0; i < 50; i += 1) await signIn(server, 'alice', `guess ${i}`, `203.0.113.${i}`)
    expect((await signIn(server, 'alice', "alice's password", home)).status).toBe(200)
    expect(shown(await signIn(server, 'alice', 'wrong', home))).toEqual(invalidUser)
    expect((await signIn(server, 'alice', "alice's password", '192.0.2.9')).status).toBe(429)
  })

  it('of earlier sign-ins stay open to their user despite strangers behind the same address', async () => {
    const server = guardedServer({ limits: { address: { freeFailures: 5 } } })
    expect((await signIn(server, 'alice', "alice's password", home)).status).toBe(200)
    await answers(10, (i) => signIn(server, `user-${i}`, 'wrong', home))
    expect((await signIn(server, 'bob', "bob's password", home)).status).toBe(429)
    expect((await signIn(server, 'alice', "alice's password", home)).status).toBe(200)
  })

  it('of earlier sign-ins still count guesses', async () => {
    const server = guardedServer()
    expect((await signIn(server, 'alice', "alice's password", home)).status).toBe(200)
    const all = await answers(7, (i) => signIn(server, 'alice', `guess ${i}`, home))
    expect(all.map(({ status }) => status)).toEqual([400, 400, 400, 400, 400, 429, 429])
  })
})

describe('refresh tokens', () => {
  const refresh = (server: TestServer, token: string, address = stranger): Promise<Response> =>
    Promise.resolve(
      request(server.http)
        .post('/oauth/token')
        .set('Authorization', basic('shop-app', secretOf('shop-app')))
        .set('X-Forwarded-For', address)
        .type('form')
        .send({ grant_type: 'refresh_token', refresh_token: token }),
    )

  it('that are unknown are counted for their address; valid ones still work', async () => {
    const server = guardedServer({ limits: { token: { freeFailures: 10 } } })
    const signedIn = await signIn(server, 'alice', "alice's password")
    const guess = (i: number): string => createHash('sha256').update(String(i)).digest('base64url')
    const all = await answers(12, (i) => refresh(server, guess(i)))
    expect(all.map(({ status }) => status)).toEqual([...Array<number>(10).fill(400), 429, 429])
    expect(all[11]).toEqual(throttled(1))
    expect(server.events.find(({ type }) => type === 'throttled')).toMatchObject({ kind: 'token' })
    expect((await refresh(server, guess(1), home)).status).toBe(400)
    expect((await refresh(server, (signedIn.body as { refresh_token: string }).refresh_token)).status).toBe(200)
  })
})
