import { StoreUnavailableError } from '../errors/store-unavailable-error.js'

/** Milliseconds for which nothing is asked after a slow failure. */
const PAUSE = 1000
/** A store that refuses faster than that costs nobody anything, and needs no pause. */
const SLOW = 100

/** What a breaker needs to know. */
export interface BreakerOptions {
  /** Milliseconds that one question may take. */
  readonly timeoutMilliseconds: number
  /** Asks the store anything, to see whether it responds again. */
  readonly probe: () => Promise<unknown>
}

/**
 * Asks a store that may be down. After a failure that took long, further questions fail at once; once a second one probe is sent, for
 * which no request waits, and when it succeeds the store is asked again.
 */
export class Breaker {
  readonly #options: BreakerOptions
  /** Questions under way, which fail with the first one that finds the store down. */
  readonly #asking = new Set<(cause: unknown) => void>()
  #lastAnswerAt = -Infinity
  /** Why nothing is asked. */
  #down: { readonly cause: unknown } | undefined
  #nextProbeAt = 0

  constructor(options: BreakerOptions) {
    this.#options = options
  }

  /** Asks, unless the store is down. Throws `StoreUnavailableError`. */
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
      // One question that hangs while others are answered says nothing of the store.
      if (performance.now() - startedAt >= SLOW && this.#lastAnswerAt < startedAt) this.#goDown(cause)
      throw outOfReach(cause)
    }
  }

  async #withinTime<Result>(question: () => Promise<Result>): Promise<Result> {
    const { timeoutMilliseconds } = this.#options
    let timer: NodeJS.Timeout | undefined
    let fail: ((cause: unknown) => void) | undefined
    const failed = new Promise<never>((_resolve, reject) => {
      fail = reject
      this.#asking.add(reject)
      timer = setTimeout(() => {
        reject(new Error(`The store did not respond within ${String(timeoutMilliseconds)} ms`))
      }, timeoutMilliseconds)
    })
    try {
      return await Promise.race([question(), failed])
    } finally {
      clearTimeout(timer)
      if (fail !== undefined) this.#asking.delete(fail)
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
