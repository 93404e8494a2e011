import { checkFunction, checkOptions, checkWholeNumber } from '../errors/check-options.js'
import { systemClock, type Clock } from '../protocol/clock.js'
import type { MaybePromise } from '../protocol/maybe-promise.js'
import { FailureCounters, type FailureCounter } from './failure-counters.js'
import type { AllowedAttempt, AttemptOutcome, BlockedAttempt, Throttle, ThrottleKey } from './throttle.js'
import {
  KNOWN_SECONDS,
  LONGEST_ATTEMPT,
  LONGEST_WAIT,
  resolveLimits,
  WAITING_LIMIT,
  type ThrottleLimits,
} from './throttle-limits.js'

/** What {@link memoryThrottle} can be told. */
export interface MemoryThrottleOptions {
  /** Where they differ from the defaults. */
  readonly limits?: ThrottleLimits | undefined
  /**
   * Most counters, and most known addresses. When there are more, some of those go that were used least recently, and of these the
   * one with the fewest failures. Default 100,000.
   */
  readonly maxEntries?: number | undefined
  /** Default the clock of the machine. */
  readonly clock?: Clock | undefined
}

/** An attempt that has to wait for others: one of them may give its place back. */
interface WaitingAttempt {
  readonly kind: ThrottleKey['kind']
  readonly waitsFor: FailureCounter
}

/**
 * Makes a throttle that counts in this process alone. Attempts at once that together could be too many wait for each other: if they
 * succeed, as those of a busy service do, none is refused.
 *
 * Throws `ConfigurationError`.
 */
export function memoryThrottle(options: MemoryThrottleOptions = {}): Throttle {
  checkOptions('memoryThrottle', options, ['limits', 'maxEntries', 'clock'])
  const { maxEntries = 100_000, clock = systemClock } = options
  checkWholeNumber('memoryThrottle.maxEntries', maxEntries, 1, 10_000_000)
  checkFunction('memoryThrottle.clock', clock)
  const limits = resolveLimits('memoryThrottle', options.limits)
  const counters = new FailureCounters(maxEntries)
  /** Until when. Those that were remembered least recently come first. */
  const known = new Map<string, number>()

  function begin(keys: readonly ThrottleKey[]): MaybePromise<AllowedAttempt | BlockedAttempt> {
    const begun = tryToBegin(keys)
    return 'waitsFor' in begun ? waitForPlace(keys, begun) : begun
  }

  function tryToBegin(keys: readonly ThrottleKey[]): AllowedAttempt | BlockedAttempt | WaitingAttempt {
    const now = clock()
    let blocked: BlockedAttempt | undefined
    let waiting: WaitingAttempt | undefined
    for (const { kind, key } of keys) {
      const counter = counters.find(key, now)
      if (counter === undefined) continue
      const retryAfterSeconds = Math.ceil(counter.secondsToWait(now))
      if (retryAfterSeconds > (blocked?.retryAfterSeconds ?? 0)) blocked = { kind, retryAfterSeconds }
      if (counter.isFull(now)) waiting ??= { kind, waitsFor: counter }
    }
    return blocked ?? waiting ?? allow(keys, now)
  }

  /** Counters are made for what is tried, not for what is blocked: or else names that are made up would push others out. */
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
        else if (outcome === 'succeeded' && kind.startsWith('known_')) counter.clear()
        counter.wakeNext(clock())
        counters.dropUnused(counter)
      }
    }
  }

  async function waitForPlace(
    keys: readonly ThrottleKey[],
    attempt: WaitingAttempt,
  ): Promise<AllowedAttempt | BlockedAttempt> {
    const until = performance.now() + LONGEST_WAIT
    let begun: AllowedAttempt | BlockedAttempt | WaitingAttempt = attempt
    while ('waitsFor' in begun) {
      const { kind, waitsFor } = begun
      const milliseconds = until - performance.now()
      if (milliseconds <= 0 || waitsFor.waiting >= WAITING_LIMIT) return { kind, retryAfterSeconds: 1 }
      await waitsFor.untilWoken(milliseconds)
      begun = tryToBegin(keys)
      // There may be room for more than one, and whoever is blocked or waits for another counter now leaves it to the next.
      waitsFor.wakeNext(clock())
    }
    return begun
  }

  return {
    isShared: false,
    begin,
    isKnown(key) {
      const until = known.get(key)
      return until !== undefined && clock() < until
    },
    remember(key) {
      known.delete(key)
      known.set(key, clock() + KNOWN_SECONDS)
      const [oldest] = known.size > maxEntries ? known.keys() : []
      if (oldest !== undefined) known.delete(oldest)
    },
  }
}
