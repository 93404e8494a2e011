import { randomUUID } from 'node:crypto'
import { memoryThrottle, sharedThrottle, type RateLimiter } from 'latchkey'
import { RateLimiterMemory } from 'rate-limiter-flexible'
import { describe, expect, it } from 'vitest'
import { KnownAddresses } from '../../../lib/throttle/known-addresses.js'
import { accountKeys } from '../../../lib/throttle/throttle-keys.js'

const keysOf = (userId: string, username: string, address: string) =>
  accountKeys('shop-app', username, address, { userId })

describe('KnownAddresses', () => {
  it('keeps twenty of an owner, and drops that owner’s oldest (V8)', () => {
    const known = new KnownAddresses(1000)
    known.add('alice', 'home', 10)
    for (let i = 0; i < 50; i += 1) known.add('mallory', `address ${i}`, 10)
    expect(known.size).toBe(21)
    expect(known.has('alice', 'home', 0)).toBe(true)
    expect([29, 30, 49].map((i) => known.has('mallory', `address ${i}`, 0))).toEqual([false, true, true])
  })

  it('drops one of the owner with the most when the total is too high (V8)', () => {
    const known = new KnownAddresses(30)
    for (let i = 0; i < 5; i += 1) known.add(`user ${i}`, 'home', 10)
    for (const mallory of ['m1', 'm2', 'm3']) for (let i = 0; i < 20; i += 1) known.add(mallory, `address ${i}`, 10)
    expect(known.size).toBe(30)
    for (let i = 0; i < 5; i += 1) expect(known.has(`user ${i}`, 'home', 0)).toBe(true)
  })

  it('has one entry for a repeated address', () => {
    const known = new KnownAddresses(30)
    for (let i = 0; i < 5; i += 1) known.add('alice', 'home', 10 + i)
    expect(known.size).toBe(1)
    expect([13, 14].map((now) => known.has('alice', 'home', now))).toEqual([true, false])
  })
})

it('the key of a known address is that of the user, and not of the spelling (V8)', () => {
  const [one, another] = [keysOf('user-1', 'bob', '192.0.2.1'), keysOf('user-1', 'BOB', '192.0.2.1')]
  expect([another.known, another.owner]).toEqual([one.known, one.owner])
  const stranger = keysOf('user-2', 'bob', '192.0.2.1')
  expect([stranger.known, stranger.owner]).not.toContain(one.known)
  expect(stranger.owner).not.toBe(one.owner)
})

describe('sharedThrottle', () => {
  /** A limiter with what is stored in it. */
  function watched(): { readonly limiter: RateLimiter; readonly keys: () => string[] } {
    const inner = new RateLimiterMemory({ points: 1, duration: 0, keyPrefix: 'x' })
    return { limiter: inner, keys: () => inner.dump().storage.map(({ key }) => String(key)) }
  }

  it('keeps twenty keys of a user at most, and never those of another (V8)', async () => {
    const { limiter, keys } = watched()
    const throttle = sharedThrottle(limiter)
    const alice = keysOf('user-1', 'alice', '198.51.100.1')
    await throttle.remember(alice.known.key, alice.owner)
    for (let i = 0; i < 200; i += 1) {
      const { known, owner } = keysOf('user-2', `mallory ${i}`, `192.0.2.${i}`)
      await throttle.remember(known.key, owner)
      expect(await throttle.isKnown(known.key, owner)).toBe(true)
    }
    expect(keys().length).toBeLessThanOrEqual(21)
    expect(await throttle.isKnown(alice.known.key, alice.owner)).toBe(true)
  })

  it('knows two addresses in turn for ever (V8)', async () => {
    const { limiter } = watched()
    const throttle = sharedThrottle(limiter)
    for (let user = 0; user < 50; user += 1) {
      const both = ['198.51.100.1', '192.0.2.9'].map((address) => keysOf(`user-${user}`, 'x', address))
      for (const { known, owner } of both) await throttle.remember(known.key, owner)
      for (const { known, owner } of both) expect(await throttle.isKnown(known.key, owner)).toBe(true)
    }
  })

  it('over RateLimiterMemory knows an address longer than a timer of Node lasts (V17)', async () => {
    const { limiter } = watched()
    const throttle = sharedThrottle(limiter, { limits: { account: { forgetSeconds: 31_536_000 } } })
    const { known, owner, unknown } = keysOf('user-1', 'alice', '198.51.100.1')
    await throttle.remember(known.key, owner)
    const begun = await throttle.begin(unknown)
    if (begun.retryAfterSeconds === undefined) await begun.end('failed')
    await new Promise((resolve) => setTimeout(resolve, 20))
    expect(await throttle.isKnown(known.key, owner)).toBe(true)
    expect((await limiter.get(`failures:${unknown[0]!.key}`))?.consumedPoints).toBe(1)
  })
})

it.each([
  ['memoryThrottle', () => memoryThrottle()],
  ['sharedThrottle', () => sharedThrottle(new RateLimiterMemory({ points: 1, duration: 0 }))],
])('%s counts failures in a row, and keeps nothing for unknown users (V9)', async (_name, make) => {
  const throttle = make()
  const key = randomUUID()
  for (let i = 1; i <= 3; i += 1) expect(await throttle.countInARow?.(key)).toBe(i)
  expect(await throttle.countInARow?.(undefined)).toBe(0)
  await throttle.clearInARow?.(key)
  expect(await throttle.countInARow?.(key)).toBe(1)
})
