import { once } from 'node:events'
import request, { type Response, type Test } from 'supertest'
import { beforeEach, describe, expect, it } from 'vitest'
import { plainServer } from '../fixtures/plain-passwords.js'
import { postToken, signIn } from '../fixtures/post-token.js'
import { issued, refused, shown } from '../fixtures/shown-answer.js'
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
const typesSince = (count: number): string[] => server.events.slice(count).map(({ type }) => type)

beforeEach(async () => {
  server = plainServer()
  first = await signIn(server)
})

describe('rotation', () => {
  it('every use returns another refresh token, for confidential and for public clients (RTG-11)', async () => {
    const tokens = [first.refresh_token]
    for (let use = 0; use < 5; use++) tokens.push((await next(tokens.at(-1)!)).refresh_token)
    expect(new Set(tokens).size).toBe(6)

    const open = plainServer({ password: { allowPublicClients: true } })
    const post = (form: string): Test => request(open.http).post('/oauth/token').send(`${form}&client_id=spa`)
    const login = await post('grant_type=password&username=alice&password=alice%27s+password')
    const spent = String(login.body.refresh_token)
    const again = await post(`grant_type=refresh_token&refresh_token=${spent}`)
    expect(again.body.refresh_token).not.toBe(spent)
    open.advance(10)
    expect(shown(await post(`grant_type=refresh_token&refresh_token=${spent}`))).toEqual(invalid)
  })

  it('each refresh and each replay causes an event with its sign-in (RTG-26)', async () => {
    const { authorizationId } = server.events.find((event) => event.type === 'tokens_issued')!
    const about = {
      at: server.now(),
      requestId: expect.any(String) as string,
      endpoint: 'token',
      address: expect.stringMatching(/127\.0\.0\.1$/) as string,
      clientId: 'shop-app',
      userId: 'user-1',
      authorizationId,
    }
    const scope = 'orders:read orders:write'
    const before = server.events.length
    await refresh(first.refresh_token)
    await refresh(first.refresh_token)
    server.advance(10)
    await refresh(first.refresh_token)
    expect(server.events.slice(before)).toEqual([
      { ...about, type: 'tokens_issued', level: 'debug', grantType: 'refresh_token', how: 'refreshed', scope },
      { ...about, type: 'tokens_issued', level: 'debug', grantType: 'refresh_token', how: 'retry', scope },
      { ...about, type: 'refresh_token_replayed', level: 'warn', at: server.now() },
      expect.objectContaining({ type: 'request_refused', error: 'invalid_grant' }),
    ])
  })
})

describe('replay', () => {
  it('a spent token after the grace revokes the whole authorization, access tokens too (RTG-12)', async () => {
    const second = await next(first.refresh_token)
    const other = await signIn(server)
    server.advance(10)
    const before = server.events.length
    expect(shown(await refresh(first.refresh_token))).toEqual(invalid)
    expect(typesSince(before)).toEqual(['refresh_token_replayed', 'request_refused'])
    expect(shown(await refresh(second.refresh_token))).toEqual(invalid)
    expect(await Promise.all([mayRead(first.access_token), mayRead(second.access_token)])).toEqual([false, false])
    // Another sign-in of the same user on the same client is none of it.
    expect(await mayRead(other.access_token)).toBe(true)
    expect(shown(await refresh(other.refresh_token))).toEqual(renewed)
  })

  it('a token that was spent many rotations ago is recognized until it has expired itself (RTG-12, RTG-13)', async () => {
    let newest = await next(first.refresh_token)
    for (let day = 0; day < 13; day++) {
      server.advance(86_400)
      newest = await next(newest.refresh_token)
      server.stores.tokens.prune(server.now())
    }
    expect(await mayRead(newest.access_token)).toBe(true)
    const before = server.events.length
    expect(shown(await refresh(first.refresh_token))).toEqual(invalid)
    expect(typesSince(before)).toEqual(['refresh_token_replayed', 'request_refused'])
    expect(await mayRead(newest.access_token)).toBe(false)
    expect(shown(await refresh(newest.refresh_token))).toEqual(invalid)
  })

  it.each([
    ['asks for a scope that nobody may have', '&scope=admin', () => undefined],
    [
      'comes when the user is disabled',
      '',
      () => server.users.set('alice', { userId: 'user-1', passwordHash: 'x', disabled: true }),
    ],
    ['comes when the user is gone', '', () => server.users.delete('alice')],
  ])('is a replay even if it %s (RTG-12)', async (_what, more, change) => {
    const alice = server.users.get('alice')!
    const second = await next(first.refresh_token)
    server.advance(10)
    change()
    expect(shown(await refresh(first.refresh_token, more))).toEqual(invalid)
    server.users.set('alice', alice)
    expect(shown(await refresh(second.refresh_token))).toEqual(invalid)
    expect(await mayRead(second.access_token)).toBe(false)
  })

  it('after the end of the authorization there is nothing left to revoke (RTG-12)', async () => {
    await refresh(first.refresh_token)
    server.advance(90 * 86_400)
    const before = server.events.length
    expect(shown(await refresh(first.refresh_token))).toEqual(invalid)
    expect(typesSince(before)).toEqual(['request_refused'])
  })
})

describe('fifty concurrent uses', () => {
  /** Sends so many refreshes with one token that all look at it before any is answered. */
  async function storm(token: string, count: number): Promise<Response[]> {
    const { tokens } = server.stores
    const find = tokens.findRefreshToken.bind(tokens)
    let waiting = 0
    let open: () => void
    const allHere = new Promise<void>((resolve) => (open = resolve))
    tokens.findRefreshToken = ((hash: Parameters<typeof find>[0]) => {
      const found = find(hash)
      if (++waiting === count) open()
      return allHere.then(() => found)
    }) as never
    await once(server.http.listen(0, '127.0.0.1'), 'listening')
    const answers = await Promise.all(Array.from({ length: count }, () => refresh(token)))
    tokens.findRefreshToken = find
    await new Promise((resolve) => server.http.close(resolve))
    return answers
  }

  it('with the grace all get the same pair, and exactly one successor lives (RTG-14)', async () => {
    const answers = await storm(first.refresh_token, 50)
    expect(answers.map(shown)).toEqual(answers.map(() => renewed))
    const pairs = new Set(answers.map(({ body }) => `${String(body.access_token)} ${String(body.refresh_token)}`))
    expect(pairs.size).toBe(1)
    expect(server.events.filter((event) => event.type === 'tokens_issued' && event.how === 'refreshed')).toHaveLength(1)
    const successor = (answers[0]!.body as Pair).refresh_token
    expect(shown(await refresh(successor))).toEqual(renewed)
    server.advance(10)
    expect(shown(await refresh(successor))).toEqual(invalid)
  })

  it('in strict mode exactly one gets a pair, the others are replays, and nothing lives (RTG-14)', async () => {
    server = plainServer({ refresh: { graceSeconds: 0 } })
    first = await signIn(server)
    const answers = await storm(first.refresh_token, 50)
    const winners = answers.filter(({ status }) => status === 200)
    expect(winners.map(shown)).toEqual([renewed])
    expect(answers.filter(({ status }) => status !== 200).map(shown)).toEqual(Array.from({ length: 49 }, () => invalid))
    const winner = winners[0]!.body as Pair
    expect(shown(await refresh(winner.refresh_token))).toEqual(invalid)
    expect(await Promise.all([mayRead(first.access_token), mayRead(winner.access_token)])).toEqual([false, false])
  })
})
