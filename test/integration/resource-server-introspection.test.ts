import { randomBytes } from 'node:crypto'
import type { RequestListener } from 'node:http'
import { memoryThrottle, type OAuthEvent } from 'latchkey'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { RemoteIntrospectionOptions, ResourceServerOptions } from 'latchkey/resource-server'
import { clientLike, post, signInAt, tokenOf } from '../fixtures/api-server.js'
import {
  guardedApp,
  inspection,
  resourceServer,
  runningIssuer,
  type GuardAnswer,
  type GuardedApp,
  type RunningIssuer,
} from '../fixtures/running-issuer.js'

const question = 'POST /oauth/introspect'
let issuer: RunningIssuer
const apps: GuardedApp[] = []

beforeEach(async () => {
  issuer = await runningIssuer()
})

afterEach(() => Promise.all([issuer, ...apps.splice(0)].map((server) => server.close())))

async function guard(options: Partial<RemoteIntrospectionOptions> = {}): Promise<GuardedApp> {
  const app = await guardedApp(resourceServer(issuer, { introspection: { ...inspection(issuer), ...options } }))
  apps.push(app)
  return app
}

async function statuses(app: GuardedApp, tokens: readonly string[]): Promise<number[]> {
  const answers: number[] = []
  for (const token of tokens) answers.push((await app.get(token)).status)
  return answers
}

/** What an issuer answers about a good token, but for what is given. */
function active(more: object = {}): object {
  const { issuer: iss, api: aud } = issuer
  const now = issuer.now()
  const token = { client_id: 'a', scope: 'orders:read', token_type: 'Bearer', iat: now, exp: now + 60 }
  return { active: true, iss, aud, sub: 'a', ...token, ...more }
}

const json =
  (value: unknown): RequestListener =>
  (_, res) =>
    res.setHeader('Content-Type', 'application/json').end(JSON.stringify(value))

const invalid = (): GuardAnswer => {
  const body = { error: 'invalid_token', error_description: 'The access token is invalid, expired or revoked' }
  const resource = `resource_metadata="${issuer.issuer}/.well-known/oauth-protected-resource/api"`
  const challenge = `Bearer realm="127.0.0.1", ${resource}, error="${body.error}", error_description="${body.error_description}"`
  return { status: 401, challenge, retryAfter: null, body }
}

const unavailable: GuardAnswer = {
  status: 503,
  challenge: null,
  retryAfter: '1',
  body: { error: 'temporarily_unavailable', error_description: 'The server cannot answer right now' },
}

describe('a guard that asks its issuer', () => {
  it.each(['opaque-app', 'jwt-app'])(
    'asks at every request about a token of %s, and sees a revocation at once',
    async (client) => {
      const app = await guard()
      const token = await tokenOf(issuer, client)
      expect(await statuses(app, [token, token, token])).toEqual([200, 200, 200])
      expect(issuer.asked).toEqual([question, question, question])
      await post(issuer, '/oauth/revoke', { token }, client).expect(200)
      expect(await app.get(token)).toEqual(invalid())
    },
  )

  it('asks once for concurrent requests with the same token', async () => {
    const app = await guard()
    const [token, other] = [await tokenOf(issuer, 'opaque-app'), await tokenOf(issuer, 'opaque-app')]
    issuer.instead = (req, res) => void setTimeout(() => issuer.http.emit('request', req, res), 2000)
    const answers = await Promise.all(Array.from({ length: 20 }, (_, n) => app.get(n % 2 === 0 ? token : other)))
    expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 20 }, () => 200))
    expect(issuer.asked).toEqual([question, question])
    expect((await app.get(token)).status).toBe(200)
    expect(issuer.asked).toEqual([question, question, question])
  })

  it('asks again after a failure that many waited for', async () => {
    const app = await guard({ cacheSeconds: 60 })
    const token = await tokenOf(issuer, 'opaque-app')
    issuer.instead = (_, res) => void setTimeout(() => res.writeHead(500).end(), 100)
    const answers = await Promise.all(Array.from({ length: 5 }, () => app.get(token)))
    expect(answers).toEqual(Array.from({ length: 5 }, () => unavailable))
    issuer.instead = undefined
    expect((await app.get(token)).status).toBe(200)
  })

  it('authenticates as configured, and asks about an access token', async () => {
    const sent: unknown[] = []
    const app = await guard({ clientId: 'a b:c', clientSecret: 'p+q%é' })
    issuer.instead = (req, res) => {
      let body = ''
      req.on('data', (chunk: Buffer) => (body += chunk.toString()))
      req.on('end', () => {
        sent.push(req.headers.authorization, req.headers.accept, req.headers['content-type'], body)
        json({ active: false })(req, res)
      })
    }
    expect(await app.get('a+b/c~d==')).toEqual(invalid())
    expect(sent).toEqual([
      `Basic ${Buffer.from('a+b%3Ac:p%2Bq%25%C3%A9').toString('base64')}`,
      'application/json',
      'application/x-www-form-urlencoded;charset=UTF-8',
      'token=a%2Bb%2Fc%7Ed%3D%3D&token_type_hint=access_token',
    ])
  })

  it('refuses a token for another resource, and one without an audience', async () => {
    const speaksFor = clientLike('other-inspector', { mayIntrospect: true, introspectsFor: issuer.otherApi })
    issuer.stores.clients.saveClient(speaksFor)
    const token = await tokenOf(issuer, 'opaque-app', { resource: issuer.otherApi })
    expect(await (await guard()).get(token)).toEqual(invalid())
    const other = await guard({ clientId: 'other-inspector', clientSecret: 'other-inspector-secret-of-256-bits' })
    expect(await other.get(token)).toEqual(invalid())
    expect(await other.get(await tokenOf(issuer, 'opaque-app'))).toEqual(invalid())
  })

  it('refuses a refresh token, also one of the client that asks', async () => {
    const asks = { mayIntrospect: true, firstParty: true, grantTypes: ['password', 'refresh_token'] }
    issuer.stores.clients.saveClient(clientLike('shop', { ...asks, defaultScopes: ['orders:read'] }))
    const { refresh_token, access_token } = await signInAt(issuer, 'shop')
    const app = await guard({ clientId: 'shop', clientSecret: 'shop-secret-of-256-bits' })
    expect(await app.get(refresh_token)).toEqual(invalid())
    expect((await app.get(access_token)).status).toBe(200)
  })

  it.each([
    ['a wrong secret', { clientSecret: 'wrong' }],
    ['a client that may not introspect', { clientId: 'opaque-app', clientSecret: 'opaque-app-secret-of-256-bits' }],
  ])('responds with 500 to %s, which is neither the token’s fault nor temporary', async (_, options) => {
    const app = await guard(options)
    expect(await app.get(await tokenOf(issuer, 'opaque-app'))).toEqual({
      status: 500,
      challenge: null,
      retryAfter: null,
      body: { error: 'server_error', error_description: 'The server met an unexpected condition' },
    })
  })
})

describe('cached responses', () => {
  it('let a revoked token pass for `cacheSeconds` at most', async () => {
    const app = await guard({ cacheSeconds: 10 })
    const token = await tokenOf(issuer, 'opaque-app')
    expect(await statuses(app, [token, token])).toEqual([200, 200])
    await post(issuer, '/oauth/revoke', { token }, 'opaque-app').expect(200)
    issuer.advance(9)
    expect(await statuses(app, [token])).toEqual([200])
    expect(issuer.asked).toEqual([question])
    issuer.advance(1)
    expect(await statuses(app, [token, token])).toEqual([401, 401])
    // That it is none is kept too.
    expect(issuer.asked).toEqual([question, question])
  })

  it('age from the time of the request', async () => {
    const app = await guard({ cacheSeconds: 10 })
    const token = await tokenOf(issuer, 'opaque-app')
    issuer.instead = (_, res) => {
      const answer = active()
      issuer.advance(8)
      json(answer)(_, res)
    }
    expect(await statuses(app, [token])).toEqual([200])
    issuer.advance(1)
    expect(await statuses(app, [token])).toEqual([200])
    expect(issuer.asked).toEqual([question])
    issuer.advance(1)
    expect(await statuses(app, [token])).toEqual([200])
    expect(issuer.asked).toEqual([question, question])
  })

  it('never outlive the token (BRR-26)', async () => {
    issuer.stores.clients.saveClient(clientLike('brief', { accessTokenLifetimeSeconds: 5 }))
    const app = await guard({ cacheSeconds: 86_400 })
    const good = await tokenOf(issuer, 'brief')
    issuer.advance(4)
    expect(await statuses(app, [good])).toEqual([200])
    issuer.advance(1)
    expect(await statuses(app, [good])).toEqual([401])
  })

  it('are no more than `cacheSize`', async () => {
    const app = await guard({ cacheSeconds: 60, cacheSize: 3 })
    issuer.instead = (_, res) => json(active())(_, res)
    expect(await statuses(app, ['token-a', 'token-b', 'token-c', 'token-a', 'token-b', 'token-c'])).toEqual([
      200, 200, 200, 200, 200, 200,
    ])
    expect(issuer.asked.length).toBe(3)
    // The oldest goes.
    await statuses(app, ['token-d', 'token-b', 'token-c', 'token-d'])
    expect(issuer.asked.length).toBe(4)
    await statuses(app, ['token-a'])
    expect(issuer.asked.length).toBe(5)
  })

  it('include no failures', async () => {
    const app = await guard({ cacheSeconds: 60 })
    issuer.instead = (_, res) => res.writeHead(500).end()
    expect(await app.get('token-a')).toEqual(unavailable)
    issuer.instead = (_, res) => json(active())(_, res)
    expect(await statuses(app, ['token-a'])).toEqual([200])
    issuer.instead = (_, res) => res.writeHead(500).end()
    expect(await statuses(app, ['token-a'])).toEqual([200])
    issuer.advance(60)
    expect(await app.get('token-a')).toEqual(unavailable)
  })
})

describe('a response about a token', () => {
  it.each<[what: string, answer: () => unknown]>([
    ['says inactive', () => ({ active: false })],
    ['says inactive with all the rest', () => active({ active: false })],
    ['says "true"', () => active({ active: 'true' })],
    ['says 1', () => active({ active: 1 })],
    ['says nothing of it', () => active({ active: undefined })],
    ['is empty', () => ({})],
    ['is of another issuer', () => active({ iss: 'https://evil.example.com' })],
    ['is past its end', () => active({ exp: issuer.now() })],
    ['has no end', () => active({ exp: undefined })],
    ['has an end in words', () => active({ exp: String(issuer.now() + 60) })],
    ['has an end in fractions', () => active({ exp: issuer.now() + 0.5 })],
    ['has no client', () => active({ client_id: undefined })],
    ['has a subject that is no text', () => active({ sub: { $ne: '' } })],
    ['has a scope that is a list', () => active({ scope: ['orders:read'] })],
    ['is bound to a key', () => active({ cnf: { jkt: '0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I' } })],
    ['is bound to nothing known', () => active({ cnf: null })],
    ['is for another resource', () => active({ aud: issuer.otherApi })],
    ['is for other resources', () => active({ aud: [issuer.otherApi, `${issuer.api}/`] })],
    ['is for nothing', () => active({ aud: undefined })],
    ['is for something that is no text', () => active({ aud: [issuer.api, 7] })],
    ['does not say which kind', () => active({ token_type: undefined })],
    ['is of no access token', () => active({ token_type: 'N_A' })],
    ['is of a token that needs a proof', () => active({ token_type: 'DPoP' })],
  ])('that %s leads to a refusal', async (_, answer) => {
    const app = await guard()
    issuer.instead = json(answer())
    expect(await app.get('token')).toEqual(invalid())
  })

  it('with everything needed accepts it', async () => {
    const app = await guard()
    const answer = active({ aud: [issuer.otherApi, issuer.api], sub: 'user-1', sid: 's', team: 'blue' })
    issuer.instead = json(answer)
    const { api, otherApi } = issuer
    const fields = { actsFor: 'user', userId: 'user-1', authorizationId: 's', clientId: 'a', scope: 'orders:read' }
    const times = { issuedAt: issuer.now(), expiresAt: issuer.now() + 60 }
    const body = { ...fields, audience: [otherApi, api], ...times, claims: answer }
    expect(await app.get('token')).toEqual({ status: 200, challenge: null, retryAfter: null, body })
  })

  const good = (): string => JSON.stringify(active())
  it.each<[what: string, answer: RequestListener]>([
    ['500', (_, res) => res.writeHead(500).end(good())],
    ['404 with HTML', (_, res) => res.writeHead(404, { 'Content-Type': 'text/html' }).end('<h1>Not found</h1>')],
    ['HTML', (_, res) => res.writeHead(200, { 'Content-Type': 'text/html' }).end('<h1>active: true</h1>')],
    ['a redirect', (_, res) => res.writeHead(307, { Location: '/oauth/introspect' }).end(good())],
    ['204', (_, res) => res.writeHead(204).end()],
    ['JSON that is cut off', (_, res) => res.end('{"active":true,')],
    ['null', json(null)],
    ['true', json(true)],
    ['a text', json('active')],
    ['more octets than allowed', (_, res) => res.end(JSON.stringify(active({ more: 'x'.repeat(5000) })))],
    ['octets without end', (_, res) => void res.write('{"a":"', () => res.write('x'.repeat(100_000)))],
    ['nothing at all', () => undefined],
    ['half of it', (_, res) => void res.write('{"active":true')],
    ['a closed connection', (req) => void req.socket.destroy()],
  ])('that is %s leads to 503 and no access', async (what, answer) => {
    // Only these end by it; the request that is served then must not.
    const timeoutMilliseconds = ['nothing at all', 'half of it'].includes(what) ? 1500 : 20_000
    const app = await guard({ timeoutMilliseconds, maxOctets: 4096, cacheSeconds: 60 })
    const token = await tokenOf(issuer, 'opaque-app')
    issuer.instead = answer
    expect(await app.get(token)).toEqual(unavailable)
    expect(issuer.asked).toEqual([question])
    issuer.instead = undefined
    expect((await app.get(token)).status).toBe(200)
  })

  it('that asks to wait is passed on, within limits', async () => {
    const app = await guard()
    for (const [asked, told] of [
      ['7', '7'],
      ['0', '1'],
      ['-5', '1'],
      ['1e9', '86400'],
      ['soon', '1'],
    ] as const) {
      issuer.instead = (_, res) => res.writeHead(503, { 'Retry-After': asked }).end()
      expect(await app.get('token')).toEqual({ ...unavailable, retryAfter: told })
    }
  })
})

describe('made-up tokens', () => {
  const madeUp = (): string => randomBytes(32).toString('base64url')

  it('without the form of a token are refused without asking (V21)', async () => {
    const app = await guard()
    for (const token of ['a', 'abc']) expect(await app.get(token)).toEqual(invalid())
    const strict = await guard({ tokenForm: /^[\w-]{43}$/g })
    for (const token of ['a.b.c', madeUp().slice(1), `${madeUp()}x`]) expect(await strict.get(token)).toEqual(invalid())
    expect(issuer.asked).toEqual([])
    const token = await tokenOf(issuer, 'opaque-app')
    expect(await statuses(strict, [token, token, token])).toEqual([200, 200, 200])
  })

  it('cause a bounded number of concurrent requests, and none for a cached response (V21)', async () => {
    const app = await guard({ concurrentQuestions: 5, cacheSeconds: 60 })
    const token = await tokenOf(issuer, 'opaque-app')
    expect((await app.get(token)).status).toBe(200)
    let [open, most] = [0, 0]
    const waiting: (() => void)[] = []
    issuer.instead = (_, res) => {
      most = Math.max(most, ++open)
      waiting.push(() => {
        open--
        json({ active: false })(_, res)
      })
    }
    const answers = Array.from({ length: 40 }, () => app.get(madeUp()))
    const refused = new Promise<GuardAnswer>((resolve) => {
      let left = 35
      for (const answer of answers) void answer.then((given) => --left === 0 && resolve(given))
    })
    expect(await refused).toEqual(unavailable)
    expect((await app.get(token)).status).toBe(200)
    waiting.forEach((end) => end())
    const counts = new Map<number, number>()
    for (const { status } of await Promise.all(answers)) counts.set(status, (counts.get(status) ?? 0) + 1)
    expect(counts).toEqual(
      new Map([
        [503, 35],
        [401, 5],
      ]),
    )
    expect([most, issuer.asked.length]).toEqual([5, 6])
    issuer.instead = undefined
    expect((await app.get(await tokenOf(issuer, 'opaque-app'))).status).toBe(200)
  })

  it('are counted for their address: above the limit only known tokens are asked about (V21)', async () => {
    const events: OAuthEvent[] = []
    const throttle = memoryThrottle({ limits: { token: { freeFailures: 10 } }, clock: () => issuer.now() })
    const server = resourceServer(issuer, {
      introspection: inspection(issuer),
      throttle,
      clientAddress: (req) => req.headers['x-address'] as string,
      onEvent: (event) => events.push(event),
    })
    const app = await guardedApp(server)
    apps.push(app)
    const good = await tokenOf(issuer, 'opaque-app')
    expect((await app.get(good)).status).toBe(200)
    const flood = await statuses(app, Array.from({ length: 30 }, madeUp))
    expect(flood).toEqual([...Array<number>(10).fill(401), ...Array<number>(20).fill(429)])
    expect(issuer.asked.length).toBe(11)
    const told = await app.get(madeUp())
    expect([told.status, told.retryAfter]).toEqual([429, '1'])
    expect(told.body).toMatchObject({ error: 'temporarily_unavailable' })
    expect(events.filter(({ type }) => type === 'throttled')).toHaveLength(21)
    expect(events).toContainEqual(expect.objectContaining({ type: 'throttled', kind: 'token' }))
    // It was good before.
    expect((await app.get(good)).status).toBe(200)
    issuer.advance(60)
    expect((await app.get(await tokenOf(issuer, 'opaque-app'))).status).toBe(200)
  })

  it('are not counted if the application counts itself, and failures of the issuer never are (V21)', async () => {
    const limited = memoryThrottle({ limits: { token: { freeFailures: 1 } }, clock: () => issuer.now() })
    for (const throttle of [false, limited] as const) {
      const app = await guardedApp(resourceServer(issuer, { introspection: inspection(issuer), throttle }))
      apps.push(app)
      issuer.instead = (_, res) => res.writeHead(500).end()
      expect(await statuses(app, [madeUp(), madeUp(), madeUp()])).toEqual([503, 503, 503])
      issuer.instead = undefined
      const third = throttle === false ? 401 : 429
      expect(await statuses(app, [madeUp(), madeUp()])).toEqual([401, third])
    }
  })
})

describe('whom a token of another issuer acts for', () => {
  const routes = ['user', 'client', undefined] as const
  const shown = async (answer: object, options: Partial<ResourceServerOptions> = {}) => {
    const server = resourceServer(issuer, { introspection: inspection(issuer), ...options })
    issuer.instead = json(active(answer))
    const seen: unknown[] = []
    for (const kind of routes) {
      const requireBearer = (): unknown => server.requireBearer(kind === undefined ? {} : { for: kind })
      const app = await guardedApp({ requireBearer } as never)
      apps.push(app)
      const { status, body } = await app.get(randomBytes(32).toString('base64url'))
      seen.push(status === 200 ? pick(body as Record<string, unknown>) : status)
    }
    return seen
  }
  const pick = ({ actsFor, userId, subject }: Record<string, unknown>): unknown => ({ actsFor, userId, subject })
  const user = { actsFor: 'user', userId: 'x', subject: undefined }

  it('is not guessed from its subject: a guard for users refuses it, and one for clients too (V18)', async () => {
    const unknown = { actsFor: 'unknown', userId: undefined, subject: 'service-account-a' }
    expect(await shown({ sub: 'service-account-a' })).toEqual([403, 403, unknown])
    const client = { actsFor: 'client', userId: undefined, subject: undefined }
    expect(await shown({ sub: 'a' })).toEqual([403, client, client])
    expect(await shown({ sub: undefined })).toEqual([403, client, client])
    // RFC 7662 §2.2: a user name may be there for a client, too.
    expect(await shown({ sub: 'a', username: 'a' })).toEqual([403, client, client])
  })

  it('is a user where somebody signed in, or the application says so (V18)', async () => {
    expect(await shown({ sub: 'x', sid: 's' })).toEqual([user, 403, user])
    expect(await shown({ sub: 'x', auth_time: 1 })).toEqual([user, 403, user])
    const isUser: ResourceServerOptions['isUser'] = ({ username }) => typeof username === 'string'
    expect(await shown({ sub: 'x', username: 'x' }, { isUser })).toEqual([user, 403, user])
    expect((await shown({ sub: 'x' }, { isUser })).slice(0, 2)).toEqual([403, 403])
  })

  it('is an error of the application if isUser throws (V18)', async () => {
    const isUser = (): boolean => {
      throw new Error('no answer')
    }
    expect(await shown({ sub: 'x' }, { isUser })).toEqual([500, 500, 500])
  })

  it('is known for the tokens of latchkey, opaque and JWT, by keys and by introspection', async () => {
    for (const client of ['opaque-app', 'jwt-app']) {
      const { access_token } = await signInAt(issuer, client)
      const own = await tokenOf(issuer, client)
      const ways = [{ introspection: inspection(issuer) }, ...(client === 'jwt-app' ? [{ jwks: true } as const] : [])]
      for (const way of ways) {
        const app = await guardedApp(resourceServer(issuer, way))
        apps.push(app)
        expect((await app.get(access_token)).body).toMatchObject({ actsFor: 'user' })
        expect((await app.get(own)).body).toMatchObject({ actsFor: 'client' })
      }
    }
  })
})

it('does not stay cached longer because a clock was set back (11)', async () => {
  const app = await guard({ cacheSeconds: 10 })
  const token = await tokenOf(issuer, 'opaque-app')
  expect(await statuses(app, [token, token])).toEqual([200, 200])
  await post(issuer, '/oauth/revoke', { token }, 'opaque-app').expect(200)
  issuer.advance(-30)
  expect(await statuses(app, [token])).toEqual([401])
})
