import { memoryThrottle, type PasswordHasher } from 'latchkey'
import request, { type Response } from 'supertest'
import { describe, expect, it } from 'vitest'
import { plainHasher, plainServer } from '../fixtures/plain-passwords.js'
import {
  basic,
  hasher,
  secretOf,
  testServer,
  type TestServer,
  type TestServerOptions,
} from '../fixtures/test-server.js'
import { flood, type FloodRequest } from './throttle-flood.js'

const home = '198.51.100.1'

/** A server behind a proxy, and how many passwords were hashed for guesses. */
function floodedServer(inner: PasswordHasher, make: (options: TestServerOptions) => TestServer) {
  const counter = { hashes: 0 }
  const counting: PasswordHasher = {
    ...inner,
    verify(password, passwordHash) {
      if (password.startsWith('guess')) counter.hashes += 1
      return inner.verify(password, passwordHash)
    },
    verifyNobody(password) {
      if (password.startsWith('guess')) counter.hashes += 1
      return inner.verifyNobody(password)
    },
  }
  const server: TestServer = make({
    before: (app) => app.set('trust proxy', 1),
    password: { hasher: counting },
    server: { throttle: memoryThrottle({ clock: () => server.now() }) },
  })
  return Object.assign(server, { counter })
}

const guess = (i: number, address: string): FloodRequest => ({
  path: '/oauth/token',
  authorization: basic('shop-app', secretOf('shop-app')),
  address,
  form: { grant_type: 'password', username: 'alice', password: `guess ${i}` },
})

function signIn({ http }: TestServer, username: string, password: string, address: string): Promise<Response> {
  const post = request(http)
    .post('/oauth/token')
    .set('Authorization', basic('shop-app', secretOf('shop-app')))
  const form = { grant_type: 'password', username, password }
  return Promise.resolve(post.set('X-Forwarded-For', address).type('form').send(form))
}

const listen = (server: TestServer): Promise<void> =>
  new Promise((resolve) => {
    server.http.listen(0, '127.0.0.1', resolve)
  })

describe('10,000 wrong passwords for one account, over a hundred connections', () => {
  it.each([
    ['one address', () => '203.0.113.66'],
    ['as many addresses', (i: number) => `10.0.${i >> 8}.${i & 255}`],
  ])(
    'from %s: five are hashed; others, and the user from home, sign in meanwhile (AUT-01, AUT-06)',
    async (_what, addressOf) => {
      const server = floodedServer(plainHasher, plainServer)
      server.users.set('bob', { userId: 'user-2', passwordHash: "plain:bob's password" })
      await listen(server)
      expect((await signIn(server, 'alice', "alice's password", home)).status).toBe(200)

      const meanwhile: number[] = []
      const counts = await flood(server.http, 10_000, (i) => {
        if (i % 1000 === 500) {
          void signIn(server, 'alice', "alice's password", home).then(({ status }) => meanwhile.push(status))
          void signIn(server, 'bob', "bob's password", `192.0.2.${i / 500}`).then(({ status }) =>
            meanwhile.push(status),
          )
        }
        return guess(i, addressOf(i))
      })
      expect(counts).toEqual([
        [400, 5],
        [429, 9995],
      ])
      expect(server.counter.hashes).toBe(5)
      await expect.poll(() => meanwhile.length).toBe(20)
      expect(new Set(meanwhile)).toEqual(new Set([200]))

      // After the delay the right password works from anywhere.
      expect((await signIn(server, 'alice', "alice's password", '203.0.113.66')).status).toBe(429)
      server.advance(1)
      expect((await signIn(server, 'alice', "alice's password", '203.0.113.66')).status).toBe(200)
      server.http.close()
    },
    60_000,
  )

  it('300 of them with real bcrypt: five are hashed', async () => {
    const server = floodedServer(hasher, testServer)
    await listen(server)
    expect((await signIn(server, 'alice', "alice's password", home)).status).toBe(200)
    const flooding = flood(server.http, 300, (i) => guess(i, '203.0.113.66'))
    expect((await signIn(server, 'alice', "alice's password", home)).status).toBe(200)
    expect(await flooding).toEqual([
      [400, 5],
      [429, 295],
    ])
    expect(server.counter.hashes).toBe(5)
    server.http.close()
  })
})
