import { checkFunction, checkOptions, checkWholeNumber } from '../errors/check-options.js'
import type { MaybePromise } from '../protocol/maybe-promise.js'
import { systemClock, type Clock } from '../protocol/clock.js'
import type { AllowedAttempt, AttemptOutcome, BlockedAttempt, Throttle, ThrottleKey } from './throttle.js'
import {
  delaySeconds,
  KNOWN_SECONDS,
  resolveLimits,
  type ThrottleLimit,
  type ThrottleLimits,
} from './throttle-limits.js'

/** What {@link memoryThrottle} can be told. */
export interface MemoryThrottleOptions {
  /** Where they differ from the defaults. */
  readonly limits?: ThrottleLimits | undefined
  /** Most counters, and most known addresses; when there are more, those that were used least recently go. Default 100,000. */
  readonly maxEntries?: number | undefined
  /** Default the clock of the machine. */
  readonly clock?: Clock | undefined
}

/** What is known of a key. */
interface Counter {
  failures: number
  /** Attempts that have a place and have not ended. */
  pending: number
  /** Seconds since the epoch. */
  blockedUntil: number
  /** Seconds since the epoch; from then on everything is forgotten. */
  forgottenAt: number
  /** Attempts that wait for one that is pending: it may give its place back. */
  readonly waiting: (() => void)[]
}

const WAITING_LIMIT = 100

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
  const counters = new Map<string, Counter>()
  const known = new Map<string, number>()

  function begin(keys: readonly ThrottleKey[]): MaybePromise<AllowedAttempt | BlockedAttempt> {
    const now = clock()
    const taken = keys.map(({ kind, key }) => ({ kind, limit: limits[kind], counter: find(key, now) }))
    let longest: BlockedAttempt | undefined
    for (const { kind, counter } of taken) {
      const retryAfterSeconds = counter.blockedUntil - now
      if (retryAfterSeconds > (longest?.retryAfterSeconds ?? 0)) longest = { kind, retryAfterSeconds }
    }
    if (longest !== undefined) return longest
    const full = taken.find(
      ({ limit, counter }) => counter.pending > 0 && counter.failures + counter.pending >= limit.freeFailures,
    )
    if (full === undefined) return allow(taken)
    if (full.counter.waiting.length >= WAITING_LIMIT) return { kind: full.kind, retryAfterSeconds: 1 }
    return new Promise<void>((resolve) => full.counter.waiting.push(resolve)).then(() => begin(keys))
  }

  function allow(
    taken: readonly { readonly limit: ThrottleLimit; readonly kind: string; readonly counter: Counter }[],
  ): AllowedAttempt {
    for (const { counter } of taken) counter.pending += 1
    return {
      retryAfterSeconds: undefined,
      end(outcome: AttemptOutcome) {
        for (const { limit, kind, counter } of taken) {
          counter.pending -= 1
          if (outcome === 'failed') countFailure(limit, counter)
          else if (outcome === 'succeeded' && kind !== 'address') counter.failures = 0
          for (const resume of counter.waiting.splice(0)) resume()
        }
      },
    }
  }

  function countFailure(limit: ThrottleLimit, counter: Counter): void {
    counter.failures += 1
    counter.blockedUntil = clock() + delaySeconds(limit, counter.failures)
    counter.forgottenAt = counter.blockedUntil + limit.forgetSeconds
  }

  /** Moves the counter to the end of the Map: at its beginning are those that were used least recently. */
  function find(key: string, now: number): Counter {
    let counter = counters.get(key)
    counters.delete(key)
    if (counter === undefined || (counter.forgottenAt <= now && counter.pending === 0)) {
      counter = { failures: 0, pending: 0, blockedUntil: 0, forgottenAt: Infinity, waiting: [] }
    }
    counters.set(key, counter)
    dropOldest(counters)
    return counter
  }

  function dropOldest(map: Map<string, unknown>): void {
    if (map.size <= maxEntries) return
    for (const oldest of map.keys()) {
      map.delete(oldest)
      return
    }
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
      dropOldest(known)
    },
  }
}
