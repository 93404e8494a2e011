import { setTimeout as sleep } from 'node:timers/promises'
import request, { type Test } from 'supertest'
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import {
  ConfigurationError,
  memoryThrottle,
  StoreUnavailableError,
  type ClientAuthMethod,
  type OAuthEvent,
} from 'latchkey'
import { BearerStrategy, ClientBasicStrategy } from 'latchkey/passport'
import { apiServer, clientLike, stockApi } from '../fixtures/api-server.js'
import { passportApp } from '../fixtures/passport-app.js'
import { plainHasher } from '../fixtures/plain-passwords.js'
import { postToken, signIn } from '../fixtures/post-token.js'
import { shown, refused } from '../fixtures/shown-answer.js'
import { basic, secretOf, type TestServer, type TestServerOptions } from '../fixtures/test-server.js'

const login = 'grant_type=password&username=alice&password=alice%27s+password'
const unavailable = {
  ...refused(503, 'temporarily_unavailable', 'The server cannot answer right now'),
  retryAfter: '1',
}

/** Something that answers when it is told to, and not before. */
class Hanging {
  readonly #held: (() => void)[] = []
  readonly #throws: boolean

  constructor(throws = false) {
    this.#throws = throws
  }

  /** Puts itself in the place of a method. */
  hold<Name extends string>(target: Partial<Record<Name, unknown>>, name: Name): this {
    const own = target[name] as (...parameters: unknown[]) => unknown
    const held = async (...parameters: unknown[]): Promise<unknown> => {
      await new Promise<void>((resolve) => this.#held.push(resolve))
      if (this.#throws) throw new Error('too late')
      return Reflect.apply(own, target, parameters)
    }
    Object.assign(target, { [name]: held })
    return this
  }

  get isReached(): boolean {
    return this.#held.length > 0
  }

  release(): void {
    for (const resolve of this.#held.splice(0)) resolve()
  }
}

const rejections: unknown[] = []
const heard = (reason: unknown): void => void rejections.push(reason)
beforeEach(() => {
  rejections.length = 0
  process.on('unhandledRejection', heard)
})
afterEach(() => {
  process.off('unhandledRejection', heard)
})

/** A server that gives up after a second; whatever may hang in it is an object of this server alone. */
function impatientServer(options: TestServerOptions = {}): TestServer & { readonly hooks: Hooks } {
  const throttle = memoryThrottle()
  const hasher = { ...plainHasher }
  const users = {
    findUserByUsername: (name: string) => server.users.get(name),
    findUser: (id: string) => [...server.users.values()].find(({ userId }) => userId === id),
  }
  const method: ClientAuthMethod = {
    name: 'hanging',
    readCredentials: ({ parameters }) =>
      parameters.get('hanging') === undefined ? undefined : { clientId: 'stock-sync', proof: 'x' },
    verifyCredentials: () => true,
  }
  const hooks = { throttle, hasher, users, method, claims: { accessTokenClaims: () => ({}) } }
  const server = apiServer({
    ...options,
    password: { hasher, users },
    server: {
      requestTimeoutSeconds: 1,
      throttle,
      clientAuthMethods: [method],
      accessTokenClaims: () => hooks.claims.accessTokenClaims(),
      ...options.server,
    },
  })
  return Object.assign(server, { hooks })
}

interface Hooks {
  readonly throttle: ReturnType<typeof memoryThrottle>
  readonly hasher: typeof plainHasher
  readonly users: object
  readonly method: ClientAuthMethod
  readonly claims: { accessTokenClaims: () => object }
}

type Impatient = ReturnType<typeof impatientServer>

const clientIn = { Authorization: basic('shop-app', secretOf('shop-app')) }
const postTo = (server: TestServer, path: string, form: string): Test =>
  request(server.http).post(path).set(clientIn).type('form').send(form)
const getOrders = (server: TestServer, token: string): Test =>
  request(server.http).get('/orders').set('Authorization', `Bearer ${token}`)

/** Where something may hang; each with a request that comes by there. */
const steps: [
  what: string,
  endpoint: string,
  hang: (server: Impatient, hanging: Hanging) => Promise<() => Test> | (() => Test),
][] = [
  [
    'the look-up of the client',
    'token',
    (server, hanging) => {
      hanging.hold(server.stores.clients, 'findClient')
      return () => postToken(server, 'grant_type=client_credentials')
    },
  ],
  [
    'the proof of the client',
    'token',
    (server, hanging) => {
      server.stores.clients.saveClient(clientLike('stock-sync', { authMethods: ['hanging'] }))
      hanging.hold(server.hooks.method, 'verifyCredentials')
      return () =>
        request(server.http).post('/oauth/token').type('form').send('grant_type=client_credentials&hanging=1')
    },
  ],
  [
    'the look-up of the user',
    'token',
    (server, hanging) => {
      hanging.hold(server.hooks.users, 'findUserByUsername')
      return () => postToken(server, login, 'shop-app')
    },
  ],
  [
    'the hasher',
    'token',
    (server, hanging) => {
      hanging.hold(server.hooks.hasher, 'verify')
      return () => postToken(server, login, 'shop-app')
    },
  ],
  [
    'the hasher, for nobody',
    'token',
    (server, hanging) => {
      hanging.hold(server.hooks.hasher, 'verifyNobody')
      return () => postToken(server, 'grant_type=password&username=nobody&password=x', 'shop-app')
    },
  ],
  ...(['isKnown', 'begin', 'remember'] as const).map((method): (typeof steps)[number] => [
    `the throttle, ${method}`,
    'token',
    (server, hanging) => {
      hanging.hold(server.hooks.throttle, method)
      return () => postToken(server, login, 'shop-app')
    },
  ]),
  [
    'the claims',
    'token',
    (server, hanging) => {
      hanging.hold(server.hooks.claims, 'accessTokenClaims')
      return () =>
        postToken(server, `grant_type=client_credentials&resource=${encodeURIComponent(stockApi)}`, 'jwt-app')
    },
  ],
  [
    'the store of a client’s token',
    'token',
    (server, hanging) => {
      hanging.hold(server.stores.tokens, 'saveTokens')
      return () => postToken(server, 'grant_type=client_credentials')
    },
  ],
  [
    'the store of a sign-in',
    'token',
    (server, hanging) => {
      hanging.hold(server.stores.tokens, 'saveTokens')
      return () => postToken(server, login, 'shop-app')
    },
  ],
  ...(['findRefreshToken', 'rotateRefreshToken'] as const).map((method): (typeof steps)[number] => [
    `a refresh, ${method}`,
    'token',
    async (server, hanging) => {
      const { refresh_token: token } = await signIn(server)
      hanging.hold(server.stores.tokens, method)
      return () => postToken(server, `grant_type=refresh_token&refresh_token=${token}`, 'shop-app')
    },
  ]),
  [
    'a refresh, whether the user is still there',
    'token',
    async (server, hanging) => {
      const { refresh_token: token } = await signIn(server)
      hanging.hold(server.hooks.users, 'findUser')
      return () => postToken(server, `grant_type=refresh_token&refresh_token=${token}`, 'shop-app')
    },
  ],
  [
    'a replay',
    'token',
    async (server, hanging) => {
      const { refresh_token: token } = await signIn(server)
      const refresh = (): Test => postToken(server, `grant_type=refresh_token&refresh_token=${token}`, 'shop-app')
      await refresh()
      server.advance(11)
      hanging.hold(server.stores.tokens, 'revokeTokens')
      return refresh
    },
  ],
  ...(['findAccessToken', 'findRefreshToken', 'revokeTokens'] as const).map((method): (typeof steps)[number] => [
    `a revocation, ${method}`,
    'revoke',
    async (server, hanging) => {
      const { refresh_token: token } = await signIn(server)
      hanging.hold(server.stores.tokens, method)
      return () => postTo(server, '/oauth/revoke', `token=${token}`)
    },
  ]),
  [
    'a revocation, revokeAccessToken',
    'revoke',
    async (server, hanging) => {
      const { access_token: token } = await signIn(server)
      hanging.hold(server.stores.tokens, 'revokeAccessToken')
      return () => postTo(server, '/oauth/revoke', `token=${token}`)
    },
  ],
  ...(['findAccessToken', 'findAuthorization'] as const).map((method): (typeof steps)[number] => [
    `an introspection, ${method}`,
    'introspect',
    async (server, hanging) => {
      const { access_token: token } = await signIn(server)
      server.stores.clients.saveClient(clientLike('asking-app', { mayIntrospect: true }))
      hanging.hold(server.stores.tokens, method)
      const { http } = server
      return () =>
        request(http).post('/oauth/introspect').auth('asking-app', secretOf('asking-app')).send(`token=${token}`)
    },
  ]),
  [
    'the guard',
    'guard',
    async (server, hanging) => {
      const { access_token: token } = await signIn(server)
      hanging.hold(server.stores.tokens, 'findAccessToken')
      return () => getOrders(server, token)
    },
  ],
  [
    'the guard, for an unknown token',
    'guard',
    (server, hanging) => {
      hanging.hold(server.hooks.throttle, 'begin')
      return () => getOrders(server, 'unknown')
    },
  ],
]

const runs = steps.flatMap((step) => [[...step, 'answers'] as const, [...step, 'throws'] as const])

interface Run {
  readonly answer: Awaited<Test>
  readonly isReached: boolean
  /** What was told until the answer, and when the thing that hung had let go. */
  readonly events: readonly OAuthEvent[]
  readonly lateEvents: readonly OAuthEvent[]
}

async function run([, , prepare, later]: (typeof runs)[number]): Promise<Run> {
  const hanging = new Hanging(later === 'throws')
  const server = impatientServer()
  const send = await prepare(server, hanging)
  server.events.length = 0
  const answer = await send()
  const { isReached } = hanging
  const events = server.events.splice(0)
  hanging.release()
  await sleep(50)
  return { answer, isReached, events, lateEvents: server.events }
}

describe('a request that waits for ever', () => {
  let results: readonly Run[]
  beforeAll(async () => {
    process.on('unhandledRejection', heard)
    // At once, for each of them waits a second.
    results = await Promise.all(runs.map(run))
    process.off('unhandledRejection', heard)
    expect(rejections).toEqual([])
  })

  it.each(runs.map(([what, endpoint, , later], index) => ({ what, endpoint, later, index })))(
    'is answered 503: $what, which $later later',
    ({ endpoint, index }) => {
      const { answer, isReached, events, lateEvents } = results[index]!
      expect(isReached).toBe(true)
      expect(shown(answer)).toEqual(unavailable)
      const told = events.at(-1)
      const requestId = answer.headers['request-id']
      expect(told).toMatchObject({ type: 'failure', error: 'temporarily_unavailable', endpoint, requestId })
      const { cause } = told as { cause: unknown }
      expect(cause).toBeInstanceOf(StoreUnavailableError)
      expect(String(cause)).toMatch(/did not respond within 1 s: a store or a hook hangs$/)
      // What comes then is for nobody: no word of a second answer. That counters cannot be reached is told by whoever counts.
      const late = lateEvents.filter(({ type }) => type === 'request_refused' || type === 'failure')
      expect(late.filter((event) => !('cause' in event && String(event.cause) === 'Error: too late'))).toEqual([])
    },
  )

  it('issues nothing if the grant decides too late, so that no refresh token is spent in vain', async () => {
    const server = impatientServer()
    const { refresh_token: token } = await signIn(server)
    const hanging = new Hanging().hold(server.stores.tokens, 'findRefreshToken')
    const refresh = (): Test => postToken(server, `grant_type=refresh_token&refresh_token=${token}`, 'shop-app')
    expect((await refresh()).status).toBe(503)
    hanging.release()
    await sleep(20)
    server.advance(60)
    const again = refresh().then(({ status }) => status)
    await expect.poll(() => hanging.isReached, { interval: 5 }).toBe(true)
    hanging.release()
    expect(await again).toBe(200)
    expect(server.events.filter(({ type }) => type === 'refresh_token_replayed')).toEqual([])
  })

  it('never reaches the route, even if the guard would accept it later', async () => {
    let passed = 0
    const server = impatientServer({
      routes: (app, oauth) => {
        app.get('/counted', oauth.requireBearer(), (_req, res) => {
          passed += 1
          res.json({})
        })
      },
    })
    const { access_token: token } = await signIn(server)
    const hanging = new Hanging().hold(server.stores.tokens, 'findAccessToken')
    expect((await request(server.http).get('/counted').auth(token, { type: 'bearer' })).status).toBe(503)
    hanging.release()
    await sleep(20)
    expect(passed).toBe(0)
    expect(rejections).toEqual([])
  })

  it('for a public document gets the same response', async () => {
    const current = (): Promise<never> => new Promise(() => undefined)
    const server = impatientServer({ server: { signingKeys: { current } } })
    const answers = await Promise.all(
      ['/oauth/jwks', '/.well-known/oauth-authorization-server'].map((path) => request(server.http).get(path)),
    )
    expect(answers.map(shown)).toEqual([unavailable, unavailable])
  })
})

describe('with Passport', () => {
  it.each(['bearer', 'clientBasic'] as const)('strategies.%s responds as the guard does', async (kind) => {
    const server = impatientServer()
    const { access_token: token } = await signIn(server)
    const app = passportApp(server.oauth.strategies[kind]())
    const hanging =
      kind === 'bearer'
        ? new Hanging().hold(server.stores.tokens, 'findAccessToken')
        : new Hanging().hold(server.stores.clients, 'findClient')
    const authorization = kind === 'bearer' ? `Bearer ${token}` : basic('shop-app', secretOf('shop-app'))
    const answer = await request(app).get('/guarded').set('Authorization', authorization)
    expect(shown(answer)).toEqual(unavailable)
    expect(server.events.at(-1)).toMatchObject({
      type: 'failure',
      endpoint: 'guard',
      requestId: answer.headers['request-id'],
    })
    hanging.release()
    await sleep(20)
    expect(rejections).toEqual([])
  })

  it('a verify function that never calls done leads to 503, and a later call is ignored', async () => {
    const later: (() => void)[] = []
    const options = { requestTimeoutSeconds: 1, onEvent: () => undefined }
    const strategies = [
      new BearerStrategy(options, (_token, done) => void later.push(() => done(null, { id: 1 }))),
      new ClientBasicStrategy(options, (_id, _secret, done) => void later.push(() => done(new Error('late')))),
    ]
    const answers = await Promise.all(
      strategies.map((strategy, index) =>
        request(passportApp(strategy))
          .get('/guarded')
          .set('Authorization', index === 0 ? 'Bearer x' : basic('a', 'b')),
      ),
    )
    expect(answers.map(shown)).toEqual([unavailable, unavailable])
    for (const call of later) call()
    await sleep(50)
    expect(later).toHaveLength(2)
    expect(rejections).toEqual([])
  })
})

describe('the option requestTimeoutSeconds', () => {
  it.each([0, 601, 1.5, Number.NaN, Infinity, '30'])('cannot be %s', (requestTimeoutSeconds) => {
    const server = { requestTimeoutSeconds: requestTimeoutSeconds as number }
    expect(() => impatientServer({ server })).toThrow(ConfigurationError)
    expect(() => new BearerStrategy({ ...server }, (token, done) => done(null, token))).toThrow(ConfigurationError)
  })
})
