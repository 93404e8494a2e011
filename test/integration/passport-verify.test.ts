import { setTimeout as sleep } from 'node:timers/promises'
import { OAuthError, StoreUnavailableError, type HttpRequest, type OAuthEvent } from 'latchkey'
import {
  BearerStrategy,
  ClientBasicStrategy,
  ClientPasswordStrategy,
  type StrategyOptions,
  type VerifyDone,
} from 'latchkey/passport'
import type { Request } from 'express'
import type { Strategy } from 'passport'
import request from 'supertest'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { passportApp, type PassportAppOptions } from '../fixtures/passport-app.js'
import { answered, bearerChallenge, invalidClient, shown, type ShownAnswer } from '../fixtures/shown-answer.js'
import { standardErrorOf } from '../fixtures/standard-error.js'
import { basic } from '../fixtures/test-server.js'

/** A verify function whose credentials do not matter. */
type Answer = (done: VerifyDone) => unknown

/** Does all of it, one after the other, and returns what the last one does. */
function inTurn(...answers: readonly Answer[]): Answer {
  return (done) => answers.map((answer) => answer(done)).at(-1)
}

/** One strategy, by a verify function with `done` and by one without, and its answer to a refusal. */
interface Kind {
  readonly name: string
  readonly byDone: (options: StrategyOptions, answer: Answer) => Strategy
  readonly byValue: (options: StrategyOptions, answer: (credential: string) => unknown) => Strategy
  readonly byRest: (options: StrategyOptions, verify: (...given: unknown[]) => unknown) => Strategy
  readonly refusal: ShownAnswer
}

const invalidToken = 'The access token is invalid, expired or revoked'

const kinds: readonly Kind[] = [
  {
    name: 'BearerStrategy',
    byDone: (options, answer) => new BearerStrategy(options, (_token, done) => answer(done)),
    byValue: (options, answer) => new BearerStrategy(options, (token) => answer(token)),
    byRest: (options, verify) => new BearerStrategy(options, verify),
    refusal: answered(
      401,
      { error: 'invalid_token', error_description: invalidToken },
      { challenge: `${bearerChallenge}, error="invalid_token", error_description="${invalidToken}"` },
    ),
  },
  {
    name: 'ClientBasicStrategy',
    byDone: (options, answer) => new ClientBasicStrategy(options, (_id, _secret, done) => answer(done)),
    byValue: (options, answer) => new ClientBasicStrategy(options, (_id, secret) => answer(secret)),
    byRest: (options, verify) => new ClientBasicStrategy(options, verify),
    refusal: invalidClient,
  },
  {
    name: 'ClientPasswordStrategy',
    byDone: (options, answer) => new ClientPasswordStrategy(options, (_id, _secret, done) => answer(done)),
    byValue: (options, answer) => new ClientPasswordStrategy(options, (_id, secret) => answer(secret)),
    byRest: (options, verify) => new ClientPasswordStrategy(options, verify),
    refusal: invalidClient,
  },
]

const serverError = answered(500, {
  error: 'server_error',
  error_description: 'The server met an unexpected condition',
})
const unavailable = answered(
  503,
  { error: 'temporarily_unavailable', error_description: 'The server cannot answer right now' },
  { retryAfter: '7' },
)

const trouble = new Error('no such table: widgets')
const outage = new StoreUnavailableError('no connection', { retryAfterSeconds: 7 })
const alice = { name: 'alice' }

/** What would have ended the process. */
const uncaught: unknown[] = []
const catchUncaught = (error: unknown): unknown => uncaught.push(error)
const events: OAuthEvent[] = []
const options: StrategyOptions = { realm: '127.0.0.1', onEvent: (event) => events.push(event) }

beforeAll(() => {
  process.on('unhandledRejection', catchUncaught).on('uncaughtException', catchUncaught)
})
beforeEach(() => {
  events.length = 0
})
afterAll(async () => {
  await sleep(50)
  process.off('unhandledRejection', catchUncaught).off('uncaughtException', catchUncaught)
  expect(uncaught).toEqual([])
})

/** Sends good-looking credentials of the kind that a strategy reads. */
async function ask(strategy: Strategy, given?: PassportAppOptions): Promise<ShownAnswer> {
  const test = request(passportApp(strategy, given)).post('/guarded')
  if (strategy.name === 'bearer') return shown(await test.set('Authorization', 'Bearer abc'))
  if (strategy.name === 'basic') return shown(await test.set('Authorization', basic('id', 'secret')))
  return shown(await test.type('form').send('client_id=id&client_secret=secret'))
}

function causes(): unknown[] {
  return events.map((event) => (event.type === 'failure' ? event.cause : event.type))
}

describe.each(kinds)('a verify function of $name that declares no parameter', ({ byRest, refusal }) => {
  const doneOf = (given: readonly unknown[]): VerifyDone => given.at(-1) as VerifyDone
  const never = (): void => undefined

  it.each<[string, (...given: unknown[]) => unknown]>([
    // What PassportStrategy() of @nestjs/passport passes.
    [
      'calls done from an async function',
      async (...given) => {
        doneOf(given)(null, await sleep(5, alice))
      },
    ],
    ['calls done at once', (...given) => doneOf(given)(null, alice)],
    ['calls done later, and returns a timer', (...given) => setTimeout(doneOf(given), 5, null, alice)],
    ['returns a promise and never calls done', async () => sleep(5, alice)],
    ['has a default value', (credential = '') => (credential === '' ? false : Promise.resolve(alice))],
    ['is bound', ((...given: unknown[]) => doneOf(given)(null, alice)).bind(undefined)],
  ])('accepts: %s (06)', async (_what, verify) => {
    expect(await ask(byRest(options, verify))).toMatchObject({ status: 200 })
    expect(events).toEqual([])
  })

  it.each<[string, (...given: unknown[]) => unknown]>([
    [
      'calls done with false',
      async (...given) => {
        await sleep(0)
        doneOf(given)(null, false)
      },
    ],
    [
      'calls done with false, and returns something',
      (...given) => {
        doneOf(given)(null, false)
        return alice
      },
    ],
    ['calls done with false later, and returned a timer', (...given) => setTimeout(doneOf(given), 5, null, false)],
    [
      'calls done with false, and returns a promise of something',
      (...given) => {
        doneOf(given)(null, false)
        return Promise.resolve(alice)
      },
    ],
    ['returns the promise of nothing', async () => undefined],
    ['returns the promise of false', async () => sleep(5, false)],
  ])('refuses: %s (06)', async (_what, verify) => {
    expect(await ask(byRest(options, verify))).toEqual(refusal)
  })

  it.each<[string, (...given: unknown[]) => unknown]>([
    [
      'throws',
      () => {
        throw trouble
      },
    ],
    [
      'rejects',
      async () => {
        await sleep(1)
        throw trouble
      },
    ],
    ['calls done with an error', async (...given) => doneOf(given)(trouble)],
    ['returns the promise of an error', async () => trouble],
  ])('is a failure: %s (06)', async (_what, verify) => {
    expect(await ask(byRest(options, verify))).toEqual(serverError)
    expect(causes()).toEqual([trouble])
  })

  it('that gives no result is ended by the time limit (06)', async () => {
    const strategy = byRest({ ...options, requestTimeoutSeconds: 1 }, never)
    expect(await ask(strategy)).toMatchObject({ status: 503 })
  })
})

describe.each(kinds)('a verify function of $name that calls done', ({ byDone, refusal }) => {
  it.each<[string, Answer]>([
    ['at once', (done) => done(null, alice)],
    ['later', (done) => setTimeout(done, 5, null, alice)],
    ['from an async function', async (done) => done(null, alice)],
    ['with the promise of a user', (done) => done(null, sleep(5, alice))],
    [
      'twice the same',
      inTurn(
        (done) => done(null, alice),
        (done) => done(null, alice),
      ),
    ],
    [
      'and says more later',
      inTurn(
        (done) => done(null, alice),
        (done) => setTimeout(done, 10, trouble),
      ),
    ],
  ])('accepts: %s', async (_what, answer) => {
    expect(await ask(byDone(options, answer))).toMatchObject({ status: 200 })
    expect(events).toEqual([])
  })

  it.each<[string, Answer]>([
    ['at once', (done) => done(null, false)],
    ['later', (done) => setTimeout(done, 5, null, false)],
    ['with nothing', (done) => done(null)],
    ['with an empty string', (done) => done(null, '')],
    ['with the promise of nothing', (done) => done(null, sleep(5, undefined))],
    ['and returns something', (done) => (setTimeout(done, 5, null, false), alice)],
    ['and returns the promise of something', (done) => (setTimeout(done, 5, null, false), Promise.resolve(alice))],
    [
      'and goes on as if it had not',
      inTurn(
        (done) => done(null, false),
        (done) => done(null, alice),
      ),
    ],
    [
      'after it has said yes',
      inTurn(
        (done) => done(null, alice),
        (done) => done(null, false),
      ),
    ],
    ['with a message', (done) => done(null, false, { message: 'no such "user": Jürgen 🤷\r\nSet-Cookie: a=b' })],
    ['with a message, later', (done) => setTimeout(done, 5, null, false, 'no such "user": Jürgen 🤷\r\n')],
  ])('refuses: %s', async (_what, answer) => {
    expect(await ask(byDone(options, answer))).toEqual(refusal)
    expect(causes().at(-1)).toBe('request_refused')
  })

  it.each<[string, Answer]>([
    ['throws', throwTrouble],
    ['throws after it has said yes', inTurn((done) => done(null, alice), throwTrouble)],
    ['rejects', async () => throwTrouble()],
    ['rejects later', () => sleep(5).then(throwTrouble)],
    ['rejects after it has said yes', async (done) => inTurn((done) => done(null, alice), throwTrouble)(done)],
    ['says so', (done) => done(trouble)],
    ['says so later', (done) => setTimeout(done, 5, trouble)],
    [
      'says so, and then yes',
      inTurn(
        (done) => done(trouble),
        (done) => done(null, alice),
      ),
    ],
    [
      'says so, after yes',
      inTurn(
        (done) => done(null, alice),
        (done) => done(trouble),
      ),
    ],
    ['names a user all the same', (done) => done(trouble, alice)],
    ['gives the error for the user', (done) => done(null, trouble)],
    ['gives the promise of an error for the user', (done) => done(null, Promise.reject(trouble))],
  ])('responds with 500 and emits the cause: %s', async (_what, answer) => {
    expect(await ask(byDone(options, answer))).toEqual(serverError)
    expect(causes()).toEqual([trouble])
  })

  it.each<[string, Answer, unknown]>([
    [
      'throws nothing',
      () => {
        // eslint-disable-next-line @typescript-eslint/only-throw-error -- that is the case
        throw undefined
      },
      undefined,
    ],
    // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- that is the case
    ['rejects with nothing', () => Promise.reject(undefined), undefined],
    ['has a string for an error', (done) => done('Jürgen 🤷\r\n'), 'Jürgen 🤷\r\n'],
  ])('responds with 500 to something that is not an Error: %s', async (_what, answer, cause) => {
    expect(await ask(byDone(options, answer))).toEqual(serverError)
    expect(causes()).toEqual([cause])
  })

  it.each<[string, Answer]>([
    ['throws', throwOutage],
    ['rejects', async () => throwOutage()],
    ['says so', (done) => done(outage)],
  ])('responds with 503 and Retry-After for an unreachable store: %s', async (_what, answer) => {
    expect(await ask(byDone(options, answer))).toEqual(unavailable)
    expect(causes()).toEqual([outage])
  })

  it('does not start a query that it returns', async () => {
    let started = 0
    const query = { then: () => (started += 1) }
    expect(await ask(byDone(options, (done) => (setTimeout(done, 5, null, false), query)))).toEqual(refusal)
    expect(started).toBe(0)
  })
})

describe.each(kinds)('a verify function of $name that returns its result', ({ byValue, refusal }) => {
  it.each<[string, () => unknown]>([
    ['a user', () => alice],
    ['the promise of a user', () => sleep(5, alice)],
    ['a query', () => ({ then: (resolve: (user: unknown) => void) => resolve(alice) })],
  ])('accepts: %s', async (_what, answer) => {
    expect(await ask(byValue(options, answer))).toMatchObject({ status: 200 })
    expect(events).toEqual([])
  })

  it.each<[string, () => unknown]>([
    ['false', () => false],
    ['nothing', () => undefined],
    ['null', () => null],
    ['the promise of false', async () => false],
    ['the promise of nothing', () => sleep(5)],
  ])('refuses: %s', async (_what, answer) => {
    expect(await ask(byValue(options, answer))).toEqual(refusal)
    expect(causes().at(-1)).toBe('request_refused')
  })

  it.each<[string, () => unknown]>([
    ['an exception', throwTrouble],
    ['a rejection', async () => throwTrouble()],
    ['an error', () => trouble],
    ['the promise of an error', async () => trouble],
    ['a query that throws', () => ({ then: throwTrouble })],
  ])('responds with 500 and emits the cause: %s', async (_what, answer) => {
    expect(await ask(byValue(options, answer))).toEqual(serverError)
    expect(causes()).toEqual([trouble])
  })

  it.each<[string, () => unknown]>([
    ['an exception', throwOutage],
    ['a rejection', async () => throwOutage()],
  ])('responds with 503 and Retry-After for an unreachable store: %s', async (_what, answer) => {
    expect(await ask(byValue(options, answer))).toEqual(unavailable)
  })
})

describe('a verify function', () => {
  it('gets the request first if asked for', async () => {
    const seen: unknown[] = []
    const withRequest = { ...options, passReqToCallback: true } as const
    const strategies = [
      new BearerStrategy(withRequest, (req, token, done) => {
        seen.push([req.url, token])
        done(null, alice)
      }),
      new BearerStrategy(withRequest, (req: Request, token) => seen.push([req.path, token])),
      new ClientBasicStrategy(withRequest, (req: HttpRequest, id, secret) => seen.push([req.url, id, secret])),
      new ClientPasswordStrategy(withRequest, async (req, id, secret) => seen.push([req.method, id, secret])),
    ]
    for (const strategy of strategies) expect(await ask(strategy)).toMatchObject({ status: 200 })
    expect(seen).toEqual([
      ['/guarded', 'abc'],
      ['/guarded', 'abc'],
      ['/guarded', 'id', 'secret'],
      ['POST', 'id', 'secret'],
    ])
  })

  it('may refuse with an OAuth error', async () => {
    const description = 'Prove it again'
    const strategy = new BearerStrategy(options, (_token, done) =>
      done(new OAuthError('insufficient_scope', 'Prove "it" again')),
    )
    const answer = await ask(strategy)
    expect(answer.status).toBe(403)
    expect(answer.body).toEqual({ error: 'insufficient_scope', error_description: description.replace('it', '?it?') })
    expect(answer.challenge).toContain('error_description="Prove ?it? again"')
  })

  it('may refuse with 401 and no challenge', async () => {
    const strategy = new BearerStrategy(options, (_token, done) => done(new OAuthError('invalid_client', 'Gone')))
    expect(await ask(strategy)).toEqual(answered(401, { error: 'invalid_client', error_description: 'Gone' }))
  })

  it('writes failures to the console in tests without a listener, and nothing else', async () => {
    const written = await standardErrorOf(async () => {
      await ask(new BearerStrategy((token) => token === 'other'))
      await ask(new BearerStrategy((token) => token !== 'other' && throwTrouble()))
    })
    const [, second] = written.split('\n')
    expect(written).toMatch(/^\S+Z latchkey error failure server_error endpoint=guard address=\S+ id=[0-9a-f]{32}\n/)
    expect(second).toBe(`  ${String(trouble)}`)
  })

  it('emits which client failed, and how', async () => {
    await ask(new ClientBasicStrategy(options, (_id, secret) => secret === 'other'))
    expect(events).toMatchObject([
      {
        type: 'client_authentication_failed',
        clientId: 'id',
        authMethod: 'client_secret_basic',
        reason: 'wrong_credentials',
      },
      { type: 'request_refused', error: 'invalid_client' },
    ])
  })

  it('passes its info beside the user to the route', async () => {
    const strategy = new BearerStrategy(options, (_token, done) => done(null, alice, { scope: 'a' }))
    expect((await ask(strategy)).body).toBe(JSON.stringify({ user: alice, info: { scope: 'a' } }))
  })

  it('is called for each request, also if results come in another order', async () => {
    const strategy = new BearerStrategy(options, (token) => sleep(token === 'slow' ? 40 : 5, { name: token }))
    const http = passportApp(strategy, {
      // The strategy itself in place of its name: Passport then has one object for all requests.
      routes: (app, passport) => app.get('/shared', passport.authenticate(strategy), (req, res) => res.json(req.user)),
    }).listen(0, '127.0.0.1')
    try {
      const get = (token: string): PromiseLike<unknown> =>
        request(http)
          .get('/shared')
          .set('Authorization', `Bearer ${token}`)
          .then(({ body }) => body as unknown)
      expect(await Promise.all([get('slow'), get('quick'), get('slow')])).toEqual([
        { name: 'slow' },
        { name: 'quick' },
        { name: 'slow' },
      ])
    } finally {
      http.close()
    }
  })
})

function throwTrouble(): never {
  throw trouble
}

function throwOutage(): never {
  throw outage
}
