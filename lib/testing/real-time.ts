import { setTimeout } from 'node:timers/promises'

/**
 * Runs an attempt that has to be finished before a second begins, which it is told, with the millisecond shortly before. On a
 * machine that is too slow for it, the attempt is run again with more time.
 */
export async function inTime<Result>(attempt: (end: number, almost: number) => Promise<Result>): Promise<Result> {
  for (const milliseconds of [300, 1000, 5000]) {
    const end = Math.ceil((Date.now() + milliseconds) / 1000)
    const result = await attempt(end, end * 1000 - milliseconds / 2)
    if (Date.now() < end * 1000) return result
  }
  throw new Error('A few calls took five seconds: too slow to see whether something expires too early')
}

/** Waits for a moment, milliseconds since the epoch. */
export async function sleepUntil(moment: number): Promise<void> {
  // A timer may come a little early.
  while (Date.now() < moment) await setTimeout(moment - Date.now())
}
