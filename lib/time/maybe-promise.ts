/** A value, or a promise of it. Stores, grants and hooks may return either. */
export type MaybePromise<T> = T | PromiseLike<T>

/**
 * Calls `next` with `value`: at once when it is not a promise, else when it is fulfilled.
 *
 * Stores such as memory and SQLite return synchronously, and a promise for each step would cost more than the steps; see
 * docs/adr/0003-no-promise-without-need.md.
 */
export function andThen<T, U>(value: MaybePromise<T>, next: (value: T) => MaybePromise<U>): MaybePromise<U> {
  if (!isPromiseLike(value)) return next(value)
  return promiseOf(value).then(next)
}

/** Calls `work`, and `recover` with what it throws or what its promise is rejected with: `try` and `catch` for both. */
export function orElse<T, U>(
  work: () => MaybePromise<T>,
  recover: (thrown: unknown) => MaybePromise<U>,
): MaybePromise<T | U> {
  let value: MaybePromise<T>
  try {
    value = work()
  } catch (thrown) {
    return recover(thrown)
  }
  return isPromiseLike(value) ? promiseOf(value).then<T, U>(undefined, recover) : value
}

/** What only looks like a promise may return anything from `then`. */
function promiseOf<T>(value: PromiseLike<T>): Promise<T> {
  return value instanceof Promise ? (value as Promise<T>) : Promise.resolve(value)
}

/** Whether a value has to be waited for. */
export function isPromiseLike<T>(value: MaybePromise<T>): value is PromiseLike<T> {
  return (
    typeof value === 'object' && value !== null && typeof (value as { readonly then?: unknown }).then === 'function'
  )
}

/** Whether a hook returned a promise where a value is needed at once. The promise and its rejection are ignored. */
export function isUnwantedPromise(value: unknown): value is PromiseLike<unknown> {
  if (!isPromiseLike(value)) return false
  Promise.resolve(value).then(ignore, ignore)
  return true
}

function ignore(): void {
  // See isUnwantedPromise.
}
