import { describeOptions } from '../checks/describe-options.js'
import { storeTimeout } from '../checks/option-kind.js'
import { checkInterface } from '../checks/check-interface.js'
import { Breaker } from './breaker.js'
import { checkClientOf, checkLimiter, repeating, type RateLimiter } from './rate-limiter.js'
import { limiterThrottle } from './limiter-throttle.js'
import type { Throttle } from './throttle.js'
import { throttleLimits, type ThrottleLimits } from './throttle-limits.js'

/** The options of {@link sharedThrottle}. */
export interface SharedThrottleOptions {
  /** The limits that differ from the defaults. */
  readonly limits?: ThrottleLimits | undefined
  /** Milliseconds that the store may take for one query, from 10 to 60,000. Default 5000. */
  readonly timeoutMilliseconds?: number | undefined
}

const description = describeOptions<SharedThrottleOptions>()('sharedThrottle', {
  limits: throttleLimits(),
  timeoutMilliseconds: storeTimeout(),
})

/**
 * Creates a throttle that counts failures for all processes, with a limiter of `rate-limiter-flexible` (Redis, PostgreSQL, MySQL, …). If
 * your tokens are in a store of this package, use the throttle of that store instead, which needs no other package:
 * `const { clients, tokens, throttle } = openRedisStores(client)`.
 *
 * The points and the duration of the limiter do not matter, because every key has its own. `RateLimiterMemory` is not shared, and forgets
 * everything after 24 days.
 *
 * The server tries the limiter once at startup, and emits a `failure` event if it does not count. Throws `ConfigurationError`, also if the
 * options of the limiter do not fit its client.
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
    // With a breaker of its own: a limiter that is slow while it creates its table must not block sign-ins.
    check: () => new Breaker({ timeoutMilliseconds, probe }).ask(() => checkLimiter(repeating(rateLimiter))),
  }

  function probe(): Promise<unknown> {
    return rateLimiter.get('probe')
  }
}
