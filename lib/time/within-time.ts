/**
 * Waits for work for a limited time, then fails with the error that `late` returns. A late result or error is ignored. With `unref`, the
 * timer does not keep the process alive.
 */
export function withinTime<Result>(
  milliseconds: number,
  work: PromiseLike<Result>,
  late: () => Error,
  { unref = false }: { readonly unref?: boolean } = {},
): Promise<Result> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      reject(late())
    }, milliseconds)
    if (unref) timer.unref()
    work.then(
      (result) => {
        clearTimeout(timer)
        resolve(result)
      },
      (error: unknown) => {
        clearTimeout(timer)
        // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- a store may throw any value, which is passed on unchanged
        reject(error)
      },
    )
  })
}
