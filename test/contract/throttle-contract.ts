import { createHash, randomUUID } from 'node:crypto'
import type { AllowedAttempt, AttemptOutcome, BlockedAttempt, Throttle, ThrottleKey, ThrottleKind } from 'latchkey'
import type { ThrottleLimits } from 'latchkey'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

/** A throttle under test. */
export interface ThrottleUnderTest {
  /** The same counters, by two processes or by one. */
  readonly throttles: readonly [Throttle, Throttle]
  /** Lets time pass. */
  advance(seconds: number): Promise<void> | void
  close?(): Promise<void> | void
}

const limits: ThrottleLimits = {
  account: { freeFailures: 3, firstDelaySeconds: 1, longestDelaySeconds: 2, forgetSeconds: 60 },
  known_account: { freeFailures: 3, firstDelaySeconds: 1, longestDelaySeconds: 2, forgetSeconds: 60 },
  address: { freeFailures: 10, firstDelaySeconds: 1, longestDelaySeconds: 2, forgetSeconds: 60 },
  client: { freeFailures: 2, firstDelaySeconds: 1, longestDelaySeconds: 1, forgetSeconds: 2 },
  token: { freeFailures: 1, firstDelaySeconds: 60, longestDelaySeconds: 90, forgetSeconds: 120 },
}

/** The rules that every throttle keeps to. */
export function throttleContract(
  create: (limits: ThrottleLimits) => Promise<ThrottleUnderTest> | ThrottleUnderTest,
): void {
  let subject: ThrottleUnderTest
  let throttle: Throttle
  let other: Throttle

  beforeAll(async () => {
    subject = await create(limits)
    ;[throttle, other] = subject.throttles
  })
  afterAll(() => subject.close?.())

  async function attempt(keys: readonly ThrottleKey[], outcome: AttemptOutcome = 'failed', by = throttle) {
    const begun = await by.begin(keys)
    if (isAllowed(begun)) await begun.end(outcome)
    return told(begun)
  }

  describe('counting', () => {
    it('allows the free failures, then delays', async () => {
      const key = aKey('account')
      const answers = []
      for (let i = 0; i < 5; i += 1) answers.push(await attempt([key], 'failed', i % 2 ? other : throttle))
      const blocked = { kind: 'account', retryAfterSeconds: 1 }
      expect(answers).toEqual(['allowed', 'allowed', 'allowed', blocked, blocked])
    })

    it('doubles the delay with each failure, up to the longest; blocked attempts do not count', async () => {
      const key = aKey('account')
      for (let i = 0; i < 30; i += 1) await attempt([key])
      const delays = []
      for (let i = 0; i < 3; i += 1) {
        await subject.advance(i === 0 ? 1 : 2)
        expect(await attempt([key])).toBe('allowed')
        const blocked = await attempt([key])
        delays.push(blocked === 'allowed' ? 0 : blocked.retryAfterSeconds)
      }
      expect(delays).toEqual([2, 2, 2])
    })

    it('allows as many of a hundred concurrent attempts in two processes as of a hundred in sequence', async () => {
      const key = aKey('account')
      const begun = Array.from({ length: 100 }, (_, i) => attempt([key], 'failed', i % 2 ? other : throttle))
      const allowed = (await Promise.all(begun)).filter((answer) => answer === 'allowed')
      expect(allowed).toHaveLength(3)

      await subject.advance(1)
      const again = Array.from({ length: 100 }, (_, i) => attempt([key], 'failed', i % 2 ? other : throttle))
      expect((await Promise.all(again)).filter((answer) => answer === 'allowed')).toHaveLength(1)
    })

    it('does not extend a delay because attempts are concurrent', async () => {
      const key = aKey('account')
      await Promise.all(Array.from({ length: 100 }, () => attempt([key])))
      expect(await attempt([key])).toEqual({ kind: 'account', retryAfterSeconds: 1 })
    })

    it('counts for all keys at once, and names the one that is blocked for longest', async () => {
      const [account, address, token] = [aKey('account'), aKey('address'), aKey('token')]
      for (let i = 0; i < 3; i += 1) await attempt([account, address])
      expect(await attempt([token])).toBe('allowed')
      expect(await attempt([account, address, token])).toEqual({ kind: 'token', retryAfterSeconds: 60 })
    })

    it('an attempt that one key blocks is not counted for the other', async () => {
      const address = aKey('address')
      for (let i = 0; i < 10; i += 1) await attempt([aKey('account'), address])
      const account = aKey('account')
      for (let i = 0; i < 5; i += 1) expect(await attempt([account, address])).toMatchObject({ kind: 'address' })
      for (let i = 0; i < 3; i += 1) expect(await attempt([account])).toBe('allowed')
      for (let i = 0; i < 5; i += 1) expect(await attempt([account, address])).not.toBe('allowed')
      await subject.advance(1)
      expect(await attempt([account])).toBe('allowed')
    })

    it('forgets all failures a fixed time after the first', async () => {
      const key = aKey('client')
      expect(await attempt([key])).toBe('allowed')
      expect(await attempt([key])).toBe('allowed')
      expect(await attempt([key])).not.toBe('allowed')
      await subject.advance(2)
      expect(await attempt([key])).toBe('allowed')
      expect(await attempt([key])).toBe('allowed')
      expect(await attempt([key])).not.toBe('allowed')
    })
  })

  describe('what is no failure', () => {
    it.each(['succeeded', 'cancelled'] as const)('an attempt that %s gives its place back', async (outcome) => {
      const keys = [aKey('account'), aKey('address')]
      for (let i = 0; i < 20; i += 1) expect(await attempt(keys, outcome)).toBe('allowed')
      for (let i = 0; i < 3; i += 1) expect(await attempt(keys)).toBe('allowed')
      expect(await attempt(keys, outcome)).not.toBe('allowed')
      await subject.advance(1)
      expect(await attempt(keys, outcome)).toBe('allowed')
      expect(await attempt(keys, outcome)).toBe('allowed')
    })

    it('refuses none of two hundred concurrent attempts if none fails', async () => {
      const key = aKey('known_account')
      const begun = Array.from({ length: 200 }, async (_, i) => {
        const attempt = await (i % 2 ? other : throttle).begin([key])
        await new Promise((resolve) => setTimeout(resolve, 1))
        if (isAllowed(attempt)) await attempt.end('succeeded')
        return told(attempt)
      })
      expect(new Set(await Promise.all(begun))).toEqual(new Set(['allowed']))
    })

    it('a success clears the failures where it is known, and nowhere else', async () => {
      const [known, account] = [aKey('known_account'), aKey('account')]
      for (const key of [known, account]) {
        for (let i = 0; i < 2; i += 1) await attempt([key])
        expect(await attempt([key], 'succeeded')).toBe('allowed')
        expect(await attempt([key])).toBe('allowed')
      }
      expect(await attempt([known])).toBe('allowed')
      expect(await attempt([account])).not.toBe('allowed')
    })

    it('an attempt ends once', async () => {
      const key = aKey('account')
      const begun = await throttle.begin([key])
      if (!isAllowed(begun)) throw new Error('blocked')
      await begun.end('failed')
      await begun.end('cancelled')
      await begun.end('succeeded')
      await begun.end('failed')
      expect(await attempt([key])).toBe('allowed')
      expect(await attempt([key])).toBe('allowed')
      expect(await attempt([key])).not.toBe('allowed')
    })
  })

  describe('attempts under way', () => {
    it('an attempt beyond the limit waits, and is blocked when the others fail', async () => {
      const key = aKey('account')
      const places = await Promise.all([1, 2, 3].map(async () => throttle.begin([key])))
      const waiting = attempt([key], 'failed', other)
      await expectPending(waiting)
      for (const place of places) if (isAllowed(place)) await place.end('failed')
      expect(await waiting).toMatchObject({ kind: 'account' })
    })

    it('an attempt beyond the limit waits, and proceeds when one of the others succeeds', async () => {
      const key = aKey('account')
      const places = await Promise.all([1, 2, 3].map(async () => throttle.begin([key])))
      const waiting = attempt([key], 'failed', other)
      await expectPending(waiting)
      for (const place of places) if (isAllowed(place)) await place.end('cancelled')
      expect(await waiting).toBe('allowed')
    })
  })

  it('remembers the address of a success for all processes (V17)', async () => {
    const { key } = aKey('known_account')
    expect(await throttle.isKnown(key)).toBe(false)
    await throttle.remember(key)
    expect(await throttle.isKnown(key)).toBe(true)
    expect(await other.isKnown(key)).toBe(true)
    expect(await throttle.isKnown(aKey('known_account').key)).toBe(false)
  })

  it('remembers the newest addresses of an owner, and keeps those of others (V8)', async () => {
    const [alice, mallory] = [aKey('known_account').key, aKey('known_account').key]
    const home = aKey('known_account').key
    await throttle.remember(home, alice)
    for (let i = 0; i < 60; i += 1) {
      const { key } = aKey('known_account')
      await throttle.remember(key, mallory)
      expect(await other.isKnown(key, mallory)).toBe(true)
      expect(await other.isKnown(key, alice)).toBe(false)
    }
    expect(await other.isKnown(home, alice)).toBe(true)
  })

  it('passes the check at startup, repeatedly and by two processes at once', async () => {
    for (let i = 0; i < 3; i += 1) await Promise.all([throttle.check?.(), other.check?.()])
  })

  it('counts failures in a row, for all processes, until a success (V9)', async () => {
    const { key } = aKey('account')
    const counts = []
    for (let i = 0; i < 4; i += 1) counts.push(await (i % 2 ? other : throttle).countInARow?.(key))
    expect(counts).toEqual([1, 2, 3, 4])
    expect(await throttle.countInARow?.(undefined)).toBe(0)
    await other.clearInARow?.(key)
    expect(await throttle.countInARow?.(key)).toBe(1)
  })
}

async function expectPending(promise: Promise<unknown>): Promise<void> {
  const first = await Promise.race([promise, new Promise((resolve) => setTimeout(resolve, 30, 'pending'))])
  expect(first).toBe('pending')
}

function isAllowed(begun: AllowedAttempt | BlockedAttempt): begun is AllowedAttempt {
  return begun.retryAfterSeconds === undefined
}

function told(begun: AllowedAttempt | BlockedAttempt): 'allowed' | BlockedAttempt {
  return isAllowed(begun) ? 'allowed' : begun
}

/** A key that no other test has. */
function aKey(kind: ThrottleKind): ThrottleKey {
  return { kind, key: createHash('sha256').update(randomUUID()).digest('base64url') }
}
