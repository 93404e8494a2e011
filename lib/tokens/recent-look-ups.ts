import { isPromiseLike, type MaybePromise } from '../time/maybe-promise.js'

/** The most keys. The one that was looked up longest ago is evicted first. */
const MOST_LOOK_UPS = 10_000
/** Seconds for which the last value is used while look-ups fail. */
const STALE_SECONDS = 60

interface LookUp<Value> {
  readonly value: MaybePromise<Value>
  /** When the look-up began, seconds since the epoch. */
  readonly at: number
  /** When the value was last found. */
  readonly foundAt: number
}

/** Caches look-ups for some seconds. Concurrent requests share a look-up. */
export class RecentLookUps<Value> {
  readonly #seconds: number
  readonly #lookUps = new Map<string, LookUp<Value>>()

  constructor(seconds: number) {
    this.#seconds = seconds
  }

  /** Returns the cached result for a key; `undefined` if there is none. */
  find(key: string, now: number): MaybePromise<Value> | undefined {
    const lookUp = this.#lookUps.get(key)
    // Correct even if the clock was set back.
    return lookUp !== undefined && Math.abs(now - lookUp.at) < this.#seconds ? lookUp.value : undefined
  }

  /** Returns the last result, of any age. */
  last(key: string): Value | undefined {
    const value = this.#lookUps.get(key)?.value
    return isPromiseLike(value) ? undefined : value
  }

  /**
   * Looks a key up and caches the result. If that fails, it uses the value that was found in the last minute, and looks it up again after the
   * usual seconds; with `anew` it throws instead.
   */
  look(key: string, now: number, lookUp: () => MaybePromise<Value>, anew: boolean): MaybePromise<Value> {
    const before = this.#lookUps.get(key)
    const usable = before === undefined || isPromiseLike(before.value) ? undefined : { ...before, value: before.value }
    const fail = (error: unknown): Value => {
      if (anew || usable === undefined || Math.abs(now - usable.foundAt) >= STALE_SECONDS) throw error
      this.#put(key, { ...usable, at: now })
      return usable.value
    }
    let looked: MaybePromise<Value>
    try {
      looked = lookUp()
    } catch (error) {
      return fail(error)
    }
    if (!isPromiseLike(looked)) {
      this.#put(key, { value: looked, at: now, foundAt: now })
      return looked
    }
    const pending: LookUp<Value> = {
      value: Promise.resolve(looked).then(
        (value) => {
          // Unless it was forgotten or looked up again meanwhile.
          if (this.#lookUps.get(key) === pending) this.#put(key, { value, at: now, foundAt: now })
          return value
        },
        (error: unknown) => {
          if (this.#lookUps.get(key) !== pending) throw error
          this.#lookUps.delete(key)
          if (usable !== undefined) this.#put(key, usable)
          return fail(error)
        },
      ),
      at: now,
      foundAt: now,
    }
    this.#put(key, pending)
    return pending.value
  }

  /** Forgets a result, and a look-up that is under way. */
  forget(key: string): void {
    this.#lookUps.delete(key)
  }

  #put(key: string, lookUp: LookUp<Value>): void {
    // Move it to the end of the eviction order.
    this.#lookUps.delete(key)
    const [oldest] = this.#lookUps.size < MOST_LOOK_UPS ? [] : this.#lookUps.keys()
    if (oldest !== undefined) this.#lookUps.delete(oldest)
    this.#lookUps.set(key, lookUp)
  }
}
