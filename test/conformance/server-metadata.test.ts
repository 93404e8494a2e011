import { createServer } from 'node:http'
import express5 from 'express'
import express4 from 'express4'
import { clientCredentialsGrant, StoreUnavailableError } from 'latchkey'
import * as oauth4webapi from 'oauth4webapi'
import request from 'supertest'
import { describe, expect, it } from 'vitest'
import { apiServer, shopApi, stockApi, whileListening } from '../fixtures/api-server.js'
import { sendRaw } from '../fixtures/raw-http.js'
import { answered, refused, shown } from '../fixtures/shown-answer.js'
import { catalogue, testServer, type TestServer } from '../fixtures/test-server.js'

const wellKnown = '/.well-known/oauth-authorization-server'
const methods = ['client_secret_basic', 'client_secret_post', 'none']

const withIssuer = (issuer: string, more: object = {}): TestServer => apiServer({ server: { issuer, ...more } })
const read = (server: Pick<TestServer, 'http'>, path = wellKnown): request.Test => request(server.http).get(path)

describe.each([4, 5] as const)('the metadata of a server, Express %i', (major) => {
  it('lists everything that is served (SCO-10, MET-01, MET-05, MET-06, MET-08, MET-09, MET-10, MET-11, MET-12, MET-13, MET-15, PRM-08)', async () => {
    const answer = await read(apiServer({ express: major }))
    expect(shown(answer)).toEqual(
      answered(
        200,
        {
          issuer: 'http://127.0.0.1',
          token_endpoint: 'http://127.0.0.1/oauth/token',
          revocation_endpoint: 'http://127.0.0.1/oauth/revoke',
          introspection_endpoint: 'http://127.0.0.1/oauth/introspect',
          jwks_uri: 'http://127.0.0.1/oauth/jwks',
          scopes_supported: catalogue,
          response_types_supported: [],
          grant_types_supported: ['client_credentials', 'password', 'refresh_token'],
          token_endpoint_auth_methods_supported: methods,
          revocation_endpoint_auth_methods_supported: methods,
          introspection_endpoint_auth_methods_supported: methods.slice(0, 2),
          introspection_signing_alg_values_supported: ['ES256'],
          protected_resources: [shopApi, stockApi],
        },
        { cacheControl: 'public, max-age=3600', pragma: undefined },
      ),
    )
    expect(answer.headers).toMatchObject({ 'access-control-allow-origin': '*', 'x-content-type-options': 'nosniff' })
    expect(answer.headers).not.toHaveProperty('x-powered-by')
  })

  it('leaves out what is not served (MET-06, MET-07, MET-10, MET-12, MET-13)', async () => {
    const { body } = await read(testServer({ express: major, server: { grants: [clientCredentialsGrant()] } }))
    expect(body).toEqual({
      issuer: 'http://127.0.0.1',
      token_endpoint: 'http://127.0.0.1/oauth/token',
      revocation_endpoint: 'http://127.0.0.1/oauth/revoke',
      introspection_endpoint: 'http://127.0.0.1/oauth/introspect',
      scopes_supported: catalogue,
      response_types_supported: [],
      grant_types_supported: ['client_credentials'],
      token_endpoint_auth_methods_supported: methods,
      revocation_endpoint_auth_methods_supported: methods,
      introspection_endpoint_auth_methods_supported: methods.slice(0, 2),
    })
  })

  it.each([wellKnown, '/oauth/jwks', '/.well-known/oauth-protected-resource/shop'])(
    'may be read by GET and HEAD only: %s (MET-14)',
    async (path) => {
      const server = apiServer({ express: major })
      const got = await sendRaw(server.http, [`GET ${path} HTTP/1.1`])
      const head = await sendRaw(server.http, [`HEAD ${path} HTTP/1.1`])
      expect([head.status, head.text, head.headers['content-length']]).toEqual([200, '', String(got.text.length)])
      const ownToEach = { date: '', 'request-id': '' }
      expect({ ...head.headers, ...ownToEach }).toEqual({ ...got.headers, ...ownToEach })
      for (const method of ['POST', 'PUT', 'DELETE', 'PATCH']) {
        const answer = await sendRaw(server.http, [`${method} ${path} HTTP/1.1`])
        expect(shown(answer)).toEqual(refused(405, 'invalid_request', 'Only GET is allowed here'))
        expect(answer.headers['allow']).toBe('GET, HEAD')
      }
    },
  )

  it('is the same for every caller and every Host header (MET-03, MET-15)', async () => {
    const server = apiServer({
      express: major,
      before: (app) => app.set('trust proxy', true),
    })
    const plain = await read(server)
    const odd = await read(server, `${wellKnown}?issuer=https://evil.example`)
      .set('Host', 'evil.example')
      .set('X-Forwarded-Host', 'evil.example')
      .set('X-Forwarded-Proto', 'https')
      .set('Forwarded', 'host=evil.example;proto=https')
      .set('Authorization', 'Bearer x')
      .set('Origin', 'https://evil.example')
    expect(odd.text).toBe(plain.text)
    expect(odd.headers['access-control-allow-origin']).toBe('*')
    expect(odd.headers['vary']).toBeUndefined()
  })

  it.each(['https://as.example.com/tenant1', 'https://as.example.com/tenant1/', 'https://as.example.com/a/b'])(
    'has its well-known part between host and path: %s (MET-02, MET-03, MET-16)',
    async (issuer) => {
      const path = new URL(issuer).pathname.replace(/\/$/, '')
      const { oauth } = withIssuer(issuer)
      const app = (major === 4 ? (express4 as unknown as typeof express5) : express5)()
      app.use(oauth.router())
      const server = { http: createServer(app) }
      const { status, body } = await read(server, wellKnown + path)
      expect(status).toBe(200)
      expect(body).toMatchObject({ issuer, token_endpoint: `https://as.example.com${path}/oauth/token` })
      for (const wrong of [wellKnown, `${path}${wellKnown}`, `${wellKnown}${path}/`, `${wellKnown}${path}x`]) {
        expect((await read(server, wrong)).status).toBe(404)
      }
      // The endpoints are where the document says, and where a proxy that cuts the path off sends them.
      for (const endpoint of [`${path}/oauth/token`, '/oauth/token']) {
        expect((await request(server.http).post(endpoint)).status).toBe(400)
      }
    },
  )

  it('is right if the router is mounted below the path and the document at the root (MET-02)', async () => {
    const { oauth } = withIssuer('https://as.example.com/tenant1')
    const app = (major === 4 ? (express4 as unknown as typeof express5) : express5)()
    app.use('/tenant1', oauth.router())
    const server = { http: createServer(app) }
    for (const endpoint of ['token', 'revoke', 'introspect']) {
      expect((await request(server.http).post(`/tenant1/oauth/${endpoint}`)).status).toBe(400)
    }
    expect((await read(server, '/tenant1/oauth/jwks')).status).toBe(200)
    expect((await read(server, `/tenant1${wellKnown}`)).status).toBe(404)
    expect((await read(server, `${wellKnown}/tenant1`)).status).toBe(404)
    app.use(oauth.router())
    expect((await read(server, `${wellKnown}/tenant1`)).body).toMatchObject({
      issuer: 'https://as.example.com/tenant1',
    })
  })
})

describe('the issuer', () => {
  it.each([
    'http://as.example.com',
    'https://as.example.com?x=1',
    'https://as.example.com/?',
    'https://as.example.com#x',
    'https://as.example.com/#',
    'https://user@as.example.com',
    'as.example.com',
    'https://',
    ' https://as.example.com',
    'ftp://as.example.com',
  ])('is https without query and fragment, or the server does not start: %j (MET-04)', (issuer) => {
    expect(() => withIssuer(issuer)).toThrow(/^issuer: /)
  })

  it.each([
    'https://AS.example.com',
    'https://as.example.com:443',
    'https://as.example.com/%7Ea',
    'https://as.example.com/',
  ])('is repeated character by character: %s (MET-03, MET-16)', async (issuer) => {
    const { pathname } = new URL(issuer)
    const { body } = await read(withIssuer(issuer), wellKnown + pathname.replace(/\/$/, ''))
    expect(body.issuer).toBe(issuer)
    expect(body.token_endpoint).toBe(`${issuer.replace(/\/$/, '')}/oauth/token`)
  })
})

describe('the metadata in use', () => {
  it.each([
    ['as made', apiServer(), ''],
    [
      'with paths of its own',
      withIssuer('http://127.0.0.1', { tokenPath: '/t', revocationPath: '/r', jwksPath: '/k' }),
      '',
    ],
    ['below a path', withIssuer('http://127.0.0.1/a/b', { introspectionPath: '/i' }), '/a/b'],
  ])('advertises nothing that does not respond: %s (MET-20, BCP-04)', async (_what, server, path) => {
    const { body } = await read(server, wellKnown + path)
    for (const name of ['token', 'revocation', 'introspection']) {
      const url = new URL(body[`${name}_endpoint`])
      expect(url.origin).toBe('http://127.0.0.1')
      expect(shown(await request(server.http).post(url.pathname))).toEqual(
        refused(400, 'invalid_request', 'The body must be application/x-www-form-urlencoded'),
      )
    }
    const keys = await read(server, new URL(body.jwks_uri).pathname)
    expect(keys.body.keys).toHaveLength(1)
    for (const grantType of body.grant_types_supported) {
      const form = { grant_type: grantType, client_id: 'spa' }
      const answer = await request(server.http).post(new URL(body.token_endpoint).pathname).type('form').send(form)
      expect(answer.body.error).not.toBe('unsupported_grant_type')
    }
  })

  it('is discovered and accepted by oauth4webapi (MET-02, MET-03)', async () => {
    const issuer = new URL('http://127.0.0.1/tenant1')
    const found = await whileListening(withIssuer(issuer.href), async (options) => {
      const response = await oauth4webapi.discoveryRequest(issuer, { algorithm: 'oauth2', ...options })
      return oauth4webapi.processDiscoveryResponse(issuer, response)
    })
    expect(found.token_endpoint).toBe('http://127.0.0.1/tenant1/oauth/token')
  })

  it('is an error if the keys cannot be read, and is not cached (MET-10)', async () => {
    const current = (): never => {
      throw new StoreUnavailableError('down', { retryAfterSeconds: 2 })
    }
    const server = withIssuer('http://127.0.0.1', { signingKeys: { current } })
    for (const path of [wellKnown, '/oauth/jwks']) {
      const error = { error: 'temporarily_unavailable', error_description: 'The server cannot answer right now' }
      expect(shown(await read(server, path))).toEqual(answered(503, error, { retryAfter: '2' }))
    }
  })
})
