import { randomBytes } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { plainServer } from '../fixtures/plain-passwords.js'
import { postToken } from '../fixtures/post-token.js'
import type { TestServer, TestServerOptions } from '../fixtures/test-server.js'
import request from 'supertest'
import { basic, secretOf } from '../fixtures/test-server.js'

const form = { grant_type: 'password', username: 'alice', password: "alice's password" }
const serverWith = (options: TestServerOptions['server'] = {}): TestServer =>
  plainServer({ server: { clientAddress: (req) => String(req.headers['x-from']), ...options } })

async function signIn(
  server: TestServer,
  from: string,
  more: Record<string, string> = {},
): Promise<Record<string, string>> {
  const answer = await request(server.http)
    .post('/oauth/token')
    .set('Authorization', basic('shop-app', secretOf('shop-app')))
    .set('X-From', from)
    .type('form')
    .send({ ...form, ...more })
  return answer.body
}

/** What the events say of the sign-ins, in order. */
const known = (server: TestServer): unknown[] =>
  server.events.flatMap((event) => (event.type === 'tokens_issued' ? [event.isKnownDevice] : []))

describe('the event of a sign-in', () => {
  it('says whether the user has signed in from there before (Part 2, 3)', async () => {
    const server = serverWith()
    for (const from of ['192.0.2.1', '192.0.2.1', '198.51.100.7', '192.0.2.1']) await signIn(server, from)
    expect(known(server)).toEqual([false, true, false, true])
  })

  it('recognizes a device token at a new address (Part 2, 3)', async () => {
    const server = plainServer({
      password: { deviceTokens: true },
      server: { clientAddress: (req) => String(req.headers['x-from']), secret: randomBytes(32).toString('base64') },
    })
    const { device_token: deviceToken } = await signIn(server, '192.0.2.1')
    await signIn(server, '198.51.100.7', { device_token: String(deviceToken) })
    await signIn(server, '203.0.113.9', { device_token: 'forged' })
    expect(known(server)).toEqual([false, true, false])
  })

  it('says nothing without a throttle, and for tokens of a client or a refresh (Part 2, 3)', async () => {
    const server = serverWith({ throttle: false })
    const { refresh_token: refreshToken } = await signIn(server, '192.0.2.1')
    await postToken(server, `grant_type=refresh_token&refresh_token=${String(refreshToken)}`, 'shop-app')
    await postToken(server, 'grant_type=client_credentials', 'shop-app')
    expect(known(server)).toEqual([undefined, undefined, undefined])
  })
})

describe('a right password with a scope that is refused', () => {
  it.each([{ scope: 'stock:write' }, { scope: 'unknown' }, { resource: 'https://other.example' }])(
    'is reported to the operator with the user: %j (Part 2, 6)',
    async (asked) => {
      const server = serverWith()
      expect(await signIn(server, '192.0.2.1', { ...asked })).toMatchObject({
        error: expect.stringMatching(/^invalid_(?:scope|target)$/) as string,
      })
      const failures = server.events.filter(({ type }) => type === 'user_authentication_failed')
      expect(failures).toMatchObject([{ clientId: 'shop-app', userId: 'user-1', reason: 'scope_refused' }])
      expect(JSON.stringify(server.events)).not.toContain(form.password)
    },
  )

  it('is not reported for a wrong password (Part 2, 6)', async () => {
    const server = serverWith()
    expect(await signIn(server, '192.0.2.1', { password: 'x', scope: 'unknown' })).toMatchObject({
      error: 'invalid_grant',
    })
    const failures = server.events.filter(({ type }) => type === 'user_authentication_failed')
    expect(failures).toMatchObject([{ reason: 'wrong_password' }])
  })
})
