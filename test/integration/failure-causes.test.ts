import { createHash, createPrivateKey } from 'node:crypto'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { connect } from 'node:net'
import { inspect } from 'node:util'
import Database from 'better-sqlite3'
import { createConnection } from 'mysql2/promise'
import pg from 'pg'
import request from 'supertest'
import { afterAll, afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { OAuthError, StoreUnavailableError, type OAuthEvent } from 'latchkey'
import { eventChannelName } from '../../lib/telemetry/events.js'
import { startMariadb } from '../../tools/servers/start-mariadb.mjs'
import { startPostgres } from '../../tools/servers/start-postgres.mjs'
import { postToken } from '../fixtures/post-token.js'
import { basic, secretOf, testServer, type TestServer } from '../fixtures/test-server.js'

type FailureEvent = Extract<OAuthEvent, { type: 'failure' }>

const password = "Sommer 1999 über's Meer"
const token = 'a-refresh-token-that-somebody-made-up'
const assertion = 'eyJhbGciOiJub25lIn0.eyJzdWIiOiJhbGljZSJ9.signature'
const secrets = [password, token, assertion, secretOf('shop-app')]

/** The beginning of a secret, six characters, and any other part of it with twelve, in any case. */
function partsIn(text: string): string[] {
  const lower = text.toLowerCase()
  return secrets.flatMap((secret) => {
    const parts = [secret.slice(0, 6)]
    for (let i = 1; i + 12 <= secret.length; i++) parts.push(secret.slice(i, i + 12))
    return parts.map((part) => part.toLowerCase()).filter((part) => lower.includes(part))
  })
}

/** All that an operator may see of a value, whatever is logged of it. */
const shownOf = (value: unknown): string =>
  inspect(value, { depth: 20, showHidden: true, getters: true }) + String((value as { stack?: unknown } | null)?.stack)

const sqlite = new Database(':memory:')
sqlite.exec('CREATE TABLE users (name TEXT UNIQUE)')
const postgres = await startPostgres()
const mariadb = await startMariadb()
const pgClient = postgres && new pg.Client({ connectionString: await postgres.createDatabase('secrets') })
await pgClient?.connect()
await pgClient?.query('CREATE TABLE users (name text UNIQUE, age integer CHECK (age > 0))')
const mysql = mariadb && (await createConnection(await mariadb.createDatabase('secrets')))
await mysql?.query('CREATE TABLE users (name VARCHAR(40) UNIQUE, age INT)')
afterAll(async () => {
  sqlite.close()
  await pgClient?.end()
  await mysql?.end()
  await postgres?.stop()
  await mariadb?.stop()
})

type Fail = () => unknown
const thrower =
  (value: unknown): Fail =>
  () => {
    throw value
  }
const twice = async (act: () => Promise<unknown>): Promise<never> => {
  await act()
  await act()
  throw new Error('did not fail')
}

/** Ways in which what a user typed gets into an error, and what the operator still has to see. */
const leaks: readonly [what: string, fail: Fail, stays: RegExp | object][] = [
  [
    "Node's ERR_INVALID_ARG_TYPE",
    () => createHash('sha256').update({ password } as never),
    { code: 'ERR_INVALID_ARG_TYPE' },
  ],
  ["Node's ERR_INVALID_ARG_TYPE for a text", () => Buffer.concat(`password=${password}` as never), /must be/],
  ["Node's ERR_INVALID_URL", () => new URL(password), { code: 'ERR_INVALID_URL' }],
  ["Node's ERR_INVALID_ARG_VALUE", () => Buffer.alloc(1).toString(password as never), { name: 'TypeError' }],
  ['JSON.parse', () => JSON.parse(password), { name: 'SyntaxError' }],
  ['BigInt', () => BigInt(password), { name: 'SyntaxError' }],
  ['a key that cannot be read', () => createPrivateKey(password), { name: 'Error' }],
  ['a header', () => new Headers({ authorization: `${password}\u0100` }), { name: 'TypeError' }],
  ['better-sqlite3, a syntax error', () => sqlite.prepare(`SELECT '${password}'`), { code: 'SQLITE_ERROR' }],
  ['better-sqlite3, a column', () => sqlite.prepare(`SELECT "${password}"`), { name: 'SqliteError' }],
  [
    'better-sqlite3, a duplicate',
    () => twice(async () => sqlite.prepare('INSERT INTO users VALUES (?)').run(password)),
    {
      code: 'SQLITE_CONSTRAINT_UNIQUE',
      message: 'UNIQUE constraint failed: users.name',
    },
  ],
  ...(pgClient === undefined
    ? []
    : ([
        [
          'pg, a duplicate',
          () => twice(() => pgClient.query('INSERT INTO users VALUES ($1)', [password])),
          {
            code: '23505',
            constraint: 'users_name_key',
            table: 'users',
            routine: '_bt_check_unique',
          },
        ],
        ['pg, a syntax error', () => pgClient.query(`SELECT '${password}'`), { code: '42601' }],
        ['pg, not a number', () => pgClient.query('SELECT $1::integer', [password]), { code: '22P02' }],
        [
          'pg, a check',
          () => pgClient.query('INSERT INTO users VALUES ($1, -1)', [password]),
          {
            code: '23514',
            constraint: 'users_age_check',
          },
        ],
      ] satisfies (typeof leaks)[number][])),
  ...(mysql === undefined
    ? []
    : ([
        [
          'mysql2, a duplicate',
          () => twice(() => mysql.query('INSERT INTO users VALUES (?, 1)', [password])),
          {
            code: 'ER_DUP_ENTRY',
            errno: 1062,
            sqlState: '23000',
          },
        ],
        [
          'mysql2, a syntax error',
          () => mysql.query(`SELEC '${password.replaceAll("'", "''")}'`),
          {
            code: 'ER_PARSE_ERROR',
          },
        ],
        [
          'mysql2, not a number',
          () => mysql.query('INSERT INTO users VALUES (?, ?)', ['x', password]),
          { errno: 1366 },
        ],
      ] satisfies (typeof leaks)[number][])),
  ['an error of the application', thrower(new Error(`no user with ${password}`)), /^no user with \[redacted\]$/],
  [
    'another case, and a part',
    thrower(new RangeError(`no ${password.toUpperCase().slice(2, 14)}…`)),
    /^no .?.?\[redacted\]…$/,
  ],
  ['its form encoding', thrower(new Error(`sent ${new URLSearchParams({ password }).toString()}`)), /^sent password=/],
  ['a member of an error', thrower(Object.assign(new Error('no'), { typed: password, attempt: 3 })), { attempt: 3 }],
  [
    'a nested member',
    thrower(Object.assign(new Error('no'), { options: { auth: { password } }, config: password })),
    /^no$/,
  ],
  ['the name of a member', thrower(Object.assign(new Error('no'), { [password]: 1 })), /^no$/],
  ['the name of an error', thrower(Object.assign(new Error('no'), { name: password })), /^no$/],
  ['a message of many lines', thrower(new Error(`a\n    at ${password}\n${password}`)), /^a\n/],
  [
    'a cause',
    thrower(new Error('outer', { cause: new Error('inner', { cause: new TypeError(password) }) })),
    {
      message: 'outer',
      cause: { message: 'inner', cause: { name: 'TypeError' } },
    },
  ],
  ['a cause that is a text', thrower(new Error('outer', { cause: password })), { cause: '[redacted]' }],
  [
    'an AggregateError',
    thrower(new AggregateError([new Error(password), password], 'all failed')),
    {
      message: 'all failed',
      errors: [{ message: '[redacted]' }, '[redacted]'],
    },
  ],
  ['an error that causes itself', thrower(circular()), /^round$/],
  ['a text', thrower(`no ${password}`), /^no \[redacted\]$/],
  ['an object', thrower({ code: 7, typed: [password, { deep: password }] }), { code: 7 }],
  [
    'an object with a getter',
    thrower({
      code: 7,
      get typed() {
        return password
      },
    }),
    { code: 7 },
  ],
  ['a Buffer', thrower(Buffer.from(password)), /^\[object Uint8Array\]$/],
  ['a Map', thrower(new Map([['password', password]])), /^\[object Map\]$/],
  ['a symbol', thrower(Symbol(password)), /^Symbol\(\[redacted\]\)$/],
  ['a rejection', () => Promise.reject(new Error(password)), /^\[redacted\]$/],
  [
    'a store out of reach',
    thrower(new StoreUnavailableError(password, { cause: new Error(password), retryAfterSeconds: 7 })),
    {
      name: 'StoreUnavailableError',
      retryAfterSeconds: 7,
    },
  ],
  [
    'a connection string',
    thrower(new Error('postgres://latchkey:hunter2@db.example/x')),
    /^postgres:\/\/\[redacted\]@db\.example\/x$/,
  ],
  [
    'a query builder',
    thrower(Object.assign(new Error('no'), { sql: password, bindings: [password], original: new Error(password) })),
    {
      original: { message: '[redacted]' },
    },
  ],
]

function circular(): Error {
  const error = new Error('round')
  error.cause = new Error(password, { cause: error })
  return error
}

describe('what a request brought', () => {
  const published: unknown[] = []
  const hear = (message: unknown): void => void published.push(message)
  beforeEach(() => subscribe(eventChannelName, hear))
  afterEach(() => {
    unsubscribe(eventChannelName, hear)
    published.length = 0
    vi.restoreAllMocks()
  })

  const form = new URLSearchParams({ grant_type: 'password', username: 'alice', password }).toString()
  const failing = (fail: Fail): TestServer =>
    testServer({ password: { users: { findUserByUsername: fail as never, findUser: () => undefined } } })

  /** The failure, in which nothing of the request is left; the channel and the console have no more. */
  async function failureOf(
    server: TestServer,
    send: () => PromiseLike<{ status: number; text: string }>,
  ): Promise<FailureEvent> {
    const answer = await send()
    expect(answer.status).toBeGreaterThanOrEqual(500)
    expect(partsIn(answer.text)).toEqual([])
    const failures = server.events.filter(({ type }) => type === 'failure') as FailureEvent[]
    expect(failures.length).toBeGreaterThanOrEqual(1)
    expect(
      partsIn(shownOf(server.events) + shownOf(published) + failures.map(({ cause }) => shownOf(cause)).join()),
    ).toEqual([])
    return failures.at(-1)!
  }

  it.each(leaks)('is not in an event through %s, but what an operator needs is (02)', async (_what, fail, stays) => {
    const server = failing(fail)
    const { cause } = await failureOf(server, () => postToken(server, form, 'shop-app'))
    if (!(stays instanceof RegExp)) expect(cause).toMatchObject(stays)
    else expect(cause instanceof Error ? cause.message : String(cause)).toMatch(stays)
    if (cause instanceof Error && !(cause instanceof DOMException)) expect(cause.stack).toMatch(/\n +at /)
  })

  it.each([
    ['the hasher', 'verify', form],
    ['the hasher, for nobody', 'verifyNobody', form.replace('alice', 'nobody')],
  ] as const)('is not in an event through %s (02)', async (_what, method, sent) => {
    const hasher = {
      hash: async (text: string) => text,
      verify: async () => true,
      verifyNobody: async () => undefined,
      needsRehash: () => false,
      [method]: async (given: string) => Promise.reject(new Error(`cannot hash ${given}`)),
    }
    const server = testServer({ password: { hasher } })
    const { cause } = await failureOf(server, () => postToken(server, sent, 'shop-app'))
    expect(cause).toMatchObject({ message: expect.stringMatching(/^cannot hash/) })
  })

  it('is not in an event: a refresh token, the secret of a client, the header with it, an assertion (02)', async () => {
    const server = testServer()
    const header = basic('shop-app', secretOf('shop-app'))
    server.stores.tokens.findRefreshToken = () => {
      throw new Error(`${token} ${header} ${secretOf('shop-app')}`)
    }
    const refresh = `grant_type=refresh_token&refresh_token=${token}&foo=${assertion}`
    const { cause } = await failureOf(server, () => postToken(server, refresh, 'shop-app'))
    expect((cause as Error).message).toMatch(/^(\[redacted\]|Basic|\s)+$/)
    server.stores.clients.findClient = () => {
      throw new Error(`cannot verify ${assertion}`)
    }
    const byAssertion = `grant_type=client_credentials&client_assertion=${assertion}&client_assertion_type=x&client_id=spa`
    const http = (): PromiseLike<{ status: number; text: string }> =>
      request(server.http).post('/oauth/token').type('form').send(byAssertion)
    const answer = await http()
    if (answer.status === 500) await failureOf(server, http)
    expect(partsIn(shownOf(server.events))).toEqual([])
  })

  it('is not in an event of a guard, an introspection, a revocation: a token (02)', async () => {
    const server = testServer()
    const broken = (): never => {
      throw new Error(`no ${token}`)
    }
    server.stores.tokens.findAccessToken = broken
    const guarded = await failureOf(server, () => request(server.http).get('/orders').auth(token, { type: 'bearer' }))
    expect(guarded).toMatchObject({ endpoint: 'guard', cause: { message: 'no [redacted]' } })
    const revoke = await failureOf(server, () =>
      request(server.http)
        .post('/oauth/revoke')
        .set('Authorization', basic('shop-app', secretOf('shop-app')))
        .type('form')
        .send({ token }),
    )
    expect(revoke).toMatchObject({ endpoint: 'revoke', cause: { message: 'no [redacted]' } })
  })

  it('is not in an event about a form that a parser left unreadable (02)', async () => {
    const server = testServer({
      before: (app) =>
        app.use((req, _res, next) => {
          req.resume().on('end', () => {
            req.body = new Proxy(
              { password },
              {
                ownKeys: () => {
                  throw new Error(`${password} has no keys`)
                },
              },
            )
            next()
          })
        }),
    })
    const { cause } = await failureOf(server, () => postToken(server, form, 'shop-app'))
    expect(cause).toBeInstanceOf(Error)
  })

  it('is not in the description of a refusal by a hook (02)', async () => {
    const server = failing(thrower(new OAuthError('invalid_grant', 'no user with correct-horse-battery')))
    await postToken(server, 'grant_type=password&username=alice&password=correct-horse-battery', 'shop-app')
    expect(server.events.at(-1)).toMatchObject({ type: 'request_refused', description: 'no user with [redacted]' })
  })

  it('is not on the console of a server without a listener (02)', async () => {
    const written = vi.spyOn(process.stderr, 'write').mockImplementation(() => true)
    const server = testServer({
      password: {
        users: { findUserByUsername: thrower(new Error(`no ${password}`)) as never, findUser: () => undefined },
      },
      server: { onEvent: undefined as never },
    })
    expect((await postToken(server, form, 'shop-app')).status).toBe(500)
    expect(written).toHaveBeenCalledTimes(1)
    const text = written.mock.calls.map(([text]) => String(text)).join('')
    expect(partsIn(text)).toEqual([])
    expect(text).toMatch(/no \[redacted\]/)
  })

  it('is removed if it is a short password that stands alone, and other words stay whole (02)', async () => {
    const server = failing(thrower(new Error("cat: category 'cat' of concat, Cat!")))
    await postToken(server, 'grant_type=password&username=alice&password=cat', 'shop-app')
    const { cause } = server.events.at(-1) as FailureEvent
    expect((cause as Error).message).toBe("[redacted]: category '[redacted]' of concat, [redacted]!")
  })

  it('leaves the address that refused the connection (02)', async () => {
    const refused = await new Promise((resolve) => connect(1, '127.0.0.1').on('error', resolve))
    const server = failing(thrower(refused))
    const { cause } = await failureOf(server, () => postToken(server, form, 'shop-app'))
    expect(cause).toMatchObject({
      name: 'Error',
      message: 'connect ECONNREFUSED 127.0.0.1:1',
      code: 'ECONNREFUSED',
      syscall: 'connect',
      address: '127.0.0.1',
      port: 1,
    })
  })

  it('costs little, however long the secret and the message are (02)', async () => {
    const long = 'a'.repeat(16_000)
    const server = failing(thrower(new Error(long.repeat(100))))
    const events: OAuthEvent[] = server.events
    await postToken(server, `grant_type=password&username=alice&password=x&foo=${long}`, 'shop-app')
    const { cause } = events.at(-1) as FailureEvent
    expect((cause as Error).message.length).toBeLessThan(100)
  })
})
