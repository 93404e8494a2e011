import { ConfigurationError, memoryThrottle, sharedThrottle } from 'latchkey'
import { RateLimiterMemory } from 'rate-limiter-flexible'
import { describe, expect, it } from 'vitest'

const limiter = new RateLimiterMemory({ points: 1, duration: 0 })
const sound = Object.fromEntries(
  ['penalty', 'reward', 'get', 'set', 'delete'].map((method) => [method, () => Promise.resolve(null)]),
)

/** Which option is wrong, and what the message says. */
function mistakeOf(make: () => unknown): string {
  try {
    make()
  } catch (error) {
    if (error instanceof ConfigurationError) return error.message
    throw error
  }
  return 'no mistake'
}

const wrongLimits: readonly (readonly [given: unknown, option: string, says: RegExp])[] = [
  [null, 'limits', /must be an object of options/],
  [[], 'limits', /must be an object of options/],
  [7, 'limits', /must be an object of options/],
  [{ acount: {} }, 'limits.acount', /is not an option.*account, known_account, client, known_client, address, token/],
  [{ account: null }, 'limits.account', /must be an object of options/],
  [{ account: 5 }, 'limits.account', /must be an object of options/],
  [{ account: { free: 5 } }, 'limits.account.free', /is not an option.*freeFailures/],
  ...[0, -1, 1.5, NaN, Infinity, '5', null, 1_000_001].map(
    (freeFailures) =>
      [{ account: { freeFailures } }, 'limits.account.freeFailures', /whole number from 1 to 1000000/] as const,
  ),
  ...[0, 1.5, 86_401, '1'].flatMap((seconds) => [
    [{ token: { firstDelaySeconds: seconds } }, 'limits.token.firstDelaySeconds', /from 1 to 86400/] as const,
    [{ client: { longestDelaySeconds: seconds } }, 'limits.client.longestDelaySeconds', /from 1 to 86400/] as const,
  ]),
  ...[0, 31_536_001].map(
    (forgetSeconds) => [{ address: { forgetSeconds } }, 'limits.address.forgetSeconds', /from 1 to 31536000/] as const,
  ),
  [
    { token: { firstDelaySeconds: 6 } },
    'limits.token.longestDelaySeconds',
    /is less than firstDelaySeconds, 6.*Set it to/,
  ],
]

describe.each([
  ['memoryThrottle', (limits: unknown) => memoryThrottle({ limits: limits as never })],
  ['sharedThrottle', (limits: unknown) => sharedThrottle(limiter, { limits: limits as never })],
])('%s', (name, make) => {
  it.each(wrongLimits)('refuses limits %j', (given, option, says) => {
    const message = mistakeOf(() => make(given))
    expect(message).toContain(`${name}.${option}`)
    expect(message).toMatch(says)
  })

  it('accepts some of the limits', () => {
    for (const given of [undefined, {}, { account: {} }, { account: { freeFailures: 1 } }, { token: undefined }]) {
      expect(mistakeOf(() => make(given))).toBe('no mistake')
    }
  })
})

describe('memoryThrottle', () => {
  it.each([
    [null, /memoryThrottle.*must be an object of options/],
    [{ maxEntires: 1 }, /memoryThrottle\.maxEntires.*is not an option/],
    [{ maxEntries: 0 }, /memoryThrottle\.maxEntries.*from 1 to 10000000/],
    [{ maxEntries: '7' }, /memoryThrottle\.maxEntries/],
    [{ clock: 7 }, /memoryThrottle\.clock.*must be a function/],
  ])('refuses %j', (given, says) => {
    expect(mistakeOf(() => memoryThrottle(given as never))).toMatch(says)
  })

  it('says that its counters are not shared', () => {
    expect(memoryThrottle().isShared).toBe(false)
  })
})

describe('sharedThrottle', () => {
  it.each([
    [undefined, {}, /sharedThrottle.*must be a limiter of rate-limiter-flexible/],
    ['limiter', {}, /must be a limiter/],
    ...Object.keys(sound).map(
      (method) => [{ ...sound, [method]: undefined }, {}, new RegExp(`without the method ${method};`)] as const,
    ),
    [sound, null, /must be an object of options/],
    [sound, { timeout: 1 }, /sharedThrottle\.timeout.*is not an option/],
    [sound, { timeoutMilliseconds: 9 }, /timeoutMilliseconds.*from 10 to 60000/],
  ] as const)('refuses %j, %j', (given, options, says) => {
    expect(mistakeOf(() => sharedThrottle(given as never, options as never))).toMatch(says)
  })

  it('says that its counters are shared', () => {
    expect(sharedThrottle(limiter).isShared).toBe(true)
  })
})
