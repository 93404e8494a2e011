import { sharedThrottle, type RateLimiter, type ThrottleKey } from 'latchkey'
import { RateLimiterMemory } from 'rate-limiter-flexible'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'

const account: ThrottleKey = { kind: 'account', key: 'a'.repeat(43) }
const address: ThrottleKey = { kind: 'address', key: 'b'.repeat(43) }
const outOfReach = { name: 'StoreUnavailableError', message: 'The counters of the throttle cannot be reached' }

/** A limiter whose methods can be broken one by one. */
function breakable(): RateLimiter & { broken: Partial<Record<keyof RateLimiter, () => Promise<never> | undefined>> } {
  const inner: RateLimiter = new RateLimiterMemory({ points: 1, duration: 0 })
  const call = <Name extends keyof RateLimiter>(name: Name) =>
    ((...given: never[]) =>
      limiter.broken[name]?.() ?? (inner[name] as (...given: never[]) => unknown)(...given)) as RateLimiter[Name]
  const limiter: ReturnType<typeof breakable> = {
    broken: {},
    penalty: call('penalty'),
    reward: call('reward'),
    get: call('get'),
    set: call('set'),
    delete: call('delete'),
  }
  return limiter
}

const refuses = (): Promise<never> => Promise.reject(new Error('connect ECONNREFUSED'))
const hangs = (): Promise<never> => new Promise(() => undefined)

describe('a limiter whose store is unreachable', () => {
  it.each([
    ['refuses', refuses],
    ['hangs', hangs],
  ])('allows no guess: it %s', async (_how, how) => {
    const limiter = breakable()
    const throttle = sharedThrottle(limiter, { timeoutMilliseconds: 20 })
    limiter.broken = { get: how }
    await expect(throttle.begin([account])).rejects.toMatchObject(outOfReach)
    await expect(throttle.isKnown('a')).rejects.toMatchObject(outOfReach)
    limiter.broken = { penalty: how }
    await expect(throttle.begin([account])).rejects.toMatchObject(outOfReach)
    limiter.broken = { set: how }
    await expect(throttle.remember('a')).rejects.toMatchObject(outOfReach)
    limiter.broken = {}
    expect(await throttle.begin([account])).toMatchObject({ retryAfterSeconds: undefined })
  })

  it('keeps the cause for the operator', async () => {
    const limiter = breakable()
    limiter.broken = { get: refuses }
    const cause: unknown = expect.objectContaining({ message: 'connect ECONNREFUSED' })
    await expect(sharedThrottle(limiter).begin([account])).rejects.toMatchObject({ cause })
  })

  it('gives back what it took of one key when the other cannot be counted', async () => {
    const limiter = breakable()
    const throttle = sharedThrottle(limiter, { limits: { account: { freeFailures: 1 } } })
    for (let i = 0; i < 10; i += 1) {
      // The first key is counted, the second is not.
      limiter.broken = {
        penalty: () => {
          limiter.broken = { penalty: refuses }
          return undefined
        },
      }
      await expect(throttle.begin([account, address])).rejects.toMatchObject(outOfReach)
    }
    limiter.broken = {}
    expect(await throttle.begin([account])).toMatchObject({ retryAfterSeconds: undefined })
  })

  it('leaves a place taken that cannot be given back, so that no guess is gained', async () => {
    const limiter = breakable()
    const throttle = sharedThrottle(limiter, { limits: { account: { freeFailures: 2 } } })
    const begun = await throttle.begin([account])
    limiter.broken = { reward: refuses, penalty: refuses, delete: refuses }
    if (begun.retryAfterSeconds !== undefined) throw new Error('blocked')
    await expect(begun.end('cancelled')).rejects.toMatchObject(outOfReach)
    limiter.broken = {}
    const next = await throttle.begin([account])
    if (next.retryAfterSeconds !== undefined) throw new Error('blocked')
    await next.end('failed')
    expect(await throttle.begin([account])).toEqual({ kind: 'account', retryAfterSeconds: 1 })
  })
})

describe('a database that aborts a change because of another one', () => {
  it.each([
    ['MySQL: deadlock', { code: 'ER_LOCK_DEADLOCK', sqlState: '40001' }],
    ['PostgreSQL: deadlock', { code: '40P01' }],
    ['PostgreSQL: serialization', { code: '40001' }],
  ])('is asked again, and counts once (%s)', async (_name, told) => {
    const limiter = breakable()
    const met = new Set<string>()
    const everMet = new Set<string>()
    const fails = (name: keyof RateLimiter) => () => {
      if (met.has(name)) return undefined
      met.add(name)
      everMet.add(name)
      return Promise.reject(Object.assign(new Error('undone'), told))
    }
    const often = (): void => {
      met.clear()
      for (const name of ['penalty', 'reward', 'get', 'set', 'delete'] as const) limiter.broken[name] = fails(name)
    }
    const throttle = sharedThrottle(limiter, { limits: { account: { freeFailures: 2 } } })
    for (const outcome of ['failed', 'cancelled', 'failed'] as const) {
      often()
      const begun = await throttle.begin([account])
      if (begun.retryAfterSeconds !== undefined) throw new Error('blocked')
      often()
      await begun.end(outcome)
    }
    expect(await throttle.begin([account])).toEqual({ kind: 'account', retryAfterSeconds: 1 })
    expect([...everMet].toSorted()).toEqual(['delete', 'get', 'penalty', 'reward', 'set'])
  })

  it('which always does so counts as unreachable', async () => {
    const limiter = breakable()
    let asked = 0
    limiter.broken = {
      penalty: () => {
        asked += 1
        return Promise.reject(Object.assign(new Error('undone'), { code: '40P01' }))
      },
    }
    await expect(sharedThrottle(limiter).begin([account])).rejects.toMatchObject(outOfReach)
    expect(asked).toBe(10)
  })
})

describe('time', () => {
  beforeEach(() => {
    vi.useFakeTimers()
  })
  afterEach(() => {
    vi.useRealTimers()
  })

  it('an attempt that never ends holds its place for a minute, and then counts as failed', async () => {
    const limiter = new RateLimiterMemory({ points: 1, duration: 0 })
    const limits = { account: { freeFailures: 2 } }
    const throttle = sharedThrottle(limiter, { limits })
    const end = async (): Promise<void> => {
      const begun = await throttle.begin([account])
      if (begun.retryAfterSeconds === undefined) await begun.end('failed')
    }
    await end()
    await throttle.begin([account])
    const waiting = throttle.begin([account])
    await vi.advanceTimersByTimeAsync(31_000)
    expect(await waiting).toEqual({ kind: 'account', retryAfterSeconds: 1 })
    await vi.advanceTimersByTimeAsync(31_000)
    await end()
    expect(await throttle.begin([account])).toMatchObject({ kind: 'account', retryAfterSeconds: 2 })
  })

  it('places that are given back after they were forgotten add no guesses', async () => {
    const limiter = new RateLimiterMemory({ points: 1, duration: 0 })
    const limits = { account: { freeFailures: 2, longestDelaySeconds: 1, forgetSeconds: 10 } }
    const throttle = sharedThrottle(limiter, { limits })
    const begun = await throttle.begin([account])
    await vi.advanceTimersByTimeAsync(10_001)
    if (begun.retryAfterSeconds === undefined) await begun.end('cancelled')
    for (let i = 0; i < 2; i += 1) {
      const next = await throttle.begin([account])
      if (next.retryAfterSeconds === undefined) await next.end('failed')
    }
    expect(await throttle.begin([account])).toEqual({ kind: 'account', retryAfterSeconds: 1 })
  })

  it('never returns more than the longest delay, whatever another process has set', async () => {
    const limiter = new RateLimiterMemory({ points: 1, duration: 0 })
    const slow = sharedThrottle(limiter, {
      limits: { account: { freeFailures: 1, firstDelaySeconds: 5000, longestDelaySeconds: 5000 } },
    })
    const begun = await slow.begin([account])
    if (begun.retryAfterSeconds === undefined) await begun.end('failed')
    expect(await slow.begin([account])).toEqual({ kind: 'account', retryAfterSeconds: 5000 })
    expect(await sharedThrottle(limiter).begin([account])).toEqual({ kind: 'account', retryAfterSeconds: 1200 })
  })
})
