import request, { type Response } from 'supertest'
import { beforeEach, describe, expect, it } from 'vitest'
import { hashToken, StoreUnavailableError, type UserStore } from 'latchkey'
import { plainServer } from '../fixtures/plain-passwords.js'
import { postToken, signIn } from '../fixtures/post-token.js'
import { refused, shown } from '../fixtures/shown-answer.js'
import { clients, type TestServer } from '../fixtures/test-server.js'

const secretCause = 'connect ECONNREFUSED 10.0.0.7:5432 as admin:hunter2'
const serverError = refused(500, 'server_error', 'The server met an unexpected condition')
const unavailable = {
  ...refused(503, 'temporarily_unavailable', 'The server cannot answer right now'),
  retryAfter: '5',
}

/** What a store may fail with. */
const thrown: readonly (readonly [name: string, error: unknown])[] = [
  ['an error', new Error(secretCause)],
  ['StoreUnavailableError', new StoreUnavailableError(secretCause, { retryAfterSeconds: 5 })],
  ['a text', secretCause],
  ['null', null],
  ['undefined', undefined],
  ['an object without a prototype', Object.freeze(Object.create(null))],
]

/** What a store may answer that is no answer. */
const rubbish: readonly unknown[] = [true, false, {}, [], 'x', 0, 1, NaN, null, Symbol('x'), () => true, new Map()]

interface Server extends TestServer {
  readonly userStore: Required<UserStore>
}

let server: Server
let accessToken: string
let refreshToken: string
let spentToken: string

const kindsOf = {
  clients: () => server.stores.clients,
  tokens: () => server.stores.tokens,
  users: () => server.userStore,
}

/** Every call that a request makes to a store, and a request that makes it. */
const calls: readonly (readonly [keyof typeof kindsOf, method: string, send: () => PromiseLike<Response>])[] = [
  ['clients', 'findClient', () => postToken(server, 'grant_type=client_credentials', 'shop-app')],
  ['users', 'findUserByUsername', () => postToken(server, login, 'shop-app')],
  ['tokens', 'findRefreshToken', () => refresh(refreshToken)],
  ['users', 'findUser', () => refresh(refreshToken)],
  ['tokens', 'rotateRefreshToken', () => refresh(refreshToken)],
  ['tokens', 'findAccessToken', () => orders('/orders')],
  ['tokens', 'findAccessToken', () => orders('/optional')],
]
/** Whose answer is not looked at: only that they did not fail. */
const silentCalls: typeof calls = [
  ['tokens', 'saveTokens', () => postToken(server, 'grant_type=client_credentials', 'shop-app')],
  ['tokens', 'saveTokens', () => postToken(server, login, 'shop-app')],
  ['tokens', 'revokeTokens', () => refresh(spentToken)],
]

const login = 'grant_type=password&username=alice&password=alice%27s+password'
const refresh = (token: string): PromiseLike<Response> =>
  postToken(server, `grant_type=refresh_token&refresh_token=${token}`, 'shop-app')
const orders = (path: string): PromiseLike<Response> =>
  request(server.http).get(path).set('Authorization', `Bearer ${accessToken}`)

function makeServer(express: 4 | 5): Server {
  const userStore: Required<UserStore> = {
    findUserByUsername: (username) => made.users.get(username),
    findUser: (id) => [...made.users.values()].find(({ userId }) => userId === id),
    updatePasswordHash: () => undefined,
  }
  const made = plainServer({
    express,
    password: { users: userStore },
    routes(app, oauth) {
      app.get('/optional', oauth.requireBearer({ optional: true }), (req, res) =>
        res.json({ reached: req.auth ?? null }),
      )
    },
  })
  return Object.assign(made, { userStore })
}

/** Nothing came through: no token, no route behind a guard, no HTML, nothing of the cause. */
function expectRefusal(answer: Response): void {
  expect(answer.status).toBeGreaterThanOrEqual(400)
  expect(answer.headers['content-type']).toBe('application/json')
  expect(answer.headers['cache-control']).toBe('no-store')
  expect(Object.keys(answer.body as object)).toEqual(['error', 'error_description'])
  expect(answer.text).not.toContain('hunter2')
}

describe.each([4, 5] as const)('on Express %i', (express) => {
  beforeEach(async () => {
    server = makeServer(express)
    const spent = await signIn(server)
    await refresh(spent.refresh_token)
    server.advance(10)
    spentToken = spent.refresh_token
    const tokens = await signIn(server)
    accessToken = tokens.access_token
    refreshToken = tokens.refresh_token
  })

  describe.each([...calls, ...silentCalls])('%s.%s', (kind, method, send) => {
    it.each(thrown)('that throws %s, or rejects with it, is reported to the operator alone', async (_name, error) => {
      const expected = error instanceof StoreUnavailableError ? unavailable : serverError
      for (const fail of [throwing(error), async () => throwing(error)()]) {
        const before = server.events.length
        Object.assign(kindsOf[kind](), { [method]: fail })
        const answer = await send()
        expect(shown(answer)).toEqual(expected)
        expect(answer.text).not.toContain('hunter2')
        expect(server.events.slice(before)).toEqual([
          expect.objectContaining({ type: 'failure', error: (expected.body as { error: string }).error, cause: error }),
        ])
      }
    })
  })

  describe.each(calls)('%s.%s', (kind, method, send) => {
    it('that returns something invalid lets no request through', async () => {
      for (const answered of rubbish) {
        for (const answer of [() => answered, () => Promise.resolve(answered)]) {
          Object.assign(kindsOf[kind](), { [method]: answer })
          const given = await send()
          expectRefusal(given)
          expect([400, 401, 500]).toContain(given.status)
        }
      }
    })
  })

  it('a failure spends nothing: the refresh token works as soon as the store does', async () => {
    const { tokens } = server.stores
    for (const name of ['findRefreshToken', 'rotateRefreshToken'] as const) {
      const method = tokens[name].bind(tokens)
      Object.assign(tokens, { [name]: throwing(new Error(secretCause)) })
      expect(shown(await refresh(refreshToken))).toEqual(serverError)
      Object.assign(tokens, { [name]: method })
    }
    expect((await refresh(refreshToken)).status).toBe(200)
    expect(server.events.at(-1)).toMatchObject({ type: 'tokens_issued', how: 'refreshed' })
  })

  it('a response that was lost after the rotation is repeated, and the user stays signed in', async () => {
    const { tokens } = server.stores
    const rotate = tokens.rotateRefreshToken.bind(tokens)
    tokens.rotateRefreshToken = (rotation) => {
      rotate(rotation)
      throw new StoreUnavailableError('the connection broke after COMMIT', { retryAfterSeconds: 5 })
    }
    expect(shown(await refresh(refreshToken))).toEqual(unavailable)
    tokens.rotateRefreshToken = rotate
    const again = await refresh(refreshToken)
    expect(again.status).toBe(200)
    expect((await refresh(String(again.body.refresh_token))).status).toBe(200)
  })

  it('a failed revocation after a replay is made up for by the next replay', async () => {
    const { tokens } = server.stores
    const revoke = tokens.revokeTokens.bind(tokens)
    Object.assign(tokens, { revokeTokens: throwing(new Error(secretCause)) })
    expect(shown(await refresh(spentToken))).toEqual(serverError)
    Object.assign(tokens, { revokeTokens: revoke })
    expect((await refresh(spentToken)).body).toMatchObject({ error: 'invalid_grant' })
    expect(server.events.filter(({ type }) => type === 'refresh_token_replayed')).toHaveLength(1)
  })

  it('authorizations.revoke rejects with the failure', async () => {
    Object.assign(server.stores.tokens, { revokeTokens: throwing(new Error(secretCause)) })
    const before = server.events.length
    await expect(server.oauth.authorizations.revoke({ everything: true })).rejects.toThrow(secretCause)
    expect(server.events.slice(before)).toEqual([])
  })
})

describe('records that are nearly right', () => {
  beforeEach(async () => {
    server = makeServer(5)
    const tokens = await signIn(server)
    accessToken = tokens.access_token
    refreshToken = tokens.refresh_token
  })

  it.each([
    ['another case of the id', { clientId: 'SHOP-APP' }],
    ['a space behind the id', { clientId: 'shop-app ' }],
    ['grant types as a text', { grantTypes: 'password client_credentials' }],
    ['no grant types', { grantTypes: undefined }],
    ['scopes as a text', { scopes: 'orders:readonly' }],
    ['default scopes as a text', { defaultScopes: 'orders:readonly' }],
    ['resources as a text', { resources: 'https://api.example.com/v1' }],
    ['methods as a text', { authMethods: 'client_secret_basic' }],
    ['no methods', { authMethods: undefined }],
    ['no secrets', { secrets: undefined }],
    ['a secret as a text', { secrets: 'sha256:x' }],
    ['an empty digest', { secrets: [{ digest: '' }] }],
    ['a digest that is none', { secrets: [{ digest: 7 }] }],
    ['no type', { clientType: undefined }],
    ['disabled as a database says it', { disabled: 1 }],
  ])('a client with %s gets no token', async (_what, more) => {
    server.stores.clients.findClient = () => ({ ...clients[0]!, ...more }) as never
    expectRefusal(await postToken(server, 'grant_type=client_credentials&scope=orders%3Aread', 'shop-app'))
    expect(server.events.filter(({ type }) => type === 'tokens_issued')).toHaveLength(1)
  })

  it.each([
    ['no end', { expiresAt: undefined }],
    ['NaN for an end', { expiresAt: NaN }],
    ['null for an end', { expiresAt: null }],
    ['no scope', { scope: undefined }],
    ['a list for a scope', { scope: ['orders:read'] }],
    ['null for a user', { userId: null }],
    ['an empty user', { userId: '' }],
    ['a number for a user', { userId: 7 }],
    ['no client', { clientId: undefined }],
  ])('an access token with %s opens no route', async (_what, more) => {
    const record = server.stores.tokens.findAccessToken(hashToken(accessToken))
    server.stores.tokens.findAccessToken = () => ({ ...record, ...more }) as never
    for (const path of ['/orders', '/optional']) expectRefusal(await orders(path))
  })

  it.each([
    ['no authorization', { authorization: undefined }],
    ['an empty authorization', { authorization: {} }],
    ['no end', { expiresAt: undefined }],
    ['NaN for an end', { expiresAt: NaN }],
    ['null for a spending', { spending: null }],
    ['true for a spending', { spending: true }],
    ['an empty spending', { spending: {} }],
    [
      'a spending without a time',
      { spending: { successorNonce: 'x', accessTokenScope: 'x', accessTokenExpiresAt: 2e9 } },
    ],
  ])('a refresh token with %s is exchanged for nothing', async (_what, more) => {
    const record = server.stores.tokens.findRefreshToken(hashToken(refreshToken))
    server.stores.tokens.findRefreshToken = () => ({ ...record, ...more }) as never
    expectRefusal(await refresh(refreshToken))
  })

  it.each([
    ['no word', { outcome: undefined }],
    ['true', { outcome: true }],
    ['a word of its own', { outcome: 'ok' }],
    ['a name of Object.prototype', { outcome: 'constructor' }],
  ])('a rotation that says %s yields nothing, and the operator learns why', async (_what, outcome) => {
    server.stores.tokens.rotateRefreshToken = () => outcome as never
    expect(shown(await refresh(refreshToken))).toEqual(serverError)
    const cause = new TypeError('The TokenStore answered no RotationOutcome')
    expect(server.events.at(-1)).toMatchObject({ type: 'failure', error: 'server_error', cause })
  })

  it.each([
    ['already_spent, and not when', { outcome: 'already_spent' }],
    ['already_spent, and an empty spending', { outcome: 'already_spent', spending: {} }],
  ])('a rotation that says %s yields nothing', async (_what, outcome) => {
    server.stores.tokens.rotateRefreshToken = () => outcome as never
    expectRefusal(await refresh(refreshToken))
  })
})

function throwing(error: unknown): () => never {
  return () => {
    throw error
  }
}
