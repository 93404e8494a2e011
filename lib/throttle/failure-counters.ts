import { delaySeconds, type ThrottleLimit } from './throttle-limits.js'

/**
 * The failures of one key, its pending attempts, and the attempts that wait. Times are in seconds since the epoch.
 *
 * As many attempts may be pending at once as there are free failures left, and at least one: even if all of them fail, none was one too
 * many. Then the counter is full, and a further attempt waits until one of them ends.
 */
export class FailureCounter {
  /** Attempts that have begun and not ended. */
  pending = 0
  readonly key: string
  readonly #limit: ThrottleLimit
  readonly #waiting = new Set<() => void>()
  #failures = 0
  #blockedUntil = 0
  #forgottenAt = 0

  constructor(key: string, limit: ThrottleLimit) {
    this.key = key
    this.#limit = limit
  }

  get failures(): number {
    return this.#failures
  }

  /** How many attempts wait until the counter is no longer full. */
  get waiting(): number {
    return this.#waiting.size
  }

  countFailure(now: number): void {
    this.#failures += 1
    this.#blockedUntil = now + delaySeconds(this.#limit, this.#failures)
    if (this.#failures === 1) this.#forgottenAt = now + this.#limit.forgetSeconds
  }

  clear(): void {
    this.#failures = 0
    this.#blockedUntil = 0
  }

  /**
   * Clears the failures if they have expired. If the clock was set back, first shortens the delay and the time until then to what they
   * would be if the last failure happened now.
   */
  bringUpTo(now: number): void {
    const delay = delaySeconds(this.#limit, this.#failures)
    this.#blockedUntil = Math.min(this.#blockedUntil, now + delay)
    this.#forgottenAt = Math.min(this.#forgottenAt, now + this.#limit.forgetSeconds)
    if (Math.max(this.#blockedUntil, this.#forgottenAt) <= now) this.clear()
  }

  /** Returns the seconds until the next attempt is allowed; 0 or less if it is allowed now. */
  secondsToWait(now: number): number {
    return this.#blockedUntil - now
  }

  /** Returns whether one more attempt would be one too many if all pending ones fail. */
  isFull(now: number): boolean {
    return (
      this.pending > 0 &&
      this.#failures + this.pending >= this.#limit.freeFailures &&
      // While there is a delay, attempts are refused at once and do not wait.
      this.secondsToWait(now) <= 0
    )
  }

  /** Resolves when {@link wakeNext} chooses this attempt, or after a time limit. The caller then checks again. */
  untilWoken(milliseconds: number): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        clearTimeout(timer)
        this.#waiting.delete(wake)
        resolve()
      }
      const timer = setTimeout(wake, milliseconds).unref()
      this.#waiting.add(wake)
    })
  }

  /** Wakes the attempt that has waited longest, if the counter is not full. Called whenever an attempt has ended or stopped waiting. */
  wakeNext(now: number): void {
    if (this.isFull(now)) return
    const [longest] = this.#waiting
    longest?.()
  }
}

/** How many of the least recently used counters are compared when one must be evicted. */
const CANDIDATES = 8

/** A limited number of counters. Only pending attempts can exceed the limit, because their counters are never evicted. */
export class FailureCounters {
  readonly #maxEntries: number
  /** In the order of use: the least recently used one comes first. */
  readonly #counters = new Map<string, FailureCounter>()

  constructor(maxEntries: number) {
    this.#maxEntries = maxEntries
  }

  get size(): number {
    return this.#counters.size
  }

  /** Returns the counter of a key, up to date; `undefined` if there is none. */
  find(key: string, now: number): FailureCounter | undefined {
    const counter = this.#counters.get(key)
    counter?.bringUpTo(now)
    return counter
  }

  /** Begins an attempt at the counter of a key, which is created if there is none. */
  take(key: string, limit: ThrottleLimit, now: number): FailureCounter {
    const counter = this.find(key, now) ?? new FailureCounter(key, limit)
    counter.pending += 1
    this.#moveToEnd(counter)
    // Up to two are evicted for each new one, so that the number shrinks again after pending attempts have exceeded the limit.
    for (let times = 0; times < 2 && this.size > this.#maxEntries; times += 1) this.#dropOne(now)
    return counter
  }

  /** Deletes a counter that is at zero. */
  dropUnused(counter: FailureCounter): void {
    if (counter.failures + counter.pending + counter.waiting > 0) return
    if (this.#counters.get(counter.key) === counter) this.#counters.delete(counter.key)
  }

  /**
   * Evicts one of the least recently used counters: the one with the fewest failures. An attacker may fail at many other accounts to evict
   * the counter of one account; this way, most of those accounts need as many failures as that one. A counter with a pending attempt is
   * never evicted.
   */
  #dropOne(now: number): void {
    const candidates: FailureCounter[] = []
    for (const counter of this.#counters.values()) {
      if (candidates.push(counter) === CANDIDATES) break
    }
    let weakest: FailureCounter | undefined
    for (const counter of candidates) {
      counter.bringUpTo(now)
      if (counter.pending === 0 && !(counter.failures >= (weakest?.failures ?? Infinity))) weakest = counter
    }
    for (const counter of candidates) {
      if (counter === weakest) this.#counters.delete(counter.key)
      else this.#moveToEnd(counter)
    }
  }

  #moveToEnd(counter: FailureCounter): void {
    this.#counters.delete(counter.key)
    this.#counters.set(counter.key, counter)
  }
}
