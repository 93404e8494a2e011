import request, { type Response } from 'supertest'
import { beforeEach, describe, expect, it } from 'vitest'
import { hashToken } from 'latchkey'
import { paceOf } from '../../lib/grants/pace.js'
import { plainServer } from '../fixtures/plain-passwords.js'
import { postToken, signIn } from '../fixtures/post-token.js'
import { answered, refused, shown } from '../fixtures/shown-answer.js'
import type { TestServer } from '../fixtures/test-server.js'

const hour = 3600
const tooMany = (retryAfter: number): object =>
  answered(
    429,
    { error: 'temporarily_unavailable', error_description: 'Too many requests' },
    { retryAfter: String(retryAfter) },
  )
const invalidGrant = refused(
  400,
  'invalid_grant',
  'The refresh token is invalid, expired, revoked, or belongs to another client',
)

let server: TestServer
let token: string
/** How many rotations the store was asked for: each leaves a spent token. */
let rotations: number

const refresh = async (presented = token): Promise<Response> =>
  postToken(server, `grant_type=refresh_token&refresh_token=${presented}`, 'shop-app')

/** Refreshes, and goes on with what was answered. */
async function goOn(): Promise<number> {
  const answer = await refresh()
  if (answer.status === 200) token = String(answer.body.refresh_token)
  return answer.status
}

async function serve(options: Parameters<typeof plainServer>[0]): Promise<void> {
  server = plainServer(options)
  rotations = 0
  const { tokens } = server.stores
  const rotate = tokens.rotateRefreshToken.bind(tokens)
  tokens.rotateRefreshToken = (...given) => {
    rotations += 1
    return rotate(...given)
  }
  token = (await signIn(server)).refresh_token
}

describe('refreshes of one sign-in', () => {
  beforeEach(() => serve({ refresh: { refreshesPerDay: 3 } }))

  it('are allowed as many at once as a day has, then get 429 until the next one is due (V4)', async () => {
    expect([await goOn(), await goOn(), await goOn()]).toEqual([200, 200, 200])
    const before = server.events.length
    expect(shown(await refresh())).toEqual(tooMany(8 * hour))
    expect(server.events.slice(before)).toEqual([
      expect.objectContaining({
        type: 'throttled',
        kind: 'refresh',
        clientId: 'shop-app',
        retryAfterSeconds: 8 * hour,
      }),
    ])
    server.advance(8 * hour - 1)
    expect(shown(await refresh())).toEqual(tooMany(1))
    server.advance(1)
    expect(await goOn()).toBe(200)
    expect(await goOn()).toBe(429)
    expect(rotations).toBe(4)
  })

  it('store a bounded number of tokens, at any rate of requests (V4)', async () => {
    await serve({ refresh: { refreshesPerDay: 24 } })
    for (let minute = 0; minute < 2 * 24 * 60; minute += 40) {
      await goOn()
      await goOn()
      server.advance(40 * 60)
    }
    // What a day allows at once, and what two days give back.
    expect(rotations).toBeLessThanOrEqual(24 + 2 * 24)
    expect(rotations).toBeGreaterThanOrEqual(24 + 2 * 24 - 1)
  })

  it('use no allowance for a retry, a refusal, or a 429 (V4)', async () => {
    const first = token
    expect(await goOn()).toBe(200)
    for (let time = 0; time < 5; time++) expect((await refresh(first)).body.refresh_token).toBe(token)
    for (let time = 0; time < 5; time++) {
      const form = `grant_type=refresh_token&refresh_token=${token}&scope=admin`
      expect((await postToken(server, form, 'shop-app')).body).toMatchObject({ error: 'invalid_scope' })
    }
    expect([await goOn(), await goOn(), await goOn(), await goOn()]).toEqual([200, 200, 429, 429])
    server.advance(8 * hour)
    expect(await goOn()).toBe(200)
  })

  it('allow a retry even if nothing is left, and end a replay (V4)', async () => {
    await goOn()
    await goOn()
    const last = token
    await goOn()
    expect(await goOn()).toBe(429)
    expect((await refresh(last)).body.refresh_token).toBe(token)
    server.advance(10)
    expect(shown(await refresh(last))).toEqual(invalidGrant)
    expect(shown(await refresh())).toEqual(invalidGrant)
  })

  it('are counted for each sign-in separately (V4)', async () => {
    while ((await goOn()) === 200);
    token = (await signIn(server)).refresh_token
    expect(await goOn()).toBe(200)
  })

  it('are counted for public clients, too (V4)', async () => {
    server = plainServer({ refresh: { refreshesPerDay: 1 }, password: { allowPublicClients: true } })
    const post = (form: string): Promise<Response> =>
      request(server.http)
        .post('/oauth/token')
        .send(`${form}&client_id=spa`)
        .then((answer) => answer)
    const { body } = await post('grant_type=password&username=alice&password=alice%27s+password')
    const next = await post(`grant_type=refresh_token&refresh_token=${String(body.refresh_token)}`)
    expect(next.status).toBe(200)
    const more = await post(`grant_type=refresh_token&refresh_token=${String(next.body.refresh_token)}`)
    expect(shown(more)).toEqual(tooMany(24 * hour))
  })

  it('have a default: 8,640 at once, and one each ten seconds (V4)', async () => {
    await serve({})
    token = 'a token of which the allowance is used but for one'
    const now = server.now()
    const authorization = {
      authorizationId: 'paced',
      userId: 'user-1',
      clientId: 'shop-app',
      grantType: 'password',
      scope: 'orders:read',
      audience: '',
      deviceLabel: undefined,
      createdAt: now,
      expiresAt: now + hour,
    }
    const pacedUntil = now * 1000 + (8640 - 1) * 10_000
    server.stores.tokens.saveTokens({
      authorization,
      accessToken: undefined,
      accessTokenExpiresAt: now + hour,
      refreshToken: {
        tokenHash: hashToken(token),
        authorizationId: 'paced',
        issuedAt: now,
        expiresAt: now + hour,
        pacedUntil,
      },
    })
    expect(await goOn()).toBe(200)
    expect(shown(await refresh())).toEqual(tooMany(10))
    server.advance(10)
    expect([await goOn(), await goOn()]).toEqual([200, 429])
  })
})

describe('sign-ins of one user at one client', () => {
  const trySignIn = async (username = 'alice', client = 'shop-app', password = "alice's password"): Promise<Response> =>
    postToken(server, new URLSearchParams({ grant_type: 'password', username, password }).toString(), client)

  beforeEach(() => {
    server = plainServer({ password: { signInsPerDay: 2 } })
    server.users.set('bob', { userId: 'user-2', passwordHash: "plain:bob's password" })
  })

  it('are allowed as many at once as a day has, then get 429 and store nothing (V4)', async () => {
    expect([(await trySignIn()).status, (await trySignIn()).status]).toEqual([200, 200])
    const before = server.events.length
    expect(shown(await trySignIn())).toEqual(tooMany(12 * hour))
    expect(server.events.slice(before)).toEqual([
      expect.objectContaining({ type: 'throttled', kind: 'sign_in', clientId: 'shop-app' }),
    ])
    expect(await server.oauth.authorizations.list({ userId: 'user-1' })).toHaveLength(2)
    // Others, and the same user elsewhere, have an allowance of their own.
    expect((await trySignIn('bob', 'shop-app', "bob's password")).status).toBe(200)
    expect((await trySignIn('alice', 'other-app')).status).toBe(200)
    server.advance(12 * hour)
    expect((await trySignIn()).status).toBe(200)
    expect((await trySignIn()).status).toBe(429)
  })

  it('use no allowance for a wrong password or a refused scope (V4)', async () => {
    for (let time = 0; time < 5; time++) {
      expect((await trySignIn('alice', 'shop-app', 'wrong')).body).toMatchObject({ error: 'invalid_grant' })
      const form = `grant_type=password&username=alice&password=alice%27s+password&scope=admin`
      expect((await postToken(server, form, 'shop-app')).body).toMatchObject({ error: 'invalid_scope' })
    }
    expect([(await trySignIn()).status, (await trySignIn()).status]).toEqual([200, 200])
    expect((await trySignIn('alice', 'shop-app', 'wrong')).body).toMatchObject({ error: 'invalid_grant' })
  })

  it('are remembered for 10,000 users; the least recent ones are forgotten (V4)', () => {
    const take = paceOf('sign_in', 1)
    const server = { emit: () => undefined }
    const asked = { client: { clientId: 'a' }, receivedAt: 1_800_000_000_000, server } as never
    for (let user = 0; user < 10_000; user++) take(asked, `user ${String(user)}`)
    expect(() => { take(asked, 'user 0') }).toThrow('Too many requests') // prettier-ignore
    take(asked, 'one more')
    expect(() => { take(asked, 'user 1') }).toThrow('Too many requests') // prettier-ignore
    take(asked, 'user 0')
  })
})
