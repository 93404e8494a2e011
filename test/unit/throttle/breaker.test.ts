import { sharedThrottle, type RateLimiter, type Throttle } from 'latchkey'
import request from 'supertest'
import { RateLimiterMemory } from 'rate-limiter-flexible'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { Breaker } from '../../../lib/throttle/breaker.js'
import { plainServer } from '../../fixtures/plain-passwords.js'

const hangs = (): Promise<never> => new Promise(() => undefined)

/** A limiter that hangs, as a client does that waits for its server; and how often it was asked. */
function hangingLimiter(): { asked: number; isDown: boolean; readonly limiter: RateLimiter } {
  const inner = new RateLimiterMemory({ points: 1, duration: 0 })
  const call =
    <Given extends unknown[], Result>(method: (...given: Given) => Promise<Result>) =>
    (...given: Given): Promise<Result> => {
      watched.asked += 1
      return watched.isDown ? hangs() : method.apply(inner, given)
    }
  const limiter: RateLimiter = {
    penalty: call(inner.penalty.bind(inner)),
    reward: call(inner.reward.bind(inner)),
    get: call(inner.get.bind(inner)),
    set: call(inner.set.bind(inner)),
    delete: call(inner.delete.bind(inner)),
  }
  const watched = { asked: 0, isDown: true, limiter }
  return watched
}

describe('a limiter that hangs', () => {
  beforeEach(() => {
    vi.useFakeTimers()
  })
  afterEach(() => {
    vi.useRealTimers()
  })

  it('is asked by one request, then by one probe a second, and all others fail at once (V17)', async () => {
    const watched = hangingLimiter()
    const throttle = sharedThrottle(watched.limiter)
    const outcomes: string[] = []
    const ask = (): void => {
      Promise.resolve(throttle.isKnown('a')).then(
        () => outcomes.push('known'),
        () => outcomes.push('failed'),
      )
    }
    // Five requests at once wait for the first answer that does not come.
    for (let i = 0; i < 5; i += 1) ask()
    await vi.advanceTimersByTimeAsync(5000)
    expect(outcomes).toEqual(Array(5).fill('failed'))
    const atFirst = watched.asked
    for (let i = 0; i < 100; i += 1) ask()
    await vi.advanceTimersByTimeAsync(0)
    expect(outcomes).toHaveLength(105)
    expect(watched.asked).toBe(atFirst)
    for (let second = 0; second < 30; second += 1) {
      await vi.advanceTimersByTimeAsync(1000)
      for (let i = 0; i < 10; i += 1) ask()
      await vi.advanceTimersByTimeAsync(0)
      expect(outcomes).toHaveLength(105 + 10 * (second + 1))
    }
    // A probe takes five seconds to fail, and then there is a pause.
    expect(watched.asked).toBeLessThanOrEqual(atFirst + 6)
    watched.isDown = false
    await vi.advanceTimersByTimeAsync(7000)
    ask()
    await vi.advanceTimersByTimeAsync(0)
    ask()
    await vi.advanceTimersByTimeAsync(0)
    expect(outcomes.at(-1)).toBe('known')
  })

  it('fails all waiting requests with the first that finds it down (V17)', async () => {
    const breaker = new Breaker({ timeoutMilliseconds: 1000, probe: hangs })
    const first = expect(breaker.ask(hangs)).rejects.toMatchObject({ name: 'StoreUnavailableError' })
    await vi.advanceTimersByTimeAsync(900)
    const second = expect(breaker.ask(hangs)).rejects.toMatchObject({ name: 'StoreUnavailableError' })
    await vi.advanceTimersByTimeAsync(100)
    await Promise.all([first, second])
  })

  it('one hanging request among others stops no other', async () => {
    const breaker = new Breaker({ timeoutMilliseconds: 1000, probe: hangs })
    const first = expect(breaker.ask(hangs)).rejects.toMatchObject({ name: 'StoreUnavailableError' })
    await vi.advanceTimersByTimeAsync(500)
    expect(await breaker.ask(() => Promise.resolve(1))).toBe(1)
    await vi.advanceTimersByTimeAsync(500)
    await first
    expect(await breaker.ask(() => Promise.resolve(2))).toBe(2)
  })
})

it('a limiter that refuses at once needs no pause', async () => {
  const breaker = new Breaker({ timeoutMilliseconds: 1000, probe: hangs })
  const refused = breaker.ask(() => Promise.reject(new Error('connect ECONNREFUSED')))
  await expect(refused).rejects.toMatchObject({ cause: { message: 'connect ECONNREFUSED' } })
  expect(await breaker.ask(() => Promise.resolve(1))).toBe(1)
})

it('a proof that cannot be guessed is judged before a limiter that is down times out (V17)', async () => {
  const watched = hangingLimiter()
  const throttle: Throttle = sharedThrottle(watched.limiter, { timeoutMilliseconds: 60_000 })
  const server = plainServer({ server: { throttle, requestTimeoutSeconds: 20 } })
  const statuses = []
  for (let i = 0; i < 3; i += 1) {
    const get = request(server.http)
      .get('/orders')
      .set('Authorization', `Bearer ${String(i).padStart(43, 'x')}`)
    statuses.push((await get).status)
  }
  // With the limiter's own patience they would be answered 503 by the deadline of the request.
  expect(statuses).toEqual([401, 401, 401])
})
