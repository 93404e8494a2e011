import { StoreUnavailableError } from '../errors/store-unavailable-error.js'
import { withinTime } from '../time/within-time.js'

/** Until when a caller waits for some work. */
export interface Deadline {
  /** Whether it is too late: work that has several steps asks before each one that changes something. */
  readonly hasPassed: boolean
  /** Has something done when it passes, such as giving back what the work holds; replaces what was to be done before. */
  whenPassed(act: (() => void) | undefined): void
}

/**
 * Waits for work so many milliseconds, then throws `StoreUnavailableError`: a database that does not answer must not hold its
 * callers. Work that ends later is not waited for, and a late result or error is ignored.
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
    return new StoreUnavailableError(`${database} did not answer within ${String(milliseconds)} ms`)
  })
}
