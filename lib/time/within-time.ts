/**
 * Waits for work so many milliseconds, then fails with what `late` makes. Work that ends later is not waited for, and what it throws then
 * is nobody's business any more. With `unref` the timer does not keep the process alive.
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
        // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- what a store throws is told as it is, and may be any value
        reject(error)
      },
    )
  })
}
