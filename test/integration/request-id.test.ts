import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import express5 from 'express'
import request, { type Test } from 'supertest'
import { beforeEach, describe, expect, it } from 'vitest'
import { ConfigurationError, type NameRequest, type RequestTrace } from 'latchkey'
import { BearerStrategy } from 'latchkey/passport'
import { createResourceServer } from 'latchkey/resource-server'
import { passportApp } from '../fixtures/passport-app.js'
import { plainServer } from '../fixtures/plain-passwords.js'
import { postToken, signIn } from '../fixtures/post-token.js'
import { basic, secretOf, type TestServer } from '../fixtures/test-server.js'

const own = /^[0-9a-f]{32}$/
const inbound = { 'X-Request-Id': 'from-outside', 'Request-Id': 'from-outside' }

/** One request of every kind, with the status of its answer. */
const requests: readonly [what: string, status: number, send: (http: TestServer['http']) => Test][] = [
  ['tokens', 200, (http) => postToken({ http }, 'grant_type=client_credentials')],
  ['OPTIONS', 204, (http) => request(http).options('/oauth/token')],
  ['a refused grant', 400, (http) => postToken({ http }, 'grant_type=x')],
  [
    'a wrong secret',
    401,
    (http) => request(http).post('/oauth/token').auth('shop-app', 'x').send('grant_type=password'),
  ],
  ['GET', 405, (http) => request(http).get('/oauth/token')],
  ['a revocation', 200, (http) => posted(http, '/oauth/revoke', 'token=x')],
  ['an introspection that is refused', 400, (http) => posted(http, '/oauth/introspect', 'token=x')],
  ['metadata', 200, (http) => request(http).get('/.well-known/oauth-authorization-server')],
  ['metadata that is posted', 405, (http) => request(http).post('/.well-known/oauth-authorization-server')],
  ['a guard without a token', 401, (http) => request(http).get('/orders')],
  ['a guard with a wrong token', 401, (http) => request(http).get('/orders').auth('x', { type: 'bearer' })],
]

function posted(http: TestServer['http'], path: string, form: string): Test {
  return request(http)
    .post(path)
    .set('Authorization', basic('shop-app', secretOf('shop-app')))
    .type('form')
    .send(form)
}

let server: TestServer
beforeEach(() => {
  server = plainServer()
})

describe('every response', () => {
  it.each(requests)('has its own id, and so have all events of its request: %s', async (_what, status, send) => {
    server.events.length = 0
    const names = new Set<unknown>()
    for (let i = 0; i < 3; i++) {
      const answer = await send(server.http).set(inbound)
      expect(answer.status).toBe(status)
      expect(answer.headers['request-id']).toMatch(own)
      names.add(answer.headers['request-id'])
      for (const { requestId } of server.events.splice(0)) expect(requestId).toBe(answer.headers['request-id'])
    }
    expect(names.size).toBe(3)
  })

  it('of a route behind a guard belongs to the application', async () => {
    const { access_token: token } = await signIn(server)
    const answer = await request(server.http).get('/orders').auth(token, { type: 'bearer' })
    expect([answer.status, answer.headers['request-id']]).toEqual([200, undefined])
  })

  it('has an id that no other response has', async () => {
    const { createRequestId } = await import('../../lib/request/request-context.js')
    const names = new Set(Array.from({ length: 100_000 }, createRequestId))
    expect(names.size).toBe(100_000)
    for (const name of names) if (!own.test(name)) throw new Error(name)
  })
})

describe('the option requestId', () => {
  const naming = (requestId: NameRequest): TestServer => plainServer({ server: { requestId } })

  it.each(requests)('gives requests the ids of the application: %s', async (_what, status, send) => {
    server = naming((req) => req.headers['x-request-id'] as string)
    server.events.length = 0
    const answer = await send(server.http).set(inbound)
    expect([answer.status, answer.headers['request-id']]).toEqual([status, 'from-outside'])
    for (const { requestId } of server.events) expect(requestId).toBe('from-outside')
  })

  it.each(['a', 'x'.repeat(128), '4bf92f3577b34da6a3ce929d0e0e4736', 'gateway/req:1.2~3+4=5-6_7'])(
    'takes %s',
    async (name) => {
      expect((await requestTo(naming(() => name))).headers['request-id']).toBe(name)
    },
  )

  it.each<[string, () => unknown]>([
    ['nothing', () => undefined],
    ['an empty string', () => ''],
    ['a long text', () => 'x'.repeat(129)],
    ['a line break', () => 'a\r\nSet-Cookie: x=1'],
    ['a line break at the end', () => 'a\n'],
    ['a space', () => 'a b'],
    ['quotes', () => '"a"'],
    ['other letters', () => 'é'],
    ['a number', () => 7],
    ['a list', () => ['a']],
    ['a promise', () => Promise.resolve('a')],
    [
      'an exception',
      () => {
        throw new Error('broken')
      },
    ],
  ])('and the generated id stays for %s', async (_what, requestId) => {
    const answer = await requestTo(naming(requestId as NameRequest))
    expect(answer.status).toBe(200)
    expect(answer.headers['request-id']).toMatch(own)
  })

  it('is called once for each request, whatever the number of guards, and not for an accepted request without events', async () => {
    let asked = 0
    server = plainServer({
      server: { requestId: () => `request-${++asked}` },
      routes: (app, oauth) => {
        app.get('/twice', oauth.requireBearer({ optional: true }), oauth.requireBearer(), (_req, res) => res.json({}))
      },
    })
    const { access_token: token } = await signIn(server)
    asked = 0
    expect((await request(server.http).get('/twice').auth(token, { type: 'bearer' })).status).toBe(200)
    expect(asked).toBe(0)
    server.events.length = 0
    const answer = await request(server.http).get('/twice').auth('x', { type: 'bearer' })
    expect(answer.headers['request-id']).toBe('request-1')
    expect(server.events.map(({ requestId }) => requestId)).toEqual(['request-1', 'request-1'])
    expect(asked).toBe(1)
  })

  it('is the same for an endpoint and for the guard in front of it', async () => {
    server = plainServer({
      routes: (app, oauth) => app.use('/inner', oauth.requireBearer({ optional: true }), oauth.router()),
    })
    const names: string[] = []
    const note = (trace: unknown): void => void names.push((trace as RequestTrace).requestId)
    subscribe('latchkey:request:start', note)
    try {
      const answer = await posted(server.http, '/inner/oauth/token', 'grant_type=client_credentials')
      expect(names).toEqual([answer.headers['request-id'], answer.headers['request-id']])
    } finally {
      unsubscribe('latchkey:request:start', note)
    }
  })

  it('is one of a resource server, and of a strategy, too', async () => {
    const requestId: NameRequest = () => 'from-outside'
    const { requireBearer } = createResourceServer({ issuer: 'http://127.0.0.1', audience: 'x', jwks: true, requestId })
    const app = express5().get('/', requireBearer(), (_req, res) => res.json({}))
    expect((await request(app).get('/')).headers['request-id']).toBe('from-outside')
    const strategy = new BearerStrategy({ requestId }, (_token, done) => done(null, false))
    const answer = await request(passportApp(strategy)).get('/guarded').auth('x', { type: 'bearer' })
    expect([answer.status, answer.headers['request-id']]).toEqual([401, 'from-outside'])
  })

  it('is a function', () => {
    const requestId = 'x' as never
    expect(() => plainServer({ server: { requestId } })).toThrow(ConfigurationError)
    expect(() => createResourceServer({ issuer: 'http://127.0.0.1', audience: 'x', jwks: true, requestId })).toThrow(
      ConfigurationError,
    )
    expect(() => new BearerStrategy({ requestId }, (token, done) => done(null, token))).toThrow(ConfigurationError)
  })

  function requestTo({ http }: TestServer): Test {
    return postToken({ http }, 'grant_type=client_credentials')
  }
})
