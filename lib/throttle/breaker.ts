import { StoreUnavailableError } from '../errors/store-unavailable-error.js'
import { withinTime } from '../time/within-time.js'

/** Milliseconds between a slow failure and the first probe, and between probes. */
const PAUSE = 1000
/** Milliseconds. A store that fails faster than this holds up nobody, so it is asked each time. */
const SLOW = 100

/** The options of a {@link Breaker}. */
export interface BreakerOptions {
  /** Milliseconds that one query may take. */
  readonly timeoutMilliseconds: number
  /** Sends any query, to find out whether the store responds again. */
  readonly probe: () => Promise<unknown>
}

/**
 * A circuit breaker for a store that may be down. After a slow failure, further queries fail at once. Once a second one probe is sent,
 * which no request waits for; when it succeeds, queries are sent again.
 */
export class Breaker {
  readonly #options: BreakerOptions
  /** Fails each pending query. Called for all of them when one finds the store down. */
  readonly #asking = new Set<(cause: unknown) => void>()
  #lastAnswerAt = -Infinity
  /** Set while the store is down. */
  #down: { readonly cause: unknown } | undefined
  #nextProbeAt = 0

  constructor(options: BreakerOptions) {
    this.#options = options
  }

  /** Sends a query, unless the store is down. Throws `StoreUnavailableError`. */
  async ask<Result>(question: () => Promise<Result>): Promise<Result> {
    if (this.#down !== undefined) {
      this.#probeNowAndThen()
      throw outOfReach(this.#down.cause)
    }
    const startedAt = performance.now()
    try {
      const result = await this.#withinTime(question)
      this.#lastAnswerAt = performance.now()
      return result
    } catch (cause) {
      // If another query has succeeded since this one was sent, the store is not down.
      if (performance.now() - startedAt >= SLOW && this.#lastAnswerAt < startedAt) this.#goDown(cause)
      throw outOfReach(cause)
    }
  }

  async #withinTime<Result>(question: () => Promise<Result>): Promise<Result> {
    const { timeoutMilliseconds } = this.#options
    const late = (): Error => new Error(`The store did not respond within ${String(timeoutMilliseconds)} ms`)
    let fail: (cause: unknown) => void = () => undefined
    const failed = new Promise<never>((_resolve, reject) => (fail = reject))
    this.#asking.add(fail)
    try {
      return await withinTime(timeoutMilliseconds, Promise.race([question(), failed]), late)
    } finally {
      this.#asking.delete(fail)
    }
  }

  #goDown(cause: unknown): void {
    if (this.#down !== undefined) return
    this.#down = { cause }
    this.#nextProbeAt = performance.now() + PAUSE
    for (const fail of this.#asking) fail(cause)
  }

  #probeNowAndThen(): void {
    const now = performance.now()
    if (now < this.#nextProbeAt) return
    this.#nextProbeAt = Infinity
    this.#withinTime(this.#options.probe).then(
      () => {
        this.#down = undefined
      },
      (cause: unknown) => {
        this.#down = { cause }
        this.#nextProbeAt = performance.now() + PAUSE
      },
    )
  }
}

function outOfReach(cause: unknown): StoreUnavailableError {
  return new StoreUnavailableError('The counters of the throttle cannot be reached', { cause })
}
