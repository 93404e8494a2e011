import { createServer, type Server } from 'node:http'
import express5 from 'express'
import express4 from 'express4'
import type { AuthorizationServer, OAuthEvent } from 'latchkey'
import request from 'supertest'
import { describe, expect, it } from 'vitest'
import { basic, secretOf, testServer, type TestServer } from '../fixtures/test-server.js'

const express4App = express4 as unknown as typeof express5

/** A server whose router is mounted in another way than in the other tests. */
function mounted(
  mount: (app: express5.Express, router: express5.RequestHandler) => unknown,
  { issuer = 'http://127.0.0.1', express = express5 } = {},
): { http: Server; events: TestServer['events']; oauth: AuthorizationServer } {
  const { oauth, events } = testServer({ server: { issuer } })
  const app = express()
  mount(app, oauth.router() as express5.RequestHandler)
  app.use((_req, res) => void res.status(404).send('the app'))
  return { http: createServer(app), events, oauth }
}

const tokenAt = (http: Server, path: string): request.Test =>
  request(http)
    .post(path)
    .set('Authorization', basic('stock-sync', secretOf('stock-sync')))
    .type('form')
    .send('grant_type=client_credentials')

const wrongMounts = (events: readonly OAuthEvent[]): readonly OAuthEvent[] =>
  events.filter((event) => event.type === 'warning' && event.code === 'wrong_mount')

describe('a router under another path than the issuer’s', () => {
  it.each([
    ['Express 4', express4App],
    ['Express 5', express5],
  ])('causes one warning with the line to write: %s (A5)', async (_name, express) => {
    const { http, events } = mounted((app, router) => app.use('/auth', router), { express })
    expect((await request(http).get('/.well-known/oauth-authorization-server')).status).toBe(404)
    expect(wrongMounts(events)).toEqual([])
    for (let i = 0; i < 2; i++) expect((await tokenAt(http, '/auth/oauth/token')).status).toBe(200)
    expect(wrongMounts(events)).toMatchObject([
      {
        code: 'wrong_mount',
        message:
          "The router is mounted at /auth, but the issuer is http://127.0.0.1: clients cannot find its metadata, which names other URLs. Write app.use(oauth.router()) without a path; to have the endpoints below /auth, also set issuer: 'http://127.0.0.1/auth'.",
      },
    ])
  })

  it('what it says to write works', async () => {
    const { http, events } = mounted((app, router) => app.use(router), { issuer: 'http://127.0.0.1/auth' })
    expect((await request(http).get('/.well-known/oauth-authorization-server/auth')).body).toMatchObject({
      token_endpoint: 'http://127.0.0.1/auth/oauth/token',
    })
    expect((await tokenAt(http, '/auth/oauth/token')).status).toBe(200)
    expect(wrongMounts(events)).toEqual([])
  })

  const mountAt =
    (path: string) =>
    (app: express5.Express, router: express5.RequestHandler): unknown =>
      app.use(path, router)

  it.each([
    ['the path of the issuer', '/auth', 'http://127.0.0.1/auth', {}],
    ['its end, where a proxy cuts off the beginning', '/auth', 'http://127.0.0.1/api/auth', {}],
    ['one that a proxy adds', '/auth', 'http://127.0.0.1', { 'X-Forwarded-For': '192.0.2.1' }],
  ])('causes no warning for %s', async (_what, path, issuer, headers) => {
    const { http, events } = mounted(mountAt(path), { issuer })
    expect((await tokenAt(http, `${path}/oauth/token`).set(headers)).status).toBe(200)
    expect(wrongMounts(events)).toEqual([])
  })

  it('causes no warning for a request that is not for an endpoint', async () => {
    const { http, events } = mounted(mountAt('/auth'))
    expect((await request(http).get('/auth/other')).text).toBe('the app')
    expect(wrongMounts(events)).toEqual([])
  })
})

// As Nest mounts what `consumer.apply(oauth.router()).forRoutes('{*all}')` names: the whole path is that of the mount.
describe.each([
  ['Express 4', express4App, '*'],
  ['Express 5', express5, '{*all}'],
])('a router under every path: %s', (_name, express, everything) => {
  const everywhere = (): ReturnType<typeof mounted> =>
    mounted((app, router) => app.use(everything, router), { express })

  it('serves the endpoints without a warning (F16)', async () => {
    const { http, events } = everywhere()
    expect((await tokenAt(http, '/oauth/token')).status).toBe(200)
    expect((await tokenAt(http, '/oauth/token?a=b')).status).toBe(200)
    const metadata = await request(http).get('/.well-known/oauth-authorization-server')
    expect(metadata.body).toMatchObject({ token_endpoint: 'http://127.0.0.1/oauth/token' })
    expect(wrongMounts(events)).toEqual([])
  })

  it('refuses a slash at the end in OAuth JSON', async () => {
    const { status, body } = await tokenAt(everywhere().http, '/oauth/token/')
    expect({ status, body }).toMatchObject({ status: 404, body: { error: 'invalid_request' } })
  })

  it.each([
    '/',
    '/OAUTH/TOKEN',
    '//oauth/token',
    '/oauth//token',
    '/oauth/%74oken',
    '/x/oauth/token',
    '/oauth/token//',
  ])('passes on %s', async (path) => {
    expect((await tokenAt(everywhere().http, path)).text).toBe('the app')
  })

  it('follows the URL that the application has rewritten, from an endpoint or to one', async () => {
    const { http } = mounted(
      (app, router) => {
        app.use((req, _res, next) => {
          req.url = req.url === '/oauth/token' ? '/closed' : '/oauth/token'
          next()
        })
        app.use(everything, router)
      },
      { express },
    )
    expect((await tokenAt(http, '/oauth/token')).text).toBe('the app')
    expect((await tokenAt(http, '/closed')).text).toBe('the app')
  })
})
