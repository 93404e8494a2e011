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

/** What {@link memoryThrottle} can be told. */
export interface MemoryThrottleOptions {
  /** Where they differ from the defaults. */
  readonly limits?: ThrottleLimits | undefined
  /**
   * Most counters, most known addresses, and most users with failures in a row. When there are more counters, some of those go that were
   * used least recently, and of these the one with the fewest failures; of addresses, one of the user who has most. Default 100,000.
   */
  readonly maxEntries?: number | undefined
  /** Default the clock of the machine. */
  readonly clock?: Clock | undefined
}

const description = describeOptions<MemoryThrottleOptions>()('memoryThrottle', {
  limits: throttleLimits(),
  maxEntries: wholeNumber(1, 10_000_000).or(100_000),
  clock: clock(),
})

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
  const { limits: given, maxEntries, clock } = description.read(options)
  const limits = resolveLimits(given)
  const counters = new FailureCounters(maxEntries)
  const known = new KnownAddresses(maxEntries)
  /** Failures since the last success; those that were counted least recently come first. */
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
    // When it came, unless the clock was put back meanwhile.
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
        else if (outcome === 'succeeded' && isOwn(kind)) counter.clear()
        counter.wakeNext(clock())
        counters.dropUnused(counter)
      }
    }
  }

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
      // There may be room for more than one, and whoever is blocked or waits for another counter now leaves it to the next.
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
