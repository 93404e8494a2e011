import request, { type Test } from 'supertest'
import { beforeEach, describe, expect, it } from 'vitest'
import { hashToken } from 'latchkey'
import { deriveSuccessors } from '../../lib/tokens/successor-tokens.js'
import { plainServer } from '../fixtures/plain-passwords.js'
import { postToken, signIn } from '../fixtures/post-token.js'
import { issued, refused, shown } from '../fixtures/shown-answer.js'
import { recordTraffic } from '../fixtures/store-traffic.js'
import type { TestServer } from '../fixtures/test-server.js'

/** A pair as the token endpoint answers it. */
interface Pair {
  readonly access_token: string
  readonly refresh_token: string
}

const invalid = refused(
  400,
  'invalid_grant',
  'The refresh token is invalid, expired, revoked, or belongs to another client',
)
const renewed = issued('orders:read orders:write', {
  refresh_token: expect.stringMatching(/^[A-Za-z0-9_-]{43}$/) as string,
})

let server: TestServer
let first: Pair

const refresh = (token: string, more = '', clientId = 'shop-app'): Test =>
  postToken(server, `grant_type=refresh_token&refresh_token=${encodeURIComponent(token)}${more}`, clientId)
const next = async (token: string): Promise<Pair> => (await refresh(token)).body as Pair
const mayRead = async (accessToken: string): Promise<boolean> =>
  (await request(server.http).get('/orders').set('Authorization', `Bearer ${accessToken}`)).status === 200

beforeEach(async () => {
  server = plainServer()
  first = await signIn(server)
})

describe('the grace', () => {
  it('a retry within it gets the same pair again, with the time that is left (RTG-15)', async () => {
    const second = (await refresh(first.refresh_token)).body
    server.advance(9)
    expect(shown(await refresh(first.refresh_token))).toEqual({
      ...renewed,
      body: { ...second, expires_in: 3591 },
    })
    expect(shown(await refresh(second.refresh_token))).toEqual(renewed)
  })

  it('a retry does not make it longer (RTG-15)', async () => {
    await refresh(first.refresh_token)
    server.advance(9)
    expect((await refresh(first.refresh_token)).status).toBe(200)
    server.advance(1)
    expect(shown(await refresh(first.refresh_token))).toEqual(invalid)
  })

  it('a retry is judged like any other request (RTG-15)', async () => {
    const second = await next(first.refresh_token)
    expect((await refresh(first.refresh_token, '&scope=admin')).body).toMatchObject({ error: 'invalid_scope' })
    expect(shown(await refresh(first.refresh_token, '', 'other-app'))).toEqual(invalid)
    const alice = server.users.get('alice')!
    server.users.delete('alice')
    expect(shown(await refresh(first.refresh_token))).toEqual(invalid)
    server.users.set('alice', alice)
    expect(await mayRead(second.access_token)).toBe(true)
  })

  it('a retry never gets more than the first response gave (RTG-15)', async () => {
    const narrow = await refresh(first.refresh_token, '&scope=orders%3Aread')
    expect((await refresh(first.refresh_token)).body).toMatchObject({ error: 'invalid_scope' })
    expect(shown(await refresh(first.refresh_token, '&scope=orders%3Aread'))).toEqual(shown(narrow))
  })

  it('ends when the successor is used, because its owner had the response (gap 1) (RTG-15, RTG-12)', async () => {
    const second = await next(first.refresh_token)
    expect(await next(first.refresh_token)).toEqual(second)
    const third = await next(second.refresh_token)
    // The newest spent token has its grace still.
    expect(await next(second.refresh_token)).toEqual(third)
    const before = server.events.length
    expect(shown(await refresh(first.refresh_token))).toEqual(invalid)
    expect(server.events.slice(before).map(({ type }) => type)).toEqual(['refresh_token_replayed', 'request_refused'])
    expect(shown(await refresh(third.refresh_token))).toEqual(invalid)
    expect(await mayRead(third.access_token)).toBe(false)
  })

  it('a retry after the authorization was revoked gets nothing (RTG-15)', async () => {
    await refresh(first.refresh_token)
    await server.oauth.authorizations.revoke({ userId: 'user-1' })
    expect(shown(await refresh(first.refresh_token))).toEqual(invalid)
  })

  it('is as long as the server says (RTG-15)', async () => {
    server = plainServer({ refresh: { graceSeconds: 60 } })
    first = await signIn(server)
    const second = await next(first.refresh_token)
    server.advance(59)
    expect(await next(first.refresh_token)).toMatchObject({ refresh_token: second.refresh_token })
    server.advance(1)
    expect(shown(await refresh(first.refresh_token))).toEqual(invalid)
  })

  it('strict mode has none: after a lost response the user signs in again (RTG-15, RTG-23)', async () => {
    server = plainServer({ refresh: { graceSeconds: 0 } })
    first = await signIn(server)
    const second = await next(first.refresh_token)
    expect(shown(await refresh(first.refresh_token))).toEqual(invalid)
    expect(shown(await refresh(second.refresh_token))).toEqual(invalid)
    expect(await mayRead(second.access_token)).toBe(false)
    expect(shown(await refresh((await signIn(server)).refresh_token))).toEqual(renewed)
  })
})

describe('what is stored', () => {
  it('is hashes and a nonce only: no token, and nothing that yields one (RTG-18)', async () => {
    server = plainServer()
    const traffic = recordTraffic(server.stores.tokens)
    first = await signIn(server)
    const second = await next(first.refresh_token)
    await refresh(first.refresh_token)
    const third = await next(second.refresh_token)
    const stored = traffic.join('\n')
    for (const { access_token: accessToken, refresh_token: refreshToken } of [first, second, third]) {
      for (const token of [accessToken, refreshToken]) {
        expect(stored).toContain(hashToken(token))
        expect(stored).not.toContain(token)
      }
    }
    // Everything that a thief of the database could try.
    const values = new Set(stored.match(/[A-Za-z0-9_-]{20,}/g))
    expect(values.size).toBeGreaterThan(8)
    for (const value of values) {
      expect(await mayRead(value)).toBe(false)
      expect(shown(await refresh(value))).toEqual(invalid)
    }
    expect(shown(await refresh(third.refresh_token))).toEqual(renewed)
  })

  it('yields the successors only with the presented token and the nonce, each of 256 random bits (RTG-18)', async () => {
    const traffic = recordTraffic(server.stores.tokens)
    const second = await next(first.refresh_token)
    const rotation = traffic.map((line) => JSON.parse(line)).find(([name]) => name === 'rotateRefreshToken')
    const nonce = String(rotation[1].spending.successorNonce)
    expect(Buffer.from(nonce, 'base64url')).toHaveLength(32)
    const successors = (token: string, salt: string): Pair => {
      const { accessToken, refreshToken } = deriveSuccessors(token, salt)
      return { access_token: accessToken, refresh_token: refreshToken }
    }
    expect(second).toMatchObject(successors(first.refresh_token, nonce))
    const others = [
      successors(first.refresh_token, second.refresh_token),
      successors(second.refresh_token, nonce),
      successors(hashToken(first.refresh_token), nonce),
      successors(nonce, first.refresh_token),
      successors('', nonce),
      successors(first.refresh_token, ''),
    ].flatMap((pair) => [pair.access_token, pair.refresh_token])
    expect(new Set([...others, second.access_token, second.refresh_token]).size).toBe(14)
  })
})
