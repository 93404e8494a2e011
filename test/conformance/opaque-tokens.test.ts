import request, { type Response, type Test } from 'supertest'
import { beforeEach, describe, expect, it } from 'vitest'
import { hashToken } from 'latchkey'
import { createOpaqueToken } from '../../lib/tokens/opaque-token.js'
import { plainServer } from '../fixtures/plain-passwords.js'
import { postToken, signIn } from '../fixtures/post-token.js'
import { recordTraffic } from '../fixtures/store-traffic.js'
import type { TestServer } from '../fixtures/test-server.js'

let server: TestServer

const orders = (token: string): Test => request(server.http).get('/orders').set('Authorization', `Bearer ${token}`)
const mayRead = async (token: string): Promise<boolean> => (await orders(token)).status === 200
const clientToken = async (clientId = 'shop-app'): Promise<string> =>
  String((await postToken(server, 'grant_type=client_credentials&scope=orders%3Aread', clientId)).body.access_token)
const refresh = (token: string): Test =>
  postToken(server, `grant_type=refresh_token&refresh_token=${token}`, 'shop-app')

beforeEach(() => {
  server = plainServer()
})

describe('tokens', () => {
  it('have 256 bits, each of them equally often 0 and 1 (ENT-01, ENT-02)', () => {
    const count = 20_000
    const ones = new Uint32Array(256)
    const seen = new Set<string>()
    const lengths = new Set<number>()
    for (let drawn = 0; drawn < count; drawn++) {
      const token = createOpaqueToken()
      seen.add(token)
      const octets = Buffer.from(token, 'base64url')
      lengths.add(octets.length)
      for (let bit = 0; bit < 256; bit++) ones[bit]! += (octets[bit >> 3]! >> (bit & 7)) & 1
    }
    expect([...lengths]).toEqual([32])
    expect(seen.size).toBe(count)
    // Six standard deviations: a sound generator fails this once in a million runs.
    for (const sum of ones) expect(Math.abs(sum - count / 2)).toBeLessThan(6 * Math.sqrt(count / 4))
  })

  it('are 43 characters of base64url in responses, first ones and refreshed ones (ENT-01)', async () => {
    const first = await signIn(server)
    const { body: second } = await refresh(first.refresh_token)
    const tokens = [await clientToken(), first.access_token, first.refresh_token]
    tokens.push(String(second.access_token), String(second.refresh_token))
    for (const token of tokens) expect(token).toMatch(/^[A-Za-z0-9_-]{43}$/)
    expect(new Set(tokens).size).toBe(5)
  })

  it('are stored and looked up only as SHA-256 digests, by equality (ENT-03, ENT-04)', async () => {
    const traffic = recordTraffic(server.stores.tokens)
    const token = await clientToken()
    expect(await mayRead(token)).toBe(true)
    const [save, , find, ...rest] = traffic.map((line) => JSON.parse(line))
    expect(save.slice(0, 2)).toMatchObject(['saveTokens', { accessToken: { tokenHash: hashToken(token) } }])
    expect(find.slice(0, 2)).toEqual(['findAccessToken', hashToken(token)])
    expect(rest).toMatchObject([['findAccessToken', 'answers', { tokenHash: hashToken(token) }]])
    expect(traffic.join()).not.toContain(token)
    // What a dump of the database shows is no token.
    expect(await mayRead(hashToken(token))).toBe(false)
  })

  it('cannot be altered: every other character at every place makes an unknown token (ENT-06)', async () => {
    const token = await clientToken()
    for (let place = 0; place < token.length; place++) {
      const other = token[place] === 'A' ? 'B' : 'A'
      expect(await mayRead(token.slice(0, place) + other + token.slice(place + 1))).toBe(false)
    }
    // Of the last character two bits say nothing: other spellings of the same octets are other tokens all the same.
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
    for (const last of alphabet.replace(token.at(-1)!, '')) expect(await mayRead(token.slice(0, -1) + last)).toBe(false)
    for (const other of [`${token}=`, `${token}A`, token.slice(0, -1), token.toLowerCase()]) {
      expect(await mayRead(other)).toBe(false)
    }
    expect(await mayRead(token)).toBe(true)
  })

  it('work only as the kind that they were stored as (ENT-07)', async () => {
    const { access_token: accessToken, refresh_token: refreshToken } = await signIn(server)
    expect(await mayRead(refreshToken)).toBe(false)
    expect((await refresh(accessToken)).body).toMatchObject({ error: 'invalid_grant' })
    expect((await refresh(await clientToken())).body).toMatchObject({ error: 'invalid_grant' })
    expect(await mayRead(accessToken)).toBe(true)
    expect((await refresh(refreshToken)).status).toBe(200)
  })

  it('are never in a cookie, header or URL of a response, and not read from there (ENT-12)', async () => {
    const answers: Response[] = []
    const tokens: string[] = []
    const login = 'grant_type=password&username=alice&password=alice%27s+password'
    answers.push(await postToken(server, login, 'shop-app'))
    const { access_token: accessToken, refresh_token: refreshToken } = answers[0]!.body
    answers.push(await refresh(refreshToken), await refresh(refreshToken), await refresh(accessToken))
    answers.push(await orders(accessToken), await orders(refreshToken))
    tokens.push(accessToken, refreshToken, answers[1]!.body.access_token, answers[1]!.body.refresh_token)
    answers.push(await request(server.http).get(`/orders?access_token=${accessToken}`))
    answers.push(await request(server.http).get('/orders').set('Cookie', `access_token=${accessToken}`))
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 400, 200, 401, 401, 401])
    for (const { headers } of answers) {
      expect(headers).not.toHaveProperty('set-cookie')
      expect(headers).not.toHaveProperty('location')
      for (const token of tokens) expect(JSON.stringify(headers)).not.toContain(token)
    }
  })
})

describe('authorizations.revoke', () => {
  /** Two sign-ins of alice, one of bob, one through another client, and a token of each client itself. */
  async function everyone(): Promise<Record<'phone' | 'laptop' | 'bob' | 'elsewhere' | 'shopApp' | 'service', string>> {
    server.users.set('bob', { userId: 'user-2', passwordHash: "plain:alice's password" })
    const token = async (username: string, clientId: string): Promise<string> => {
      const form = new URLSearchParams({ grant_type: 'password', username, password: "alice's password" }).toString()
      return String((await postToken(server, form, clientId)).body.access_token)
    }
    return {
      phone: await token('alice', 'shop-app'),
      laptop: await token('alice', 'shop-app'),
      bob: await token('bob', 'shop-app'),
      elsewhere: await token('alice', 'other-app'),
      shopApp: await clientToken(),
      service: await clientToken('stock-sync'),
    }
  }

  it.each([
    [
      'a sign-in',
      () => ({ authorizationId: firstAuthorization() }),
      1,
      ['laptop', 'bob', 'elsewhere', 'shopApp', 'service'],
    ],
    ['a user', () => ({ userId: 'user-1' }), 3, ['bob', 'shopApp', 'service']],
    [
      'a user, but for one sign-in',
      () => ({ userId: 'user-1', exceptAuthorizationId: firstAuthorization() }),
      2,
      ['phone', 'bob', 'shopApp', 'service'],
    ],
    ['a client', () => ({ clientId: 'shop-app' }), 3, ['elsewhere', 'service']],
    ['everything', () => ({ everything: true }) as const, 4, []],
    [
      'an unknown sign-in',
      () => ({ authorizationId: 'x' }),
      0,
      ['phone', 'laptop', 'bob', 'elsewhere', 'shopApp', 'service'],
    ],
  ])('revokes the tokens of %s at once, and no others (ENT-08)', async (_what, selection, ended, alive) => {
    const tokens = await everyone()
    const ids = Object.fromEntries(Object.entries(selection()).filter(([name]) => name !== 'everything'))
    expect(await server.oauth.authorizations.revoke(selection())).toBe(ended)
    expect(server.events.at(-1)).toEqual({
      type: 'tokens_revoked',
      selection: expect.any(String) as string,
      authorizationId: undefined,
      userId: undefined,
      exceptAuthorizationId: undefined,
      clientId: undefined,
      ...ids,
      authorizations: ended,
      level: 'info',
      at: server.now(),
      requestId: expect.any(String) as string,
      endpoint: undefined,
      address: undefined,
    })
    const live: string[] = []
    for (const [name, token] of Object.entries(tokens)) if (await mayRead(token)) live.push(name)
    expect(live).toEqual(alive)
  })

  function firstAuthorization(): string {
    return server.events.find((event) => event.type === 'tokens_issued')!.authorizationId!
  }
})
