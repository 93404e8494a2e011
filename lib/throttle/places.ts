import { andThen, type MaybePromise } from '../time/maybe-promise.js'
import type { BlockedAttempt } from './throttle.js'
import { LONGEST_WAIT, WAITING_LIMIT } from './throttle-limits.js'

/** A key at which at most `limit` attempts may be pending at once. */
export interface PlaceKey {
  readonly kind: BlockedAttempt['kind']
  readonly key: string
  readonly limit: number
}

/**
 * Limits how many attempts for one name, or from one address, are pending at once in this process. Further ones wait here, and not in the
 * queue of the password hasher, which all users share.
 */
export class Places {
  readonly #taken = new Map<string, { count: number; readonly waiting: (() => void)[] }>()

  /** How many keys have pending attempts. */
  get size(): number {
    return this.#taken.size
  }

  /**
   * Takes a place at each key, one after the other. Returns `undefined` when it has all of them; otherwise why not: too many attempts wait,
   * or this one has waited too long.
   */
  take(keys: readonly PlaceKey[]): MaybePromise<BlockedAttempt | undefined> {
    const [first, ...others] = keys
    if (first === undefined) return undefined
    return andThen(this.#takeOne(first), (isTaken) => {
      if (!isTaken) return { kind: first.kind, retryAfterSeconds: 1 }
      return andThen(this.take(others), (blocked) => {
        if (blocked !== undefined) this.giveBack([first])
        return blocked
      })
    })
  }

  /** Gives the places back. Each goes to the attempt that has waited longest for it. */
  giveBack(keys: readonly PlaceKey[]): void {
    for (const { kind, key } of keys) {
      const place = this.#taken.get(kind + key)
      if (place === undefined) continue
      const next = place.waiting.shift()
      if (next !== undefined) next()
      else if (--place.count === 0) this.#taken.delete(kind + key)
    }
  }

  #takeOne({ kind, key, limit }: PlaceKey): MaybePromise<boolean> {
    const place = this.#taken.get(kind + key) ?? { count: 0, waiting: [] }
    if (place.count < limit) {
      place.count += 1
      this.#taken.set(kind + key, place)
      return true
    }
    if (place.waiting.length >= WAITING_LIMIT) return false
    return new Promise((resolve) => {
      const wake = (): void => {
        clearTimeout(timer)
        resolve(true)
      }
      const timer = setTimeout(() => {
        place.waiting.splice(place.waiting.indexOf(wake), 1)
        resolve(false)
      }, LONGEST_WAIT).unref()
      place.waiting.push(wake)
    })
  }
}
