import { once } from 'node:events'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import {
  clientCredentialsGrant,
  createAuthorizationServer,
  loadSigningKeys,
  passwordGrant,
  refreshTokenGrant,
} from 'latchkey'
import { apiServer, clientLike, signingKey } from '../fixtures/api-server.js'
import { basicLine, formLine } from '../fixtures/post-token.js'
import type { RawAnswer } from '../fixtures/raw-http.js'
import { catalogue, secretOf, type TestServer } from '../fixtures/test-server.js'
import { ask } from './exchange.js'
import { expectLegalError } from './harmless.js'
import { member } from './attacked.js'
import { watchProcess } from './process-watch.js'

watchProcess()

const cause = 'connect ECONNREFUSED 10.0.0.7 as admin:hunter2'
const broken = (): never => {
  throw new Error(cause)
}
/** Breaks whoever looks at it. */
const traps: ProxyHandler<object> = {
  get: (_target, name) => (name === 'then' ? undefined : broken()),
  has: broken,
  ownKeys: broken,
  getOwnPropertyDescriptor: broken,
  getPrototypeOf: broken,
  apply: broken,
}
const hostile = new Proxy(() => undefined, traps)
const hostileObject = new Proxy({}, traps)
const throwingThen = Object.defineProperty({}, 'then', { get: broken })

/** What is answered in place of an answer. */
const rubbish: readonly (readonly [what: string, value: unknown])[] = [
  ['null', null],
  ['undefined', undefined],
  ['true', true],
  ['0', 0],
  ['1', 1],
  ['NaN', NaN],
  ['an empty string', ''],
  ['a text', 'orders:read'],
  ['an empty object', {}],
  ['a list', []],
  ['a function', () => ({})],
  ['a symbol', Symbol('x')],
  ['a number without end', 10n ** 30n],
  ['a frozen object', Object.freeze({ active: true, userId: 'user-1', clientId: 'shop-app' })],
  ['an object without a prototype', Object.create(null)],
  ['a date', new Date(0)],
  ['an error', new Error(cause)],
  ['what breaks whoever looks at it', hostile],
  ['an object that breaks whoever looks at it', hostileObject],
  ['what breaks whoever waits for it', throwingThen],
]

type Method = (...args: never[]) => unknown

/** Everything of an application that a server calls. */
interface Application {
  users: Record<'findUserByUsername' | 'findUser' | 'updatePasswordHash', Method>
  hasher: Record<'hash' | 'verify' | 'verifyNobody' | 'needsRehash', Method>
  hooks: Record<'accessTokenClaims' | 'deviceLabel' | 'onEvent' | 'requestId' | 'current', Method>
  grant: Record<'grantAccess' | 'confirmUser', Method>
  method: Record<'readCredentials' | 'verifyCredentials', Method>
  secretHasher: Record<'hash' | 'verify' | 'verifyNobody' | 'needsRehash', Method>
  throttle: Record<'isKnown' | 'begin' | 'end' | 'remember', Method>
}

let application: Application
let server: TestServer
let opaque: { access: string; refresh: string }
let jwt: { access: string; refresh: string }
let spent: string
let cardRefresh: string
let asked: number

const keys = loadSigningKeys([signingKey])
const cardGrant = 'urn:example:card'
const own = 'grant_type=client_credentials'
const signIn = 'grant_type=password&username=alice&password=alice%27s+password'

/** Keeps secrets as they are, but for those that are to be hashed again. */
const makeHasher = (): Application['hasher'] => ({
  hash: async (secret: string) => `plain:${secret}`,
  verify: async (secret: string, hash: string) => hash === `plain:${secret}`,
  verifyNobody: async () => undefined,
  needsRehash: () => true,
})

function makeApplication(): Application {
  return {
    users: {
      findUserByUsername: (name: string) => server.users.get(name),
      findUser: (id: string) => [...server.users.values()].find(({ userId }) => userId === id),
      updatePasswordHash: () => undefined,
    },
    hasher: makeHasher(),
    secretHasher: makeHasher(),
    throttle: {
      isKnown: () => false,
      begin: () => ({ retryAfterSeconds: undefined, end: () => application.throttle.end() }),
      end: () => undefined,
      remember: () => undefined,
    },
    hooks: {
      accessTokenClaims: () => ({ role: 'x' }),
      deviceLabel: () => 'a device',
      onEvent: () => undefined,
      requestId: () => 'request-1',
      current: () => keys.current(),
    },
    grant: {
      grantAccess: ({ grantScope }: { grantScope: () => unknown }) => ({
        actsFor: 'user',
        userId: 'user-1',
        scope: grantScope(),
      }),
      confirmUser: () => true,
    },
    method: {
      readCredentials: ({ parameters }: { parameters: { get(name: string): string | undefined } }) => {
        const proof = parameters.get('card_proof')
        return proof === undefined ? undefined : { clientId: 'card-app', proof }
      },
      verifyCredentials: (_client: unknown, { proof }: { proof: string }) => proof === 'right',
    },
  }
}

/** An object whose methods are those that the application has now. */
function live(part: keyof Application, more: object = {}): never {
  const names = Object.keys(application[part])
  const call =
    (name: string) =>
    (...args: never[]) =>
      (application[part] as Record<string, Method>)[name]!(...args)
  return Object.assign(Object.fromEntries(names.map((name) => [name, call(name)])), more) as never
}

const post = (path: string, form: string, ...lines: string[]): Promise<RawAnswer> =>
  ask(server.http, [`POST ${path} HTTP/1.1`, formLine, ...lines], form)
const token = (form: string, clientId = 'opaque-app'): Promise<RawAnswer> =>
  post('/oauth/token', form, basicLine(clientId))
const route = (path: string, bearer: string): Promise<RawAnswer> =>
  ask(server.http, [`GET ${path} HTTP/1.1`, `Authorization: Bearer ${bearer}`])

async function tokensOf(clientId: string): Promise<{ access: string; refresh: string }> {
  const answer = await token(signIn, clientId)
  return { access: member(answer, 'access_token'), refresh: member(answer, 'refresh_token') }
}

beforeEach(async () => {
  application = makeApplication()
  const hooks: Record<string, never> = live('hooks')
  server = apiServer({
    server: {
      grants: [
        clientCredentialsGrant(),
        passwordGrant({
          users: live('users'),
          hasher: live('hasher'),
          deviceLabel: hooks['deviceLabel']!,
        }),
        refreshTokenGrant(),
        live('grant', { grantType: cardGrant }),
      ],
      signingKeys: live('hooks'),
      accessTokenClaims: hooks['accessTokenClaims']!,
      onEvent: hooks['onEvent']!,
      requestId: hooks['requestId']!,
      clientAuthMethods: [live('method', { name: 'card' })],
      secretHasher: live('secretHasher'),
      throttle: live('throttle', { isShared: true }),
      requestTimeoutSeconds: 1,
    },
    moreClients: [
      clientLike('chosen-app', { secrets: [{ digest: `plain:${secretOf('chosen-app')}` }] }),
      clientLike('card-app', {
        authMethods: ['card'] as never,
        firstParty: true,
        scopes: catalogue,
        grantTypes: [cardGrant, 'refresh_token'],
      }),
    ],
    routes: (app, oauth) =>
      app.get('/optional', oauth.requireBearer({ optional: true }), (_req, res) => res.json('reached')),
  })
  await once(server.http.listen(0, '127.0.0.1'), 'listening')
  opaque = await tokensOf('opaque-app')
  jwt = await tokensOf('jwt-app')
  spent = opaque.refresh
  cardRefresh = member(await card(), 'refresh_token')
  opaque = {
    access: opaque.access,
    refresh: member(await token(`grant_type=refresh_token&refresh_token=${spent}`), 'refresh_token'),
  }
})

afterEach(() => {
  server.http.closeAllConnections()
  server.http.close()
})

/** One call into the application, and a request that makes it. `keeps`: what it answers decides nothing, or neither what it throws. */
interface Call {
  readonly part: keyof Application | 'clients' | 'tokens'
  readonly method: string
  readonly send: () => Promise<RawAnswer>
  readonly keeps?: 'answer' | 'either' | 'everything'
  /** That `true` is a good answer. */
  readonly yes?: true
}

const refresh = (): Promise<RawAnswer> => token(`grant_type=refresh_token&refresh_token=${opaque.refresh}`)
const introspectAs = (of: () => string) => (): Promise<RawAnswer> =>
  post('/oauth/introspect', `token=${of()}`, basicLine('inspector'))
const revokeAs =
  (of: () => string, clientId = 'opaque-app') =>
  (): Promise<RawAnswer> =>
    post('/oauth/revoke', `token=${of()}`, basicLine(clientId))
const card = (): Promise<RawAnswer> =>
  post('/oauth/token', `grant_type=${encodeURIComponent(cardGrant)}&card_proof=right`)

const refreshCard = (): Promise<RawAnswer> =>
  post('/oauth/token', `grant_type=refresh_token&refresh_token=${cardRefresh}&card_proof=right`)
/** A spent token that comes back too late. */
const replay = (): Promise<RawAnswer> => {
  server.advance(11)
  return token(`grant_type=refresh_token&refresh_token=${spent}`)
}

const calls: readonly Call[] = [
  { part: 'clients', method: 'findClient', send: () => token(own) },
  { part: 'clients', method: 'findClient', send: revokeAs(() => 'x') },
  { part: 'tokens', method: 'saveTokens', send: () => token(own), keeps: 'answer' },
  { part: 'tokens', method: 'saveTokens', send: () => token(signIn), keeps: 'answer' },
  { part: 'tokens', method: 'findAccessToken', send: () => route('/orders', opaque.access) },
  { part: 'tokens', method: 'findAccessToken', send: () => route('/optional', opaque.access) },
  { part: 'tokens', method: 'findRefreshToken', send: refresh },
  { part: 'tokens', method: 'rotateRefreshToken', send: refresh },
  { part: 'tokens', method: 'isSignedTokenRevoked', send: () => route('/orders', jwt.access) },
  { part: 'users', method: 'findUserByUsername', send: () => token(signIn) },
  { part: 'users', method: 'findUser', send: refresh },
  { part: 'users', method: 'updatePasswordHash', send: () => token(signIn), keeps: 'everything' },
  { part: 'hasher', method: 'verify', send: () => token(signIn), yes: true },
  { part: 'hasher', method: 'verifyNobody', send: () => token(signIn.replace('alice&', 'nobody&')) },
  { part: 'hasher', method: 'hash', send: () => token(signIn), keeps: 'everything' },
  { part: 'hooks', method: 'current', send: () => token(own, 'jwt-app') },
  { part: 'hooks', method: 'current', send: () => route('/orders', jwt.access) },
  { part: 'hooks', method: 'onEvent', send: () => token(own), keeps: 'everything' },
  { part: 'hooks', method: 'requestId', send: () => token(own), keeps: 'everything' },
  { part: 'hasher', method: 'needsRehash', send: () => token(signIn), keeps: 'either' },
  { part: 'hooks', method: 'accessTokenClaims', send: () => token(own, 'jwt-app'), keeps: 'answer' },
  { part: 'hooks', method: 'deviceLabel', send: () => token(signIn), keeps: 'answer' },
  { part: 'grant', method: 'grantAccess', send: card },
  { part: 'grant', method: 'confirmUser', send: refreshCard, yes: true },
  { part: 'tokens', method: 'findAccessToken', send: introspectAs(() => opaque.access) },
  { part: 'tokens', method: 'findAuthorization', send: introspectAs(() => opaque.access) },
  { part: 'tokens', method: 'isSignedTokenRevoked', send: introspectAs(() => jwt.access) },
  { part: 'tokens', method: 'findAccessToken', send: revokeAs(() => opaque.access), keeps: 'answer' },
  { part: 'tokens', method: 'findRefreshToken', send: revokeAs(() => opaque.refresh), keeps: 'answer' },
  { part: 'tokens', method: 'revokeAccessToken', send: revokeAs(() => opaque.access), keeps: 'answer' },
  { part: 'tokens', method: 'revokeSignedToken', send: revokeAs(() => jwt.access, 'jwt-app'), keeps: 'answer' },
  { part: 'tokens', method: 'revokeTokens', send: revokeAs(() => opaque.refresh), keeps: 'answer' },
  { part: 'tokens', method: 'revokeTokens', send: replay, keeps: 'answer' },
  { part: 'method', method: 'verifyCredentials', send: card, yes: true },
  { part: 'method', method: 'readCredentials', send: card },
  { part: 'secretHasher', method: 'verify', send: () => token(own, 'chosen-app'), yes: true },
  { part: 'secretHasher', method: 'verifyNobody', send: nobody },
  { part: 'secretHasher', method: 'needsRehash', send: () => token(own, 'chosen-app'), keeps: 'either' },
  { part: 'secretHasher', method: 'hash', send: () => token(own, 'chosen-app'), keeps: 'everything' },
  { part: 'throttle', method: 'isKnown', send: () => token(signIn), keeps: 'answer' },
  { part: 'throttle', method: 'begin', send: () => token(signIn) },
  { part: 'throttle', method: 'begin', send: () => token(own, 'chosen-app') },
  { part: 'throttle', method: 'begin', send: () => route('/orders', 'x'.repeat(43)) },
  { part: 'throttle', method: 'end', send: () => token(signIn), keeps: 'either' },
  { part: 'throttle', method: 'remember', send: () => token(signIn), keeps: 'either' },
]

/** A client that nobody knows, after one with a slow hash was here. */
async function nobody(): Promise<RawAnswer> {
  await token(own, 'chosen-app')
  return post('/oauth/token', own, `Authorization: Basic ${Buffer.from('nobody:wrong').toString('base64')}`)
}

/** What is told of a token that cannot be looked up, and what a revocation says whatever it found. */
const harmless = ['{"active":false}', '']

/** Nothing came through: no token, nothing behind a guard, no HTML, nothing of the cause. */
function expectRefusal(answer: RawAnswer, why: string): void {
  if (answer.status === 200 && harmless.includes(answer.text)) return
  expect([400, 401, 403, 500, 503], `${why}: ${answer.octets}`).toContain(answer.status)
  expectLegalError(answer.headers['content-type'], answer.text)
  expect(answer.headers['cache-control']).toBe('no-store')
  expect(answer.octets).not.toMatch(/hunter2|access_token"|reached/)
}

/** Counts how often it is called: a fault that nobody meets proves nothing. */
function replace({ part, method }: Call, fail: Method): void {
  const owner = part === 'clients' || part === 'tokens' ? server.stores[part] : application[part]
  const counted = (...args: never[]): unknown => {
    asked += 1
    return fail(...args)
  }
  Object.assign(owner, { [method]: counted })
}

describe.each(calls.map((call) => [call.part, call.method, call] as const))('%s.%s', (...[, , call]) => {
  beforeEach(() => {
    asked = 0
  })

  afterEach(() => {
    expect(asked).toBeGreaterThan(0)
  })

  it('that throws, or rejects, lets nothing through', async () => {
    for (const thrown of [new Error(cause), cause, undefined, null, hostile, hostileObject, Object.freeze({})]) {
      for (const fail of [throwing(thrown), async () => throwing(thrown)()]) {
        replace(call, fail)
        const answer = await call.send()
        if (call.keeps === 'everything') expect(answer.status).toBe(200)
        else if (call.keeps !== 'either' || answer.status !== 200) expectRefusal(answer, 'thrown')
      }
    }
  })

  it('that returns something invalid lets nothing through', async () => {
    for (const [what, value] of rubbish) {
      if (value === true && call.yes) continue
      for (const fail of [() => value, async () => value]) {
        replace(call, fail)
        const answer = await call.send()
        if (call.keeps === undefined) expectRefusal(answer, what)
        else if (answer.status !== 200) expectRefusal(answer, what)
        if (call.keeps === 'everything') expect(answer.status, what).toBe(200)
      }
    }
  })

  it('that never responds blocks no request for ever', async () => {
    const nevers = [new Promise(() => undefined), { then: () => undefined }]
    replace(call, () => nevers[asked % 2])
    // Both at once: each of them waits for the whole time that a request may take.
    for (const answer of await Promise.all(nevers.map(call.send))) {
      if (call.keeps === 'everything') expect(answer.status).toBe(200)
      // What cannot wait takes a promise for an answer, and refuses it.
      else if (call.keeps !== 'either' || answer.status !== 200) expectRefusal(answer, 'never')
    }
  })
})

describe('users who are verified elsewhere', () => {
  const answers: [string, unknown][] = [
    ...(rubbish as [string, unknown][]),
    ['an unknown outcome', { outcome: 'yes', userId: 'user-1' }],
    ['ok, and no id', { outcome: 'ok' }],
    ['ok, and an empty id', { outcome: 'ok', userId: '' }],
    ['ok, and a number', { outcome: 'ok', userId: 1 }],
    ['locked, and an id', { outcome: 'locked', userId: 'user-1' }],
  ]

  it.each(answers)('by %s get no token', async (_what, value) => {
    for (const authenticateUser of [() => value, async () => value, throwing(value), async () => throwing(value)()]) {
      const users = { authenticateUser: authenticateUser as never, findUser: () => ({ userId: 'user-1' }) }
      const own = apiServer({ server: { grants: [passwordGrant({ users, hasher: live('hasher') })] } })
      await once(own.http.listen(0, '127.0.0.1'), 'listening')
      const lines = ['POST /oauth/token HTTP/1.1', formLine, basicLine('opaque-app')]
      expectRefusal(await ask(own.http, lines, signIn), 'authenticateUser')
      own.http.close()
    }
  })
})

describe('a call of the application', () => {
  it('fails where its store fails, and nowhere else', async () => {
    const { authorizations } = server.oauth
    for (const fail of [
      broken,
      async () => broken(),
      ...[null, true, 'x', {}, [null], hostile].map((value) => () => value),
    ]) {
      Object.assign(server.stores.tokens, { listAuthorizations: fail, revokeTokens: broken })
      await expect(authorizations.list({ userId: 'user-1' })).rejects.toThrow()
      await expect(authorizations.revoke({ userId: 'user-1' })).rejects.toThrow(cause)
    }
  })
})

describe('when a server is created', () => {
  it('keys that cannot be read yet do not end the process', async () => {
    for (const current of [() => Promise.reject(new Error(cause)), () => new Promise<never>(() => undefined)]) {
      const { clients, tokens } = server.stores
      const resources = [{ resource: 'http://127.0.0.1/shop' }]
      const grants = [clientCredentialsGrant()]
      const options = { issuer: 'http://127.0.0.1', clients, tokens, scopes: ['a'], grants, resources }
      createAuthorizationServer({ ...options, signingKeys: { current }, onEvent: () => undefined })
      await new Promise(setImmediate)
    }
  })
})

function throwing(thrown: unknown): () => never {
  return () => {
    throw thrown
  }
}
