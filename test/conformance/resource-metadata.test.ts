import { createServer } from 'node:http'
import express from 'express'
import { createResourceServer } from 'latchkey/resource-server'
import * as oauth4webapi from 'oauth4webapi'
import request from 'supertest'
import { describe, expect, it } from 'vitest'
import { apiServer, shopApi, stockApi, whileListening } from '../fixtures/api-server.js'
import { answered, shown } from '../fixtures/shown-answer.js'
import { catalogue, testServer, type TestServer } from '../fixtures/test-server.js'

const wellKnown = '/.well-known/oauth-protected-resource'

const serverFor = (...resources: string[]): TestServer =>
  apiServer({ server: { resources: resources.map((resource) => ({ resource })) } })

describe.each([4, 5] as const)('the metadata of a resource, Express %i', (major) => {
  it('says who issues tokens for it, and how to send them (PRM-01, PRM-02, PRM-03, MET-15)', async () => {
    const answer = await request(apiServer({ express: major }).http).get(`${wellKnown}/shop`)
    expect(shown(answer)).toEqual(
      answered(
        200,
        {
          resource: shopApi,
          authorization_servers: ['http://127.0.0.1'],
          scopes_supported: catalogue,
          bearer_methods_supported: ['header'],
        },
        { cacheControl: 'public, max-age=3600', pragma: undefined },
      ),
    )
    expect(answer.headers['access-control-allow-origin']).toBe('*')
  })

  it('lists the scopes that the resource knows (PRM-03)', async () => {
    const resources = [{ resource: shopApi, scopes: ['orders:read'] }]
    const { body } = await request(apiServer({ express: major, server: { resources } }).http).get(`${wellKnown}/shop`)
    expect(body.scopes_supported).toEqual(['orders:read'])
  })

  it('is pointed to by every challenge, whatever the Host header says (PRM-04, BRR-05)', async () => {
    const server = apiServer({ express: major })
    const ask = (authorization: string): request.Test =>
      request(server.http)
        .get('/orders')
        .set('Host', 'evil.example')
        .set('X-Forwarded-Host', 'evil.example')
        .set('Authorization', authorization)
    const pointer =
      'Bearer realm="127.0.0.1", resource_metadata="http://127.0.0.1/.well-known/oauth-protected-resource/shop"'
    expect((await ask('')).headers['www-authenticate']).toBe(pointer)
    const refusal = await ask('Bearer x')
    expect(refusal.headers['www-authenticate']).toMatch(`${pointer}, error="invalid_token", error_description="`)
    // What the challenge names is there, and says what was called.
    expect((await request(server.http).get(`${wellKnown}/shop`)).body.resource).toBe(shopApi)
  })

  it('is not pointed to if there is none (PRM-04)', async () => {
    const { headers } = await request(testServer({ express: major }).http).get('/orders')
    expect(headers['www-authenticate']).toBe('Bearer realm="127.0.0.1"')
  })

  it.each([
    ['http://127.0.0.1', wellKnown],
    ['http://127.0.0.1/', wellKnown],
    ['http://127.0.0.1/api', `${wellKnown}/api`],
    ['http://127.0.0.1/api/', `${wellKnown}/api/`],
    ['http://127.0.0.1/tenants/a/api', `${wellKnown}/tenants/a/api`],
    ['http://127.0.0.1/api?tenant=1', `${wellKnown}/api?tenant=1`],
    ['http://127.0.0.1/%C3%BC', `${wellKnown}/%C3%BC`],
  ])('is between the host and the rest: of %s at %s (PRM-01, PRM-02)', async (resource, path) => {
    const server = apiServer({ express: major, server: { resources: [{ resource }] } })
    const { status, body } = await request(server.http).get(path)
    expect([status, body.resource]).toEqual([200, resource])
    const challenge = (await request(server.http).get('/orders')).headers['www-authenticate']
    expect(challenge).toContain(`resource_metadata="http://127.0.0.1${path}"`)
  })

  it('is a separate document for each resource, even if only a slash or a query differs (PRM-05)', async () => {
    const names = ['', '/', '?a=1', '?a=2'].map((rest) => `http://127.0.0.1/api${rest}`)
    const server = apiServer({ express: major, server: { resources: names.map((resource) => ({ resource })) } })
    for (const resource of names) {
      const { pathname, search } = new URL(resource)
      expect((await request(server.http).get(`${wellKnown}${pathname}${search}`)).body.resource).toBe(resource)
    }
  })
})

describe('resources elsewhere', () => {
  it('are listed, but their own hosts serve their documents (PRM-01, PRM-08)', async () => {
    const server = serverFor(stockApi, 'urn:example:api')
    for (const path of ['', '/v1', '/example:api', '/']) {
      expect((await request(server.http).get(wellKnown + path)).status).toBe(404)
    }
    const { headers } = await request(server.http).get('/orders')
    expect(headers['www-authenticate']).toBe('Bearer realm="127.0.0.1"')
    const { body } = await request(server.http).get('/.well-known/oauth-authorization-server')
    expect(body.protected_resources).toEqual([stockApi, 'urn:example:api'])
  })

  it('serve them with createResourceServer (PRM-01, PRM-04, PRM-06)', async () => {
    const stock = createResourceServer({ issuer: 'http://127.0.0.1', audience: stockApi, jwks: true })
    const app = express()
    app.use(stock.router())
    app.get('/v1/stock', stock.requireBearer())
    const http = createServer(app)
    // Without `scopes`, none are told: an empty list would say that there are none.
    expect((await request(http).get(`${wellKnown}/v1`)).body).toEqual({
      resource: stockApi,
      authorization_servers: ['http://127.0.0.1'],
      bearer_methods_supported: ['header'],
    })
    expect((await request(http).get('/v1/stock').set('Host', 'evil.example')).headers['www-authenticate']).toBe(
      `Bearer realm="stock.example.com", resource_metadata="https://stock.example.com${wellKnown}/v1"`,
    )
  })
})

describe('the metadata of a resource in use', () => {
  it.each(['http://127.0.0.1/', 'http://127.0.0.1/shop', 'http://127.0.0.1/shop/', 'http://127.0.0.1/a?b=c'])(
    'is discovered and accepted by oauth4webapi: %s (PRM-02, PRM-05)',
    async (name) => {
      const resource = new URL(name)
      const found = await whileListening(serverFor(name), async (options) => {
        const response = await oauth4webapi.resourceDiscoveryRequest(resource, options)
        return oauth4webapi.processResourceDiscoveryResponse(resource, response)
      })
      expect(found).toMatchObject({ resource: name, authorization_servers: ['http://127.0.0.1'] })
    },
  )
})
