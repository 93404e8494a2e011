import { setTimeout as sleep } from 'node:timers/promises'

const ATTEMPTS = 10

/**
 * Does work again whose transaction the database ended for the sake of another one. After some attempts the error is thrown: then
 * there is more to it than bad luck.
 */
export async function retryAborted<Result>(
  isAborted: (error: unknown) => boolean,
  work: (attempt: number) => Promise<Result>,
): Promise<Result> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work(attempt)
    } catch (error) {
      if (attempt === ATTEMPTS || !isAborted(error)) throw error
      await sleep(Math.random() * 10 * attempt)
    }
  }
}

/** Whether an error tells, by SQLSTATE, of a deadlock or a serialization failure; every change is undone then. `pg` calls it `code`. */
export function isAborted(error: unknown): boolean {
  const { sqlState, code } = Object(error) as { readonly sqlState?: unknown; readonly code?: unknown }
  return [sqlState, code].some((one) => one === '40001' || one === '40P01')
}
