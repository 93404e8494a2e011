import { describe, expect, it } from 'vitest'
import { withinTime } from '../../../lib/time/within-time.js'

const never = new Promise<never>(() => undefined)
const late = (): Error => new Error('late')

/** How many timers keep the process alive. */
const timers = (): number => process.getActiveResourcesInfo().filter((resource) => resource === 'Timeout').length

describe('withinTime', () => {
  it('returns the result of the work, and leaves no timer', async () => {
    const before = timers()
    expect(await withinTime(60_000, Promise.resolve('done'), late)).toBe('done')
    await expect(withinTime(60_000, Promise.reject(new Error('failed')), late)).rejects.toThrow('failed')
    expect(timers()).toBe(before)
  })

  it('fails when the work takes too long', async () => {
    await expect(withinTime(1, never, late)).rejects.toThrow('late')
  })

  it('keeps the process alive while it waits, unless asked not to', async () => {
    const before = timers()
    const waits = withinTime(20, never, late)
    expect(timers()).toBe(before + 1)
    void withinTime(60_000, never, late, { unref: true })
    expect(timers()).toBe(before + 1)
    await expect(waits).rejects.toThrow('late')
  })
})
