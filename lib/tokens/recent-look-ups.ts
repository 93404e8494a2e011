import { isPromiseLike, type MaybePromise } from '../time/maybe-promise.js'

/** Most keys that are remembered; the one that was looked up longest ago goes first. */
const MOST_LOOK_UPS = 10_000
/** For how long the last value is used while look-ups fail. */
const STALE_SECONDS = 60

interface LookUp<Value> {
  readonly value: MaybePromise<Value>
  /** When it began, seconds since the epoch. */
  readonly at: number
  /** When the value was really found. */
  readonly foundAt: number
}

/** What was looked up in the last seconds. A look-up that is under way is shared by all who need it. */
export class RecentLookUps<Value> {
  readonly #seconds: number
  readonly #lookUps = new Map<string, LookUp<Value>>()

  constructor(seconds: number) {
    this.#seconds = seconds
  }

  /** What was looked up under this key in the last seconds; `undefined`: nothing. */
  find(key: string, now: number): MaybePromise<Value> | undefined {
    const lookUp = this.#lookUps.get(key)
    // Also after the clock was set back.
    return lookUp !== undefined && Math.abs(now - lookUp.at) < this.#seconds ? lookUp.value : undefined
  }

  /** What was found last, however long ago. */
  last(key: string): Value | undefined {
    const value = this.#lookUps.get(key)?.value
    return isPromiseLike(value) ? undefined : value
  }

  /**
   * Looks up and remembers. Where that fails, the value that was found in the last minute is used and looked up again after the usual
   * seconds; `anew` throws instead.
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
          // Unless it was forgotten, or looked up again, since it began.
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

  /** Forgets what was looked up, and what is under way. */
  forget(key: string): void {
    this.#lookUps.delete(key)
  }

  #put(key: string, lookUp: LookUp<Value>): void {
    // To the end of the order in which they go.
    this.#lookUps.delete(key)
    const [oldest] = this.#lookUps.size < MOST_LOOK_UPS ? [] : this.#lookUps.keys()
    if (oldest !== undefined) this.#lookUps.delete(oldest)
    this.#lookUps.set(key, lookUp)
  }
}
