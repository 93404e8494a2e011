import { createServer } from 'node:http'
import request from 'supertest'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { clientCredentialsGrant, createAuthorizationServer, type OAuthEvent } from 'latchkey'
import { createResourceServer, type ResourceServerOptions } from 'latchkey/resource-server'
import { createMemoryStores } from 'latchkey/stores/memory'
import { isOnLoopback } from '../../lib/checks/check-issuer.js'
import { tlsRule } from '../../lib/http/tls.js'

const { clients, tokens } = createMemoryStores({ pruneIntervalSeconds: 0 })
const server = (issuer: string, more: object = {}) =>
  createAuthorizationServer({
    issuer,
    clients,
    tokens,
    scopes: ['a'],
    grants: [clientCredentialsGrant()],
    onEvent: () => undefined,
    ...more,
  })
const resource = (options: Partial<ResourceServerOptions>) => {
  const events: OAuthEvent[] = []
  const audience = 'https://api.example.com'
  createResourceServer({
    issuer: 'https://auth.example.com',
    audience,
    onEvent: (event) => events.push(event),
    ...options,
  })
  return events.map((event) => (event.type === 'warning' ? `${event.code}: ${event.message}` : event.type))
}

const loopback = 'http is for this machine only (localhost, *.localhost, 127.0.0.1, [::1])'
const remedy =
  'Use https, or set allowHttp: true if the traffic stays in a private network, such as that of containers or a LAN.'

afterEach(() => {
  vi.unstubAllEnvs()
})

describe('an issuer on http', () => {
  it.each(['http://auth:3000', 'http://192.168.1.5:3000', 'http://10.0.2.2:3000', 'http://localhost.example.com'])(
    '%s is refused with its name, the exception and the option (A18.17, F17)',
    (issuer) => {
      const message = `issuer: is ${issuer}; must be https, because ${loopback}. ${remedy}`
      expect(() => server(issuer)).toThrow(message)
      expect(() => server(issuer, { allowHttp: false })).toThrow(message)
      expect(() => resource({ issuer, jwks: true })).toThrow(message)
    },
  )

  it.each(['localhost:3000', 'auth:3000/tenant'])(
    '%s has no scheme, and the message shows the right form',
    (issuer) => {
      const message = `issuer: is ${issuer}, which has no scheme; must be https. Write http://${issuer} for this machine, else https://${issuer}.`
      expect(() => server(issuer)).toThrow(message)
      expect(() => server(issuer, { allowHttp: true })).toThrow(message)
    },
  )

  it.each(['http://auth:3000', 'http://192.168.1.5:3000/tenant'])(
    '%s is accepted with allowHttp, listed by posture(), and served without TLS',
    async (issuer) => {
      const oauth = server(issuer, { allowHttp: true })
      expect(oauth.posture()).toMatchObject([{ code: 'http_issuer' }])
      expect(() => server(issuer, { allowHttp: true, strict: true })).toThrow(
        'strict: refuses weak settings: http_issuer',
      )
      expect(tlsRule({}, issuer).required).toBe(false)
      const path = `/.well-known/oauth-authorization-server${new URL(issuer).pathname.replace(/\/$/, '')}`
      const { status, body } = await request(createServer(oauth.handler())).get(path)
      expect([status, body.issuer]).toEqual([200, issuer])
    },
  )

  it('is refused in production, also with allowHttp', () => {
    vi.stubEnv('NODE_ENV', 'production')
    const message =
      'issuer: is http://auth:3000; must be https in production (NODE_ENV=production), even with allowHttp. ' +
      'Put the server behind TLS, and set issuer to its https URL.'
    expect(() => server('http://auth:3000', { allowHttp: true })).toThrow(message)
    expect(() => resource({ issuer: 'http://auth:3000', allowHttp: true, jwks: true })).toThrow(message)
  })

  it('does not need allowHttp on this machine, under any name below localhost', () => {
    for (const host of ['localhost', 'api.localhost', 'a.b.localhost:3000', 'localhost.', '127.9.9.9', '[::1]']) {
      expect(server(`http://${host}`).posture()).toEqual([])
    }
    for (const host of ['notlocalhost', 'localhost.com', 'localhost..', '128.0.0.1', 'host.docker.internal'])
      expect(isOnLoopback(`http://${host}`)).toBe(false)
  })

  it.each([1, 'yes', null])('is not allowed by %j', (allowHttp) => {
    expect(() => server('http://auth:3000', { allowHttp })).toThrow(/^allowHttp: /)
    expect(() => resource({ jwks: true, allowHttp } as never)).toThrow(/^allowHttp: /)
  })
})

describe('the metadata of an issuer on http', () => {
  const header = Buffer.from(JSON.stringify({ alg: 'ES256', typ: 'at+jwt', kid: 'x' })).toString('base64url')
  const token = `${header}.e30.${Buffer.alloc(64, 1).toString('base64url')}`

  it.each([
    ['http://auth:3000/oauth/jwks', true],
    ['http://auth:4000/jwks', true],
    ['https://keys.example.com/jwks', true],
    ['http://other:3000/jwks', false],
    ['http://localhost:3000/jwks', false],
  ])('may say that the keys are at %s: %s', async (uri, isFollowed) => {
    const real = globalThis.fetch
    const asked: string[] = []
    const issuer = 'http://auth:3000'
    // Nobody is there: only what would be said is put in its place.
    globalThis.fetch = async (input) => {
      asked.push(input instanceof Request ? input.url : input.toString())
      return Response.json(asked.length === 1 ? { issuer, jwks_uri: uri } : { keys: [] })
    }
    try {
      const audience = 'https://api.example.com'
      const oauth = createResourceServer({ issuer, audience, allowHttp: true, jwks: true, onEvent: () => undefined })
      const guard = oauth.requireBearer()
      const { status } = await request(createServer((req, res) => guard(req, res, () => res.end())))
        .get('/')
        .set('Authorization', `Bearer ${token}`)
      expect(status).toBe(isFollowed ? 401 : 500)
      expect(asked.slice(1)).toEqual(isFollowed ? [uri] : [])
    } finally {
      globalThis.fetch = real
    }
  })
})

describe('the address of keys or of introspection on http', () => {
  const jwks = { uri: 'http://auth:3000/oauth/jwks?key=secret' }
  const introspection = { uri: 'http://auth:3000/oauth/introspect', clientId: 'api', clientSecret: 'secret' }

  it('is refused by the name of its option', () => {
    expect(() => resource({ jwks })).toThrow(
      `jwks.uri: is http://auth:3000/oauth/jwks; must be https, because ${loopback}. ${remedy}`,
    )
    expect(() => resource({ introspection })).toThrow(
      `introspection.uri: is ${introspection.uri}; must be https, because `,
    )
  })

  it.each(['production', 'development'])('is accepted with allowHttp in %s, and warned of once', (environment) => {
    vi.stubEnv('NODE_ENV', environment)
    const warning = (uri: string): string =>
      `http_issuer: Tokens are verified over http, by ${uri}: anybody on the network in between can decide which tokens are accepted`
    expect(resource({ jwks, allowHttp: true })).toEqual([warning('http://auth:3000/oauth/jwks')])
    expect(resource({ introspection, allowHttp: true })).toEqual([warning(introspection.uri)])
    expect(resource({ jwks: { uri: 'https://auth:3000/oauth/jwks' }, allowHttp: true })).toEqual([])
  })
})
