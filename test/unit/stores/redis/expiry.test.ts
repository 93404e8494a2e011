import { afterAll, describe, expect, it } from 'vitest'
import { startRedis } from '../../../../tools/servers/start-redis.mjs'
import { clientTokens, rotation, signIn, signingKey } from '../stored-records.js'
import { temporaryStores } from './redis-stores.js'

const server = await startRedis()
afterAll(() => server?.stop())

/** Records of `stored-records.ts` begin at second 0, and so does the clock of these stores; the clock of Redis is another one. */
const now = 100
/** What is kept after the end of a record. */
const afterlife = 60

describe.skipIf(server === undefined)('what the Redis stores keep', () => {
  const stores = (clock = () => now) => temporaryStores(server!.url, { clock })

  it('is a token of a client until a minute after its end, and nothing else', async () => {
    const { tokens, remaining } = await stores()
    const { accessToken } = clientTokens('a', 3600)
    await tokens.saveTokens(clientTokens('a', 3600))
    expect(await remaining()).toEqual(new Map([[`access:${accessToken.tokenHash}`, 3600 - now + afterlife]]))
  })

  it('is a sign-in as long as it can be used, its refresh token as long as a replay of it could do harm', async () => {
    const { tokens, remaining } = await stores()
    const alice = signIn('alice')
    await tokens.saveTokens(alice)
    expect(await remaining()).toEqual(
      keysOf(alice, {
        usableUntil: 86_400,
        tokens: [
          [alice.accessToken, 3600],
          [alice.refreshToken, 2_592_000],
        ],
      }),
    )
  })

  it.each([
    ['the end of its access token', { accessTokenExpiresAt: 7200, refreshToken: undefined }, {}, 7200],
    ['the end of its refresh token', { accessTokenExpiresAt: 7200 }, { refreshUntil: 7300 }, 7300],
    ['its own end, whatever its tokens say', { accessTokenExpiresAt: 7200 }, { endsAt: 3700 }, 3700],
  ])('is a sign-in with a JWT until %s', async (_, given, times, usableUntil) => {
    const { tokens, remaining } = await stores()
    const { authorization, ...others } = signIn('alice', times)
    await tokens.saveTokens({ ...others, ...given, authorization, accessToken: undefined })
    const seconds = (await remaining()).get('authorization:authorization of alice')
    expect(seconds).toBe(usableUntil - now + afterlife)
  })

  it('is extended by a rotation, also for the spent token', async () => {
    let time = now
    const { tokens, remaining, keyPrefix, send } = await stores(() => time)
    const alice = signIn('alice')
    await tokens.saveTokens(alice)
    time = 40_000
    const next = rotation(alice, 'next')
    const refreshed = {
      ...next,
      spending: { ...next.spending, spentAt: time, accessTokenExpiresAt: time + 3600 },
      accessToken: { ...next.accessToken, expiresAt: time + 3600 },
      refreshToken: { ...next.refreshToken, expiresAt: time + 86_400 },
    }
    expect(await tokens.rotateRefreshToken(refreshed)).toEqual({ outcome: 'rotated' })
    const found = await remaining()
    // Redis has a clock of its own, which the store has not turned: what was kept before is as it was.
    expect(found.get(`refresh:${alice.refreshToken.tokenHash}`)).toBe(2_592_000 - now + afterlife)
    expect(found.get(`access:${next.accessToken.tokenHash}`)).toBe(3600 + afterlife)
    expect(found.get(`refresh:${next.refreshToken.tokenHash}`)).toBe(2_592_000 - time + afterlife)
    for (const key of [
      'authorization:authorization of alice',
      'user:alice',
      'client:mobile-app',
      'authorized-clients',
    ]) {
      expect(found.get(key), key).toBe(86_400 + afterlife)
    }
    expect(await send('ZSCORE', `${keyPrefix}user:alice`, 'authorization of alice')).toBe(String(time + 86_400))
    expect([...found.values()]).not.toContain(-1)
  })

  it('is made shorter by a rotation when less can be used, but never shorter than an access token lives', async () => {
    const { tokens, remaining } = await stores()
    const alice = signIn('alice', { expiresAt: 5000 })
    await tokens.saveTokens(alice)
    const next = rotation(alice, 'next')
    await tokens.rotateRefreshToken({ ...next, refreshToken: { ...next.refreshToken, expiresAt: 4000 } })
    const found = await remaining()
    for (const key of ['authorization:authorization of alice', 'user:alice', 'client:mobile-app']) {
      expect(found.get(key), key).toBe(5000 - now + afterlife)
    }
  })

  it('is an index as long as the last that it leads to', async () => {
    const { tokens, remaining } = await stores()
    await tokens.saveTokens(signIn('alice'))
    const [{ authorization, accessToken, refreshToken }, short] = [
      signIn('alice'),
      signIn('short', { refreshUntil: 4000 }),
    ]
    await tokens.saveTokens({
      authorization: { ...authorization, authorizationId: 'short' },
      accessToken: { ...accessToken, tokenHash: short.accessToken.tokenHash, authorizationId: 'short' },
      accessTokenExpiresAt: 3600,
      refreshToken: { ...refreshToken, ...short.refreshToken, authorizationId: 'short' },
    })
    const found = await remaining()
    expect(found.get('authorization:short')).toBe(4000 - now + afterlife)
    for (const key of ['user:alice', 'client:mobile-app', 'authorized-clients']) {
      expect(found.get(key), key).toBe(86_400 - now + afterlife)
    }
  })

  it('is a revoked JWT until a minute after its end', async () => {
    const { tokens, remaining } = await stores()
    await tokens.revokeSignedToken('jti', 3600)
    await tokens.revokeSignedToken('jti', 9999)
    expect(await remaining()).toEqual(new Map([['revoked:jti', 3600 - now + afterlife]]))
  })

  // Revoked JWTs live for a second then, by the clock of Redis: a stall of the machine can be longer.
  it('is gone at once when it expired long ago', { retry: 3 }, async () => {
    const { tokens, remaining } = await stores(() => 1_000_000)
    await tokens.saveTokens(clientTokens('a', 3600))
    await tokens.saveTokens(signIn('alice', { endsAt: 7200 }))
    await tokens.revokeSignedToken('jti', 3600)
    const found = await remaining()
    expect([...found.keys()]).toContain('revoked:jti')
    expect([...found.values()].every((seconds) => seconds === 10)).toBe(true)
  })

  it('is for ever only clients, signing keys and revocations', async () => {
    const { tokens, clients, keys, remaining } = await stores()
    await clients.saveClient({ clientType: 'public', clientId: 'a', authMethods: ['none'], grantTypes: [], scopes: [] })
    await keys.replaceSigningKeys([], [signingKey('active')])
    await tokens.saveTokens(clientTokens('a', 3600))
    for (const name of ['alice', 'bob', 'carol']) await tokens.saveTokens(signIn(name))
    await tokens.rotateRefreshToken(rotation(signIn('bob'), 'next'))
    await tokens.listAuthorizations('bob')
    await tokens.revokeTokens({ authorizationId: 'authorization of alice' })
    await tokens.revokeTokens({ userId: 'bob' })
    await tokens.revokeTokens({ clientId: 'mobile-app' })
    await tokens.revokeTokens({ everything: true })
    const forEver = [...(await remaining())].filter(([, seconds]) => seconds === -1).map(([key]) => key)
    expect(forEver).toEqual(['clients', 'revocations', 'signing-keys'])
  })
})

function keysOf(
  { authorization }: ReturnType<typeof signIn>,
  kept: { usableUntil: number; tokens: [{ tokenHash: string; scope?: string }, number][] },
): Map<string, number> {
  const { authorizationId, userId, clientId } = authorization
  const usable = [`authorization:${authorizationId}`, `user:${userId}`, `client:${clientId}`, 'authorized-clients']
  const tokens = kept.tokens.map(
    ([token, end]) => [`${token.scope === undefined ? 'refresh' : 'access'}:${token.tokenHash}`, end] as const,
  )
  const ends = [...usable.map((key) => [key, kept.usableUntil] as const), ...tokens]
  return new Map(ends.map(([key, end]) => [key, end - now + afterlife] as const).sort(([a], [b]) => (a < b ? -1 : 1)))
}
