import { generateKeyPairSync } from 'node:crypto'
import { SignJWT } from 'jose'
import { hashToken, StoreUnavailableError, type Client, type JwtClaims } from 'latchkey'
import * as oauth4webapi from 'oauth4webapi'
import request from 'supertest'
import { beforeEach, describe, expect, it } from 'vitest'
import {
  apiServer,
  claimsOf,
  clientLike,
  introspect,
  post,
  refreshAt,
  shopApi,
  signInAt,
  signingKey,
  stockApi,
  tokenOf,
  whileListening,
} from '../fixtures/api-server.js'
import { sendRaw } from '../fixtures/raw-http.js'
import { answered, basicChallenge, invalidClient, refused, shown, type ShownAnswer } from '../fixtures/shown-answer.js'
import { basic, secretOf, type TestServer } from '../fixtures/test-server.js'

const path = '/oauth/introspect'
const inactive = answered(200, { active: false })
const notPermitted = refused(400, 'unauthorized_client', 'This client may not introspect tokens')
const apps = ['opaque-app', 'jwt-app']

let server: TestServer
beforeEach(() => {
  server = apiServer()
})

async function ask(caller: string, token: string, more: Record<string, string> = {}): Promise<ShownAnswer> {
  return shown(await post(server, path, { token, ...more }, caller))
}

function change(clientId: string, more: Partial<Client>): void {
  server.stores.clients.saveClient({ ...server.stores.clients.findClient(clientId)!, ...more } as Client)
}

describe.each([4, 5] as const)('the introspection endpoint, Express %i', (express) => {
  beforeEach(() => {
    server = apiServer({ express })
  })

  it.each(['get', 'put', 'delete', 'patch'] as const)('responds with 405 to %s (INT-01)', async (method) => {
    const token = await tokenOf(server, 'opaque-app')
    const answer = await request(server.http)
      [method](`${path}?token=${token}`)
      .set('Authorization', basic('inspector', secretOf('inspector')))
    expect(shown(answer)).toEqual(refused(405, 'invalid_request', 'Only POST is allowed here'))
    expect(answer.headers['allow']).toBe('POST')
  })

  it.each([{}, { token: '' }, { access_token: 'x' }])('needs a token: %j (INT-01)', async (form) => {
    expect(shown(await post(server, path, form, 'inspector'))).toEqual(
      refused(400, 'invalid_request', 'The parameter token is missing'),
    )
  })

  it.each([
    ['nobody', undefined, {}],
    ['a wrong secret', basic('inspector', 'wrong'), {}],
    ['an unknown client', basic('nobody', 'x'), {}],
    ['a confidential client that only names itself', undefined, { client_id: 'inspector' }],
    ['a public client', undefined, { client_id: 'spa' }],
  ])('is closed to %s (CLA-36, INT-02, INT-04, DEC-05)', async (_who, authorization, form) => {
    change('spa', { mayIntrospect: true })
    const token = await tokenOf(server, 'opaque-app')
    const sent = request(server.http).post(path).type('form')
    if (authorization !== undefined) sent.set('Authorization', authorization)
    expect(shown(await sent.send({ token, ...form }))).toEqual(invalidClient)
  })

  it('is closed to bearer tokens, including the one in question (INT-02, INT-14)', async () => {
    const token = await tokenOf(server, 'opaque-app')
    const answer = await request(server.http)
      .post(path)
      .type('form')
      .set('Authorization', `Bearer ${token}`)
      .send({ token })
    expect(shown(answer)).toEqual(invalidClient)
  })

  it('is closed to a client without mayIntrospect, for any token (INT-03)', async () => {
    for (const token of [await tokenOf(server, 'opaque-app'), await tokenOf(server, 'stock-sync'), 'x', 'a.b.c']) {
      expect(await ask('stock-sync', token)).toEqual(notPermitted)
    }
  })
})

describe.each(apps)('a token of %s', (app) => {
  it('is described with everything but a name: of a user (INT-08, INT-09, INT-16, INT-17, RES-03)', async () => {
    const { access_token } = await signInAt(server, app)
    const [authorization] = await server.oauth.authorizations.list({ userId: 'user-1' })
    const known = {
      active: true,
      iss: 'http://127.0.0.1',
      sub: 'user-1',
      aud: shopApi,
      client_id: app,
      scope: 'orders:read profile',
      token_type: 'Bearer',
      iat: server.now(),
      exp: server.now() + 3600,
      sid: authorization?.authorizationId,
    }
    const ofJwt = { jti: expect.stringMatching(/^[\w-]{22}$/) as unknown, auth_time: server.now() }
    expect(await ask('inspector', access_token)).toEqual(
      answered(200, app === 'jwt-app' ? { ...known, ...ofJwt } : known),
    )
    if (app === 'jwt-app') expect(await introspect(server, access_token)).toMatchObject(claimsOf(access_token))
  })

  it('is described with everything but a name: of a client (INT-09, CCG-08)', async () => {
    expect(await introspect(server, await tokenOf(server, app))).toEqual({
      active: true,
      iss: 'http://127.0.0.1',
      sub: app,
      aud: shopApi,
      client_id: app,
      scope: 'orders:read profile',
      token_type: 'Bearer',
      iat: server.now(),
      exp: server.now() + 3600,
      ...(app === 'jwt-app' ? { jti: expect.stringMatching(/^[\w-]{22}$/) as unknown } : {}),
    })
  })

  it('is inactive from the second in which it expires (INT-05, INT-06, INT-07)', async () => {
    const { access_token, refresh_token } = await signInAt(server, app)
    server.advance(3599)
    expect(await introspect(server, access_token)).toMatchObject({ active: true })
    server.advance(1)
    expect(await ask('inspector', access_token)).toEqual(inactive)
    server.advance(14 * 86_400)
    change(app, { mayIntrospect: true })
    expect(await ask(app, refresh_token)).toEqual(inactive)
  })

  it('is inactive as soon as its sign-in is revoked (INT-05, INT-07, REV-12)', async () => {
    const { access_token } = await signInAt(server, app)
    await server.oauth.authorizations.revoke({ userId: 'user-1' })
    expect(await ask('inspector', access_token)).toEqual(inactive)
  })

  it('is inactive to a caller of another resource, as if it were unknown (INT-07, INT-19)', async () => {
    const forShop = await tokenOf(server, app)
    const forStock = await tokenOf(server, app, { resource: stockApi })
    const forBoth = await tokenOf(server, app, [
      ['resource', shopApi],
      ['resource', stockApi],
    ])
    const send = (token: string): ReturnType<typeof sendRaw> =>
      sendRaw(
        server.http,
        [
          `POST ${path} HTTP/1.1`,
          `Authorization: ${basic('stock-inspector', secretOf('stock-inspector'))}`,
          'Content-Type: application/x-www-form-urlencoded',
        ],
        `token=${token}`,
      )
    const [foreign, unknown] = [await send(forShop), await send('x'.repeat(43))]
    expect(shown(foreign)).toEqual(inactive)
    expect(foreign.octets).toBe(unknown.octets)
    expect(await introspect(server, forStock, 'stock-inspector')).toMatchObject({ active: true, aud: stockApi })
    expect(await introspect(server, forBoth, 'stock-inspector')).toMatchObject({ active: true })
  })

  it.each(['access_token', 'refresh_token', 'foo', '', 'constructor'])(
    'is found with any hint: %j (INT-12)',
    async (hint) => {
      const { access_token, refresh_token } = await signInAt(server, app)
      change(app, { mayIntrospect: true })
      for (const token of [access_token, refresh_token]) {
        expect(await ask(app, token, { token_type_hint: hint })).toMatchObject({ status: 200, body: { active: true } })
      }
    },
  )

  it('is described if it is a refresh token, without token_type, to its own client only (INT-13)', async () => {
    const { refresh_token } = await signInAt(server, app)
    expect(await ask('inspector', refresh_token)).toEqual(inactive)
    expect(await ask('stock-inspector', refresh_token)).toEqual(inactive)
    change(app, { mayIntrospect: true })
    const [authorization] = await server.oauth.authorizations.list({ userId: 'user-1' })
    expect(await ask(app, refresh_token)).toEqual(
      answered(200, {
        active: true,
        iss: 'http://127.0.0.1',
        sub: 'user-1',
        aud: shopApi,
        client_id: app,
        scope: 'orders:read profile',
        iat: server.now(),
        exp: server.now() + 14 * 86_400,
        sid: authorization?.authorizationId,
      }),
    )
    // Spent: within the grace it answers a retry, but nobody should begin to use it.
    await refreshAt(server, app, refresh_token)
    expect(await ask(app, refresh_token)).toEqual(inactive)
  })

  it.each([
    ['is disabled', () => server.users.set('alice', { userId: 'user-1', passwordHash: 'x', disabled: true })],
    ['is deleted', () => server.users.delete('alice')],
  ])('is inactive when its user %s (INT-18)', async (_what, end) => {
    const { access_token, refresh_token } = await signInAt(server, app)
    const own = await tokenOf(server, app)
    change(app, { mayIntrospect: true })
    end()
    for (const token of [access_token, refresh_token]) expect(await ask(app, token)).toEqual(inactive)
    expect(await introspect(server, own)).toMatchObject({ active: true })
  })

  it.each([
    ['is disabled', () => change(app, { disabled: true })],
    ['is deleted', () => server.stores.clients.deleteClient(app)],
  ])('is inactive when its client %s (INT-18)', async (_what, end) => {
    const { access_token } = await signInAt(server, app)
    const own = await tokenOf(server, app)
    end()
    for (const token of [access_token, own]) expect(await ask('inspector', token)).toEqual(inactive)
  })
})

describe('names beyond ASCII', () => {
  it.each(['jürgen', '山田', '🔑 "quoted" \\', 'a\u2028b', '\u0001', 'x'.repeat(300)])(
    'are JSON of the right length: %j (INT-09)',
    async (userId) => {
      for (const app of apps) {
        server.users.set('alice', { userId, passwordHash: "plain:alice's password" })
        const { access_token } = await signInAt(server, app)
        const answer = await post(server, path, { token: access_token }, 'inspector')
        expect(answer.body).toMatchObject({ active: true, sub: userId })
        expect(answer.headers['content-length']).toBe(String(Buffer.byteLength(answer.text)))
        expect(answer.text).toMatch(/^[\x20-\x7E]+$/)
      }
    },
  )
})

describe('anything that is not a token', () => {
  it.each([
    'x',
    'a.b',
    'a.b.c',
    '....',
    '\0',
    'ü',
    '🔑',
    ' ',
    "' OR 1=1 --",
    'x'.repeat(16_384),
    'e30.e30.e30',
    'null',
  ])('gets exactly the inactive response: %j (INT-05, INT-06, INT-08)', async (token) => {
    expect(await ask('inspector', token)).toEqual(inactive)
  })

  it('includes a JWT that was not signed here, or was changed (INT-05, INT-07)', async () => {
    const { access_token } = await signInAt(server, 'jwt-app')
    const [head = '', body = '', signature = ''] = access_token.split('.')
    const header = JSON.parse(Buffer.from(head, 'base64url').toString())
    const claims = claimsOf(access_token)
    const { privateKey: strange } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    const signed = (more: object, key = signingKey, inHeader: object = {}): Promise<string> =>
      new SignJWT({ ...claims, ...more }).setProtectedHeader({ ...header, ...inHeader }).sign(key)
    expect(await ask('inspector', await signed({}))).toMatchObject({ body: { active: true } })
    for (const token of [
      await signed({}, strange),
      await signed({ iss: 'https://other.example.com' }),
      await signed({ exp: server.now() }),
      await signed({ nbf: server.now() + 300 }),
      await signed({ iat: server.now() + 300 }),
      await signed({ sid: 'x' }),
      await signed({ client_id: 'unknown' }),
      await signed({ cnf: { jkt: 'x' } }),
      await signed({ aud: [] }),
      await signed({}, signingKey, { typ: 'JWT' }),
      await signed({}, signingKey, { typ: 'token-introspection+jwt' }),
      await signed({}, signingKey, { kid: 'x' }),
      `${head}.${body}.`,
      `${head}.${body}.${signature}A`,
      `${head}.${Buffer.from(JSON.stringify({ ...claims, sub: 'root' })).toString('base64url')}.${signature}`,
    ]) {
      expect(await ask('inspector', token)).toEqual(inactive)
    }
  })

  it('includes the hash under which a token is stored (INT-13)', async () => {
    const { access_token, refresh_token } = await signInAt(server, 'opaque-app')
    for (const token of [access_token, refresh_token]) {
      expect(await ask('inspector', hashToken(token))).toEqual(inactive)
    }
  })
})

describe('the introspection endpoint in use', () => {
  it.each(['findAccessToken', 'findAuthorization', 'isSignedTokenRevoked'] as const)(
    'responds with neither active nor inactive while the store is unreachable: %s (INT-07)',
    async (method) => {
      const token = (await signInAt(server, method === 'isSignedTokenRevoked' ? 'jwt-app' : 'opaque-app')).access_token
      Object.assign(server.stores.tokens, {
        [method]: () => Promise.reject(new StoreUnavailableError('down', { retryAfterSeconds: 3 })),
      })
      const error = { error: 'temporarily_unavailable', error_description: 'The server cannot answer right now' }
      expect(await ask('inspector', token)).toEqual(answered(503, error, { retryAfter: '3' }))
    },
  )

  it('challenges with Basic, as everywhere (INT-02)', async () => {
    const answer = await request(server.http).post(path).type('form').send({ token: 'x' })
    expect(answer.headers['www-authenticate']).toBe(basicChallenge)
  })

  it('cannot be overridden by claims of the application (INT-09)', async () => {
    const accessTokenClaims = (): JwtClaims => ({ active: false, token_type: 'x', username: 'alice', tenant: 'a' })
    server = apiServer({
      server: { accessTokenClaims },
      moreClients: [clientLike('tenant-app', { accessTokenFormat: 'jwt' })],
    })
    expect(await introspect(server, await tokenOf(server, 'tenant-app'))).toMatchObject({
      active: true,
      token_type: 'Bearer',
      tenant: 'a',
    })
  })

  it('is found in the metadata, without the method that proves nothing, and understood by oauth4webapi (INT-20)', async () => {
    const { body: metadata } = await request(server.http).get('/.well-known/oauth-authorization-server')
    expect(metadata).toMatchObject({
      introspection_endpoint: 'http://127.0.0.1/oauth/introspect',
      introspection_endpoint_auth_methods_supported: ['client_secret_basic', 'client_secret_post'],
    })
    const tokens = [await tokenOf(server, 'opaque-app'), await tokenOf(server, 'jwt-app'), 'x']
    const client = { client_id: 'inspector' }
    const clientAuth = oauth4webapi.ClientSecretBasic(secretOf('inspector'))
    const told = await whileListening(server, async (options) => {
      const all = []
      for (const token of tokens) {
        const response = await oauth4webapi.introspectionRequest(metadata, client, clientAuth, token, options)
        all.push(await oauth4webapi.processIntrospectionResponse(metadata, client, response))
      }
      return all
    })
    expect(told).toMatchObject([{ active: true, client_id: 'opaque-app' }, { active: true, client_id: 'jwt-app' }, {}])
    expect(told[2]).toEqual({ active: false })
  })
})
