import request, { type Response } from 'supertest'
import { beforeEach, describe, expect, it } from 'vitest'
import type { TokenStore } from 'latchkey'
import { createMemoryStores } from 'latchkey/stores/memory'
import { plainServer } from '../fixtures/plain-passwords.js'
import { postToken, signIn } from '../fixtures/post-token.js'
import { issued, refused, shown } from '../fixtures/shown-answer.js'
import { delayTogether, hold } from '../fixtures/slow-store.js'
import type { TestServer } from '../fixtures/test-server.js'

/** A pair as the token endpoint answers it. */
interface Pair {
  readonly access_token: string
  readonly refresh_token: string
}

const hour = 3600
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

const refresh = async (token: string, more = ''): Promise<Response> =>
  postToken(server, `grant_type=refresh_token&refresh_token=${token}${more}`, 'shop-app')
const next = async (token: string): Promise<Pair> => (await refresh(token)).body as Pair
const mayRead = async (accessToken: string): Promise<boolean> =>
  (await request(server.http).get('/orders').set('Authorization', `Bearer ${accessToken}`)).status === 200
const typesSince = (count: number): string[] => server.events.slice(count).map(({ type }) => type)
const replays = (): number => server.events.filter(({ type }) => type === 'refresh_token_replayed').length

beforeEach(async () => {
  server = plainServer({ refresh: { graceSeconds: 86_400 } })
  first = await signIn(server)
})

describe('a long grace', () => {
  it('allows a retry of a lost response hours later, and emits an event (08)', async () => {
    const second = await next(first.refresh_token)
    server.advance(hour / 2)
    const before = server.events.length
    expect((await refresh(first.refresh_token)).body).toEqual({ ...second, expires_in: hour / 2 })
    expect(server.events.slice(before)).toEqual([
      expect.objectContaining({
        type: 'refresh_token_retried_late',
        clientId: 'shop-app',
        userId: 'user-1',
        authorizationId: expect.any(String) as string,
        ageSeconds: hour / 2,
      }),
      expect.objectContaining({ type: 'tokens_issued', how: 'retry' }),
    ])
    expect(shown(await refresh(second.refresh_token))).toEqual(renewed)
  })

  it('ends after a day (08)', async () => {
    const second = await next(first.refresh_token)
    server.advance(86_400)
    expect(shown(await refresh(first.refresh_token))).toEqual(invalid)
    expect(shown(await refresh(second.refresh_token))).toEqual(invalid)
    expect(replays()).toBe(1)
  })

  it('allows any number of retries in the first minute, without an event (08)', async () => {
    const second = await next(first.refresh_token)
    server.advance(59)
    for (let time = 0; time < 3; time++) expect(await next(first.refresh_token)).toMatchObject({ refresh_token: second.refresh_token }) // prettier-ignore
    expect(server.events.map(({ type }) => type)).not.toContain('refresh_token_retried_late')
    server.advance(1)
    expect((await refresh(first.refresh_token)).status).toBe(200)
    expect(typesSince(0)).toContain('refresh_token_retried_late')
  })

  it.each([
    ['at once', 0],
    ['later', hour],
  ])('allows one late retry: the next one, %s, is a replay (08)', async (_when, later) => {
    const second = await next(first.refresh_token)
    server.advance(300)
    expect((await refresh(first.refresh_token)).status).toBe(200)
    server.advance(later)
    const before = server.events.length
    expect(shown(await refresh(first.refresh_token))).toEqual(invalid)
    expect(typesSince(before)).toEqual(['refresh_token_replayed', 'request_refused'])
    expect(shown(await refresh(second.refresh_token))).toEqual(invalid)
    expect(await mayRead(second.access_token)).toBe(false)
  })

  it('allows no two late retries in a row, so a thief and the owner cannot go on in step (08)', async () => {
    // The thief is always first, the owner comes five minutes later with the same token.
    const second = await next(first.refresh_token)
    server.advance(300)
    expect(await next(first.refresh_token)).toMatchObject({ refresh_token: second.refresh_token })
    await next(second.refresh_token)
    server.advance(300)
    const before = server.events.length
    expect(shown(await refresh(second.refresh_token))).toEqual(invalid)
    expect(typesSince(before)).toEqual(['refresh_token_replayed', 'request_refused'])
  })

  it('allows another late retry after a normal refresh (08)', async () => {
    let newest = await next(first.refresh_token)
    for (let time = 0; time < 3; time++) {
      const lost = newest
      newest = await next(lost.refresh_token)
      server.advance(300)
      expect(await next(lost.refresh_token)).toMatchObject({ refresh_token: newest.refresh_token })
      newest = await next(newest.refresh_token)
      newest = await next(newest.refresh_token)
    }
    expect(replays()).toBe(0)
    expect(await mayRead(newest.access_token)).toBe(true)
  })

  it('ends when the successor is used (08)', async () => {
    const second = await next(first.refresh_token)
    const third = await next(second.refresh_token)
    server.advance(300)
    expect(shown(await refresh(first.refresh_token))).toEqual(invalid)
    expect(replays()).toBe(1)
    expect(await mayRead(third.access_token)).toBe(false)
  })

  it('is not claimed by a retry for something else, which ends nothing either (08)', async () => {
    const second = await next(first.refresh_token)
    server.advance(300)
    expect((await refresh(first.refresh_token, '&scope=orders%3Aread')).body).toMatchObject({ error: 'invalid_scope' })
    expect(await next(first.refresh_token)).toMatchObject({ refresh_token: second.refresh_token })
    expect(replays()).toBe(0)
  })

  it('is not claimed by a retry of a deleted user (08)', async () => {
    const second = await next(first.refresh_token)
    server.advance(300)
    const alice = server.users.get('alice')!
    server.users.delete('alice')
    expect(shown(await refresh(first.refresh_token))).toEqual(invalid)
    server.users.set('alice', alice)
    expect(await next(first.refresh_token)).toMatchObject({ refresh_token: second.refresh_token })
  })

  it('ends when the successor expires (08)', async () => {
    server = plainServer({
      refresh: { graceSeconds: 86_400 },
      server: { refreshTokenLifetimeSeconds: 600, accessTokenLifetimeSeconds: 7200 },
    })
    first = await signIn(server)
    await refresh(first.refresh_token)
    server.advance(600)
    expect(shown(await refresh(first.refresh_token))).toEqual(invalid)
  })

  it('is a minute for a public client (08)', async () => {
    server = plainServer({ refresh: { graceSeconds: 86_400 }, password: { allowPublicClients: true } })
    const post = (form: string): Promise<Response> =>
      request(server.http)
        .post('/oauth/token')
        .send(`${form}&client_id=spa`)
        .then((answer) => answer)
    const spent = (await post('grant_type=password&username=alice&password=alice%27s+password')).body.refresh_token
    const form = `grant_type=refresh_token&refresh_token=${String(spent)}`
    const second = await post(form)
    server.advance(59)
    expect((await post(form)).body.refresh_token).toBe(second.body.refresh_token)
    server.advance(1)
    expect(shown(await post(form))).toEqual(invalid)
    expect(replays()).toBe(1)
  })
})

describe('concurrent late retries', () => {
  it('get one response; the others are refused, and nothing ends (08)', async () => {
    const second = await next(first.refresh_token)
    server.advance(300)
    delayTogether(server, server.stores.tokens, 'findRefreshToken', 5)
    const answers = await Promise.all(Array.from({ length: 5 }, () => refresh(first.refresh_token)))
    const good = answers.filter(({ status }) => status === 200)
    expect(good.map(({ body }) => (body as Pair).refresh_token)).toEqual([second.refresh_token])
    expect(answers.filter(({ status }) => status !== 200).map(shown)).toEqual(Array.from({ length: 4 }, () => invalid))
    expect(replays()).toBe(0)
    expect(shown(await refresh(second.refresh_token))).toEqual(renewed)
  })
})

describe('a request that waits while the successor is spent', () => {
  it.each([
    ['in its look-up', 'findRefreshToken'],
    ['in the claim of a late retry', 'claimLateRetry'],
  ])('%s gets nothing and ends nothing: it came before (gap 1)', async (_where, method) => {
    const second = await next(first.refresh_token)
    server.advance(300)
    const held = hold(server.stores.tokens, method)
    const waiting = refresh(first.refresh_token)
    await held.arrived
    server.advance(1)
    const third = await next(second.refresh_token)
    held.release()
    expect(shown(await waiting)).toEqual(invalid)
    expect(replays()).toBe(0)
    expect(await mayRead(third.access_token)).toBe(true)
    expect(shown(await refresh(third.refresh_token))).toEqual(renewed)
  })

  it('in its rotation, too, having found the token unspent (gap 1)', async () => {
    const held = hold(server.stores.tokens, 'rotateRefreshToken')
    const waiting = refresh(first.refresh_token)
    await held.arrived
    server.advance(1)
    const second = await next(first.refresh_token)
    const third = await next(second.refresh_token)
    held.release()
    expect(shown(await waiting)).toEqual(invalid)
    expect(replays()).toBe(0)
    expect(await mayRead(third.access_token)).toBe(true)
  })

  it('and one of which the nonce was pruned while it waited (gap 1, V6)', async () => {
    const second = await next(first.refresh_token)
    const held = hold(server.stores.tokens, 'findRefreshToken')
    server.advance(86_399)
    const waiting = refresh(first.refresh_token)
    await held.arrived
    server.advance(1)
    server.stores.tokens.prune(server.now())
    held.release()
    expect(shown(await waiting)).toEqual(invalid)
    expect(replays()).toBe(0)
    expect(shown(await refresh(second.refresh_token))).toEqual(renewed)
  })

  it('but one that came after it is a replay (gap 1)', async () => {
    const second = await next(first.refresh_token)
    const third = await next(second.refresh_token)
    const held = hold(server.stores.tokens, 'findRefreshToken')
    const waiting = refresh(first.refresh_token)
    await held.arrived
    held.release()
    expect(shown(await waiting)).toEqual(invalid)
    expect(replays()).toBe(1)
    expect(await mayRead(third.access_token)).toBe(false)
  })
})

describe('a token store without claimLateRetry', () => {
  const storeWithout = (): TokenStore => {
    const { tokens } = createMemoryStores({ pruneIntervalSeconds: 0 })
    return new Proxy(tokens, {
      get: (store, name) => {
        const member: unknown = name === 'claimLateRetry' ? undefined : Reflect.get(store, name)
        return typeof member === 'function' ? (member.bind(store) as unknown) : member
      },
    })
  }

  it('is refused with a grace of more than a minute, at startup (08)', () => {
    const make = (graceSeconds: number): TestServer =>
      plainServer({ refresh: { graceSeconds }, server: { tokens: storeWithout() } })
    expect(() => make(61)).toThrow(
      'refreshTokenGrant.graceSeconds: is 61, but more than 60 needs a token store with the method claimLateRetry. ' +
        'Set graceSeconds to 60 or less, or add claimLateRetry to the store',
    )
    expect(() => make(60)).not.toThrow()
  })
})
