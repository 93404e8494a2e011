import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { ConfigurationError, consoleEvents, StoreUnavailableError, type ConsoleEventsOptions } from 'latchkey'
import type { OAuthEvent } from 'latchkey'
import { eventLevels } from '../../../lib/telemetry/events.js'
import { standardErrorOf } from '../../fixtures/standard-error.js'

type Told = Readonly<Record<string, unknown>> & { readonly type: OAuthEvent['type'] }

/** An event as a listener gets it. */
function event(told: Told): OAuthEvent {
  const from = { at: 1_800_000_000, requestId: 'r1', endpoint: 'token', address: '192.0.2.1' }
  return { level: eventLevels[told.type], ...from, ...told } as unknown as OAuthEvent
}

const refused = event({
  type: 'request_refused',
  error: 'invalid_scope',
  description: 'The scope "x" is unknown',
  reason: undefined,
  clientId: 'shop app',
  scope: 'orders:read x',
})
const unknownToken = event({ type: 'unknown_token', clientId: undefined, reason: 'unknown' })
const broken = (cause: unknown, error = 'server_error'): OAuthEvent => event({ type: 'failure', error, cause })

/** What a listener writes of some events. */
function written(options: ConsoleEventsOptions, ...events: readonly OAuthEvent[]): string[] {
  const texts: string[] = []
  const listener = consoleEvents({ write: (text) => texts.push(text), ...options })
  for (const each of events) listener(each)
  return texts
}

describe('consoleEvents()', () => {
  it.each<[object, string]>([
    [
      { level: 'warning' },
      "consoleEvents.level: is 'warning', a string; must be 'error', 'warn', 'info' or 'debug'. Leave it out for info.",
    ],
    [
      { format: 'text' },
      "consoleEvents.format: is 'text', a string; must be 'pretty' or 'json'. Leave it out for pretty.",
    ],
    [{ foldSeconds: -1 }, 'consoleEvents.foldSeconds: is -1; must be a whole number from 0 to 3600. Leave it out'],
    [{ stacks: 'yes' }, "consoleEvents.stacks: is 'yes', a string; must be true or false. "],
    [{ write: process.stderr }, '; must be a function. '],
    [{ colors: true }, 'consoleEvents.colors: is not an option. '],
  ])('refuses %j', (options, message) => {
    expect(() => consoleEvents(options as ConsoleEventsOptions)).toThrow(ConfigurationError)
    expect(() => consoleEvents(options as ConsoleEventsOptions)).toThrow(message)
  })

  it('writes one line for a refusal: what, why, who, where from', () => {
    expect(written({}, refused)).toEqual([
      '2027-01-15T08:00:00Z latchkey info request_refused invalid_scope client="shop app" scope="orders:read x" ' +
        'endpoint=token "The scope \\"x\\" is unknown" address=192.0.2.1 id=r1',
    ])
  })

  it.each([
    ['error', 1],
    ['warn', 2],
    ['info', 3],
    ['debug', 4],
  ] as const)('writes events that are at least as severe as %s', (level, count) => {
    const throttled = event({ type: 'throttled', kind: 'address', clientId: undefined, retryAfterSeconds: 3 })
    expect(written({ level }, broken('x'), throttled, refused, unknownToken)).toHaveLength(count)
  })

  it('writes a line for each cause of a failure, and no stack for an outage', () => {
    const refusal = Object.assign(new Error('connect ECONNREFUSED 127.0.0.1:3000'), { code: 'ECONNREFUSED' })
    const both = Object.assign(new AggregateError([refusal], ''), { code: 'ECONNREFUSED' })
    const cause = new StoreUnavailableError('Forged\nline', { cause: new TypeError('fetch failed', { cause: both }) })
    expect(written({}, broken(cause, 'temporarily_unavailable'))).toEqual([
      [
        '2027-01-15T08:00:00Z latchkey error failure temporarily_unavailable endpoint=token address=192.0.2.1 id=r1',
        '  StoreUnavailableError: Forged\\u000aline',
        '  caused by TypeError: fetch failed',
        '  caused by AggregateError (ECONNREFUSED)',
        '  with Error: connect ECONNREFUSED 127.0.0.1:3000',
      ].join('\n'),
    ])
  })

  it('writes the stack of a defect in development, at debug, or if asked for, without Node’s frames', () => {
    const cause = new RangeError('odd')
    const [text = ''] = written({}, broken(cause))
    expect(text).toMatch(/\n {2}RangeError: odd\n {4}at .*console-events\.test\.ts:/)
    expect(text).not.toContain('node:internal')
    expect(written({ stacks: false }, broken(cause))[0]).not.toContain(' at ')
    vi.stubEnv('NODE_ENV', 'production')
    expect(written({}, broken(cause))[0]).not.toContain(' at ')
    expect(written({ stacks: true }, broken(cause, 'temporarily_unavailable'))[0]).toContain(' at ')
    expect(written({ level: 'debug' }, broken(cause, 'temporarily_unavailable'))[0]).toContain(' at ')
    vi.unstubAllEnvs()
  })

  it.each([
    ['a text', 'boom\u202E', '  boom\\u202e'],
    ['nothing', undefined, '  undefined'],
    ['an object', { a: 1, b: [2n] }, '  { a: 1, b: [ 2n ] }'],
    ['an error with a code', Object.assign(new Error('no'), { code: 'E1' }), '  Error: no (E1)'],
    ['a circle', circle(), '  Error: round'],
  ])('writes what caused a failure in one line: %s', (_what, cause, line) => {
    expect(written({ stacks: false }, broken(cause))[0]?.split('\n').slice(1)).toEqual([line])
  })

  it('writes the weak settings below their warning, and no sentence twice', () => {
    const finding = { code: 'untrusted_proxy', reason: 'A proxy is not trusted', remedy: 'Set trust proxy' }
    const start = { type: 'warning', endpoint: undefined } as const
    const [settings, noticed] = written(
      {},
      event({ ...start, code: 'weak_settings', message: 'Weak settings: untrusted_proxy', findings: [finding] }),
      event({ ...start, code: 'untrusted_proxy', message: finding.reason, findings: [finding] }),
    )
    expect(settings?.split('\n').slice(1)).toEqual(['  untrusted_proxy: A proxy is not trusted. Set trust proxy.'])
    expect(noticed?.split('\n')).toEqual([
      '2027-01-15T08:00:00Z latchkey warn warning untrusted_proxy "A proxy is not trusted"',
      '  Set trust proxy.',
    ])
  })

  it('cannot be made to forge a line, a member or an escape by the content of an event', () => {
    const forged = event({ type: 'request_refused', error: 'x', clientId: 'a reason=ok', description: 'a" id=r2 "b' })
    expect(written({}, forged)[0]).toMatch(/ client="a reason=ok" endpoint=token "a\\" id=r2 \\"b" address=\S+ id=r1$/)
  })

  it('gives each text to a function, with its level', () => {
    const write = vi.fn()
    const listener = consoleEvents({ write })
    listener(refused)
    expect(write.mock.calls).toEqual([[expect.stringContaining('request_refused'), 'info']])
  })

  it('writes to the standard error stream, without colors if it is not a terminal', async () => {
    const text = await standardErrorOf(() => {
      consoleEvents()(refused)
    })
    expect(text).toMatch(/^2027-01-15T08:00:00Z latchkey info request_refused .* id=r1\n$/)
  })
})

describe('consoleEvents({ format: "json" })', () => {
  it('writes each event as one line with all members, and the time in words', () => {
    const [line = '', again] = written({ format: 'json' }, refused, refused)
    expect(again).toBe(line)
    expect(JSON.parse(line)).toEqual({
      ...JSON.parse(JSON.stringify(refused)),
      time: '2027-01-15T08:00:00.000Z',
      logger: 'latchkey',
    })
  })

  it('writes errors with all that they have, in one line of ASCII', () => {
    const cause = Object.assign(new Error('öffnen\n', { cause: new Error('inner') }), { code: 'E1', errno: -2 })
    const [line = ''] = written({ format: 'json' }, broken(cause))
    expect(line).toMatch(/^[\x20-\x7E]+$/)
    expect(JSON.parse(line).cause).toEqual({
      name: 'Error',
      message: 'öffnen\n',
      code: 'E1',
      errno: -2,
      stack: cause.stack,
      cause: { name: 'Error', message: 'inner', stack: (cause.cause as Error).stack },
    })
  })

  it.each<[string, unknown, unknown]>([
    ['a bigint', { a: [1n] }, { a: ['1'] }],
    ['a symbol', Symbol('x'), 'Symbol(x)'],
    ['an aggregate', new AggregateError([new Error('a')]), expect.objectContaining({ errors: [expect.anything()] })],
    ['a circle', circle(), expect.objectContaining({ message: 'round' })],
  ])('writes a cause that JSON cannot hold: %s', (_what, cause, expected) => {
    expect(JSON.parse(written({ format: 'json' }, broken(cause))[0] ?? '').cause).toEqual(expected)
  })
})

describe('events that are alike', () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] })
  })
  afterEach(() => {
    vi.useRealTimers()
  })

  it('are written once a minute, and counted', () => {
    const texts: string[] = []
    const listener = consoleEvents({ level: 'debug', write: (text) => texts.push(text) })
    for (let i = 0; i < 38; i++)
      listener({ ...unknownToken, requestId: `r${String(i)}`, address: `192.0.2.${String(i)}` })
    listener(refused)
    expect(texts).toHaveLength(2)
    vi.advanceTimersByTime(60_000)
    expect(texts.slice(2)).toEqual([
      '2027-01-15T08:00:00Z latchkey debug and 37 more like this in 60 s, the last one: ' +
        'unknown_token reason=unknown endpoint=token address=192.0.2.37 id=r37',
    ])
    vi.advanceTimersByTime(600_000)
    listener(unknownToken)
    expect(texts).toHaveLength(4)
  })

  it('are failures with the same causes, even with other stacks', () => {
    const fail = (message: string): OAuthEvent => broken(new Error('x', { cause: new Error(message) }))
    expect(written({}, fail('a'), fail('a'), fail('b'))).toHaveLength(2)
  })

  it('are all written with foldSeconds: 0', () => {
    expect(written({ foldSeconds: 0 }, refused, refused)).toHaveLength(2)
  })

  it('are counted in JSON too, if asked for', () => {
    const texts: string[] = []
    const listener = consoleEvents({ format: 'json', foldSeconds: 5, write: (text) => texts.push(text) })
    for (let i = 0; i < 3; i++) listener(refused)
    vi.advanceTimersByTime(5000)
    expect(texts.map((text) => JSON.parse(text).folded)).toEqual([undefined, { count: 2, seconds: 5, areEqual: true }])
  })

  it('fill neither a log nor the memory if they differ: a hundred lines of each type, then a count', () => {
    const texts: string[] = []
    const listener = consoleEvents({ level: 'debug', write: (text) => texts.push(text) })
    for (let i = 0; i < 5000; i++) listener({ ...unknownToken, clientId: `c${String(i)}` } as OAuthEvent)
    listener(broken('x'))
    expect(texts).toHaveLength(101)
    vi.advanceTimersByTime(60_000)
    expect(texts.slice(101)).toEqual([
      expect.stringMatching(/ debug and 4900 more unknown_token in 60 s, the last one: unknown_token client=c4999 /),
    ])
  })

  it('do not end the process when their count cannot be written', () => {
    let isFull = false
    const listener = consoleEvents({
      write: () => {
        if (isFull) throw new Error('disk full')
      },
    })
    listener(refused)
    listener(refused)
    isFull = true
    vi.advanceTimersByTime(60_000)
  })
})

describe('the levels of events', () => {
  it('are a closed table', () => {
    expect(eventLevels).toEqual({
      failure: 'error',
      warning: 'warn',
      throttled: 'warn',
      account_failures: 'warn',
      refresh_token_replayed: 'warn',
      refresh_token_retried_late: 'warn',
      refresh_token_misused: 'warn',
      request_refused: 'info',
      tokens_revoked: 'info',
      client_secret_rotated: 'info',
      client_secret_retired: 'info',
      client_changed: 'info',
      signing_key_withdrawn: 'info',
      client_authentication_failed: 'debug',
      user_authentication_failed: 'debug',
      unknown_token: 'debug',
      tokens_issued: 'debug',
    })
  })
})

function circle(): Error {
  const error = new Error('round')
  error.stack = ''
  error.cause = error
  return error
}
