import request from 'supertest'
import { beforeEach, describe, expect, it } from 'vitest'
import { basic, secretOf, testServer, type TestServer } from '../fixtures/test-server.js'

describe.each([4, 5] as const)('req.auth, Express %i', (express) => {
  let server: TestServer
  let seen: unknown[]

  beforeEach(() => {
    seen = []
    server = testServer({
      express,
      before: (app) =>
        app.use((req, _res, next) => {
          Object.assign(req, { auth: { scope: 'admin', actsFor: 'user', userId: 'root' } })
          next()
        }),
      routes: (app, oauth) => {
        const keep = (req: object, _res: unknown, next: () => void): void => {
          seen.push('auth' in req ? req.auth : undefined)
          next()
        }
        app.get('/any', oauth.requireBearer(), keep)
        app.get('/optional', oauth.requireBearer({ optional: true }), keep)
      },
    })
  })

  async function issue(form: object): Promise<string> {
    const http = request(server.http).post('/oauth/token').type('form')
    const { body } = await http.set('Authorization', basic('shop-app', secretOf('shop-app'))).send(form)
    return String(body.access_token)
  }

  it('has what the token says, frozen and new for each request, and replaces what was there before (BRR-24)', async () => {
    const token = await issue({ grant_type: 'client_credentials' })
    await request(server.http).get('/any')
    expect(seen).toEqual([])
    await request(server.http).get('/optional')
    expect(seen).toEqual([undefined])

    await request(server.http).get('/any').set('Authorization', `Bearer ${token}`)
    await request(server.http).get('/optional').set('Authorization', `Bearer ${token}`)
    const [, first, second] = seen
    expect(first).not.toBe(second)
    for (const auth of [first, second] as Record<string, unknown>[]) {
      expect(JSON.parse(JSON.stringify(auth))).toEqual({
        actsFor: 'client',
        clientId: 'shop-app',
        scope: 'orders:read orders:write',
        audience: [],
        claims: {},
        issuedAt: server.now(),
        expiresAt: server.now() + 3600,
      })
      expect(Object.isFrozen(auth)).toBe(true)
      // The scope may be shared between requests: what one handler did to it, another would see.
      expect(Object.isFrozen(auth['scope'])).toBe(true)
    }
  })

  it('has the stable id of the user store, never the typed name (BRR-25)', async () => {
    const form = { grant_type: 'password', username: 'alice', password: "alice's password" }
    const token = await issue(form)
    await request(server.http).get('/any').set('Authorization', `Bearer ${token}`)
    expect(JSON.parse(JSON.stringify(seen))).toEqual([
      {
        actsFor: 'user',
        userId: 'user-1',
        clientId: 'shop-app',
        authorizationId: expect.stringMatching(/^[A-Za-z0-9_-]{22}$/) as unknown,
        scope: 'orders:read orders:write',
        audience: [],
        claims: {},
        issuedAt: server.now(),
        expiresAt: server.now() + 3600,
      },
    ])
    expect(JSON.stringify(seen)).not.toContain('alice')
  })
})
