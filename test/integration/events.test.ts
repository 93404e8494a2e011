import { inspect } from 'node:util'
import request, { type Test } from 'supertest'
import { beforeEach, describe, expect, it } from 'vitest'
import { StoreUnavailableError, type OAuthEvent, type RevocationSelection } from 'latchkey'
import { eventLevels } from '../../lib/telemetry/events.js'
import { plainServer } from '../fixtures/plain-passwords.js'
import { clientLike } from '../fixtures/api-server.js'
import { postToken, signIn } from '../fixtures/post-token.js'
import { basic, clients, secretOf, type TestServer } from '../fixtures/test-server.js'

const login = 'grant_type=password&username=alice&password=alice%27s+password'
const refreshOf = (token: string): string => `grant_type=refresh_token&refresh_token=${encodeURIComponent(token)}`
const requestId = expect.stringMatching(/^[0-9a-f]{32}$/) as string
const loopback = expect.stringMatching(/127\.0\.0\.1$/) as string
const anyId = expect.stringMatching(/^[\w-]{22}$/) as string

let server: TestServer
let before: number

/** What was told since the test began, or since this was asked last. */
function news(): OAuthEvent[] {
  const told = server.events.slice(before)
  before = server.events.length
  return told
}

function revokeToken(token: string): Test {
  const post = request(server.http).post('/oauth/revoke').auth('shop-app', secretOf('shop-app'))
  return post.send(`token=${encodeURIComponent(token)}`)
}

beforeEach(() => {
  server = plainServer()
  before = server.events.length
})

describe('the events', () => {
  const told = (event: Readonly<Record<string, unknown>>): object => ({
    level: eventLevels[event['type'] as OAuthEvent['type']],
    at: server.now(),
    requestId,
    endpoint: 'token',
    address: loopback,
    ...event,
  })
  const refused = (error: string, reason: string, more: object = {}): object =>
    told({
      type: 'request_refused',
      status: error === 'invalid_client' || error === 'invalid_token' ? 401 : 400,
      error,
      description: expect.any(String),
      reason,
      detail: undefined,
      clientId: undefined,
      grantType: undefined,
      userId: undefined,
      authorizationId: undefined,
      scope: undefined,
      resource: undefined,
      ...more,
    })

  it('warning: the password grant is enabled', () => {
    expect(server.events.filter((event) => event.type === 'warning' && event.code !== 'weak_settings')).toEqual([
      told({
        type: 'warning',
        endpoint: undefined,
        address: undefined,
        code: 'password_grant_enabled',
        message: expect.stringMatching(/^The password grant is enabled\. .+\.$/) as string,
      }),
    ])
  })

  it('tokens_issued: to a client for itself', async () => {
    await postToken(server, 'grant_type=client_credentials')
    expect(news()).toEqual([
      told({
        type: 'tokens_issued',
        how: 'new',
        grantType: 'client_credentials',
        clientId: 'stock-sync',
        userId: undefined,
        authorizationId: undefined,
        scope: 'stock:write',
      }),
    ])
  })

  it('tokens_issued: to a client for a user, new, refreshed and retried, with one authorization id', async () => {
    const { refresh_token: token } = await signIn(server)
    const [first] = news()
    const issued = { type: 'tokens_issued', clientId: 'shop-app', userId: 'user-1', authorizationId: anyId }
    expect(first).toEqual(
      told({ ...issued, how: 'new', grantType: 'password', scope: 'orders:read orders:write', isKnownDevice: false }),
    )
    await postToken(server, `${refreshOf(token)}&scope=orders%3Aread`, 'shop-app')
    await postToken(server, `${refreshOf(token)}&scope=orders%3Aread`, 'shop-app')
    const { authorizationId } = first as { authorizationId: string }
    const renewed = told({ ...issued, authorizationId, grantType: 'refresh_token', scope: 'orders:read' })
    expect(news()).toEqual([
      { ...renewed, how: 'refreshed' },
      { ...renewed, how: 'retry' },
    ])
  })

  it('request_refused: with the description of the response', async () => {
    const { body } = await postToken(server, 'grant_type=client_credentials&scope=admin')
    const who = { clientId: 'stock-sync', grantType: 'client_credentials', scope: 'admin' }
    const why = { description: body.error_description, detail: 'admin' }
    expect(news()).toEqual([refused('invalid_scope', 'scope_unknown', { ...who, ...why })])
    await request(server.http).get('/oauth/token')
    await postToken(server, 'grant_type=password&grant_type=password')
    await request(server.http).get('/orders').set('Authorization', 'Bearer unknown')
    const atGuard = { endpoint: 'guard' }
    expect(news()).toEqual([
      refused('invalid_request', 'method_not_allowed', { status: 405, detail: 'The method is GET' }),
      refused('invalid_request', 'parameter_repeated', { detail: 'grant_type' }),
      { ...told({ type: 'unknown_token', clientId: undefined, reason: 'unknown' }), ...atGuard },
      refused('invalid_token', 'unknown', atGuard),
    ])
  })

  it('none for a request that a guard accepts', async () => {
    const { access_token: token } = await signIn(server)
    news()
    expect((await request(server.http).get('/orders').auth(token, { type: 'bearer' })).status).toBe(200)
    expect(news()).toEqual([])
  })

  const inQuery = 'access_token is in the query or in the form'
  it.each([
    ['no_credentials', undefined, '/orders', undefined],
    ['no_credentials', 'The Authorization header has only the scheme', '/orders', 'Bearer '],
    ['other_scheme', 'The Authorization header uses Token, not Bearer', '/orders', 'Token abc'],
    ['other_scheme', 'The Authorization header does not begin with Bearer', '/orders', 'mF_9.B5f-4.1JqM'],
    ['token_elsewhere', inQuery, '/orders?access_token=abc', undefined],
  ])(
    'request_refused: %s, with the id of the response, if a guard asks for credentials: %s (A18)',
    async (reason, detail, path, header) => {
      const req = request(server.http).get(path)
      const answer = await (header === undefined ? req : req.set('Authorization', header))
      expect([answer.status, answer.body]).toEqual([401, {}])
      const none = { endpoint: 'guard', status: 401, error: undefined, description: undefined }
      const id = { requestId: answer.headers['request-id'] }
      expect(news()).toEqual([refused('', reason, { ...none, ...id, detail })])
    },
  )

  it('none for a request without credentials at an optional guard', async () => {
    server = plainServer({
      routes: (app, oauth) => {
        app.get('/anybody', oauth.requireBearer({ optional: true }), (_req, res) => {
          res.end()
        })
      },
    })
    before = server.events.length
    expect((await request(server.http).get('/anybody')).status).toBe(200)
    expect(news()).toEqual([])
  })

  it.each([
    ['unknown_client', 'client_secret_basic', 'nobody', 'x'],
    ['client_disabled', 'client_secret_basic', 'disabled-app', secretOf('disabled-app')],
    ['wrong_credentials', 'client_secret_basic', 'shop-app', 'wrong'],
    ['method_not_registered', 'client_secret_basic', 'post-app', secretOf('post-app')],
  ])('client_authentication_failed: %s', async (reason, authMethod, clientId, secret) => {
    // What an unknown client presents as its id may be a secret in the wrong place: it is not told.
    const known = reason === 'unknown_client' ? undefined : clientId
    const post = request(server.http).post('/oauth/token').set('Authorization', basic(clientId, secret))
    const { body } = await post.send('grant_type=client_credentials')
    expect(body).toEqual({ error: 'invalid_client', error_description: 'Client authentication failed' })
    expect(news()).toEqual([
      told({ type: 'client_authentication_failed', clientId: known, authMethod, reason }),
      refused('invalid_client', reason, { clientId: known, detail: expect.stringMatching(/^By client_secret_basic/) }),
    ])
  })

  it.each([
    ['unknown_user', undefined, 'nobody', 'x'],
    ['wrong_password', 'user-1', 'alice', 'x'],
    ['user_disabled', 'user-9', 'ex', 'right'],
    ['wrong_password', 'user-9', 'ex', 'x'],
  ])('user_authentication_failed: %s, %s', async (reason, userId, username, password) => {
    server.users.set('ex', { userId: 'user-9', passwordHash: 'plain:right', disabled: true })
    await postToken(server, `grant_type=password&username=${username}&password=${password}`, 'shop-app')
    expect(news()).toEqual([
      told({ type: 'user_authentication_failed', clientId: 'shop-app', userId, reason }),
      refused('invalid_grant', reason, { clientId: 'shop-app', grantType: 'password', userId }),
    ])
  })

  it('refresh_token_misused, refresh_token_replayed', async () => {
    const { refresh_token: token } = await signIn(server)
    const [first] = news()
    const { authorizationId } = first as { authorizationId: string }
    await postToken(server, refreshOf(token), 'other-app')
    const misuse = { type: 'refresh_token_misused', clientId: 'other-app', ownerClientId: 'shop-app', authorizationId }
    const whose = { grantType: 'refresh_token', userId: 'user-1', authorizationId }
    const foreign = { clientId: 'other-app', ...whose, detail: 'It belongs to the client shop-app' }
    expect(news()).toEqual([told(misuse), refused('invalid_grant', 'foreign_token', foreign)])
    await postToken(server, refreshOf(token), 'shop-app')
    news()
    server.advance(10)
    await postToken(server, refreshOf(token), 'shop-app')
    const replay = { type: 'refresh_token_replayed', clientId: 'shop-app', userId: 'user-1', authorizationId }
    expect(news()).toEqual([told(replay), refused('invalid_grant', 'replayed', { clientId: 'shop-app', ...whose })])
  })

  const revoked = {
    type: 'tokens_revoked',
    authorizationId: undefined,
    userId: undefined,
    exceptAuthorizationId: undefined,
    clientId: undefined,
  }

  it.each<[RevocationSelection, object]>([
    [{ authorizationId: 'a' }, { selection: 'authorization', authorizationId: 'a' }],
    [
      { userId: 'u', exceptAuthorizationId: 'a' },
      { selection: 'user', userId: 'u', exceptAuthorizationId: 'a' },
    ],
    [{ clientId: 'c' }, { selection: 'client', clientId: 'c' }],
    [{ everything: true }, { selection: 'everything' }],
  ])('tokens_revoked: what was selected, %j', async (selection, told) => {
    await server.oauth.authorizations.revoke(selection)
    expect(news()).toMatchObject([{ ...revoked, ...told, authorizations: 0 }])
  })

  it('tokens_revoked: by a client that revokes its refresh token', async () => {
    const { refresh_token: token } = await signIn(server)
    const [first] = news()
    const { authorizationId } = first as { authorizationId: string }
    await revokeToken(token)
    expect(news()).toEqual([
      told({ ...revoked, selection: 'authorization', authorizationId, authorizations: 1, endpoint: 'revoke' }),
    ])
  })

  it('unknown_token: at each endpoint, with the client that presented it', async () => {
    await revokeToken('x')
    expect(news()).toEqual([
      told({ type: 'unknown_token', clientId: 'shop-app', reason: 'unknown', endpoint: 'revoke' }),
    ])
    await postToken(server, refreshOf('x'), 'shop-app')
    expect(news()).toEqual([
      told({ type: 'unknown_token', clientId: 'shop-app', reason: 'unknown' }),
      refused('invalid_grant', 'unknown', { clientId: 'shop-app', grantType: 'refresh_token' }),
    ])
    server.stores.clients.saveClient(clientLike('asking-app', { mayIntrospect: true }))
    const post = request(server.http).post('/oauth/introspect').auth('asking-app', secretOf('asking-app'))
    await post.send('token=x')
    expect(news()).toEqual([
      told({ type: 'unknown_token', clientId: 'asking-app', reason: 'unknown', endpoint: 'introspect' }),
    ])
  })

  it('tokens_revoked: by the application, without an address', async () => {
    await signIn(server)
    news()
    await server.oauth.authorizations.revoke({ userId: 'user-1' })
    expect(news()).toEqual([
      told({
        ...revoked,
        selection: 'user',
        userId: 'user-1',
        authorizations: 1,
        endpoint: undefined,
        address: undefined,
      }),
    ])
  })

  it('failure: with what was thrown', async () => {
    const causes = [new Error('broken'), new StoreUnavailableError('away')]
    for (const cause of causes) {
      server.stores.clients.findClient = () => {
        throw cause
      }
      await postToken(server, login, 'shop-app')
    }
    expect(news()).toEqual([
      told({ type: 'failure', error: 'server_error', cause: causes[0] }),
      told({ type: 'failure', error: 'temporarily_unavailable', cause: causes[1] }),
    ])
  })

  it('each request has its own id', async () => {
    await postToken(server, 'grant_type=password&username=nobody&password=x', 'shop-app')
    const ids = news().map(({ requestId }) => requestId)
    expect(ids).toEqual([ids[0], ids[0]])
    await postToken(server, 'grant_type=client_credentials')
    expect(news()[0]!.requestId).not.toBe(ids[0])
  })

  it('the address follows trust proxy', async () => {
    server = plainServer({ before: (app) => app.set('trust proxy', 'loopback') })
    await postToken(server, 'grant_type=client_credentials').set('X-Forwarded-For', '203.0.113.7')
    expect(server.events.at(-1)).toMatchObject({ address: '203.0.113.7' })
  })

  // The octets of UTF-8 arrive as two characters each.
  it.each([
    ['\u009B31m203.0.113.7', '\\u00c2\\u009b31m203.0.113.7'],
    ['203.0.113.7\u00A0INFO\u0085', '203.0.113.7\\u00c2\\u00a0INFO\\u00c2\\u0085'],
    ['9'.repeat(5000), `${'9'.repeat(253)}...`],
  ])('an invented address cannot forge a log line: %j', async (forwarded, address) => {
    server = plainServer({ before: (app) => app.set('trust proxy', true) })
    await postToken(server, 'grant_type=client_credentials').set('X-Forwarded-For', forwarded)
    expect(server.events.at(-1)).toMatchObject({ type: 'tokens_issued', address })
  })
})

describe('no event has', () => {
  it('a token, secret, password or user name, over a full run of right and wrong requests', async () => {
    const secrets = ["alice's password", 'wr0ng-password', 'wr0ng-secret', 'made-up-token', 'query-secret', 'alice']
    for (const { clientId } of clients) secrets.push(secretOf(clientId), basic(clientId, secretOf(clientId)).slice(6))
    const send = async (form: string, clientId?: string): Promise<Awaited<Test>> => {
      const answer = await postToken(server, form, clientId)
      for (const name of ['access_token', 'refresh_token']) if (answer.body[name]) secrets.push(answer.body[name])
      return answer
    }
    const first = (await send(login, 'shop-app')).body
    const second = (await send(refreshOf(first.refresh_token), 'shop-app')).body
    await send(refreshOf(first.refresh_token), 'shop-app')
    await send(refreshOf(second.refresh_token), 'other-app')
    await send(refreshOf(first.access_token), 'shop-app')
    await send(refreshOf('made-up-token'), 'shop-app')
    await send('grant_type=client_credentials')
    await send('grant_type=client_credentials&scope=made-up')
    await send('grant_type=made-up-token')
    await send('grant_type=password&username=alice&password=wr0ng-password', 'shop-app')
    await send('grant_type=password&username=wr0ng-password&password=x', 'shop-app')
    await send(`${login}&password=wr0ng-password`, 'shop-app')
    await send(`${login}&client_secret=wr0ng-secret`, 'shop-app')
    await send(`${login}%0D`, 'shop-app')
    const post = (url = '/oauth/token'): Test => request(server.http).post(url)
    await post().auth('shop-app', 'wr0ng-secret').send(login)
    await post().send(`${login}&client_id=shop-app&client_secret=wr0ng-secret`)
    await post('/oauth/token?client_secret=query-secret').auth('shop-app', secretOf('shop-app')).send(login)
    await post().set('Authorization', 'Basic made-up-token').send(login)
    for (const token of [first.access_token, first.refresh_token, 'made-up-token', 'made up-token']) {
      await request(server.http)
        .get('/profile')
        .set('Authorization', `Bearer ${String(token)}`)
      await request(server.http)
        .get(`/orders?access_token=${String(token)}`)
        .set('Authorization', `Bearer ${String(token)}`)
    }
    for (const method of ['saveTokens', 'findRefreshToken', 'findAccessToken'] as const) {
      const { tokens } = server.stores
      Object.assign(tokens, { [method]: () => Promise.reject(new Error('broken')) })
    }
    await send(login, 'shop-app')
    await send(refreshOf(second.refresh_token), 'shop-app')
    await request(server.http).get('/orders').auth(String(second.access_token), { type: 'bearer' })
    await server.oauth.authorizations.revoke({ everything: true })

    const types = new Set(server.events.map(({ type }) => type))
    expect(types.size).toBeGreaterThanOrEqual(8)
    const everything = inspect(server.events, { depth: Infinity, maxArrayLength: null, maxStringLength: null })
    expect(new Set(secrets).size).toBeGreaterThan(20)
    for (const secret of secrets) expect(everything).not.toContain(secret)
  })

  it.each(['caf%C3%A9', 'a%0D%0Ab', 'a%00b', '%E2%80%AEclient', 'a%1B%5B31mb'])(
    'a client id with other characters than printable ASCII: %s',
    async (clientId) => {
      for (const secret of ['', '&client_secret=x']) {
        await request(server.http).post('/oauth/token').send(`grant_type=password&client_id=${clientId}${secret}`)
      }
      expect(news().map(({ type }) => type)).toEqual(['request_refused', 'request_refused'])
    },
  )
})
