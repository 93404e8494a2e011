import { delaySeconds, type ThrottleLimit } from './throttle-limits.js'

/** The failures of one key, and the attempts that are under way. Times are in seconds since the epoch. */
export class FailureCounter {
  /** Attempts that have a place and have not ended. */
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

  /** How many attempts wait for a place. */
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

  /** Forgets what is over. Nothing lasts longer than it would from now on: the clock may have been put back. */
  bringUpTo(now: number): void {
    const delay = delaySeconds(this.#limit, this.#failures)
    this.#blockedUntil = Math.min(this.#blockedUntil, now + delay)
    this.#forgottenAt = Math.min(this.#forgottenAt, now + this.#limit.forgetSeconds)
    if (Math.max(this.#blockedUntil, this.#forgottenAt) <= now) this.clear()
  }

  /** Until the next attempt; 0 or less when there is nothing to wait for. */
  secondsToWait(now: number): number {
    return this.#blockedUntil - now
  }

  /** Whether one more attempt could be one too many, should all that are under way fail. */
  isFull(now: number): boolean {
    return (
      this.pending > 0 &&
      this.#failures + this.pending >= this.#limit.freeFailures &&
      // Then nobody has to wait to be told so.
      this.secondsToWait(now) <= 0
    )
  }

  /** Resolves when there may be a place, or after so many milliseconds. */
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

  /** Wakes the one that has waited longest, when there is a place or nothing to wait for any more. */
  wakeNext(now: number): void {
    if (this.isFull(now)) return
    const [longest] = this.#waiting
    longest?.()
  }
}

/** How many of the counters that were used least recently are looked at when one has to go. */
const CANDIDATES = 8

/** A number of counters that is limited: only attempts that are under way may make them more. */
export class FailureCounters {
  readonly #maxEntries: number
  /** Those that were used least recently come first. */
  readonly #counters = new Map<string, FailureCounter>()

  constructor(maxEntries: number) {
    this.#maxEntries = maxEntries
  }

  get size(): number {
    return this.#counters.size
  }

  /** The counter of a key, brought up to the time; absent while there is nothing to count. */
  find(key: string, now: number): FailureCounter | undefined {
    const counter = this.#counters.get(key)
    counter?.bringUpTo(now)
    return counter
  }

  /** Takes a place at the counter of a key, which is made when there is none. */
  take(key: string, limit: ThrottleLimit, now: number): FailureCounter {
    const counter = this.find(key, now) ?? new FailureCounter(key, limit)
    counter.pending += 1
    this.#moveToEnd(counter)
    // Two, so that what attempts under way made too many goes in the end.
    for (let times = 0; times < 2 && this.size > this.#maxEntries; times += 1) this.#dropOne(now)
    return counter
  }

  /** Drops a counter that counts nothing. */
  dropUnused(counter: FailureCounter): void {
    if (counter.failures + counter.pending + counter.waiting > 0) return
    if (this.#counters.get(counter.key) === counter) this.#counters.delete(counter.key)
  }

  /**
   * Who wants the failures at one account forgotten makes failures at many others. So the fewest failures go first, and the others
   * stay for another round: it takes as many failures at most of the other accounts. A counter with an attempt under way never goes.
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
