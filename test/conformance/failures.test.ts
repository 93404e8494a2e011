import request from 'supertest'
import { beforeEach, describe, expect, it } from 'vitest'
import { StoreUnavailableError, type PasswordHasher, type UserStore } from 'latchkey'
import { postToken, signIn } from '../fixtures/post-token.js'
import { answered, refused, shown, type ShownAnswer, unsupportedWords } from '../fixtures/shown-answer.js'
import { clients, testServer, type TestServer } from '../fixtures/test-server.js'

const serverError = refused(500, 'server_error', 'The server met an unexpected condition')
const unavailable = answered(
  503,
  { error: 'temporarily_unavailable', error_description: 'The server cannot answer right now' },
  { retryAfter: '7' },
)
const cause = new Error('connect ECONNREFUSED 10.0.0.7:5432')
const outage = new StoreUnavailableError('no connection to 10.0.0.7', { retryAfterSeconds: 7 })

/** Ways to break, the answer to each, and what the operator is told. */
const breakages: readonly [how: string, answer: ShownAnswer, thrown: unknown, fail: () => unknown][] = [
  ['throws', serverError, cause, throwing(cause)],
  ['rejects', serverError, cause, () => Promise.reject(cause)],
  ['throws something that is no error', serverError, 'broken', throwing('broken')],
  ['throws undefined', serverError, undefined, throwing(undefined)],
  ['throws StoreUnavailableError', unavailable, outage, throwing(outage)],
  ['rejects with StoreUnavailableError', unavailable, outage, () => Promise.reject(outage)],
]

/** Every call that a token request makes into the application. */
const calls = [
  ['clients', 'findClient', 'grant_type=client_credentials'],
  ['tokens', 'saveTokens', 'grant_type=client_credentials'],
  ['users', 'findUserByUsername', 'grant_type=password&username=alice&password=right'],
  ['hasher', 'verify', 'grant_type=password&username=alice&password=right'],
  ['hasher', 'verifyNobody', 'grant_type=password&username=nobody&password=right'],
  ['tokens', 'saveTokens', 'grant_type=password&username=alice&password=right'],
  ['tokens', 'findRefreshToken', 'grant_type=refresh_token&refresh_token='],
  ['users', 'findUser', 'grant_type=refresh_token&refresh_token='],
  ['tokens', 'rotateRefreshToken', 'grant_type=refresh_token&refresh_token='],
] as const

describe('a failure of the application', () => {
  let server: TestServer
  let application: Record<'clients' | 'tokens' | 'users' | 'hasher', object>
  let refreshToken: string

  beforeEach(async () => {
    const alice = { userId: 'user-1', passwordHash: 'right' }
    const users: Required<UserStore> = {
      findUserByUsername: (username) => (username === 'alice' ? alice : undefined),
      findUser: () => alice,
      updatePasswordHash: () => undefined,
    }
    const hasher: PasswordHasher = {
      hash: async (password) => password,
      verify: async (password, hash) => password === hash,
      verifyNobody: async () => undefined,
      needsRehash: () => false,
    }
    server = testServer({
      password: { users, hasher },
      routes: (app, oauth) => {
        app.get('/optional', oauth.requireBearer({ optional: true }), (_req, res) => res.json('reached'))
      },
    })
    application = { clients: server.stores.clients, tokens: server.stores.tokens, users, hasher }
    refreshToken = (await signIn(server, 'right')).refresh_token
  })

  describe.each(calls)('%s.%s in %s', (part, method, form) => {
    it.each(breakages)('%s: no token, and only the operator learns the cause (ORD-05, DEC-09)', async (...breakage) => {
      const [, answer, thrown, fail] = breakage
      const before = server.events.length
      const whole = form.endsWith('refresh_token=') ? form + refreshToken : form
      Object.assign(application[part], { [method]: fail })
      expect(shown(await postToken(server, whole, 'shop-app'))).toEqual(answer)
      expect(server.events.slice(before)).toEqual([
        expect.objectContaining({ type: 'failure', error: (answer.body as { error: string }).error, cause: thrown }),
      ])
    })
  })

  it.each(breakages)('the guard refuses when the token store %s (ORD-05)', async (...breakage) => {
    const [, answer, , fail] = breakage
    const { access_token: token } = (await postToken(server, 'grant_type=client_credentials')).body
    Object.assign(server.stores.tokens, { findAccessToken: fail })
    for (const path of ['/orders', '/optional']) {
      expect(shown(await request(server.http).get(path).set('Authorization', `Bearer ${token}`))).toEqual(answer)
    }
  })

  it.each([
    ['a listener that throws', throwing(cause)],
    ['a listener that rejects', () => Promise.reject(cause)],
  ])('%s changes no response (ORD-05)', async (_what, onEvent) => {
    const deaf = testServer({ server: { onEvent } })
    expect((await postToken(deaf, 'grant_type=client_credentials')).status).toBe(200)
    expect(shown(await postToken(deaf, 'grant_type=x'))).toEqual(
      refused(400, 'unsupported_grant_type', unsupportedWords),
    )
  })

  it.each([
    ['nothing', undefined],
    ['true', true],
    ['an object without a scope', { actsFor: 'client' }],
    ['an unknown kind of access', { actsFor: 'everyone', scope: 'orders:read' }],
    ['a user without an id', { actsFor: 'user', userId: '', scope: 'orders:read' }],
  ])('an application’s grant that returns %s yields no token (ORD-05)', async (_what, access) => {
    const grantType = 'urn:example:broken'
    const own = testServer({
      server: { grants: [{ grantType, grantAccess: () => access as never }] },
      moreClients: [{ ...clients.find(({ clientId }) => clientId === 'stock-sync')!, grantTypes: [grantType] }],
    })
    expect(shown(await postToken(own, `grant_type=${grantType}`))).toEqual(serverError)
  })
})

function throwing(thrown: unknown): () => never {
  return () => {
    throw thrown
  }
}
