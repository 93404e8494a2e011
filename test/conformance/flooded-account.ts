import { memoryThrottle, type PasswordHasher } from 'latchkey'
import request, { type Response } from 'supertest'
import { describe, expect, it } from 'vitest'
import { plainHasher, plainServer } from '../fixtures/plain-passwords.js'
import { basic, secretOf, type TestServer, type TestServerOptions } from '../fixtures/test-server.js'
import { flood, type FloodRequest } from './throttle-flood.js'

export const home = '198.51.100.1'

/** A server behind a proxy, and how many passwords were hashed for guesses. */
export function floodedServer(inner: PasswordHasher, make: (options: TestServerOptions) => TestServer) {
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

export const guess = (i: number, address: string): FloodRequest => ({
  path: '/oauth/token',
  authorization: basic('shop-app', secretOf('shop-app')),
  address,
  form: { grant_type: 'password', username: 'alice', password: `guess ${i}` },
})

export function signIn({ http }: TestServer, username: string, password: string, address: string): Promise<Response> {
  const post = request(http)
    .post('/oauth/token')
    .set('Authorization', basic('shop-app', secretOf('shop-app')))
  const form = { grant_type: 'password', username, password }
  return Promise.resolve(post.set('X-Forwarded-For', address).type('form').send(form))
}

export const listen = (server: TestServer): Promise<void> =>
  new Promise((resolve) => {
    server.http.listen(0, '127.0.0.1', resolve)
  })

/** Guesses the password of one account so many times, over a hundred connections. */
export function describeFloodedAccount(guesses: number): void {
  const rare = guesses / 10

  describe(`${guesses} wrong passwords for one account, over a hundred connections`, () => {
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
        const counts = await flood(server.http, guesses, (i) => {
          if (i % rare === rare / 2) {
            void signIn(server, 'alice', "alice's password", home).then(({ status }) => meanwhile.push(status))
            void signIn(server, 'bob', "bob's password", `192.0.2.${(2 * i) / rare}`).then(({ status }) =>
              meanwhile.push(status),
            )
          }
          return guess(i, addressOf(i))
        })
        expect(counts).toEqual([
          [400, 5],
          [429, guesses - 5],
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
    )
  })
}
