import { hashToken } from '../../../../lib/crypto/hash.js'
import { afterAll, describe, expect, it } from 'vitest'
import { startRedis } from '../../../../tools/servers/start-redis.mjs'
import { rotation, signIn } from '../stored-records.js'
import { temporaryStores } from './redis-stores.js'

const server = await startRedis()
afterAll(() => server?.stop())

type Stores = Awaited<ReturnType<typeof temporaryStores>>

describe.skipIf(server === undefined)('what Redis keeps of a sign-in that is refreshed', () => {
  it('is a thousand spent tokens, and not one more (V4)', async () => {
    const stores = await temporaryStores(server!.url, { clock: () => 0 })
    await refresh(stores, 'alice', 1500)
    expect(await keysOf(stores, 'refresh:')).toHaveLength(1001)
    expect(await keysOf(stores, 'access:')).toHaveLength(1501)
  })

  it('is one nonce, until ten seconds after the last retry (V6)', async () => {
    const { tokens, ...stores } = await temporaryStores(server!.url, { clock: () => 0 })
    const alice = signIn('alice')
    await tokens.saveTokens(alice)
    const first = rotation(alice, 'first nonce')
    const second = { ...rotation(alice, 'second nonce'), presented: first.refreshToken.tokenHash }
    await tokens.rotateRefreshToken({ ...first, spending: { ...first.spending, spentAt: 0, retryUntil: 3600 } })
    const key = `${stores.keyPrefix}nonce:authorization of alice`
    expect(await valuesOf(stores)).toContain('first nonce')
    expect(Number(await stores.send('TTL', key))).toBeGreaterThan(3600)
    expect(Number(await stores.send('TTL', key))).toBeLessThanOrEqual(3610)
    await tokens.rotateRefreshToken({ ...second, spending: { ...second.spending, spentAt: 0 } })
    expect(await valuesOf(stores)).not.toContain('first nonce')
    expect(await valuesOf(stores)).toContain('second nonce')
    expect(Number(await stores.send('TTL', key))).toBeLessThanOrEqual(70)
  })

  it.each([
    ['by itself', { authorizationId: 'authorization of alice' }],
    ['with its user', { userId: 'alice' }],
    ['with its client', { clientId: 'mobile-app' }],
    ['with everything', { everything: true }],
  ] as const)(
    'is gone when it was revoked %s, after 5,000 refreshes (V4)',
    { timeout: 60_000 },
    async (_, selection) => {
      const stores = await temporaryStores(server!.url, { clock: () => 0 })
      await stores.tokens.revokeTokens({ clientId: 'another' })
      // One key for all clients.
      const before = ['authorized-clients', ...(await stores.remaining()).keys()]
      await refresh(stores, 'alice', 5000)
      expect((await keysOf(stores, '')).length).toBeGreaterThan(6000)
      expect(await stores.tokens.revokeTokens(selection)).toBe(1)
      // The list of a user is forgotten when somebody looks.
      expect(await stores.tokens.listAuthorizations('alice')).toEqual([])
      const after = [...(await stores.remaining()).keys()]
      expect(after.filter((key) => !before.includes(key))).toEqual([])
    },
  )

  it('goes step by step if one call cannot remove it all, and later calls remove the rest (V4)', async () => {
    const stores = await temporaryStores(server!.url, { clock: () => 0 })
    const { tokens, send, keyPrefix } = stores
    for (let index = 0; index < 50; index++) await tokens.saveTokens(signIn(`user ${index}`))
    // As if the calls after the revocation had failed: the tokens of all of them are left.
    await send('RENAME', `${keyPrefix}client:mobile-app`, `${keyPrefix}ended-index:x`)
    await send('RPUSH', `${keyPrefix}leftovers`, 'ix')
    await send('HSET', `${keyPrefix}revocations`, 'stamp', '1', 'all', '1')
    const sizes: number[] = []
    for (let index = 0; index < 15; index++) {
      await tokens.saveTokens(signIn(`later ${index}`))
      sizes.push((await keysOf(stores, 'refresh:')).length)
    }
    const removed = sizes.map((size, index) => (sizes[index - 1] ?? 50) + 1 - size)
    expect(Math.max(...removed)).toBeLessThanOrEqual(20)
    expect(sizes.at(-1)).toBe(15)
    expect(await tokens.findAuthorization('authorization of later 0')).toBeDefined()
  })

  it('stays usable if an earlier version stored it: it is found, spent, revoked (V6)', async () => {
    const { tokens, send, keyPrefix } = await temporaryStores(server!.url, { clock: () => 0 })
    const alice = signIn('alice')
    await tokens.saveTokens(alice)
    const [spent, living] = [hashToken('spent'), hashToken('living')]
    const id = alice.authorization.authorizationId
    await send('HDEL', `${keyPrefix}authorization:${id}`, 'generation', 'r0', 'a0')
    const spending = {
      spentAt: 1,
      successorNonce: 'old nonce',
      accessTokenScope: 'a',
      accessTokenAudience: '',
      accessTokenExpiresAt: 3600,
    }
    const times = JSON.stringify({ issuedAt: 0, expiresAt: 86_400 })
    const old = `${JSON.stringify(id).slice(1, -1)}\n${times}`
    await send('SET', `${keyPrefix}refresh:${spent}`, `${old}\n${JSON.stringify(spending)}`, 'EX', '1000')
    await send('SET', `${keyPrefix}refresh:${living}`, old, 'EX', '1000')
    expect((await tokens.findRefreshToken(spent))?.spending).toMatchObject(spending)
    expect((await tokens.findRefreshToken(living))?.spending).toBeUndefined()

    const next = rotation(alice, 'next')
    expect(await tokens.rotateRefreshToken({ ...next, presented: living })).toEqual({ outcome: 'rotated' })
    const then = { ...rotation(alice, 'then'), presented: next.refreshToken.tokenHash }
    expect(await tokens.rotateRefreshToken(then)).toEqual({ outcome: 'rotated' })
    const found = await tokens.findRefreshToken(living)
    expect(found?.spending).toMatchObject({ successorNonce: undefined, successorSpentAt: 1000 })
    expect(await tokens.revokeTokens({ userId: 'alice' })).toBe(1)
    for (const tokenHash of [spent, living, then.refreshToken.tokenHash]) {
      expect(await tokens.findRefreshToken(tokenHash)).toBeUndefined()
    }
    expect(await send('EXISTS', `${keyPrefix}refresh:${living}`, `${keyPrefix}refresh:${then.presented}`)).toBe(0)
  })
})

/** Signs a user in, and refreshes so many times, with access tokens. */
async function refresh({ tokens }: Stores, name: string, count: number): Promise<void> {
  const start = signIn(name)
  await tokens.saveTokens(start)
  let presented = start.refreshToken.tokenHash
  for (let index = 0; index < count; index++) {
    const next = { ...rotation(start, `${name} ${index}`), presented }
    expect(await tokens.rotateRefreshToken(next)).toEqual({ outcome: 'rotated' })
    presented = next.refreshToken.tokenHash
  }
}

async function keysOf({ remaining }: Stores, prefix: string): Promise<readonly string[]> {
  return [...(await remaining()).keys()].filter((key) => key.startsWith(prefix))
}

/** All that strings hold. */
async function valuesOf({ send, remaining, keyPrefix }: Omit<Stores, 'tokens'>): Promise<string> {
  const values: string[] = []
  for (const key of (await remaining()).keys()) {
    if (/^(?:refresh|access|nonce):/.test(key)) values.push(String(await send('GET', keyPrefix + key)))
  }
  return values.join('\n')
}
