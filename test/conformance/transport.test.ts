import { once } from 'node:events'
import { mkdtempSync } from 'node:fs'
import { createServer as createPlainServer, request as plainRequest } from 'node:http'
import type { IncomingMessage, RequestListener } from 'node:http'
import { createServer, request, type RequestOptions } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import type { Express } from 'express'
import type { HttpHandler, IsSecure } from 'latchkey'
import { createResourceServer, type ResourceServerOptions } from 'latchkey/resource-server'
import { Passport } from 'passport'
import { afterEach, describe, expect, it } from 'vitest'
import { basicLine, formLine } from '../fixtures/post-token.js'
import { sendRaw } from '../fixtures/raw-http.js'
import { issued, refused, shown } from '../fixtures/shown-answer.js'
import { basic, secretOf, testServer, type TestServer, type TestServerOptions } from '../fixtures/test-server.js'

const good = 'grant_type=client_credentials'
const post = ['POST /oauth/token HTTP/1.1', formLine, basicLine()]
const granted = issued('stock:write')
const description = 'TLS is required; behind a TLS proxy, set trust proxy in the application'
const noTls = refused(400, 'invalid_request', description)
const byOption = 'TLS is required; behind a TLS proxy, set the option isSecure of the server'
const requireTls = { requireTls: true }

describe.each([4, 5] as const)('TLS and proxies, Express %i', (express) => {
  const behindProxy: TestServerOptions = { express, before: (app) => app.set('trust proxy', 'loopback') }

  it.each([
    ['plain HTTP', []],
    ['plain HTTP that calls itself TLS', ['X-Forwarded-Proto: https', 'Forwarded: proto=https']],
  ])('refuses %s: no redirect, no look-up (HTP-21)', async (_what, more) => {
    const server = testServer({ express, server: requireTls })
    const answer = await sendRaw(server.http, [...post, ...more], good)
    expect(shown(answer)).toEqual(noTls)
    expect(answer.headers['location']).toBeUndefined()
    const refusals = server.events.filter(({ type }) => type !== 'warning')
    expect(refusals).toMatchObject([{ type: 'request_refused', error: 'invalid_request', description }])
  })

  it('refuses a wrong method before it asks for TLS (HTP-21, ORD-01)', async () => {
    const { http } = testServer({ express, server: requireTls })
    const answer = await sendRaw(http, ['GET /oauth/token HTTP/1.1'])
    expect(shown(answer)).toEqual(refused(405, 'invalid_request', 'Only POST is allowed here'))
  })

  it('refuses requests that a trusted proxy got without TLS, and accepts those with TLS (HTP-21)', async () => {
    const { http } = testServer({ ...behindProxy, server: requireTls })
    expect(shown(await sendRaw(http, [...post, 'X-Forwarded-Proto: http'], good))).toEqual(noTls)
    expect(shown(await sendRaw(http, post, good))).toEqual(noTls)
    expect(shown(await sendRaw(http, [...post, 'X-Forwarded-Proto: https'], good))).toEqual(granted)
  })

  it('reports the address of the peer, not of a stranger’s header (HTP-22)', async () => {
    const spoofed = [...post, 'X-Forwarded-For: 203.0.113.9', 'Forwarded: for=203.0.113.9', 'X-Real-IP: 203.0.113.9']
    const server = testServer({ express })
    await sendRaw(server.http, spoofed, good)
    expect(server.events.at(-1)).toMatchObject({ type: 'tokens_issued', address: '127.0.0.1' })
  })

  it('reports the address that a trusted proxy forwards (HTP-22)', async () => {
    const server = testServer(behindProxy)
    await sendRaw(server.http, [...post, 'X-Forwarded-For: 198.51.100.1, 203.0.113.9'], good)
    expect(server.events.at(-1)).toMatchObject({ type: 'tokens_issued', address: '203.0.113.9' })
  })
})

describe('TLS itself', () => {
  it('serves requests over TLS, in front of an app and behind one (HTP-21)', async () => {
    const { oauth, http } = testServer({ server: requireTls })
    const [app] = http.listeners('request') as [RequestListener]
    expect(await postOverTls(oauth.handler())).toEqual(granted)
    expect(await postOverTls(app)).toEqual(granted)
  })

  it('refuses plain HTTP in front of an app, whatever its headers say (HTP-21)', async () => {
    const { oauth, http } = testServer({ server: requireTls })
    http.removeAllListeners('request').on('request', oauth.handler())
    const answer = await sendRaw(http, [...post, 'X-Forwarded-Proto: https'], good)
    expect(shown(answer)).toEqual(refused(400, 'invalid_request', byOption))
  })
})

describe('requireTls', () => {
  const { NODE_ENV } = process.env
  const inEnvironment = (environment: string | undefined): void => {
    if (environment === undefined) delete process.env['NODE_ENV']
    else process.env['NODE_ENV'] = environment
  }
  const forwarded = 'X-Forwarded-For: 203.0.113.9'
  const httpsIssuer = 'https://api.example.com'

  afterEach(() => {
    inEnvironment(NODE_ENV)
  })

  it.each([
    ['production', httpsIssuer, noTls],
    ['staging', httpsIssuer, noTls],
    [undefined, httpsIssuer, noTls],
    ['', httpsIssuer, noTls],
    ['development', httpsIssuer, granted],
    ['test', httpsIssuer, granted],
    [undefined, 'https://localhost:8443', granted],
    [undefined, 'https://127.0.0.1', granted],
    [undefined, 'https://[::1]', granted],
    ['production', 'https://localhost', noTls],
    ['production', 'http://127.0.0.1', granted],
  ])('has the right default with NODE_ENV %s for %s (V15) (HTP-21)', async (environment, issuer, answer) => {
    inEnvironment(environment)
    const { http } = testServer({ server: { issuer, realm: '127.0.0.1' } })
    expect(shown(await sendRaw(http, [...post, forwarded], good))).toEqual(answer)
  })

  it.each([
    'X-Forwarded-Proto: https',
    'X-Forwarded-Host: api.example.com',
    'Forwarded: for=203.0.113.9;proto=https',
    'X-Real-IP: 203.0.113.9',
    'Via: 1.1 edge',
  ])('by default accepts requests from the machine itself, and none that a proxy forwarded: %s (V15)', async (line) => {
    inEnvironment('production')
    const { http, oauth } = testServer({ server: { issuer: httpsIssuer, realm: '127.0.0.1' } })
    expect(shown(await sendRaw(http, post, good))).toEqual(granted)
    expect(shown(await sendRaw(http, [...post, line], good))).toEqual(noTls)
    http.removeAllListeners('request').on('request', oauth.handler())
    expect(shown(await sendRaw(http, post, good))).toEqual(granted)
    expect((await sendRaw(http, [...post, line], good)).status).toBe(400)
  })

  it('by default accepts requests over a Unix socket, and none that a proxy forwarded to it (V15)', async () => {
    inEnvironment('production')
    const { http } = testServer({ server: { issuer: httpsIssuer } })
    const path = join(mkdtempSync(join(tmpdir(), 'tls-')), 'socket')
    await once(http.listen(path), 'listening')
    try {
      expect(await postToSocket(path, {})).toBe(200)
      expect(await postToSocket(path, { 'x-forwarded-proto': 'https' })).toBe(400)
    } finally {
      http.close()
    }
  })

  it('serves public documents over plain HTTP', async () => {
    const { http } = testServer({ server: requireTls })
    const document = await sendRaw(http, ['GET /.well-known/oauth-authorization-server HTTP/1.1', forwarded])
    expect(document.status).toBe(200)
  })
})

describe('guards over plain HTTP', () => {
  const challenge = (error: string): string =>
    `Bearer realm="127.0.0.1", error="invalid_request", error_description="${error}"`
  const bearerLine = async (server: TestServer): Promise<string> => {
    const [answer] = await issue(server)
    return `Authorization: Bearer ${(JSON.parse(answer.text) as { access_token: string }).access_token}`
  }
  /** A server that issues over TLS as its proxy says, and has a guard of each kind. */
  const guarded = (server: TestServerOptions['server']): TestServer =>
    testServer({
      server: { isSecure: (req) => req.headers['x-tls'] === 'on', ...server },
      routes(app, oauth) {
        app.get('/optional', oauth.requireBearer({ optional: true }), (req, res) => {
          res.json(req.auth ?? 'anonymous')
        })
        const bearer = new Passport().use(oauth.strategies.bearer())
        app.get('/passport', bearer.authenticate('bearer'), (_req, res) => {
          res.json('in')
        })
        const basicClient = new Passport().use(oauth.strategies.clientBasic())
        app.get('/client', basicClient.authenticate('basic'), (_req, res) => {
          res.json('in')
        })
      },
    })
  const issue = async (server: TestServer) => [await sendRaw(server.http, [...post, 'X-TLS: on'], good)] as const

  it.each(['/any', '/optional', '/passport'])('refuse a token at %s without a look-up (V15)', async (path) => {
    const server = guarded(requireTls)
    const token = await bearerLine(server)
    let lookUps = 0
    const find = server.stores.tokens.findAccessToken.bind(server.stores.tokens)
    server.stores.tokens.findAccessToken = (...of) => (lookUps++, find(...of))
    const route = path === '/any' ? '/orders' : path
    for (const authorization of [token, 'Authorization: Bearer', 'Authorization: bearer a b']) {
      const answer = await sendRaw(server.http, [`GET ${route} HTTP/1.1`, authorization])
      expect(shown(answer)).toMatchObject({
        status: 400,
        body: { error: 'invalid_request', error_description: byOption },
      })
      expect(answer.headers['www-authenticate']).toBe(challenge(byOption))
    }
    expect(lookUps).toBe(0)
    expect((await sendRaw(server.http, [`GET ${route} HTTP/1.1`, token, 'X-TLS: on'])).status).not.toBe(400)
    expect(lookUps).toBe(1)
  })

  it('refuse the secret of a client (V15)', async () => {
    const { http } = guarded(requireTls)
    const answer = await sendRaw(http, ['GET /client HTTP/1.1', basicLine()])
    expect(shown(answer)).toMatchObject({
      status: 400,
      body: { error: 'invalid_request', error_description: byOption },
    })
    expect((await sendRaw(http, ['GET /client HTTP/1.1', basicLine(), 'X-TLS: on'])).status).toBe(200)
  })

  it('refuse a token in the query, which was sent in the clear too (V15)', async () => {
    const { http } = guarded(requireTls)
    expect((await sendRaw(http, ['GET /optional?access_token=abc HTTP/1.1'])).status).toBe(400)
  })

  it('challenge for a token, or accept a request without one', async () => {
    const { http } = guarded(requireTls)
    expect((await sendRaw(http, ['GET /orders HTTP/1.1'])).status).toBe(401)
    expect((await sendRaw(http, ['GET /passport HTTP/1.1'])).status).toBe(401)
    expect((await sendRaw(http, ['GET /optional HTTP/1.1'])).text).toBe('"anonymous"')
  })

  it('of a resource server refuse a token, by the same rule (V15)', async () => {
    const { NODE_ENV } = process.env
    delete process.env['NODE_ENV']
    const issuer = 'https://auth.example.com'
    const options = { issuer, audience: 'https://api.example.com', jwks: true, onEvent: () => undefined } as const
    const asked = (more: Partial<ResourceServerOptions>, lines: readonly string[]) => {
      const { requireBearer } = createResourceServer({ ...options, ...more })
      const guard = requireBearer()
      const http = createPlainServer((req, res) => guard(req, res, () => res.end()))
      return sendRaw(http, ['GET / HTTP/1.1', 'Authorization: Bearer made-up-token-of-some-length', ...lines])
    }
    try {
      expect((await asked({}, ['X-Forwarded-For: 203.0.113.9'])).status).toBe(400)
      expect((await asked({}, [])).status).toBe(401)
      expect((await asked({ requireTls: true }, [])).status).toBe(400)
      expect((await asked({ requireTls: false }, ['X-Forwarded-For: 203.0.113.9'])).status).toBe(401)
      expect((await asked({ isSecure: () => true }, ['X-Forwarded-For: 203.0.113.9'])).status).toBe(401)
    } finally {
      if (NODE_ENV !== undefined) process.env['NODE_ENV'] = NODE_ENV
    }
  })
})

describe('TLS that ends at a proxy', () => {
  const throughProxy = [...post, 'X-Forwarded-Proto: https', 'X-Forwarded-For: 198.51.100.1, 203.0.113.9']

  it.each([4, 5] as const)(
    'is known by the settings of an Express %i app behind oauth.handler (26)',
    async (express) => {
      const { app, oauth, events } = inFront(express)
      const http = createPlainServer(oauth.handler(app))
      expect((await sendRaw(http, throughProxy, good)).status).toBe(400)
      for (const trusted of ['loopback', 1, true, (address: string) => address.endsWith('127.0.0.1')] as const) {
        app.set('trust proxy', trusted)
        expect(shown(await sendRaw(http, throughProxy, good))).toEqual(granted)
        const address = trusted === true ? '198.51.100.1' : '203.0.113.9'
        expect(events.at(-1)).toMatchObject({ type: 'tokens_issued', address })
        expect((await sendRaw(http, [...post, 'X-Forwarded-Proto: http'], good)).status).toBe(400)
        expect((await sendRaw(http, post, good)).status).toBe(400)
      }
      app.set('trust proxy', '10.0.0.0/8')
      expect((await sendRaw(http, throughProxy, good)).status).toBe(400)
      app.set('trust proxy', () => {
        throw new Error('cannot say')
      })
      expect((await sendRaw(http, throughProxy, good)).status).toBe(400)
    },
  )

  it.each([
    ['oauth.handler', ({ oauth }: TestServer) => oauth.handler()],
    ['a middleware without Express', ({ oauth }: TestServer) => plainListener(oauth.router())],
  ])('is known from isSecure at %s; without it the refusal names that option (26)', async (_mount, listenerOf) => {
    const unaware = createPlainServer(listenerOf(testServer({ server: requireTls })))
    expect(shown(await sendRaw(unaware, throughProxy, good))).toEqual(refused(400, 'invalid_request', byOption))
    const isSecure: IsSecure = (req) => req.headers['x-forwarded-proto'] === 'https'
    const aware = createPlainServer(listenerOf(testServer({ server: { ...requireTls, isSecure } })))
    expect(shown(await sendRaw(aware, throughProxy, good))).toEqual(granted)
    expect((await sendRaw(aware, post, good)).status).toBe(400)
  })

  it.each([
    ['a word', () => 'https'],
    ['a promise', () => Promise.resolve(true)],
    ['an exception', () => expect.unreachable()],
    ['nothing', () => undefined],
  ])('is not assumed if isSecure returns %s (26)', async (_what, isSecure) => {
    const { http } = testServer({ server: { ...requireTls, isSecure: isSecure as unknown as IsSecure } })
    expect((await sendRaw(http, throughProxy, good)).status).toBe(400)
  })

  it('is known from the protocol that a framework sets (26)', async () => {
    const { oauth } = testServer({ server: requireTls })
    const listener = plainListener(oauth.router())
    for (const [protocol, status] of [
      ['https', 200],
      ['http', 400],
    ] as const) {
      // Fastify's middie sets this by trustProxy.
      const http = createPlainServer((req, res) => listener(Object.assign(req, { protocol }), res))
      expect((await sendRaw(http, post, good)).status).toBe(status)
    }
  })
})

/** The app of a test server that requires TLS. */
function inFront(express: 4 | 5) {
  const apps: Express[] = []
  const server = testServer({ express, server: requireTls, before: (app) => apps.push(app) })
  return { ...server, app: apps[0]! }
}

function plainListener(handler: HttpHandler): RequestListener {
  return (req, res) => handler(req, res, () => res.writeHead(404).end())
}

async function postToSocket(socketPath: string, headers: Record<string, string>): Promise<number | undefined> {
  const authorization = basic('stock-sync', secretOf('stock-sync'))
  const form = { authorization, 'content-type': 'application/x-www-form-urlencoded', ...headers }
  const sent = plainRequest({ socketPath, method: 'POST', path: '/oauth/token', headers: form, agent: false }).end(good)
  const [answer] = (await once(sent, 'response')) as [IncomingMessage]
  answer.resume()
  return answer.statusCode
}

/** TLS with a key that both sides know: a certificate would have to be renewed. */
async function postOverTls(listener: RequestListener): Promise<unknown> {
  const psk = Buffer.alloc(16, 1)
  const tls = { ciphers: 'PSK', maxVersion: 'TLSv1.2' } as const
  const server = createServer({ ...tls, pskCallback: () => psk }, listener)
  await once(server.listen(0, '127.0.0.1'), 'listening')
  try {
    const { port } = server.address() as AddressInfo
    const headers = {
      authorization: basic('stock-sync', secretOf('stock-sync')),
      'content-type': 'application/x-www-form-urlencoded',
    }
    const options: RequestOptions = { method: 'POST', host: '127.0.0.1', port, path: '/oauth/token', headers, ...tls }
    const client = { pskCallback: () => ({ psk, identity: 'test' }), checkServerIdentity: () => undefined }
    const [answer] = await once(request({ ...options, ...client, agent: false }).end(good), 'response')
    return shown({ status: answer.statusCode, headers: answer.headers, text: await text(answer) })
  } finally {
    server.close()
  }
}
