import { createServer, type RequestListener } from 'node:http'
import express5 from 'express'
import express4 from 'express4'
import { describe, expect, it } from 'vitest'
import { apiServer } from '../fixtures/api-server.js'
import { basicLine, formLine } from '../fixtures/post-token.js'
import { sendRaw, type RawAnswer } from '../fixtures/raw-http.js'
import { issued, refused, shown } from '../fixtures/shown-answer.js'
import { testServer } from '../fixtures/test-server.js'

const form = 'grant_type=client_credentials'

async function sendTo(listener: RequestListener, target: string, method = 'POST'): Promise<RawAnswer> {
  const body = method === 'POST' ? form : ''
  return sendRaw(createServer(listener), [`${method} ${target} HTTP/1.1`, formLine, basicLine()], body)
}

/** An app whose middleware on `/oauth` refuses everything, in front of the router. */
function guardedApp(express: typeof express5): RequestListener {
  const app = express()
  app.use('/oauth', (_req, res) => void res.status(418).end())
  app.use(testServer().oauth.router())
  app.use((_req, res) => void res.status(404).end())
  return app
}

const same = [
  '/oauth/token',
  'http://api.example.com/oauth/token',
  'https://else.example:8443/oauth/token?a=b',
  'HTTP://[::1]/oauth/token',
]

/** Targets that are not the endpoint's, whatever a parser of URLs makes of them. */
const others = [
  '/x/../oauth/token',
  '/./oauth/token',
  '//oauth/token',
  '/oauth//token',
  '/oauth/%74oken',
  '/oauth/token;x',
  'http://h/x/../oauth/token',
  'http://h/x/%2e%2e/oauth/token',
  'http://h/./oauth/token',
  'http://h/%6fauth/token',
  'http://h//oauth/token',
  'http://h/oauth/token;x',
  'http://h/OAUTH/token',
  'http://h\\oauth\\token',
  'http://h\\x/oauth/token',
  'http://h?x/oauth/token',
  'http://h#x/oauth/token',
  'http://h;x/oauth/token',
  'http://h*x/oauth/token',
  "http://h'x/oauth/token",
  'http://h%2f/oauth/token',
  'http://u:p@h/x/../oauth/token',
  'http://h:80x/oauth/token',
  'http:///oauth/token',
  'http:oauth/token',
  'http:/oauth/token',
  'https:///h/oauth/token',
  'x:/oauth/token',
  'x:/a/../oauth/token',
  'data:/oauth/token',
  'urn:/oauth/token?x',
  'x/oauth/token',
  '*',
]

describe.each([
  ['Express 5', express5],
  ['Express 4', express4 as unknown as typeof express5],
] as const)('a request target, %s', (_name, express) => {
  const front = testServer()
  const behind = express().use(front.oauth.router())
  behind.use((_req, res) => void res.status(404).end())

  it.each(same)('in origin-form and in absolute-form is the same endpoint: %s', async (target) => {
    expect(shown(await sendTo(behind, target))).toEqual(issued('stock:write'))
    expect(shown(await sendTo(front.oauth.handler(), target))).toEqual(issued('stock:write'))
    expect((await sendTo(guardedApp(express), target)).status).toBe(418)
  })

  it.each(others)('is split and never normalized: %s is not an endpoint (V11)', async (target) => {
    for (const listener of [behind, front.oauth.handler(), guardedApp(express)]) {
      const answer = await sendTo(listener, target)
      expect(answer.text).not.toContain('access_token')
      // 418: the middleware saw it; 400: Node or Express refused it; 404: it was handed on.
      expect([400, 404, 418, 500]).toContain(answer.status)
    }
    expect(front.events.filter(({ type }) => type !== 'warning' && type !== 'tokens_issued')).toEqual([])
  })
})

describe('a trailing slash', () => {
  const issuer = 'http://127.0.0.1'
  const elsewhere = (path: string): object =>
    refused(404, 'invalid_request', `The endpoint is ${issuer}${path}, without a slash at the end`)

  it.each(['/oauth/token', '/oauth/revoke', '/oauth/introspect', '/oauth/jwks'])(
    'is refused in OAuth JSON, by router() and by handler(): %s/ (trailing slash)',
    async (path) => {
      const { oauth, http, events } = apiServer()
      for (const method of ['POST', 'GET', 'PUT']) {
        for (const target of [`${path}/`, `${path}/?a=b`, `http://h${path}/`]) {
          const before = events.length
          const lines = [`${method} ${target} HTTP/1.1`, formLine, basicLine()]
          const answer = await sendRaw(http, lines, form)
          expect(shown(answer)).toEqual(elsewhere(path))
          expect(answer.headers['location']).toBeUndefined()
          expect(events.slice(before)).toMatchObject([{ type: 'request_refused', error: 'invalid_request' }])
          expect((await sendRaw(createServer(oauth.handler()), lines, form)).octets).toBe(
            answer.octets.replace(/\r\nX-Powered-By: Express/i, ''),
          )
        }
      }
    },
  )

  it('leaves other paths to the application (trailing slash)', async () => {
    const { oauth } = apiServer()
    const app = express5().use(oauth.router())
    app.use((req, res) => void res.status(299).end(req.url))
    for (const target of [
      '/oauth/',
      '/oauth',
      '/oauth/token//',
      '/oauth/tokens/',
      '/oauth/token/x',
      '/oauth/Token/',
      '/',
    ])
      expect((await sendTo(app, target)).status).toBe(299)
    // With a slash it is another resource (RFC 9728 §3.1).
    for (const target of ['/.well-known/oauth-protected-resource/stock/', '/.well-known/oauth-protected-resource/'])
      expect((await sendTo(app, target, 'GET')).status).toBe(299)
  })

  it('never hides an existing endpoint (trailing slash)', async () => {
    const paths = { revocationPath: '/t', tokenPath: '/t/' }
    const { oauth } = testServer({ server: paths })
    expect(shown(await sendTo(oauth.handler(), '/t/'))).toEqual(issued('stock:write'))
  })
})
