import { isAborted, retryAborted } from '../time/retry-aborted.js'

/** What a limiter of `rate-limiter-flexible` answers. */
export interface LimiterState {
  readonly consumedPoints: number
  readonly msBeforeNext: number
}

/** A limiter of `rate-limiter-flexible` over a store that several processes share, as far as it is used here. */
export interface RateLimiter {
  penalty(key: string, points: number, options: { readonly customDuration: number }): Promise<LimiterState>
  reward(key: string, points: number, options: { readonly customDuration: number }): Promise<LimiterState>
  get(key: string): Promise<LimiterState | null>
  set(key: string, points: number, secDuration: number): Promise<unknown>
  delete(key: string): Promise<unknown>
}

/** Does again what the database undid for the sake of another transaction: attempts at once write the same rows. */
export function repeating(limiter: RateLimiter): RateLimiter {
  return {
    penalty: (...given) => retryAborted(isAborted, () => limiter.penalty(...given)),
    reward: (...given) => retryAborted(isAborted, () => limiter.reward(...given)),
    get: (...given) => retryAborted(isAborted, () => limiter.get(...given)),
    set: (...given) => retryAborted(isAborted, () => limiter.set(...given)),
    delete: (...given) => retryAborted(isAborted, () => limiter.delete(...given)),
  }
}

/** Seconds that the timers of Node last at most; a longer one ends at once. */
const LONGEST_TIMER = Math.floor((2 ** 31 - 1) / 1000)

/** Returns for how many seconds a limiter can keep a key: one in memory has a timer for each. */
export function longestDuration(limiter: RateLimiter): number {
  const { constructor } = limiter as { readonly constructor?: { readonly name?: unknown } }
  const isInMemory = '_memoryStorage' in limiter || /^RateLimiter(Memory|Cluster)/.test(String(constructor?.name))
  return isInMemory ? LONGEST_TIMER : Infinity
}
