import type { RequestListener } from 'node:http'
import { createHash } from 'node:crypto'
import type { RequestHandler } from 'express'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { hashToken } from 'latchkey'
import { jws, jwtServer, clientToken, goodClaims, signer } from '../fixtures/jwt-server.js'
import { answered, bearerChallenge, shown, type ShownAnswer } from '../fixtures/shown-answer.js'
import {
  guardedApp,
  inspection,
  resourceServer,
  runningIssuer,
  type RunningIssuer,
} from '../fixtures/running-issuer.js'
import { catalogue, secretOf } from '../fixtures/test-server.js'
import { attackedServer, member, type AttackedServer } from './attacked.js'
import { ask } from './exchange.js'
import { presentUnknownKeyIds } from './floods.js'
import { expectHarmless } from './harmless.js'
import { watchProcess } from './process-watch.js'

watchProcess()

const own = 'grant_type=client_credentials'
const metadata = 'resource_metadata="http://127.0.0.1/.well-known/oauth-protected-resource/shop"'
const challenge = `${bearerChallenge}, ${metadata}`
const bare = answered(401, {}, { challenge })

function refusal(status: number, error: string, description: string, more = ''): ShownAnswer {
  const params = `error="${error}", error_description="${description}"${more}`
  return answered(status, { error, error_description: description }, { challenge: `${challenge}, ${params}` })
}

const malformed = refusal(400, 'invalid_request', 'The Authorization header is malformed')
const twice = refusal(400, 'invalid_request', 'The access token is sent in more than one way')
const repeated = refusal(400, 'invalid_request', 'The Authorization header is repeated')
const invalid = refusal(401, 'invalid_token', 'The access token is invalid, expired or revoked')
const scopeOf = (scope: string): ShownAnswer =>
  refusal(403, 'insufficient_scope', 'The access token does not have the scope that is needed', `, scope="${scope}"`)

const similar = ['orders:readonly', 'orders:read:all', 'ORDERS:READ', 'orders', 'orders:rea']
let server: AttackedServer
let token: string

beforeAll(async () => {
  const earlier: RequestHandler = (req, _res, next) => {
    req.auth = { scope: 'admin', actsFor: 'user', userId: 'root' } as never
    next()
  }
  server = await attackedServer({
    server: { scopes: [...catalogue, ...similar], resources: [{ resource: 'http://127.0.0.1/shop' }] },
    before: (app) => app.use(earlier),
    routes(app, oauth) {
      const form = (req: { body?: unknown }, _res: unknown, next: () => void): void => {
        req.body = { access_token: token }
        next()
      }
      app.get('/optional', oauth.requireBearer({ optional: true }), (req, res) => res.json({ auth: req.auth ?? null }))
      app.post('/form', form, oauth.requireBearer(), (_req, res) => res.json('reached'))
      app.use('/api', oauth.requireBearer())
      app.all('/api/x', (_req, res) => res.json('reached'))
    },
  })
  token = member(await server.postAs('shop-app', own), 'access_token')
})

async function refuse(lines: readonly string[], answer: ShownAnswer): Promise<void> {
  const given = await ask(server.http, lines)
  expect(shown(given)).toEqual(answer)
  expectHarmless(server, given, { secrets: [token] })
  expect((await server.get(token)).status).toBe(200)
}

describe('the guard of a route', () => {
  it.each(['Bearer a b', 'Bearer a,Bearer b', 'Bearer "x"', 'Bearer \xE9', 'Bearer\ta', 'Bearer ,'])(
    'malformed: %s (ABU-111)',
    (value) => refuse(['GET /orders HTTP/1.1', `Authorization: ${value}`], malformed),
  )

  it.each([
    [[]],
    [['Authorization:']],
    [['Authorization:   ']],
    [['Authorization: Bearer']],
    [['Authorization: bearer  ']],
  ])('no credentials: %j (ABU-112)', (lines) => refuse(['GET /orders HTTP/1.1', ...lines], bare))

  it.each(['Basic c2hvcC1hcHA6eA==', 'Digest username="a"', 'Bearerx abc', 'DPoP abc', 'Negotiate abc'])(
    'other credentials: %s (ABU-113)',
    (value) => refuse(['GET /orders HTTP/1.1', `Authorization: ${value}`], bare),
  )

  it('the same token in two places (ABU-114)', async () => {
    const header = `Authorization: Bearer ${token}`
    await refuse([`GET /orders?access_token=${token} HTTP/1.1`, header], twice)
    await refuse([`GET /orders?a=1&access%5Ftoken=${token} HTTP/1.1`, header], twice)
    const form = 'Content-Type: application/x-www-form-urlencoded'
    await refuse(['POST /form HTTP/1.1', header, form, 'Content-Length: 0'], twice)
  })

  it('two Authorization lines (ABU-115)', async () => {
    const header = `Authorization: Bearer ${token}`
    for (const lines of [
      [header, header],
      [header, 'Authorization: Bearer x'],
      ['authorization: Bearer x', header],
      [header, 'Authorization: Basic eDp4'],
    ]) {
      await refuse(['GET /orders HTTP/1.1', ...lines], repeated)
    }
  })

  it.each(['x'.repeat(15_000), '.'.repeat(10_000), 'a.b.c', `e30.${'W'.repeat(9000)}.e30`])(
    'refuses long or deeply nested tokens at once (ABU-116)',
    async (text) => {
      const started = performance.now()
      await refuse(['GET /orders HTTP/1.1', `Authorization: Bearer ${text}`], invalid)
      expect(performance.now() - started).toBeLessThan(3000)
    },
  )

  it.each(similar)('%s is not orders:read (ABU-135)', async (scope) => {
    const client = server.stores.clients.findClient('stock-sync')!
    server.stores.clients.saveClient({ ...client, scopes: [scope, 'stock:write'] })
    const narrow = member(await server.postAs('stock-sync', `${own}&scope=${scope}`), 'access_token')
    server.stores.clients.saveClient(client)
    await refuse(['GET /orders HTTP/1.1', `Authorization: Bearer ${narrow}`], scopeOf('orders:read'))
  })

  it('unknown, expired, revoked, of a deleted user: the same bytes (ABU-136)', async () => {
    const signIn = 'grant_type=password&username=alice&password=alice%27s+password'
    const fresh = async (form: string): Promise<string> =>
      member(await server.postAs('opaque-app', form), 'access_token')
    const [expired, revoked, gone] = [await fresh(own), await fresh(own), await fresh(signIn)]
    server.advance(3600)
    const again = await fresh(own)
    expect((await server.postAs('opaque-app', `token=${revoked}`, '/oauth/revoke')).status).toBe(200)
    expect((await server.postAs('opaque-app', `token=${again}`, '/oauth/revoke')).status).toBe(200)
    await server.oauth.authorizations.revoke({ userId: 'user-1' })
    token = member(await server.postAs('shop-app', own), 'access_token')
    for (const dead of [expired, revoked, again, gone, 'unknown'])
      await refuse(['GET /orders HTTP/1.1', `Authorization: Bearer ${dead}`], invalid)
  })

  it('anything that is not an access token (ABU-137)', async () => {
    const signIn = 'grant_type=password&username=alice&password=alice%27s+password'
    const refresh = member(await server.postAs('opaque-app', signIn), 'refresh_token')
    const proof = jws({ typ: 'dpop+jwt', alg: 'ES256', jwk: {} }, { htm: 'GET', jti: 'j' }, () => Buffer.alloc(64, 1))
    const assertion = jws({ alg: 'RS256' }, { iss: 'shop-app', sub: 'shop-app' }, signer('RS256'))
    const sha256 = createHash('sha256').update(token).digest('hex')
    for (const text of [refresh, secretOf('shop-app'), hashToken(token), sha256, proof, assertion])
      await refuse(['GET /orders HTTP/1.1', `Authorization: Bearer ${text}`], invalid)
  })

  it.each([
    '/API/x',
    '/api/x/',
    '/api//x',
    '/api/%78',
    '/api/x?a',
    '/api/../api/x',
    '/api/%2e%2e/x',
    '/api/;/x',
    '//api/x',
  ])('%s is guarded or not found (ABU-142)', async (path) => {
    for (const method of ['GET', 'HEAD', 'OPTIONS', 'POST', 'PROPFIND']) {
      const answer = await ask(server.http, [`${method} ${path} HTTP/1.1`, 'Content-Length: 0'])
      expect([401, 404]).toContain(answer.status)
      expect(answer.text).not.toContain('reached')
    }
  })

  it('overwrites what was in req.auth before (ABU-143)', async () => {
    await refuse(['GET /orders HTTP/1.1'], bare)
    const answer = await server.get(token)
    expect(JSON.parse(answer.text)).toMatchObject({ actsFor: 'client', clientId: 'shop-app' })
    expect(answer.text).not.toMatch(/admin|root/)
    expect(JSON.parse((await ask(server.http, ['GET /optional HTTP/1.1'])).text)).toEqual({ auth: null })
  })

  it('an optional guard refuses a bad token (ABU-144)', async () => {
    await refuse(['GET /optional HTTP/1.1', 'Authorization: Bearer x'], invalid)
    await refuse(['GET /optional HTTP/1.1', 'Authorization: Bearer a b'], malformed)
  })
})

describe('tokens that are bound to a key', () => {
  it('open no route, with any proof (ABU-138, ABU-147, ABU-148)', async () => {
    const bound = jwtServer()
    const good = await clientToken(bound)
    const head = JSON.parse(Buffer.from(good.split('.')[0]!, 'base64url').toString())
    const claims = await goodClaims(bound)
    const proof = `DPoP: ${jws({ typ: 'dpop+jwt', alg: 'ES256' }, { htm: 'GET', jti: 'j' }, () => Buffer.alloc(64))}`
    await new Promise((resolve) => bound.http.listen(0, '127.0.0.1', () => resolve(undefined)))
    for (const cnf of [{ jkt: 'x' }, { 'x5t#S256': 'x' }]) {
      const text = jws(head, { ...claims, cnf }, signer('RS256'))
      for (const more of [[], [proof], [proof, proof], ['Client-Cert: :MIIB:'], ['X-Client-Cert: x']]) {
        const lines = ['GET /orders HTTP/1.1', `Authorization: Bearer ${text}`, ...more]
        const answer = await ask(bound.http, lines)
        expect([answer.status, member(answer, 'error')]).toEqual([401, 'invalid_token'])
      }
      const asDpop = ['GET /orders HTTP/1.1', `Authorization: DPoP ${text}`, proof]
      expect((await ask(bound.http, asDpop)).status).toBe(401)
    }
    const plain = ['GET /orders HTTP/1.1', `Authorization: Bearer ${good}`]
    expect((await ask(bound.http, plain)).status).toBe(200)
    bound.http.close()
  })
})

describe('a guard that asks its issuer', () => {
  let issuer: RunningIssuer
  const json =
    (value: unknown): RequestListener =>
    (_, res) =>
      res.setHeader('Content-Type', 'application/json').end(JSON.stringify(value))

  beforeAll(async () => {
    issuer = await runningIssuer()
  })
  afterAll(() => issuer.close())

  const active = (more: object): object => {
    const { issuer: iss, api: aud } = issuer
    const now = issuer.now()
    return { active: true, iss, aud, sub: 'a', client_id: 'a', scope: 'x', iat: now, exp: now + 60, ...more }
  }
  const answers: readonly [what: string, id: string, answer: () => RequestListener, status: number][] = [
    ['nothing', 'ABU-139', () => (req) => req.socket.destroy(), 503],
    ['too late', 'ABU-139', () => () => undefined, 503],
    ['HTML', 'ABU-139', () => (_, res) => res.setHeader('Content-Type', 'text/html').end('<p>active: true</p>'), 503],
    ['a redirect', 'ABU-139', () => (_, res) => res.writeHead(302, { Location: 'http://127.0.0.1:1/' }).end(), 503],
    ['the word true', 'ABU-139', () => json(active({ active: 'true' })), 401],
    ['the number 1', 'ABU-139', () => json(active({ active: 1 })), 401],
    ['a list', 'ABU-139', () => json([active({})]), 503],
    ['an end in the past', 'ABU-140', () => json(active({ exp: issuer.now() - 1 })), 401],
    ['an end that is a text', 'ABU-140', () => json(active({ exp: '9999999999' })), 401],
  ]

  it.each(answers)('%s (%s)', async (_what, _id, answer, status) => {
    const app = await guardedApp(
      resourceServer(issuer, { introspection: { ...inspection(issuer), timeoutMilliseconds: 300 } }),
    )
    issuer.instead = answer()
    const given = await app.get('some-token')
    issuer.instead = undefined
    await app.close()
    expect([status, 503, 401]).toContain(given.status)
    expect(given.body).toEqual({
      error: given.status === 401 ? 'invalid_token' : 'temporarily_unavailable',
      error_description: expect.any(String) as unknown,
    })
    expect(given.status).toBe(status)
  })

  it('by its keys: 300 unknown key ids make it ask once (ABU-141)', async () => {
    await presentUnknownKeyIds(issuer, 300)
  })
})
