import { StoreUnavailableError } from '../errors/store-unavailable-error.js'
import { withinTime } from '../time/within-time.js'

/** The time until which a caller waits for some work. */
export interface Deadline {
  /** Whether it has passed. Work with several steps checks it before each one that changes something. */
  readonly hasPassed: boolean
  /** Calls `act` when it passes, for example to release a connection. Replaces an earlier `act`. */
  whenPassed(act: (() => void) | undefined): void
}

/**
 * Waits for work for a limited time, then throws `StoreUnavailableError`: a database that does not respond must not block its callers. A late result
 * or error is ignored.
 */
export function withinDeadline<Result>(
  milliseconds: number,
  database: string,
  work: (deadline: Deadline) => PromiseLike<Result>,
): Promise<Result> {
  let act: (() => void) | undefined
  const deadline = {
    hasPassed: false,
    whenPassed(then: (() => void) | undefined): void {
      act = then
    },
  }
  return withinTime(milliseconds, work(deadline), () => {
    deadline.hasPassed = true
    act?.()
    return new StoreUnavailableError(`${database} did not respond within ${String(milliseconds)} ms`)
  })
}
