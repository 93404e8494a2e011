/** A value, or a promise of it. Stores and grants may answer either way. */
export type MaybePromise<T> = T | PromiseLike<T>

/**
 * Goes on with `next` once `value` is there: at once when it is no promise.
 *
 * Stores such as memory and SQLite answer synchronously. A promise for each step would cost more than the steps, so the
 * request path is written with this instead of `await`; see docs/adr/0003-no-promise-without-need.md.
 */
export function andThen<T, U>(value: MaybePromise<T>, next: (value: T) => MaybePromise<U>): MaybePromise<U> {
  if (!isPromiseLike(value)) return next(value)
  // What only looks like a promise need not answer one from `then`.
  return (value instanceof Promise ? (value as Promise<T>) : Promise.resolve(value)).then(next)
}

/** Whether a value has to be waited for. */
export function isPromiseLike<T>(value: MaybePromise<T>): value is PromiseLike<T> {
  return (
    typeof value === 'object' && value !== null && typeof (value as { readonly then?: unknown }).then === 'function'
  )
}

/**
 * Whether somebody answered with a promise where an answer is needed at once. Nobody waits for it, and its rejection, which would end
 * the process, goes unheard.
 */
export function isUnwantedPromise(value: unknown): value is PromiseLike<unknown> {
  if (!isPromiseLike(value)) return false
  Promise.resolve(value).then(ignore, ignore)
  return true
}

function ignore(): void {
  // See isUnwantedPromise.
}
