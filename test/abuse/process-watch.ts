import { afterAll, afterEach, beforeAll, expect } from 'vitest'

/** Fails the test in which a promise was rejected, or an exception thrown, that nobody caught: in a server it ends the process. */
export function watchProcess(): void {
  const uncaught: unknown[] = []
  const note = (error: unknown): void => void uncaught.push(error)

  beforeAll(() => {
    process.on('unhandledRejection', note).on('uncaughtException', note)
  })
  afterEach(async () => {
    await new Promise(setImmediate)
    expect(uncaught.splice(0)).toEqual([])
  })
  afterAll(() => {
    process.off('unhandledRejection', note).off('uncaughtException', note)
  })
}
