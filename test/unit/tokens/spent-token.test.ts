import { describe, expect, it } from 'vitest'
import type { RefreshTokenSpending } from 'latchkey'
import { judgeSpentToken } from '../../../lib/tokens/spent-token.js'

const spentAt = 1_000_000
/** A token that was spent with a grace of a day. */
const spent: RefreshTokenSpending = {
  spentAt,
  successorNonce: 'n'.repeat(43),
  accessTokenScope: 'a',
  accessTokenAudience: '',
  accessTokenExpiresAt: spentAt + 3600,
  retryUntil: spentAt + 86_400,
}
const judge = (more: object, secondsLater: number, graceSeconds = 10): string =>
  judgeSpentToken({ ...spent, ...more }, (spentAt + secondsLater) * 1000, graceSeconds)

describe('a spent refresh token', () => {
  it.each([
    ['within the grace', {}, 9.999, 10, 'retry'],
    ['when the grace is over', {}, 10, 10, 'replay'],
    ['before it was spent, having waited', {}, -3, 10, 'retry'],
    ['where there is no grace', {}, 0, 0, 'replay'],
    ['before it was spent, where there is no grace', {}, -3, 0, 'replay'],
    ['within a long grace, in the first minute', {}, 59.999, 86_400, 'retry'],
    ['within a long grace, later', {}, 60, 86_400, 'late_retry'],
    ['when a long grace is over', {}, 86_400, 86_400, 'replay'],
    ['when the grace that it was spent with is over', { retryUntil: spentAt + 5 }, 5, 10, 'replay'],
    ['within the minute that a store without retryUntil is good for', { retryUntil: undefined }, 59, 86_400, 'retry'],
    ['after that minute', { retryUntil: undefined }, 60, 86_400, 'replay'],
  ])('that comes %s', (_when, more, later, grace, verdict) => {
    expect(judge(more, later, grace)).toBe(verdict)
  })

  it.each([
    ['came before its successor was spent is refused', { successorSpentAt: spentAt * 1000 + 500 }, 0.499, 'refused'],
    ['came in the same millisecond is a replay', { successorSpentAt: spentAt * 1000 + 500 }, 0.5, 'replay'],
    ['came after its successor was spent is a replay', { successorSpentAt: spentAt * 1000 + 500 }, 5, 'replay'],
    ['came before a late retry was answered is refused', { lateRetryAt: spentAt + 100 }, 99.999, 'refused'],
    ['came after a late retry was answered is a replay', { lateRetryAt: spentAt + 100 }, 100, 'replay'],
    ['came in time, of which the nonce is forgotten, is refused', { successorNonce: undefined }, 86_399, 'refused'],
    ['came late, of which the nonce is forgotten, is a replay', { successorNonce: undefined }, 86_400, 'replay'],
  ])('that %s', (_what, more, later, verdict) => {
    expect(judge(more, later, 86_400)).toBe(verdict)
    expect(judge({ ...more, ...('successorNonce' in more ? {} : { successorNonce: undefined }) }, later, 86_400)).toBe(
      verdict,
    )
  })

  it.each([
    ['spentAt', Number.NaN],
    ['spentAt', undefined],
    ['spentAt', 'yesterday'],
    ['retryUntil', Number.NaN],
    ['retryUntil', 'tomorrow'],
    ['successorSpentAt', Number.NaN],
    ['successorSpentAt', 'now'],
    ['lateRetryAt', Number.NaN],
    ['lateRetryAt', false],
  ])('whose %s is no time (%s) is a replay', (name, value) => {
    expect(judge({ [name]: value, ...(name === 'spentAt' && { retryUntil: undefined }) }, 1)).toBe('replay')
    expect(judge({ [name]: value }, 1)).toBe('replay')
  })

  it('may have null for what is absent, as databases return it', () => {
    const nulls = { successorSpentAt: null, lateRetryAt: null, retryUntil: null }
    expect(judge(nulls, 9)).toBe('retry')
    expect(judge({ ...nulls, successorNonce: null }, 9)).toBe('refused')
    expect(judge({ successorNonce: '' }, 9)).toBe('refused')
  })
})
