import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { retryAborted } from '../../../lib/time/retry-aborted.js'

const isAborted = (error: unknown): boolean => (error as Error).message === 'deadlock'

/** Work that fails so many times, and notes its attempts. */
function failing(times: number, error: string) {
  const attempts: number[] = []
  const work = async (attempt: number): Promise<string> => {
    attempts.push(attempt)
    if (attempt <= times) throw new Error(error)
    return 'done'
  }
  return { attempts, work }
}

describe('work that a database may abort', () => {
  beforeEach(() => {
    // No pauses.
    vi.spyOn(Math, 'random').mockReturnValue(0)
  })
  afterEach(() => {
    vi.restoreAllMocks()
  })

  const repeated = ({ work }: ReturnType<typeof failing>): Promise<unknown> =>
    retryAborted(isAborted, work).catch((error: unknown) => (error as Error).message)

  it.each([0, 1, 9])('is repeated after %i aborts', async (times) => {
    const work = failing(times, 'deadlock')
    expect(await repeated(work)).toBe('done')
    expect(work.attempts).toEqual(Array.from({ length: times + 1 }, (_, i) => i + 1))
  })

  it('is given up after ten attempts', async () => {
    const work = failing(10, 'deadlock')
    expect(await repeated(work)).toBe('deadlock')
    expect(work.attempts).toHaveLength(10)
  })

  it('is not repeated after another failure', async () => {
    const work = failing(1, 'disk full')
    expect(await repeated(work)).toBe('disk full')
    expect(work.attempts).toEqual([1])
  })
})
