import { describeOptions } from '../checks/describe-options.js'
import { clock, wholeNumber } from '../checks/option-kind.js'
import type { Clock } from '../time/clock.js'
import type { MaybePromise } from '../time/maybe-promise.js'
import { FailureCounters, type FailureCounter } from './failure-counters.js'
import type { AllowedAttempt, AttemptOutcome, BlockedAttempt, Throttle, ThrottleKey } from './throttle.js'
import { KnownAddresses } from './known-addresses.js'
import {
  isOwn,
  KNOWN_SECONDS,
  LONGEST_ATTEMPT,
  LONGEST_WAIT,
  resolveLimits,
  throttleLimits,
  WAITING_LIMIT,
  type ThrottleLimits,
} from './throttle-limits.js'

/** The options of {@link memoryThrottle}. */
export interface MemoryThrottleOptions {
  /** The limits that differ from the defaults. */
  readonly limits?: ThrottleLimits | undefined
  /**
   * The maximum number of counters, of known addresses, and of users with failures in a row. Above it, the counter with the fewest failures
   * among the least recently used ones is evicted, and an address of the user who has most. Default 100,000.
   */
  readonly maxEntries?: number | undefined
  /** Default the system clock. */
  readonly clock?: Clock | undefined
}

const description = describeOptions<MemoryThrottleOptions>()('memoryThrottle', {
  limits: throttleLimits(),
  maxEntries: wholeNumber(1, 10_000_000).or(100_000),
  clock: clock(),
})

/** An attempt that must wait until a pending one at a full counter ends. */
interface WaitingAttempt {
  readonly kind: ThrottleKey['kind']
  readonly waitsFor: FailureCounter
}

/**
 * Creates a throttle that counts failures in this process only. If several processes serve one issuer, use the throttle of your stores or
 * `sharedThrottle`.
 *
 * Concurrent attempts that would be too many if all of them failed wait for each other. If they succeed, as those of a busy service do,
 * none is refused. Throws `ConfigurationError`.
 *
 * @example
 * ```ts
 * const throttle = memoryThrottle({ limits: { account: { freeFailures: 3 } } })
 * ```
 */
export function memoryThrottle(options: MemoryThrottleOptions = {}): Throttle {
  const { limits: given, maxEntries, clock } = description.read(options)
  const limits = resolveLimits(given)
  const counters = new FailureCounters(maxEntries)
  const known = new KnownAddresses(maxEntries)
  /** User → failures since the last success, in the order of counting: the least recently counted user comes first. */
  const inARow = new Map<string, number>()

  function begin(keys: readonly ThrottleKey[], receivedAt?: number): MaybePromise<AllowedAttempt | BlockedAttempt> {
    const begun = tryToBegin(keys, receivedAt)
    return 'waitsFor' in begun ? waitForPlace(keys, receivedAt, begun) : begun
  }

  function tryToBegin(
    keys: readonly ThrottleKey[],
    receivedAt: number | undefined,
  ): AllowedAttempt | BlockedAttempt | WaitingAttempt {
    const now = clock()
    // The time when the request arrived, unless the clock was set back since.
    const since = receivedAt === undefined ? now : Math.min(now, Math.floor(receivedAt / 1000))
    let blocked: BlockedAttempt | undefined
    let waiting: WaitingAttempt | undefined
    for (const { kind, key } of keys) {
      const counter = counters.find(key, now)
      if (counter === undefined) continue
      const isBlocked = counter.secondsToWait(since) > 0
      const retryAfterSeconds = isBlocked ? Math.max(1, Math.ceil(counter.secondsToWait(now))) : 0
      if (retryAfterSeconds > (blocked?.retryAfterSeconds ?? 0)) blocked = { kind, retryAfterSeconds }
      if (counter.isFull(now)) waiting ??= { kind, waitsFor: counter }
    }
    return blocked ?? waiting ?? allow(keys, now)
  }

  /** Begins an attempt at all keys. Only here are counters created: blocked attempts with made-up names must not evict others. */
  function allow(keys: readonly ThrottleKey[], now: number): AllowedAttempt {
    const taken = keys.map(({ kind, key }) => ({ kind, counter: counters.take(key, limits[kind], now) }))
    let hasEnded = false
    const timer = setTimeout(end, LONGEST_ATTEMPT, 'failed').unref()
    return { retryAfterSeconds: undefined, end }

    function end(outcome: AttemptOutcome): void {
      if (hasEnded) return
      hasEnded = true
      clearTimeout(timer)
      for (const { kind, counter } of taken) {
        counter.pending -= 1
        if (outcome === 'failed') counter.countFailure(clock())
        else if (outcome === 'succeeded' && isOwn(kind)) counter.clear()
        counter.wakeNext(clock())
        counters.dropUnused(counter)
      }
    }
  }

  /** Waits until the counter is no longer full, then tries again; gives up after a time limit, or if too many attempts wait already. */
  async function waitForPlace(
    keys: readonly ThrottleKey[],
    receivedAt: number | undefined,
    attempt: WaitingAttempt,
  ): Promise<AllowedAttempt | BlockedAttempt> {
    const until = performance.now() + LONGEST_WAIT
    let begun: AllowedAttempt | BlockedAttempt | WaitingAttempt = attempt
    while ('waitsFor' in begun) {
      const { kind, waitsFor } = begun
      const milliseconds = until - performance.now()
      if (milliseconds <= 0 || waitsFor.waiting >= WAITING_LIMIT) return { kind, retryAfterSeconds: 1 }
      await waitsFor.untilWoken(milliseconds)
      begun = tryToBegin(keys, receivedAt)
      // Pass the turn on: this attempt may be blocked now, or wait at another counter, or there may be room for more than one.
      waitsFor.wakeNext(clock())
    }
    return begun
  }

  return {
    isShared: false,
    begin,
    isKnown: (key, owner = key) => known.has(owner, key, clock()),
    remember(key, owner = key) {
      known.add(owner, key, clock() + KNOWN_SECONDS)
    },
    countInARow(key) {
      if (key === undefined) return 0
      const failures = (inARow.get(key) ?? 0) + 1
      inARow.delete(key)
      inARow.set(key, failures)
      const [oldest] = inARow.size > maxEntries ? inARow.keys() : []
      if (oldest !== undefined) inARow.delete(oldest)
      return failures
    },
    clearInARow(key) {
      inARow.delete(key)
    },
  }
}
