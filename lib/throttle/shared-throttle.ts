import { describeOptions } from '../checks/describe-options.js'
import { storeTimeout } from '../checks/option-kind.js'
import { checkInterface } from '../checks/check-interface.js'
import { Breaker } from './breaker.js'
import { checkClientOf, checkLimiter, repeating, type RateLimiter } from './rate-limiter.js'
import { limiterThrottle } from './limiter-throttle.js'
import type { Throttle } from './throttle.js'
import { throttleLimits, type ThrottleLimits } from './throttle-limits.js'

/** What {@link sharedThrottle} can be told. */
export interface SharedThrottleOptions {
  /** Where they differ from the defaults. */
  readonly limits?: ThrottleLimits | undefined
  /** Milliseconds that the store may take for one question, from 10 to 60,000. Default 5000. */
  readonly timeoutMilliseconds?: number | undefined
}

const description = describeOptions<SharedThrottleOptions>()('sharedThrottle', {
  limits: throttleLimits(),
  timeoutMilliseconds: storeTimeout(),
})

/**
 * Creates a throttle that counts for all processes, over a limiter of `rate-limiter-flexible` (Redis, PostgreSQL, MySQL, …). Where your
 * tokens are in a store of this package, its own needs no other package: `const { clients, tokens, throttle } = openRedisStores(client)`.
 *
 * Points and duration of the limiter do not matter, for every key has its own. `RateLimiterMemory` is not shared, and forgets everything
 * after 24 days.
 *
 * Throws `ConfigurationError`, also for a limiter that was made for another kind of client. The server tries the limiter once when it is
 * made, and emits a `failure` event when it does not count.
 *
 * @example
 * ```ts
 * import { RateLimiterRedis } from 'rate-limiter-flexible'
 * import { createClient } from 'redis'
 *
 * const storeClient = await createClient({ url: 'redis://127.0.0.1' }).connect()
 * // Without `useRedisPackage` for a client of `ioredis`.
 * const settings = { storeClient, useRedisPackage: true, keyPrefix: 'latchkey', points: 1, duration: 1 }
 * const throttle = sharedThrottle(new RateLimiterRedis(settings))
 * ```
 */
export function sharedThrottle(rateLimiter: RateLimiter, options: SharedThrottleOptions = {}): Throttle {
  checkInterface('sharedThrottle', rateLimiter, 'RateLimiter')
  checkClientOf(rateLimiter)
  const { limits, timeoutMilliseconds } = description.read(options)
  return {
    ...limiterThrottle(rateLimiter, { limits, timeoutMilliseconds }),
    // With a breaker of its own: a limiter that is slow while it makes its table must not hold sign-ins up.
    check: () => new Breaker({ timeoutMilliseconds, probe }).ask(() => checkLimiter(repeating(rateLimiter))),
  }

  function probe(): Promise<unknown> {
    return rateLimiter.get('probe')
  }
}
