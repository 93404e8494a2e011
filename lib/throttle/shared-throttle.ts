import { checkMethods, checkOptions } from '../errors/check-options.js'
import { StoreUnavailableError } from '../errors/store-unavailable-error.js'
import type { AllowedAttempt, BlockedAttempt, Throttle, ThrottleKey } from './throttle.js'
import { delaySeconds, KNOWN_SECONDS, resolveLimits, type ThrottleLimits } from './throttle-limits.js'

/** What a limiter of `rate-limiter-flexible` answers. */
export interface LimiterState {
  readonly consumedPoints: number
  readonly msBeforeNext: number
}

/** A limiter of `rate-limiter-flexible` over a store that several processes share, as far as it is used here. */
export interface RateLimiter {
  penalty(key: string, points: number, options: { readonly customDuration: number }): Promise<LimiterState>
  reward(key: string, points: number): Promise<unknown>
  get(key: string): Promise<LimiterState | null>
  set(key: string, points: number, secDuration: number): Promise<unknown>
  delete(key: string): Promise<unknown>
}

/** What {@link sharedThrottle} can be told. */
export interface SharedThrottleOptions {
  /** Where they differ from the defaults. */
  readonly limits?: ThrottleLimits | undefined
}

/**
 * Makes a throttle that counts for all processes, over one limiter of `rate-limiter-flexible` (Redis, PostgreSQL, MySQL, …):
 * `sharedThrottle(new RateLimiterRedis({ storeClient, keyPrefix: 'latchkey', points: 1, duration: 1 }))`. Its points and duration
 * do not matter, for every key has its own.
 *
 * Two keys belong to each counter: how many failures there were, and a gate that lets one attempt through in each delay. Both are
 * counted up by the store in one step: of attempts at once each has a number of its own. Failures are forgotten `forgetSeconds`
 * after the first one.
 *
 * Throws `ConfigurationError`.
 */
export function sharedThrottle(limiter: RateLimiter, options: SharedThrottleOptions = {}): Throttle {
  checkMethods('sharedThrottle', limiter, ['penalty', 'reward', 'get', 'set', 'delete'])
  checkOptions('sharedThrottle', options, ['limits'])
  const limits = resolveLimits('sharedThrottle', options.limits)

  async function begin(keys: readonly ThrottleKey[]): Promise<AllowedAttempt | BlockedAttempt> {
    const counted: ThrottleKey[] = []
    for (const key of keys) {
      counted.push(key)
      const retryAfterSeconds = await take(key)
      if (retryAfterSeconds === 0) continue
      // It is not looked at, so it is no failure.
      await Promise.all(counted.map((one) => limiter.reward(failuresOf(one), 1)))
      return { kind: key.kind, retryAfterSeconds }
    }
    return {
      retryAfterSeconds: undefined,
      async end(outcome) {
        if (outcome === 'failed') return
        await reached(Promise.all(keys.map((key) => giveBack(key, outcome === 'succeeded'))))
      },
    }
  }

  /** Counts an attempt; answers the seconds to wait, 0 when it may go on. */
  async function take(key: ThrottleKey): Promise<number> {
    const limit = limits[key.kind]
    const { consumedPoints } = await limiter.penalty(failuresOf(key), 1, { customDuration: limit.forgetSeconds })
    const delay = delaySeconds(limit, consumedPoints)
    if (delay === 0) return 0
    const gate = await limiter.penalty(gateOf(key), 1, { customDuration: delay })
    return gate.consumedPoints <= 1 ? 0 : Math.max(1, Math.ceil(gate.msBeforeNext / 1000))
  }

  async function giveBack(key: ThrottleKey, succeeded: boolean): Promise<void> {
    await limiter.delete(gateOf(key))
    if (succeeded && key.kind !== 'address') await limiter.delete(failuresOf(key))
    else await limiter.reward(failuresOf(key), 1)
  }

  return {
    isShared: true,
    begin: (keys) => reached(begin(keys)),
    isKnown: (key) => reached(limiter.get(knownOf(key)).then((state) => state !== null && state.consumedPoints > 0)),
    async remember(key) {
      await reached(limiter.set(knownOf(key), 1, KNOWN_SECONDS))
    },
  }
}

const failuresOf = ({ key }: ThrottleKey): string => `failures:${key}`
const gateOf = ({ key }: ThrottleKey): string => `gate:${key}`
const knownOf = (key: string): string => `known:${key}`

/** While nobody can count, nobody may guess. */
async function reached<Result>(counting: Promise<Result>): Promise<Result> {
  try {
    return await counting
  } catch (cause) {
    throw new StoreUnavailableError('The counters of failures are out of reach', { cause })
  }
}
