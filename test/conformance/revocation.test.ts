import { generateKeyPairSync } from 'node:crypto'
import { setImmediate } from 'node:timers/promises'
import { StoreUnavailableError, type TokenStore } from 'latchkey'
import * as oauth4webapi from 'oauth4webapi'
import request from 'supertest'
import { beforeEach, describe, expect, it } from 'vitest'
import { SignJWT } from 'jose'
import {
  apiServer,
  claimsOf,
  introspect,
  post,
  refreshAt,
  signInAt,
  signingKey,
  statusOf,
  tokenOf,
  whileListening,
  type SignIn,
} from '../fixtures/api-server.js'
import {
  answered,
  invalidClient,
  refused,
  shown,
  type ShownAnswer,
  repeatedWords,
  tooLongWords,
} from '../fixtures/shown-answer.js'
import { basic, secretOf, type TestServer } from '../fixtures/test-server.js'

const path = '/oauth/revoke'
const revoked = answered(200, {})
const invalidGrant = refused(
  400,
  'invalid_grant',
  'The refresh token is invalid, expired, revoked, or belongs to another client',
)
const apps = ['opaque-app', 'jwt-app']

let server: TestServer
beforeEach(() => {
  server = apiServer()
})

async function revoke(clientId: string, token: string, more: Record<string, string> = {}): Promise<ShownAnswer> {
  return shown(await post(server, path, { token, ...more }, clientId))
}

/** Whether both tokens of a sign-in work, by the guard and by introspection; the refresh token is spent by asking. */
async function stillWork(clientId: string, { access_token, refresh_token }: SignIn): Promise<[boolean, boolean]> {
  const guard = (await statusOf(server, access_token)) === 200
  const told = await introspect(server, access_token)
  // The two must never differ; and what is inactive is told in these words.
  expect(told).toEqual(guard ? expect.objectContaining({ active: true }) : { active: false })
  return [guard, (await refreshAt(server, clientId, refresh_token)).status === 200]
}

describe.each([4, 5] as const)('the revocation endpoint, Express %i', (express) => {
  beforeEach(() => {
    server = apiServer({ express })
  })

  it.each(['GET', 'PUT', 'DELETE', 'PATCH'] as const)('responds with 405 to %s (REV-02)', async (method) => {
    const token = await tokenOf(server, 'opaque-app')
    const answer = await request(server.http)
      [method === 'GET' ? 'get' : (method.toLowerCase() as 'put')](`${path}?token=${token}&callback=alert`)
      .set('Authorization', basic('opaque-app', secretOf('opaque-app')))
    expect(shown(answer)).toEqual(refused(405, 'invalid_request', 'Only POST is allowed here'))
    expect(answer.headers['allow']).toBe('POST')
    expect(await statusOf(server, token)).toBe(200)
  })

  it('offers no JSONP and no CORS (REV-15)', async () => {
    const answer = await request(server.http).get(`${path}?token=x&callback=alert`).set('Origin', 'https://a.example')
    expect(answer.text).not.toContain('alert')
    expect(answer.headers).not.toHaveProperty('access-control-allow-origin')
    const posted = await post(server, path, { token: 'x' }, 'opaque-app').set('Origin', 'https://a.example')
    expect(posted.headers).not.toHaveProperty('access-control-allow-origin')
  })

  it.each([{}, { token: '' }, { Token: 'x' }, { refresh_token: 'x' }])('needs a token: %j (REV-02)', async (form) => {
    expect(shown(await post(server, path, form, 'opaque-app'))).toEqual(
      refused(400, 'invalid_request', 'The parameter token is missing'),
    )
  })

  it('accepts one token, in a form (REV-02)', async () => {
    const repeated = await post(
      server,
      path,
      [
        ['token', 'a'],
        ['token', 'b'],
      ],
      'opaque-app',
    )
    expect(shown(repeated)).toEqual(refused(400, 'invalid_request', repeatedWords))
    const json = await request(server.http)
      .post(path)
      .set('Authorization', basic('opaque-app', secretOf('opaque-app')))
      .send({ token: 'a' })
    expect(shown(json)).toEqual(refused(400, 'invalid_request', 'The body must be application/x-www-form-urlencoded'))
  })

  it.each([
    ['nobody', undefined, {}],
    ['a wrong secret', basic('opaque-app', 'wrong'), {}],
    ['an unknown client', basic('nobody', 'x'), {}],
    ['a confidential client that only names itself', undefined, { client_id: 'opaque-app' }],
    ['the token as credentials', 'Bearer x', {}],
  ])('is closed to %s (CLA-36, REV-03)', async (_who, authorization, form) => {
    const { access_token } = await signInAt(server, 'opaque-app')
    const sent = request(server.http).post(path).type('form')
    if (authorization !== undefined) sent.set('Authorization', authorization)
    expect(shown(await sent.send({ token: access_token, ...form }))).toEqual(invalidClient)
    expect(await statusOf(server, access_token)).toBe(200)
  })

  it('lets a public client identify itself (REV-03)', async () => {
    server = apiServer({ express, password: { allowPublicClients: true } })
    const spa = (endpoint: string, form: object): request.Test =>
      request(server.http)
        .post(endpoint)
        .type('form')
        .send({ client_id: 'spa', ...form })
    const signIn = { grant_type: 'password', username: 'alice', password: "alice's password" }
    const { body } = await spa('/oauth/token', signIn)
    expect(shown(await spa(path, { token: body.access_token }))).toEqual(revoked)
    expect(await statusOf(server, body.access_token)).toBe(401)
    expect(shown(await spa(path, { token: (await signInAt(server, 'opaque-app')).access_token }))).toEqual(revoked)
  })
})

describe.each(apps)('a token of %s', (app) => {
  const other = app === 'jwt-app' ? 'opaque-app' : 'jwt-app'

  it('stays when another client revokes it, which gets the response of an unknown one (V24) (REV-06, DEC-04)', async () => {
    const tokens = await signInAt(server, app)
    const own = await tokenOf(server, app)
    for (const client of [other, 'stock-sync', 'inspector']) {
      const unknown = await post(server, path, { token: 'unknown' }, client)
      server.events.length = 0
      for (const token of [tokens.access_token, tokens.refresh_token, own]) {
        const answer = await post(server, path, { token }, client)
        expect(shown(answer)).toEqual(revoked)
        const ofEach = { 'request-id': '', date: '' }
        expect({ ...answer.headers, ...ofEach }).toEqual({ ...unknown.headers, ...ofEach })
        expect(answer.text).toBe(unknown.text)
      }
      const misuse = { type: 'refresh_token_misused', endpoint: 'revoke', clientId: client, ownerClientId: app }
      expect(server.events).toMatchObject([misuse, misuse, misuse])
      const ids = server.events.map((event) => 'authorizationId' in event && event.authorizationId)
      expect(ids).toEqual([expect.any(String), ids[0], undefined])
    }
    expect(await statusOf(server, own)).toBe(200)
    expect(await stillWork(app, tokens)).toEqual([true, true])
  })

  it('can be revoked alone if it is an access token (REV-01, REV-04, REV-11, REV-12)', async () => {
    const tokens = await signInAt(server, app)
    const another = await signInAt(server, app)
    expect(await revoke(app, tokens.access_token)).toEqual(revoked)
    expect(await stillWork(app, tokens)).toEqual([false, true])
    expect(await stillWork(app, another)).toEqual([true, true])
  })

  it('ends the whole sign-in if it is a refresh token (REV-01, REV-04, REV-10, REV-12)', async () => {
    const tokens = await signInAt(server, app)
    const another = await signInAt(server, app)
    const refreshed = (await refreshAt(server, app, tokens.refresh_token)).body
    expect(await revoke(app, refreshed.refresh_token)).toEqual(revoked)
    for (const pair of [tokens, refreshed]) expect(await stillWork(app, pair)).toEqual([false, false])
    expect(await stillWork(app, another)).toEqual([true, true])
  })

  it('ends the sign-in even if it is a spent refresh token that has expired (REV-13)', async () => {
    server = apiServer({ server: { refreshTokenLifetimeSeconds: 100 } })
    const tokens = await signInAt(server, app)
    server.advance(90)
    const refreshed = (await refreshAt(server, app, tokens.refresh_token)).body
    server.advance(90)
    expect(await revoke(app, tokens.refresh_token)).toEqual(revoked)
    expect(await stillWork(app, refreshed)).toEqual([false, false])
  })

  it('is revoked even if it has no user (REV-01, REV-11)', async () => {
    const token = await tokenOf(server, app)
    expect(await revoke(app, token)).toEqual(revoked)
    expect(await statusOf(server, token)).toBe(401)
    expect(await introspect(server, token)).toEqual({ active: false })
  })

  it('gets the same response if it was revoked before (REV-05)', async () => {
    const { access_token, refresh_token } = await signInAt(server, app)
    for (const token of [access_token, access_token, refresh_token, refresh_token, access_token]) {
      expect(await revoke(app, token)).toEqual(revoked)
    }
  })

  it('gets the same response if it has expired (REV-05)', async () => {
    const { access_token, refresh_token } = await signInAt(server, app)
    server.advance(91 * 86_400)
    expect(await revoke(app, access_token)).toEqual(revoked)
    expect(await revoke(app, refresh_token)).toEqual(revoked)
  })

  it.each(['access_token', 'refresh_token', 'foo', '', 'id_token', 'constructor', 'jwt'])(
    'is found with any hint: %j (REV-07, REV-08)',
    async (hint) => {
      const tokens = await signInAt(server, app)
      expect(await revoke(app, tokens.access_token, { token_type_hint: hint })).toEqual(revoked)
      expect(await stillWork(app, tokens)).toEqual([false, true])
      const again = await signInAt(server, app)
      expect(await revoke(app, again.refresh_token, { token_type_hint: hint })).toEqual(revoked)
      expect(await stillWork(app, again)).toEqual([false, false])
    },
  )

  it('may have one hint only (REV-08)', async () => {
    const tokens = await signInAt(server, app)
    const form: [string, string][] = [
      ['token', tokens.access_token],
      ['token_type_hint', 'access_token'],
      ['token_type_hint', 'refresh_token'],
    ]
    expect(shown(await post(server, path, form, app))).toEqual(refused(400, 'invalid_request', repeatedWords))
    expect(await stillWork(app, tokens)).toEqual([true, true])
  })

  it('cannot be revoked by a disabled client, but by the operator (REV-20)', async () => {
    const { access_token, refresh_token } = await signInAt(server, app)
    const client = server.stores.clients.findClient(app)!
    server.stores.clients.saveClient({ ...client, disabled: true })
    expect(await revoke(app, access_token)).toEqual(invalidClient)
    expect(await revoke(app, refresh_token)).toEqual(invalidClient)
    expect(await server.oauth.authorizations.revoke({ clientId: app })).toBe(1)
    expect(await statusOf(server, access_token)).toBe(401)
  })

  it.each([0, 3])(
    'is refused after its revocation, despite requests under way; turns of the store: %i (REV-21)',
    async (turns) => {
      const { refresh_token } = await signInAt(server, app)
      const second = (await refreshAt(server, app, refresh_token)).body
      delay(server.stores.tokens, turns)
      const answers = await whileListening(server, async () => {
        const refreshes = Array.from({ length: 50 }, async () => refreshAt(server, app, second.refresh_token))
        const revocation = revoke(app, refresh_token)
        const all = await Promise.all(refreshes)
        expect(await revocation).toEqual(revoked)
        return all
      })
      for (const answer of answers) if (answer.status !== 200) expect(shown(answer)).toEqual(invalidGrant)
      const issued: SignIn[] = answers.filter(({ status }) => status === 200).map(({ body }) => body)
      for (const pair of [second, ...issued.slice(0, 5)]) expect(await stillWork(app, pair)).toEqual([false, false])
      expect(await server.oauth.authorizations.list({ userId: 'user-1' })).toEqual([])
    },
  )
})

describe('anything that is not a token', () => {
  it.each(['x', 'a.b', 'a.b.c', '....', '\0', 'ü', '🔑', ' ', '%', "' OR 1=1 --", 'x'.repeat(16_000), '{}', 'null'])(
    'gets the response for a revoked token: %j (REV-05, REV-14)',
    async (token) => {
      expect(await revoke('opaque-app', token)).toEqual(revoked)
    },
  )

  it('is refused when it is too long, and costs one look-up of each kind at most (REV-14)', async () => {
    expect(await revoke('opaque-app', 'x'.repeat(16_385))).toEqual(refused(400, 'invalid_request', tooLongWords))
    const calls = countCalls(server.stores.tokens)
    await revoke('opaque-app', 'x', { token_type_hint: 'refresh_token' })
    expect(calls).toEqual({ findAccessToken: 1, findRefreshToken: 1 })
  })

  it('leaves no trace: only tokens that this server signed are stored as revoked (REV-19)', async () => {
    const { access_token } = await signInAt(server, 'jwt-app')
    const [head = '', body = '', signature = ''] = access_token.split('.')
    const { privateKey: strange } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    const header = JSON.parse(Buffer.from(head, 'base64url').toString())
    const forge = (claims: object, key = signingKey, more: object = {}): Promise<string> =>
      new SignJWT({ ...claimsOf(access_token), ...claims }).setProtectedHeader({ ...header, ...more }).sign(key)
    const none = Buffer.from(JSON.stringify({ ...header, alg: 'none' })).toString('base64url')
    const forged = [
      await forge({}, strange),
      await forge({ iss: 'https://other.example.com' }),
      await forge({ exp: server.now() - 1 }),
      await forge({ jti: '' }),
      await forge({}, signingKey, { typ: 'JWT' }),
      await forge({}, signingKey, { kid: 'x' }),
      `${none}.${body}.`,
      `${none}.${body}.${signature}`,
      `${head}.${body}.${signature.slice(0, -4)}AAAA`,
      `${head}.${body}`,
    ]
    const calls = countCalls(server.stores.tokens)
    for (const token of forged) expect(await revoke('jwt-app', token)).toEqual(revoked)
    expect(calls).toEqual({})
    expect(await statusOf(server, access_token)).toBe(200)
    // The count sees it when something is stored.
    await revoke('jwt-app', access_token)
    expect(calls).toMatchObject({ revokeSignedToken: 1 })
  })
})

/** Makes what a refresh and a revocation ask of a store take some turns of the event loop, each call before it is carried out. */
function delay(store: TokenStore, turns: number): void {
  for (const name of ['findAccessToken', 'findRefreshToken', 'rotateRefreshToken', 'revokeTokens'] as const) {
    const method = store[name].bind(store) as (...given: unknown[]) => unknown
    Object.assign(store, {
      async [name](...given: unknown[]) {
        for (let turn = 0; turn < turns * Math.random(); turn++) await setImmediate()
        return method(...given)
      },
    })
  }
}

/** Counts the calls of a store's methods. */
function countCalls(store: TokenStore): Record<string, number> {
  const calls: Record<string, number> = {}
  for (const name of ['findAccessToken', 'findRefreshToken', 'revokeAccessToken', 'revokeSignedToken'] as const) {
    const method = store[name].bind(store) as (...given: unknown[]) => unknown
    Object.assign(store, {
      [name](...given: unknown[]) {
        calls[name] = (calls[name] ?? 0) + 1
        return method(...given)
      },
    })
  }
  return calls
}

describe('an unreachable store', () => {
  it.each([
    ['findAccessToken', 'opaque-app', 'access_token'],
    ['revokeAccessToken', 'opaque-app', 'access_token'],
    ['findRefreshToken', 'opaque-app', 'refresh_token'],
    ['revokeTokens', 'jwt-app', 'refresh_token'],
    ['revokeSignedToken', 'jwt-app', 'access_token'],
  ] as const)('is not a success: %s (REV-16)', async (method, app, kind) => {
    const tokens = await signInAt(server, app)
    const { stores } = server
    const restore = { [method]: stores.tokens[method].bind(stores.tokens) }
    Object.assign(stores.tokens, {
      [method]() {
        throw new StoreUnavailableError('down', { retryAfterSeconds: 7 })
      },
    })
    expect(await revoke(app, tokens[kind])).toEqual(
      answered(
        503,
        { error: 'temporarily_unavailable', error_description: 'The server cannot answer right now' },
        { retryAfter: '7' },
      ),
    )
    Object.assign(stores.tokens, restore)
    expect(await stillWork(app, tokens)).toEqual([true, true])
  })
})

describe('the revocation endpoint in use', () => {
  it('is refused over plain HTTP where TLS is required (REV-17)', async () => {
    const { access_token } = await signInAt(server, 'opaque-app')
    server = apiServer({ server: { requireTls: true } })
    expect(await revoke('opaque-app', access_token)).toEqual(
      refused(400, 'invalid_request', 'TLS is required; behind a TLS proxy, set trust proxy in the application'),
    )
  })

  it('is found in the metadata and understood by oauth4webapi (REV-18, REV-04)', async () => {
    const { body: metadata } = await request(server.http).get('/.well-known/oauth-authorization-server')
    expect(metadata).toMatchObject({
      revocation_endpoint: 'http://127.0.0.1/oauth/revoke',
      revocation_endpoint_auth_methods_supported: ['client_secret_basic', 'client_secret_post', 'none'],
    })
    const { access_token } = await signInAt(server, 'jwt-app')
    const client = { client_id: 'jwt-app' }
    const clientAuth = oauth4webapi.ClientSecretBasic(secretOf('jwt-app'))
    await whileListening(server, async (options) => {
      const response = await oauth4webapi.revocationRequest(metadata, client, clientAuth, access_token, options)
      await oauth4webapi.processRevocationResponse(response)
    })
    expect(await statusOf(server, access_token)).toBe(401)
  })
})
