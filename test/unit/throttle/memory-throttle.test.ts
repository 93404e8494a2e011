import fc from 'fast-check'
import {
  memoryThrottle,
  type AllowedAttempt,
  type AttemptOutcome,
  type BlockedAttempt,
  type MemoryThrottleOptions,
  type Throttle,
  type ThrottleKey,
  type ThrottleKind,
} from 'latchkey'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'

const keyOf = (kind: ThrottleKind, key = 'a key'): ThrottleKey => ({ kind, key })
const account = keyOf('account')

let now: number
beforeEach(() => {
  now = 1_800_000_000
})

function throttleWith(options: Omit<MemoryThrottleOptions, 'clock'> = {}): Throttle {
  return memoryThrottle({ ...options, clock: () => now })
}

async function attempt(throttle: Throttle, keys: readonly ThrottleKey[], outcome: AttemptOutcome = 'failed') {
  const begun = await throttle.begin(keys)
  if (begun.retryAfterSeconds !== undefined) return begun.retryAfterSeconds
  await begun.end(outcome)
  return 0
}

/** How many guesses one who never tires gets at a key within these seconds, and the longest wait that he is told. */
async function guessFor(throttle: Throttle, keys: readonly ThrottleKey[], seconds: number) {
  const start = now
  let guesses = 0
  let longest = 0
  while (now < start + seconds) {
    const wait = await attempt(throttle, keys)
    if (wait === 0) guesses += 1
    longest = Math.max(longest, wait)
    now += wait
  }
  return { guesses, longest }
}

describe('the default limits', () => {
  it.each([
    ['account', 86, 1200],
    ['known_account', 86, 1200],
    ['client', 91, 1200],
    ['known_client', 91, 1200],
  ] as const)(
    '%s: %d guesses in a day, and never more than %d seconds (AUT-01, AUT-03)',
    async (kind, guesses, longest) => {
      expect(await guessFor(throttleWith(), [keyOf(kind)], 86_400)).toEqual({ guesses, longest })
    },
  )

  it.each([
    ['address', 112, 900],
    ['token', 1000 + 2 + 11, 5],
  ] as const)(
    '%s: %d guesses before they are forgotten, and never more than %d seconds',
    async (kind, guesses, longest) => {
      const throttle = throttleWith()
      const seconds = kind === 'token' ? 60 : 3600
      expect(await guessFor(throttle, [keyOf(kind)], seconds)).toEqual({ guesses, longest })
    },
  )

  it('the delays of an account (AUT-03)', async () => {
    const throttle = throttleWith()
    const waits = []
    for (let failures = 1; failures <= 18; failures += 1) {
      expect(await attempt(throttle, [account])).toBe(0)
      const begun = await throttle.begin([account])
      const wait = begun.retryAfterSeconds ?? 0
      if (begun.retryAfterSeconds === undefined) await begun.end('cancelled')
      waits.push(wait)
      now += wait
    }
    expect(waits).toEqual([0, 0, 0, 0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 1200, 1200, 1200])
  })
})

describe('what is cleared', () => {
  it('an address only by time, whoever succeeds there (AUT-04)', async () => {
    const throttle = throttleWith({ limits: { address: { freeFailures: 3 } } })
    const address = keyOf('address', 'an address')
    for (let i = 0; i < 3; i += 1) {
      expect(await attempt(throttle, [keyOf('account', `victim ${i}`), address])).toBe(0)
      if (i < 2) expect(await attempt(throttle, [keyOf('account', 'his own'), address], 'succeeded')).toBe(0)
    }
    expect(await attempt(throttle, [keyOf('account', 'his own'), address], 'succeeded')).toBe(1)
    now += 3600
    expect(await attempt(throttle, [address])).toBe(0)
  })

  it('failures are forgotten after the last delay, not before', async () => {
    const throttle = throttleWith({
      limits: { account: { freeFailures: 1, firstDelaySeconds: 100, longestDelaySeconds: 100, forgetSeconds: 10 } },
    })
    await attempt(throttle, [account])
    now += 99
    expect(await attempt(throttle, [account])).toBe(1)
    now += 1
    expect(await attempt(throttle, [account])).toBe(0)
    expect(await attempt(throttle, [account])).toBe(100)
  })
})

describe('a clock that is put back', () => {
  it('makes no wait longer', async () => {
    const throttle = throttleWith()
    for (let i = 0; i < 7; i += 1) {
      now += await attempt(throttle, [account])
      await attempt(throttle, [account])
    }
    const wait = await attempt(throttle, [account])
    now -= 1_000_000
    expect(await attempt(throttle, [account])).toBe(await attempt(throttle, [account]))
    expect(await attempt(throttle, [account])).toBeGreaterThanOrEqual(wait)
    expect(await attempt(throttle, [account])).toBeLessThanOrEqual(1200)
    now += 1200
    expect(await attempt(throttle, [account])).toBe(0)
    now += 86_400
    for (let i = 0; i < 5; i += 1) expect(await attempt(throttle, [account])).toBe(0)
  })

  it('returns whole seconds, even if the clock does not', async () => {
    const throttle = throttleWith()
    now += 0.25
    for (let i = 0; i < 6; i += 1) await attempt(throttle, [account])
    now += 0.5
    expect(await attempt(throttle, [account])).toBe(1)
  })
})

describe('the number of counters', () => {
  it('invented names do not evict a counter with many failures', async () => {
    const throttle = throttleWith({ maxEntries: 100 })
    for (let i = 0; i < 5; i += 1) await attempt(throttle, [account])
    for (let i = 0; i < 5000; i += 1) await attempt(throttle, [keyOf('account', `made up ${i}`)])
    expect(await attempt(throttle, [account])).toBe(1)
  })

  it('blocked attempts evict nothing', async () => {
    const throttle = throttleWith({ maxEntries: 10, limits: { address: { freeFailures: 1 } } })
    const address = keyOf('address', 'an address')
    await attempt(throttle, [account])
    await attempt(throttle, [address])
    for (let i = 0; i < 1000; i += 1) {
      expect(await attempt(throttle, [keyOf('account', `made up ${i}`), address])).toBe(1)
    }
    for (let i = 0; i < 4; i += 1) expect(await attempt(throttle, [account])).toBe(0)
    expect(await attempt(throttle, [account])).toBe(1)
  })

  it('attempts that succeed leave nothing', async () => {
    const throttle = throttleWith({ maxEntries: 2 })
    await attempt(throttle, [account])
    for (let i = 0; i < 1000; i += 1) await attempt(throttle, [keyOf('account', `guest ${i}`)], 'succeeded')
    for (let i = 0; i < 4; i += 1) expect(await attempt(throttle, [account])).toBe(0)
    expect(await attempt(throttle, [account])).toBe(1)
  })

  it('an attempt under way is counted, however many others come', async () => {
    const throttle = throttleWith({ maxEntries: 1, limits: { account: { freeFailures: 2 } } })
    const places = [await throttle.begin([account]), await throttle.begin([account])]
    for (let i = 0; i < 100; i += 1) await attempt(throttle, [keyOf('account', `made up ${i}`)])
    for (const place of places) if (place.retryAfterSeconds === undefined) await place.end('failed')
    expect(await attempt(throttle, [account])).toBe(1)
  })

  it('the least recently used known addresses are evicted first', async () => {
    const throttle = throttleWith({ maxEntries: 3 })
    for (const key of ['a', 'b', 'c', 'a', 'd']) await throttle.remember(key)
    expect(['a', 'b', 'c', 'd'].map((key) => throttle.isKnown(key))).toEqual([true, false, true, true])
  })

  it('a known address is forgotten 180 days after the last success', async () => {
    const throttle = throttleWith()
    await throttle.remember('a')
    now += 100 * 86_400
    await throttle.remember('a')
    now += 180 * 86_400 - 1
    expect(throttle.isKnown('a')).toBe(true)
    now += 1
    expect(throttle.isKnown('a')).toBe(false)
  })
})

describe('attempts that never end', () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] })
  })
  afterEach(() => {
    vi.useRealTimers()
  })

  it('count as failed after a minute, and block no others', async () => {
    const throttle = throttleWith()
    const places: (AllowedAttempt | BlockedAttempt)[] = []
    for (let i = 0; i < 4; i += 1) places.push(await throttle.begin([account]))
    await vi.advanceTimersByTimeAsync(60_000)
    expect(await attempt(throttle, [account])).toBe(0)
    expect(await attempt(throttle, [account])).toBe(1)
    now += 1
    for (const place of places) if (place.retryAfterSeconds === undefined) await place.end('succeeded')
    expect(await attempt(throttle, [account])).toBe(0)
    expect(await attempt(throttle, [account])).toBe(2)
  })

  it('let others wait for half a minute at most', async () => {
    const throttle = throttleWith()
    for (let i = 0; i < 5; i += 1) await throttle.begin([account])
    const waiting = attempt(throttle, [account])
    await vi.advanceTimersByTimeAsync(29_000)
    const late = attempt(throttle, [account])
    await vi.advanceTimersByTimeAsync(1_500)
    expect(await waiting).toBe(1)
    await vi.advanceTimersByTimeAsync(29_500)
    // Those before it have failed by now: it is told the delay.
    expect(await late).toBe(1)
  })

  it('let a thousand others wait at most', async () => {
    const throttle = throttleWith()
    const places: (AllowedAttempt | BlockedAttempt)[] = []
    for (let i = 0; i < 5; i += 1) places.push(await throttle.begin([account]))
    const waiting = Array.from({ length: 1001 }, () => attempt(throttle, [account], 'succeeded'))
    expect(await waiting[1000]).toBe(1)
    for (const place of places) if (place.retryAfterSeconds === undefined) await place.end('cancelled')
    expect(new Set(await Promise.all(waiting.slice(0, 1000)))).toEqual(new Set([0]))
  })
})

it('no attempt waits for ever at two counters at once', async () => {
  const throttle = throttleWith({ limits: { account: { freeFailures: 1 }, address: { freeFailures: 2 } } })
  const address = keyOf('address', 'an address')
  const attempts = Array.from({ length: 60 }, async (_, i) => {
    const begun = await throttle.begin([keyOf('account', `user ${i % 7}`), address])
    await new Promise((resolve) => setTimeout(resolve, i % 3))
    if (begun.retryAfterSeconds === undefined) await begun.end(i % 2 ? 'succeeded' : 'cancelled')
    return begun.retryAfterSeconds
  })
  expect(new Set(await Promise.all(attempts))).toEqual(new Set([undefined]))
})

describe('any schedule of attempts', () => {
  const free = 3
  const step = fc.oneof(
    { weight: 4, arbitrary: fc.record({ do: fc.constant('begin' as const), key: fc.nat(1) }) },
    {
      weight: 4,
      arbitrary: fc.record({
        do: fc.constant('end' as const),
        which: fc.nat(9),
        outcome: fc.constantFrom<AttemptOutcome>('failed', 'failed', 'failed', 'cancelled', 'succeeded'),
      }),
    },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('wait' as const), seconds: fc.nat(6) }) },
  )

  it('lets no more guesses be made than one after the other would be (AUT-06, AUT-01)', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
        let time = 0
        const throttle = memoryThrottle({
          clock: () => time,
          limits: {
            account: { freeFailures: free, firstDelaySeconds: 2, longestDelaySeconds: 8, forgetSeconds: 1000 },
          },
        })
        // What is true of each key, told as simply as can be.
        const oracle = [0, 1].map(() => ({ failures: 0, blockedUntil: 0, underWay: 0 }))
        const places: { readonly key: number; readonly place: AllowedAttempt }[] = []
        let waiting = 0

        const enter = (key: number, begun: AllowedAttempt | BlockedAttempt): void => {
          const state = oracle[key]!
          if (begun.retryAfterSeconds !== undefined) {
            expect(begun.retryAfterSeconds).toBe(state.blockedUntil - time)
            return
          }
          expect(state.blockedUntil).toBeLessThanOrEqual(time)
          // Should all fail that are under way, this one would have been free, or the only one after its delay.
          expect(state.underWay === 0 || state.failures + state.underWay < free).toBe(true)
          state.underWay += 1
          places.push({ key, place: begun })
        }
        const settle = async (): Promise<void> => {
          for (let i = 0; i < 10; i += 1) await Promise.resolve()
        }

        for (const one of steps) {
          if (one.do === 'wait') time += one.seconds
          if (one.do === 'begin') {
            const begun = throttle.begin([keyOf('account', String(one.key))])
            if ('retryAfterSeconds' in begun) enter(one.key, begun)
            else {
              waiting += 1
              void begun.then((late) => {
                waiting -= 1
                enter(one.key, late)
              })
            }
          }
          if (one.do === 'end' && places.length > 0) {
            const [{ key, place }] = places.splice(one.which % places.length, 1) as [(typeof places)[number]]
            const state = oracle[key]!
            state.underWay -= 1
            if (one.outcome === 'failed') {
              state.failures += 1
              if (state.failures >= free) state.blockedUntil = time + Math.min(8, 2 * 2 ** (state.failures - free))
            }
            void place.end(one.outcome)
            await settle()
          }
        }
        // Nobody waits once nothing is under way.
        while (places.length > 0) {
          const { key, place } = places.pop()!
          oracle[key]!.underWay -= 1
          void place.end('cancelled')
          await settle()
        }
        await settle()
        expect(waiting).toBe(0)
      }),
      { numRuns: 500 },
    )
  })
})
