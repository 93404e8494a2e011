import request, { type Test } from 'supertest'
import { beforeEach, describe, expect, it } from 'vitest'
import { hashToken } from 'latchkey'
import { plainServer } from '../fixtures/plain-passwords.js'
import { postToken, signIn } from '../fixtures/post-token.js'
import { issued, refused, shown } from '../fixtures/shown-answer.js'
import { recordTraffic } from '../fixtures/store-traffic.js'
import { clients, type TestServer } from '../fixtures/test-server.js'

const DAY = 86_400
const serverError = refused(500, 'server_error', 'The server met an unexpected condition')
const invalid = refused(
  400,
  'invalid_grant',
  'The refresh token is invalid, expired, revoked, or belongs to another client',
)
const shopApp = clients.find(({ clientId }) => clientId === 'shop-app')!

let server: TestServer

const refresh = (token: string): Test =>
  postToken(server, `grant_type=refresh_token&refresh_token=${encodeURIComponent(token)}`, 'shop-app')
const orders = (token: string): Test => request(server.http).get('/orders').set('Authorization', `Bearer ${token}`)
const mayRead = async (token: string): Promise<boolean> => (await orders(token)).status === 200

beforeEach(() => {
  server = plainServer()
})

describe('access tokens', () => {
  it('expire after an hour by default (ENT-05)', async () => {
    const answer = await postToken(server, 'grant_type=client_credentials', 'shop-app')
    expect(shown(answer)).toEqual(issued('orders:read orders:write'))
    const token = String(answer.body.access_token)
    server.advance(3599)
    expect(await mayRead(token)).toBe(true)
    server.advance(1)
    expect(await mayRead(token)).toBe(false)
  })

  it('are refused from the second in which they expire: exp = now is expired (ENT-11)', async () => {
    server.stores.clients.saveClient({ ...shopApp, accessTokenLifetimeSeconds: 1 })
    const { body } = await postToken(server, 'grant_type=client_credentials', 'shop-app')
    expect(body).toMatchObject({ expires_in: 1 })
    expect((await orders(String(body.access_token))).body).toMatchObject({ expiresAt: server.now() + 1 })
    server.advance(1)
    expect((await orders(String(body.access_token))).headers['www-authenticate']).toMatch(/error="invalid_token"/)
  })

  it.each([300, 7200])('live as long as the server, and before that the client, says: %i (ENT-05)', async (seconds) => {
    const own = plainServer({ server: { accessTokenLifetimeSeconds: seconds } })
    const form = 'grant_type=client_credentials'
    expect((await postToken(own, form, 'shop-app')).body).toMatchObject({ expires_in: seconds })
    own.stores.clients.saveClient({ ...shopApp, accessTokenLifetimeSeconds: 60 })
    expect((await postToken(own, form, 'shop-app')).body).toMatchObject({ expires_in: 60 })
  })

  it.each([0, -1, 1.5, NaN, Infinity, 2 ** 53, '3600', true])(
    'are not issued to a client whose lifetimes are %j (ENT-05)',
    async (lifetime) => {
      const traffic = recordTraffic(server.stores.tokens)
      const post = (form: string, more: object): Test => {
        server.stores.clients.saveClient({ ...shopApp, ...more })
        return postToken(server, form, 'shop-app')
      }
      const login = 'grant_type=password&username=alice&password=alice%27s+password'
      for (const answer of [
        await post('grant_type=client_credentials', { accessTokenLifetimeSeconds: lifetime }),
        await post(login, { accessTokenLifetimeSeconds: lifetime }),
        await post(login, { refreshTokenLifetimeSeconds: lifetime }),
        await post(login, { authorizationLifetimeSeconds: lifetime }),
      ]) {
        expect(shown(answer)).toEqual(serverError)
      }
      expect(traffic).toEqual([])
      const { body } = await post(login, {})
      const refreshForm = `grant_type=refresh_token&refresh_token=${String(body.refresh_token)}`
      expect(shown(await post(refreshForm, { accessTokenLifetimeSeconds: lifetime }))).toEqual(serverError)
      expect((await post(refreshForm, {})).status).toBe(200)
    },
  )

  it('expires_in, the record and req.auth say the same, in seconds of the one clock (ENT-10)', async () => {
    server.advance(1_000_000_000)
    const traffic = recordTraffic(server.stores.tokens)
    const { body } = await postToken(server, 'grant_type=client_credentials', 'shop-app')
    const [, saved] = JSON.parse(traffic[0]!)
    const times = { issuedAt: server.now(), expiresAt: server.now() + 3600 }
    expect(saved.accessToken).toMatchObject(times)
    expect(body).toMatchObject({ expires_in: 3600 })
    expect((await orders(String(body.access_token))).body).toMatchObject(times)
    expect(server.events.at(-1)).toMatchObject({ at: 2_800_000_000 })
  })
})

describe('refresh tokens', () => {
  it('expire after 14 idle days by default, to the second (RTG-16, ENT-11)', async () => {
    const early = (await signIn(server)).refresh_token
    const late = (await signIn(server)).refresh_token
    server.advance(14 * DAY - 1)
    expect((await refresh(early)).status).toBe(200)
    server.advance(1)
    expect(shown(await refresh(late))).toEqual(invalid)
  })

  it('expire 90 days after the sign-in by default, however often they are used (RTG-16)', async () => {
    let newest = await signIn(server)
    for (let day = 10; day < 90; day += 10) {
      server.advance(10 * DAY)
      newest = (await refresh(newest.refresh_token)).body
    }
    server.advance(10 * DAY - 100)
    // The last access token ends with the authorization too.
    const last = await refresh(newest.refresh_token)
    expect(last.body).toMatchObject({ expires_in: 100 })
    server.advance(99)
    expect(await mayRead(String(last.body.access_token))).toBe(true)
    server.advance(1)
    expect(await mayRead(String(last.body.access_token))).toBe(false)
    expect(shown(await refresh(String(last.body.refresh_token)))).toEqual(invalid)
  })

  it('a refresh after ten minutes leaves 7 h 50 min of 8 h (RTG-16)', async () => {
    const client = { ...shopApp, refreshTokenLifetimeSeconds: 28_800, authorizationLifetimeSeconds: 28_800 }
    server.stores.clients.saveClient(client)
    const traffic = recordTraffic(server.stores.tokens)
    const { refresh_token: first } = await signIn(server)
    const end = server.now() + 28_800
    server.advance(600)
    const { body } = await refresh(first)
    const rotation = traffic.map((line) => JSON.parse(line)).find(([name]) => name === 'rotateRefreshToken')
    expect(rotation[1].refreshToken).toMatchObject({ issuedAt: end - 28_200, expiresAt: end })
    server.advance(28_199)
    const last = (await refresh(String(body.refresh_token))).body
    expect(last).toMatchObject({ expires_in: 1 })
    server.advance(1)
    expect(shown(await refresh(String(last.refresh_token)))).toEqual(invalid)
  })

  it('a spent token does not live longer by its grace (RTG-16)', async () => {
    server.stores.clients.saveClient({ ...shopApp, authorizationLifetimeSeconds: 100 })
    const { refresh_token: first } = await signIn(server)
    server.advance(95)
    expect((await refresh(first)).body).toMatchObject({ expires_in: 5 })
    server.advance(4)
    expect((await refresh(first)).body).toMatchObject({ expires_in: 1 })
    server.advance(1)
    expect(shown(await refresh(first))).toEqual(invalid)
  })

  it.each([
    ['server', { server: { refreshTokenLifetimeSeconds: 60 } }, {}],
    ['client', {}, { refreshTokenLifetimeSeconds: 60 }],
  ])('the idle lifetime is what the %s says (RTG-16)', async (_who, options, more) => {
    server = plainServer(options)
    server.stores.clients.saveClient({ ...shopApp, ...more })
    const early = (await signIn(server)).refresh_token
    const late = (await signIn(server)).refresh_token
    server.advance(59)
    expect((await refresh(early)).status).toBe(200)
    server.advance(1)
    expect(shown(await refresh(late))).toEqual(invalid)
  })

  it('are pruned when they have expired, but not what reveals a replay (ENT-09)', async () => {
    const kept = await signIn(server)
    const { body: second } = await refresh(kept.refresh_token)
    const idle = await signIn(server)
    await postToken(server, 'grant_type=client_credentials')
    server.advance(13 * DAY)
    const { body: third } = await refresh(String(second.refresh_token))
    const { body: fourth } = await refresh(String(third.refresh_token))
    server.advance(DAY)
    const { tokens } = server.stores
    tokens.prune(server.now())
    expect(tokens.findRefreshToken(hashToken(idle.refresh_token))).toBeUndefined()
    for (const { access_token: dead } of [kept, idle, second]) {
      expect(tokens.findAccessToken(hashToken(String(dead)))).toBeUndefined()
    }
    // Spent, and expired themselves as well.
    for (const { refresh_token: expired } of [kept, second]) {
      expect(tokens.findRefreshToken(hashToken(String(expired)))).toBeUndefined()
    }
    expect(tokens.findRefreshToken(hashToken(String(third.refresh_token)))).toMatchObject({
      spending: { spentAt: expect.any(Number) },
    })
    const before = server.events.length
    expect(shown(await refresh(String(third.refresh_token)))).toEqual(invalid)
    expect(server.events[before]).toMatchObject({ type: 'refresh_token_replayed' })
    expect(shown(await refresh(String(fourth.refresh_token)))).toEqual(invalid)
  })
})
