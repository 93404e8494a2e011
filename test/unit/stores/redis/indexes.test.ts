import { afterAll, describe, expect, it } from 'vitest'
import { startRedis } from '../../../../tools/servers/start-redis.mjs'
import { clientTokens, rotation, signIn } from '../stored-records.js'
import { temporaryStores } from './redis-stores.js'

const server = await startRedis()
afterAll(() => server?.stop())

describe.skipIf(server === undefined)('the indexes of the Redis stores', () => {
  /** Stores whose clock the test turns, and the size of an index. */
  async function storesAt(time: { now: number }) {
    const stores = await temporaryStores(server!.url, { clock: () => time.now })
    const sizeOf = async (index: string) => Number(await stores.send('ZCARD', `${stores.keyPrefix}${index}`))
    return { ...stores, sizeOf }
  }

  /** A sign-in of a user that ends 100 s after it began. */
  function shortSignIn(name: string, userId: string, now: number) {
    const { authorization, accessToken, ...others } = signIn(name, { expiresAt: now + 50, refreshUntil: now + 100 })
    return { ...others, authorization: { ...authorization, userId }, accessToken: { ...accessToken, userId } }
  }

  it('do not grow with sign-ins that have ended', async () => {
    const time = { now: 0 }
    const { tokens, sizeOf } = await storesAt(time)
    for (let index = 0; index < 300; index++) {
      time.now += 10
      await tokens.saveTokens(shortSignIn(`sign-in ${index}`, 'alice', time.now))
      // At most those of the last 160 s: 100 s of life, 60 s of memory.
      for (const key of ['user:alice', 'client:mobile-app']) expect(await sizeOf(key), key).toBeLessThanOrEqual(17)
      expect(await sizeOf('authorized-clients')).toBe(1)
    }
  })

  it('are cleaned a few at a time when many have ended at once, so that no request waits', async () => {
    const time = { now: 0 }
    const { tokens, sizeOf } = await storesAt(time)
    for (let index = 0; index < 100; index++) await tokens.saveTokens(shortSignIn(`sign-in ${index}`, 'alice', 0))
    time.now = 1000
    const sizes: number[] = []
    for (let index = 0; index < 12; index++) {
      await tokens.saveTokens(shortSignIn(`later ${index}`, 'bob', time.now))
      sizes.push(await sizeOf('client:mobile-app'))
    }
    expect(sizes).toEqual([91, 82, 73, 64, 55, 46, 37, 28, 19, 10, 11, 12])
  })

  it('have a sign-in once, however often it is refreshed', async () => {
    const { tokens, sizeOf } = await storesAt({ now: 0 })
    const alice = signIn('alice')
    await tokens.saveTokens(alice)
    let last = alice
    for (let index = 0; index < 20; index++) {
      const next = rotation(last, `refresh ${index}`)
      expect(await tokens.rotateRefreshToken(next)).toEqual({ outcome: 'rotated' })
      last = { ...alice, refreshToken: next.refreshToken }
    }
    for (const key of ['user:alice', 'client:mobile-app', 'authorized-clients']) expect(await sizeOf(key)).toBe(1)
  })

  it('have nothing of tokens of a client', async () => {
    const { tokens, remaining } = await storesAt({ now: 0 })
    for (let index = 0; index < 50; index++) await tokens.saveTokens(clientTokens(`token ${index}`, 3600))
    expect([...(await remaining()).keys()].filter((key) => !key.startsWith('access:'))).toEqual([])
  })

  it('lose what was revoked: alone, with its user, with its client, with everything', async () => {
    const { tokens, sizeOf } = await storesAt({ now: 0 })
    const sizes = async () => Promise.all(['user:alice', 'client:mobile-app', 'authorized-clients'].map(sizeOf))
    const save = async () => {
      for (const name of ['a', 'b', 'c']) await tokens.saveTokens(shortSignIn(`${name} ${saved++}`, 'alice', 0))
    }
    let saved = 0
    await save()
    await tokens.revokeTokens({ authorizationId: 'authorization of a 0' })
    expect(await sizes()).toEqual([2, 2, 1])
    await tokens.revokeTokens({ userId: 'alice', exceptAuthorizationId: 'authorization of b 1' })
    expect(await sizes()).toEqual([1, 1, 1])
    await tokens.revokeTokens({ clientId: 'mobile-app' })
    expect(await sizes()).toEqual([1, 0, 0])
    await save()
    await tokens.revokeTokens({ everything: true })
    expect(await sizes()).toEqual([4, 0, 0])
    // What a user had is forgotten when somebody looks.
    expect(await tokens.listAuthorizations('alice')).toEqual([])
    expect(await sizes()).toEqual([0, 0, 0])
  })

  it('count each authorization once over several revocations', async () => {
    const { tokens } = await storesAt({ now: 0 })
    for (const name of ['a', 'b', 'c', 'd'])
      await tokens.saveTokens(shortSignIn(name, name === 'd' ? 'bob' : 'alice', 0))
    expect(await tokens.revokeTokens({ authorizationId: 'authorization of a' })).toBe(1)
    expect(await tokens.revokeTokens({ userId: 'alice', exceptAuthorizationId: 'authorization of b' })).toBe(1)
    expect(await tokens.revokeTokens({ clientId: 'mobile-app' })).toBe(2)
    expect(await tokens.revokeTokens({ everything: true })).toBe(0)
    expect(await tokens.revokeTokens({ userId: 'alice' })).toBe(0)
  })

  it('leave one number of all when everything is revoked, and none of any client', async () => {
    const { tokens, send, keyPrefix } = await storesAt({ now: 0 })
    const revocations = async () => send('HGETALL', `${keyPrefix}revocations`)
    for (const clientId of ['a', 'b', 'all']) await tokens.revokeTokens({ clientId })
    expect(await revocations()).toEqual(['stamp', '3', 'client:a', '1', 'client:b', '2', 'client:all', '3'])
    await tokens.revokeTokens({ everything: true })
    expect(await revocations()).toEqual(['stamp', '4', 'all', '4'])
  })

  it('do not count what ended before', async () => {
    const time = { now: 0 }
    const { tokens } = await storesAt(time)
    for (const name of ['a', 'b']) await tokens.saveTokens(shortSignIn(name, 'alice', 0))
    time.now = 1000
    await tokens.saveTokens(shortSignIn('c', 'alice', time.now))
    expect(await tokens.revokeTokens({ clientId: 'mobile-app' })).toBe(1)
  })
})
