import { randomUUID } from 'node:crypto'
import { isAborted, retryAborted } from '../time/retry-aborted.js'
import { ConfigurationError } from '../errors/configuration-error.js'

/** What the methods of a limiter of `rate-limiter-flexible` return. */
export interface LimiterState {
  readonly consumedPoints: number
  readonly msBeforeNext: number
}

/** The methods that are used of a limiter of `rate-limiter-flexible`, over a store that several processes share. */
export interface RateLimiter {
  penalty(key: string, points: number, options: { readonly customDuration: number }): Promise<LimiterState>
  reward(key: string, points: number, options: { readonly customDuration: number }): Promise<LimiterState>
  get(key: string): Promise<LimiterState | null>
  set(key: string, points: number, secDuration: number): Promise<unknown>
  delete(key: string): Promise<unknown>
}

/** Returns a limiter that retries aborted transactions: concurrent attempts write the same rows. */
export function repeating(limiter: RateLimiter): RateLimiter {
  return {
    penalty: (...given) => retryAborted(isAborted, () => limiter.penalty(...given)),
    reward: (...given) => retryAborted(isAborted, () => limiter.reward(...given)),
    get: (...given) => retryAborted(isAborted, () => limiter.get(...given)),
    set: (...given) => retryAborted(isAborted, () => limiter.set(...given)),
    delete: (...given) => retryAborted(isAborted, () => limiter.delete(...given)),
  }
}

/** The longest timer of Node, in seconds. A longer one fires at once. */
const LONGEST_TIMER = Math.floor((2 ** 31 - 1) / 1000)

/** Returns for how many seconds a limiter can keep a key. A limiter in memory uses a timer for each. */
export function longestDuration(limiter: RateLimiter): number {
  const { constructor } = limiter as { readonly constructor?: { readonly name?: unknown } }
  const isInMemory = '_memoryStorage' in limiter || /^RateLimiter(Memory|Cluster)/.test(String(constructor?.name))
  return isInMemory ? LONGEST_TIMER : Infinity
}

/**
 * Refuses a limiter whose options do not fit its client, as far as that is visible: it would fail at each sign-in. Throws
 * `ConfigurationError`.
 */
export function checkClientOf(limiter: RateLimiter): void {
  const { client, useRedisPackage, useRedis3AndLowerPackage, dbName } = limiter as LimiterOfStore
  if ('useRedisPackage' in limiter) {
    const isOfRedis = isFunction(client, 'pTTL') && !isFunction(client, 'pttl')
    if (isOfRedis && useRedisPackage !== true && useRedis3AndLowerPackage !== true) {
      throw new ConfigurationError(
        'sharedThrottle',
        'is given a RateLimiterRedis without useRedisPackage, but its client is of the package redis: every sign-in would fail',
        "Write new RateLimiterRedis({ storeClient, useRedisPackage: true, keyPrefix: 'latchkey', points: 1, duration: 1 })",
      )
    }
    if (isFunction(client, 'defineCommand') && useRedisPackage === true) {
      throw new ConfigurationError(
        'sharedThrottle',
        'is given a RateLimiterRedis with useRedisPackage, but its client is of ioredis: every sign-in would fail',
        "Leave useRedisPackage out: new RateLimiterRedis({ storeClient, keyPrefix: 'latchkey', points: 1, duration: 1 })",
      )
    }
  }
  if (dbName !== undefined && isFunction(client, 'getConnection') && !isFunction(client, 'promise')) {
    throw new ConfigurationError(
      'sharedThrottle',
      'is given a RateLimiterMySQL with a pool of mysql2/promise, which ignores its callbacks: every sign-in would fail',
      'Pass the underlying pool of mysql2: storeClient: pool.pool',
    )
  }
}

/** Tries every method of a limiter with a random key. Throws if one fails or counts wrongly. */
export async function checkLimiter(limiter: RateLimiter): Promise<void> {
  const key = `check:${randomUUID()}`
  const minute = { customDuration: 60 }
  await limiter.set(key, 2, 60)
  const counted = [
    (await limiter.penalty(key, 1, minute)).consumedPoints,
    (await limiter.reward(key, 2, minute)).consumedPoints,
    (await limiter.get(key))?.consumedPoints,
  ]
  await limiter.delete(key)
  if (counted.join() !== '3,1,1') throw new Error(`The limiter counted ${counted.join()} instead of 3,1,1`)
}

/** Members in which limiters of `rate-limiter-flexible` keep their options. */
interface LimiterOfStore {
  readonly client?: unknown
  readonly useRedisPackage?: unknown
  readonly useRedis3AndLowerPackage?: unknown
  readonly dbName?: unknown
}

function isFunction(value: unknown, method: string): boolean {
  return typeof (Object(value) as Record<string, unknown>)[method] === 'function'
}
