import { readFileSync } from 'node:fs'
import { request as httpRequest, type ClientRequest, type IncomingMessage, type Server } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import {
  memoryThrottle,
  OAuthError,
  refreshTokenGrant,
  type GrantHandler,
  type OAuthEvent,
  type UserStore,
} from 'latchkey'
import { BearerStrategy } from 'latchkey/passport'
import type { ResourceServer } from 'latchkey/resource-server'
import express from 'express'
import passport from 'passport'
import request, { type Test } from 'supertest'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { refusalReasons } from '../../lib/errors/refusal-reason.js'
import { apiServer, clientLike, post, refreshAt, shopApi, signInAt, stockApi, tokenOf } from '../fixtures/api-server.js'
import { forgeries, withHeader } from '../fixtures/forged-tokens.js'
import { plainServer } from '../fixtures/plain-passwords.js'
import { sendRaw } from '../fixtures/raw-http.js'
import { inspection, resourceServer, runningIssuer, type RunningIssuer } from '../fixtures/running-issuer.js'
import { basic, hasher, secretOf, type TestServer, type TestServerOptions } from '../fixtures/test-server.js'

const page = readFileSync(join(import.meta.dirname, '../../docs/errors.md'), 'utf8')
const issuerOnly = page.slice(0, page.indexOf('## 429, 500 and 503'))
const cells = (cell = ''): string[] => cell.split(', ').map((code) => code.replaceAll('`', ''))
/** Each answer with each reason of each row. */
const rows = [...issuerOnly.matchAll(/^\| (`.+?`) \| (`.+?`) \| (.*) \| .*\|$/gm)].flatMap(
  ([, answers, reasons, causes]) => {
    if (causes === '' || causes === ' ') throw new Error(`No causes: ${String(reasons)}`)
    return cells(reasons).flatMap((reason) => cells(answers).map((answer) => `${answer} ${reason}`))
  },
)

/** A row happens: what was answered, and what its operator was told. */
interface Happened {
  readonly status: number
  readonly body: { readonly error?: string }
  readonly requestId: string | undefined
  readonly events: readonly OAuthEvent[]
}
const happened: Record<string, () => Promise<Happened>> = {}
/** Makes a row happen by the last request of some. */
function row(name: string, make: () => Promise<Happened>): void {
  happened[name] = make
}

/** What an answer and the events of a server come to. */
function seen({ events }: Pick<TestServer, 'events'>, answer: Awaited<Test>): Happened {
  const { status, body, headers } = answer
  return { status, body, requestId: headers['request-id'], events }
}

const api = (options?: TestServerOptions): TestServer => apiServer(options)
const form = 'application/x-www-form-urlencoded'
const login = { grant_type: 'password', username: 'alice', password: "alice's password" }

/** One request to the token endpoint, by a client with its right secret. */
function asks(
  name: string,
  asked: Record<string, string> | [string, string][],
  clientId = 'opaque-app',
  options?: TestServerOptions,
): void {
  row(name, async () => {
    const server = api(options)
    return seen(server, await post(server, '/oauth/token', asked, clientId))
  })
}

/** One request as supertest makes it. */
function sends(name: string, send: (http: Server) => Test, options?: TestServerOptions): void {
  row(name, async () => {
    const server = api(options)
    return seen(server, await send(server.http))
  })
}

const toToken = (http: Server): Test =>
  request(http)
    .post('/oauth/token')
    .set('Authorization', basic('opaque-app', secretOf('opaque-app')))

// The request.
sends('404 invalid_request path_slash', (http) => request(http).post('/oauth/token/'))
sends('405 invalid_request method_not_allowed', (http) => request(http).get('/oauth/token'))
sends('400 invalid_request tls_required', (http) => toToken(http).send('a=b'), { server: { requireTls: true } })
sends('413 invalid_request body_too_large', (http) =>
  toToken(http)
    .type('form')
    .send(`a=${'x'.repeat(70_000)}`),
)
sends('415 invalid_request body_compressed', (http) =>
  toToken(http).type('form').set('Content-Encoding', 'gzip').send('a=b'),
)
sends('400 invalid_request body_type', (http) => toToken(http).type('json').send('{}'))
sends('400 invalid_request body_charset', (http) =>
  toToken(http).set('Content-Type', `${form}; charset=latin1`).send('a=b'),
)
sends('400 invalid_request credentials_in_query', (http) =>
  request(http).post('/oauth/token?client_secret=x').type('form').send('a=b'),
)
sends('500 server_error body_unread', (http) => toToken(http).type('form').send('a=b'), {
  before: (app) => {
    app.use((req, _res, next) => {
      req.resume().on('end', next)
    })
  },
})
row('408 invalid_request body_late', async () => {
  const server = api({ server: { requestTimeoutSeconds: 1 } })
  await once(server.http.listen(0, '127.0.0.1'), 'listening')
  const { port } = server.http.address() as AddressInfo
  const headers = { 'content-type': form, 'content-length': '3' }
  const req: ClientRequest = httpRequest({ port, host: '127.0.0.1', path: '/oauth/token', method: 'POST', headers })
  req.on('error', () => undefined).write('a=')
  const [res] = (await once(req, 'response')) as [IncomingMessage]
  let text = ''
  for await (const part of res) text += String(part)
  req.destroy()
  server.http.close()
  return {
    status: res.statusCode ?? 0,
    body: JSON.parse(text),
    requestId: String(res.headers['request-id']),
    events: server.events,
  }
})
sends('400 invalid_request body_encoding', (http) => toToken(http).type('form').send('grant_type=%FF'))
asks('400 invalid_request parameter_repeated', [
  ['scope', 'a'],
  ['scope', 'a'],
])
asks('400 invalid_request parameter_too_long', { scope: 'x'.repeat(16_385) })
asks(
  '400 invalid_request too_many_parameters',
  Object.fromEntries(Array.from({ length: 51 }, (_, i) => [`p${i}`, 'x'])),
)
asks('400 invalid_request parameter_missing', { scope: 'a' })
row('400 invalid_request authorization_repeated', async () => {
  const server = api()
  const line = `Authorization: ${basic('opaque-app', secretOf('opaque-app'))}`
  const { status, text, headers } = await sendRaw(
    server.http,
    ['POST /oauth/token HTTP/1.1', line, line, `Content-Type: ${form}`],
    'a=b',
  )
  return { status, body: JSON.parse(text), requestId: headers['request-id'], events: server.events }
})

// Who calls.
const withoutClient = (http: Server, path = '/oauth/token'): Test => request(http).post(path).type('form')
const guarded = (http: Server, authorization: string): Test =>
  request(http).get('/orders').set('Authorization', authorization)
sends('401 no_credentials', (http) => request(http).get('/orders'))
sends('401 invalid_client no_credentials', (http) => withoutClient(http).send('grant_type=client_credentials'))
sends('400 invalid_client no_credentials', (http) =>
  withoutClient(http, '/oauth/introspect').set('Accept', 'application/token-introspection+jwt').send('token=x'),
)
sends('401 other_scheme', (http) => guarded(http, 'Token abc'))
sends('401 invalid_client other_scheme', (http) => withoutClient(http).set('Authorization', 'Bearer abc').send('a=b'))
sends('400 invalid_request malformed_credentials', (http) => guarded(http, 'Bearer two words'))
sends('401 invalid_client malformed_credentials', (http) =>
  withoutClient(http).set('Authorization', 'Basic app:secret').send('a=b'),
)
asks('400 invalid_request several_methods', { client_secret: 'x' })
asks('400 invalid_request other_client_named', { client_id: 'jwt-app' })
const signsIn =
  (id: string, secret: string) =>
  (http: Server): Test =>
    withoutClient(http).set('Authorization', basic(id, secret)).send('grant_type=client_credentials')
sends('401 invalid_client unknown_client', signsIn('nobody', 'x'))
sends('401 invalid_client client_disabled', signsIn('disabled-app', secretOf('disabled-app')))
sends('401 invalid_client method_not_registered', signsIn('post-app', secretOf('post-app')))
sends('401 invalid_client wrong_credentials', signsIn('opaque-app', 'x'))
row('401 invalid_client chosen_secrets_not_enabled', async () => {
  const chosen = clientLike('chosen-app', { secrets: [{ digest: await hasher.hash('chosen') }] })
  const { stores } = plainServer({ moreClients: [chosen] })
  // A store that cannot be listed.
  const clients = { findClient: (clientId: string) => stores.clients.findClient(clientId) }
  const server = api({ server: { clients } })
  return seen(server, await signsIn('chosen-app', 'chosen')(server.http))
})
sends('401 invalid_client unreadable_digest', signsIn('legacy', 'the secret itself'), {
  moreClients: [clientLike('legacy', { secrets: [{ digest: 'the secret itself' }] })],
})
row('400 unauthorized_client public_client', async () => {
  const server = api()
  return seen(server, await withoutClient(server.http).send('grant_type=client_credentials&client_id=spa'))
})
sends('401 invalid_client public_client', (http) =>
  withoutClient(http, '/oauth/introspect').send('token=x&client_id=spa'),
)
row('400 unauthorized_client introspection_not_allowed', async () => {
  const server = api()
  return seen(server, await post(server, '/oauth/introspect', { token: 'x' }, 'opaque-app'))
})

// What a client asks for.
asks('400 unsupported_grant_type unsupported_grant_type', { grant_type: 'passwort' })
asks('400 unauthorized_client grant_not_allowed', login, 'stock-sync')
const thirdParty = clientLike('third-party', { grantTypes: ['password'] })
asks('400 unauthorized_client not_first_party', login, 'third-party', { moreClients: [thirdParty] })
const old = clientLike('old-app', { firstParty: true, grantTypes: ['password'], passwordGrantSunsetAt: 1 })
asks('400 unauthorized_client sunset_passed', login, 'old-app', { moreClients: [old] })
const web = clientLike('web-app', { firstParty: true, grantTypes: ['password'], tellsUserAddress: true })
asks('400 invalid_request user_address', { ...login, user_address: 'localhost' }, 'web-app', { moreClients: [web] })
asks('400 invalid_request credential_form', { ...login, username: 'alice\0' })
asks('400 invalid_grant unknown_user', { ...login, username: 'nobody' })
const answering = (user: object): TestServerOptions => {
  const users = { findUserByUsername: () => user, findUser: () => user } as unknown as UserStore
  return { password: { users } }
}
const alice = { userId: 'user-1', passwordHash: "plain:alice's password" }
asks('400 invalid_grant other_username', login, 'opaque-app', answering({ ...alice, username: 'alice@example.com' }))
asks('400 invalid_grant user_disabled', login, 'opaque-app', answering({ ...alice, disabled: true }))
asks('400 invalid_grant user_locked', login, 'opaque-app', answering({ ...alice, locked: true }))
asks('400 invalid_grant wrong_password', { ...login, password: 'x' })
asks('400 invalid_grant unreadable_hash', login, 'opaque-app', {
  password: { ...answering({ ...alice, passwordHash: 'plain text' }).password, hasher },
})
const verifying = (outcome: string): TestServerOptions => {
  const users = { authenticateUser: () => ({ outcome, userId: 'user-1' }), findUser: () => alice } as never
  return { password: { users } }
}
asks('400 invalid_grant denied', login, 'opaque-app', verifying('denied'))
asks('400 invalid_grant challenged', login, 'opaque-app', verifying('challenge'))
row('400 invalid_grant too_many_failures', async () => {
  const server = api({ ...answering(alice), server: { throttle: memoryThrottle() } })
  for (let i = 0; i < 10; i++)
    await post(server, '/oauth/token', { ...login, username: `n${i}`, password: 'x' }, 'opaque-app')
  return seen(server, await post(server, '/oauth/token', { ...login, username: 'n99' }, 'opaque-app'))
})
/** Signs in, changes something, and refreshes; or what is presented is another token. */
function refreshes(
  name: string,
  change: (server: TestServer, token: string) => unknown = () => undefined,
  more: Record<string, string> = {},
  clientId = 'opaque-app',
  options?: TestServerOptions,
): void {
  row(name, async () => {
    const server = api(options)
    const { refresh_token: token } = await signInAt(server, 'opaque-app', { scope: 'orders:read' })
    const other = await change(server, token)
    return seen(server, await refreshAt(server, clientId, typeof other === 'string' ? other : token, more))
  })
}
refreshes('400 invalid_grant unknown', () => 'made-up')
refreshes('400 invalid_grant form', () => 'ä')
refreshes('400 invalid_grant expired', (server) => server.advance(14 * 86_400))
refreshes('400 invalid_grant foreign_token', undefined, {}, 'jwt-app')
refreshes('400 invalid_grant replayed', async (server, token) => {
  await refreshAt(server, 'opaque-app', token)
  server.advance(60)
})
refreshes('400 invalid_grant revoked', (server) => {
  const { tokens } = server.stores
  // Between two steps of the refresh.
  tokens.rotateRefreshToken = () => ({ outcome: 'gone' })
})
refreshes('400 invalid_grant overtaken', async (server, token) => {
  await refreshAt(server, 'opaque-app', token)
  const { tokens } = server.stores
  const find = tokens.findRefreshToken.bind(tokens)
  // The store has forgotten how to repeat the answer.
  tokens.findRefreshToken = (hash) => {
    const record = find(hash)
    return record?.spending && { ...record, spending: { ...record.spending, successorNonce: undefined } }
  }
})
row('400 invalid_scope other_parameters', async () => {
  const server = api()
  const { refresh_token: token } = await signInAt(server, 'opaque-app', { scope: 'orders:read profile' })
  await refreshAt(server, 'opaque-app', token)
  return seen(server, await refreshAt(server, 'opaque-app', token, { scope: 'profile' }))
})
row('400 invalid_target other_parameters', async () => {
  const server = api()
  const both = [
    ...Object.entries({ ...login, scope: 'orders:read' }),
    ['resource', shopApi],
    ['resource', stockApi],
  ] as [string, string][]
  const { body } = await post(server, '/oauth/token', both, 'opaque-app')
  await refreshAt(server, 'opaque-app', body.refresh_token, { resource: shopApi })
  return seen(server, await refreshAt(server, 'opaque-app', body.refresh_token, { resource: stockApi }))
})
row('400 invalid_request other_parameters', async () => {
  const server = api({ server: { accessTokenClaims: () => ({}) } })
  const { refresh_token: token } = await signInAt(server, 'jwt-app')
  await refreshAt(server, 'jwt-app', token, { tenant: 'a' })
  return seen(server, await refreshAt(server, 'jwt-app', token, { tenant: 'b' }))
})
row('400 invalid_grant grant_not_served', async () => {
  const server = api()
  const { refresh_token: token } = await signInAt(server, 'opaque-app')
  const later = api({
    server: { clients: server.stores.clients, tokens: server.stores.tokens, grants: [refreshTokenGrant()] },
  })
  return seen(later, await refreshAt(later, 'opaque-app', token))
})
const own = { grant_type: 'client_credentials' }
const silent = clientLike('silent-app', { defaultScopes: [] })
asks('400 invalid_scope scope_missing', own, 'silent-app', { moreClients: [silent] })
asks('400 invalid_scope scope_malformed', { ...own, scope: 'orders:read,  profile' })
asks('400 invalid_scope scope_unknown', { ...own, scope: 'orders:raed' })
asks('400 invalid_scope scope_not_allowed', { ...own, scope: 'profile' }, 'stock-sync')
asks('400 invalid_scope scope_beyond_grant', { ...login, scope: 'profile' }, 'opaque-app', {
  password: { scopes: ['orders:read'] },
})
asks('400 invalid_scope scope_beyond_resource', { ...own, scope: 'profile', resource: stockApi })
refreshes('400 invalid_scope scope_beyond_sign_in', undefined, { scope: 'profile' })
asks('400 invalid_target resource_unknown', { ...own, resource: `${shopApi}/` })
asks('400 invalid_target resource_not_allowed', { ...own, resource: shopApi }, 'stock-only')
refreshes('400 invalid_target resource_beyond_sign_in', undefined, { resource: stockApi })
asks('400 invalid_target too_many_resources', [
  ['grant_type', 'client_credentials'],
  ...Array.from({ length: 11 }, () => ['resource', shopApi] as [string, string]),
])
const twoForms = [
  { resource: shopApi, accessTokenFormat: 'opaque' },
  { resource: stockApi, accessTokenFormat: 'jwt' },
] as const
asks(
  '400 invalid_target resources_differ',
  [
    ['grant_type', 'client_credentials'],
    ['resource', shopApi],
    ['resource', stockApi],
  ],
  'opaque-app',
  { server: { resources: twoForms } },
)

// A token that is refused.
sends('401 token_elsewhere', (http) => request(http).get('/orders?access_token=abc'))
sends('400 invalid_request several_tokens', (http) =>
  request(http).get('/orders?access_token=abc').set('Authorization', 'Bearer abc'),
)
sends('401 invalid_token unknown', (http) => guarded(http, 'Bearer abc'))
/** Presents a good token after a change. */
function presents(
  name: string,
  change: (server: TestServer, token: string) => unknown,
  path = '/orders',
  by: 'user' | 'client' = 'user',
  scope?: string,
): void {
  row(name, async () => {
    const server = api()
    const more = scope === undefined ? undefined : { scope }
    const token =
      by === 'user'
        ? (await signInAt(server, 'opaque-app', more)).access_token
        : await tokenOf(server, 'opaque-app', more)
    await change(server, token)
    return seen(server, await request(server.http).get(path).auth(token, { type: 'bearer' }))
  })
}
presents('401 invalid_token client_disabled', (server) => {
  server.stores.clients.saveClient({ ...server.stores.clients.findClient('opaque-app')!, disabled: true })
})
presents('401 invalid_token user_disabled', (server) => server.users.clear())
row('401 invalid_token revoked', async () => {
  const server = api()
  const { access_token: token } = await signInAt(server, 'jwt-app')
  await server.oauth.authorizations.revoke({ userId: 'user-1' })
  return seen(server, await request(server.http).get('/orders').auth(token, { type: 'bearer' }))
})
presents('403 insufficient_scope insufficient_scope', () => undefined, '/orders', 'client', 'profile')
presents('403 access_denied wrong_caller', () => undefined, '/profile', 'client', 'profile')

let issuer: RunningIssuer
beforeAll(async () => {
  issuer = await runningIssuer()
})
afterAll(() => issuer.close())

/** What a guard answers, and its operator is told. */
async function atGuard(
  { requireBearer }: Pick<ResourceServer, 'requireBearer'>,
  token: string,
  events: readonly OAuthEvent[],
): Promise<Happened> {
  const app = express().use(requireBearer(), (_req, res) => {
    res.end()
  })
  return seen({ events: events as OAuthEvent[] }, await request(app).get('/').auth(token, { type: 'bearer' }))
}
for (const [reason, , forge] of forgeries) {
  row(`401 invalid_token ${reason}`, async () => {
    const token = forge({ issuer, good: await tokenOf(issuer, 'jwt-app') })
    const events: OAuthEvent[] = []
    return atGuard(resourceServer(issuer, { jwks: true, onEvent: (event) => events.push(event) }), token, events)
  })
}
row('401 invalid_token algorithm', async () => {
  const token = withHeader({ issuer, good: await tokenOf(issuer, 'jwt-app') }, { alg: 'HS256' })
  return atGuard(issuer.oauth, token, issuer.events)
})
for (const [reason, answer] of [
  ['inactive', { active: false }],
  ['wrong_kind', { active: true, client_id: 'x', exp: 9_999_999_999 }],
] as const) {
  row(`401 invalid_token ${reason}`, async () => {
    const events: OAuthEvent[] = []
    issuer.instead = (_req, res) => res.setHeader('Content-Type', 'application/json').end(JSON.stringify(answer))
    const guarding = resourceServer(issuer, {
      introspection: inspection(issuer),
      onEvent: (event) => events.push(event),
    })
    return atGuard(guarding, 'a-token', events).finally(() => {
      issuer.instead = undefined
    })
  })
}
row('401 invalid_token denied', async () => {
  const events: OAuthEvent[] = []
  const strategy = new BearerStrategy({ onEvent: (event) => events.push(event) }, (_token, done) => done(null, false))
  const requireBearer = (): unknown => passport.authenticate(strategy)
  return atGuard({ requireBearer } as never, 'a-token', events)
})

// Your own grants.
const cards: GrantHandler = {
  grantType: 'urn:example:card',
  grantAccess() {
    throw new OAuthError('invalid_grant', 'The card is not known', { detail: 'no row for this card' })
  },
}
const cardApp = clientLike('card-app', { grantTypes: ['urn:example:card'] })
asks('400 invalid_grant application', { grant_type: 'urn:example:card' }, 'card-app', {
  moreClients: [cardApp],
  server: { grants: [cards] },
})

describe('docs/errors.md', () => {
  it('has a row for each reason of the list, and each row happens below', () => {
    expect(new Set(rows).size).toBe(rows.length)
    expect([...rows].sort()).toEqual(Object.keys(happened).sort())
    const reasons = new Set(rows.map((name) => name.slice(name.lastIndexOf(' ') + 1)))
    expect([...reasons].sort()).toEqual([...refusalReasons].sort())
  })

  it.each(Object.keys(happened))('%s', async (name) => {
    const { status, body, requestId, events } = await happened[name]!()
    const told = events.filter(({ type }) => type === 'request_refused' || type === 'failure')
    const { error, reason, requestId: toldId } = told.at(-1) as OAuthEvent & { error?: string; reason: string }
    expect([status, body.error, reason].filter((part) => part !== undefined).join(' ')).toBe(name)
    expect([error, toldId]).toEqual([body.error, requestId])
    expect(told.filter((event) => event.requestId === requestId)).toHaveLength(1)
  })
})
