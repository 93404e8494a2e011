import { setTimeout as sleep } from 'node:timers/promises'

const ATTEMPTS = 10

/** Retries a transaction that was aborted by a deadlock or a serialization failure, ten times at most. Then throws its error. */
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

/**
 * Returns whether an error is a deadlock or a serialization failure, after which every change has been undone. Recognized by the SQLSTATE,
 * which `pg` calls `code`.
 */
export function isAborted(error: unknown): boolean {
  const { sqlState, code } = Object(error) as { readonly sqlState?: unknown; readonly code?: unknown }
  return [sqlState, code].some((one) => one === '40001' || one === '40P01')
}
