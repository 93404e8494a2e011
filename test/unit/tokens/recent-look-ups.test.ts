import { describe, expect, it } from 'vitest'
import { RecentLookUps } from '../../../lib/tokens/recent-look-ups.js'

const now = 1_800_000_000

describe('recent look-ups', () => {
  it('are at most 10,000, and the oldest are evicted first (V10)', () => {
    const lookUps = new RecentLookUps<string>(5)
    for (let i = 0; i < 10_000; i++) lookUps.look(`client-${String(i)}`, now, () => 'active', false)
    expect(lookUps.find('client-0', now)).toBe('active')
    // Looked up again, it goes last.
    lookUps.look('client-0', now, () => 'active', false)
    for (let i = 0; i < 10; i++) lookUps.look(`later-${String(i)}`, now, () => 'active', false)
    const kept = Array.from({ length: 10_000 }, (_, i) => lookUps.find(`client-${String(i)}`, now))
    expect(kept.filter((value) => value === undefined)).toHaveLength(10)
    expect([kept[0], kept[1], kept[10], kept[11]]).toEqual(['active', undefined, undefined, 'active'])
  })

  it('end after their seconds, also when the clock is set back (V10)', () => {
    const lookUps = new RecentLookUps<string>(5)
    expect(lookUps.look('a', now, () => 'active', false)).toBe('active')
    expect([now - 5, now - 4, now + 4, now + 5].map((time) => lookUps.find('a', time))).toEqual([
      undefined,
      'active',
      'active',
      undefined,
    ])
  })

  it('that fail keep the earlier result for a minute, unless a fresh one was required (V10)', async () => {
    const fail = (): string => {
      throw new Error('out of reach')
    }
    for (const work of [fail, async () => Promise.resolve().then(fail)]) {
      const lookUps = new RecentLookUps<string>(5)
      const look = async (time: number, anew = false): Promise<string> => lookUps.look('a', time, work, anew)
      lookUps.look('a', now, () => 'active', false)
      expect(await look(now + 59)).toBe('active')
      expect(lookUps.find('a', now + 63)).toBe('active')
      await expect(look(now + 60)).rejects.toThrow('out of reach')
      await expect(look(now + 1, true)).rejects.toThrow('out of reach')
      expect(await look(now + 1)).toMatch('active')
      for (const time of [now + 61, now - 61]) await expect(look(time)).rejects.toThrow('out of reach')
    }
  })

  it('that are overtaken by a later one, or forgotten, change nothing (V10)', async () => {
    const lookUps = new RecentLookUps<string>(5)
    const early = lookUps.look('a', now, async () => Promise.resolve('active'), false)
    lookUps.look('a', now + 1, () => 'disabled', true)
    await early
    expect(lookUps.find('a', now + 1)).toBe('disabled')
    const forgotten = lookUps.look('a', now, async () => Promise.resolve('active'), false)
    lookUps.forget('a')
    await forgotten
    expect(lookUps.find('a', now)).toBeUndefined()
  })
})
