import { once } from 'node:events'
import { createServer, ServerResponse } from 'node:http'
import express4 from 'express4'
import express5 from 'express'
import request from 'supertest'
import { beforeEach, describe, expect, it } from 'vitest'
import { sendRaw, type RawAnswer } from '../fixtures/raw-http.js'
import { answered, bearerChallenge, shown } from '../fixtures/shown-answer.js'
import { basic, secretOf, testServer, type TestServer } from '../fixtures/test-server.js'

const anonymous = answered(401, {}, { challenge: bearerChallenge })

async function issueToken(server: TestServer): Promise<string> {
  const http = request(server.http).post('/oauth/token').type('form')
  const { body } = await http
    .set('Authorization', basic('shop-app', secretOf('shop-app')))
    .send('grant_type=client_credentials')
  return String(body.access_token)
}

describe.each([4, 5] as const)('a guard in an app, Express %i', (major) => {
  let server: TestServer
  let reached: string[]

  beforeEach(() => {
    reached = []
    const reach = (where: string) => (_req: unknown, res: express5.Response) => {
      reached.push(where)
      res.send('reached')
    }
    server = testServer({
      express: major,
      routes: (app, oauth) => {
        const inner = (major === 4 ? (express4 as unknown as typeof express5) : express5)()
        inner.use(reach('inner'))
        app.use('/inner', oauth.requireBearer(), inner)
        app.use('/api', oauth.requireBearer())
        app.all('/api/x', reach('/api/x'))
        app.get('/single', oauth.requireBearer(), reach('/single'))
        app.options('/single', oauth.requireBearer(), reach('/single'))
        app.get(/^\/reports\/.+/, oauth.requireBearer(), reach('reports'))
        app.use('/cors', (req, res, next) => {
          if (req.method === 'OPTIONS') res.status(204).end()
          else next()
        })
        app.use('/cors', oauth.requireBearer(), reach('cors'))
      },
    })
  })

  async function send(method: string, path: string, ...headers: readonly string[]): Promise<RawAnswer> {
    return sendRaw(server.http, [`${method} ${path} HTTP/1.1`, ...headers])
  }

  it.each(['/api/x', '/single', '/reports/2026', '/inner/y'])(
    'responds to every method with a challenge, including OPTIONS and HEAD: %s (BRR-33, BRR-34)',
    async (path) => {
      for (const method of ['GET', 'OPTIONS', 'HEAD']) {
        // Express answers OPTIONS by itself where the application has no handler for it.
        if (method === 'OPTIONS' && path.startsWith('/reports')) continue
        const answer = await send(method, path)
        expect(shown(answer)).toEqual(method === 'HEAD' ? { ...anonymous, body: '' } : anonymous)
      }
      expect(reached).toEqual([])
    },
  )

  it('a preflight succeeds only if the application responds before the guard (BRR-33)', async () => {
    const preflight = ['Origin: https://app.example', 'Access-Control-Request-Method: GET']
    expect((await send('OPTIONS', '/cors/x', ...preflight)).status).toBe(204)
    expect(shown(await send('GET', '/cors/x', ...preflight))).toEqual(anonymous)
    expect(shown(await send('OPTIONS', '/api/x', ...preflight))).toEqual(anonymous)
    expect(reached).toEqual([])
  })

  it.each([
    '/API/x',
    '/aPi/X',
    '/api/x/',
    '/api//x',
    '//api/x',
    '/api/./x',
    '/api/%2e%2e/x',
    '/api/%78',
    '/%61pi/x',
    '/api%2Fx',
    '/api/x?a=/../',
    '/api/x;a=b',
    '/inner',
    '/INNER/%2e%2e/api/x',
    '/inner/../api/x',
    '/reports/%2e%2e/api/x',
    '/SINGLE',
    '/single/',
    '/%73ingle',
    'http://127.0.0.1/api/x',
  ])('no spelling of a path bypasses it: %s (BRR-34)', async (path) => {
    for (const method of ['GET', 'HEAD', 'POST']) {
      const { status, text } = await send(method, path)
      expect([401, 404]).toContain(status)
      expect(text).not.toContain('reached')
    }
    expect(reached).toEqual([])
  })

  it('and with a token the spellings that Express understands are served (BRR-34)', async () => {
    const authorization = `Authorization: Bearer ${await issueToken(server)}`
    for (const path of ['/api/x', '/API/x', '/api/x/', '/inner/y', '/single', '/reports/2026']) {
      expect((await send('GET', path, authorization)).text).toContain('reached')
      expect((await send('HEAD', path, authorization)).status).toBe(200)
    }
    expect(reached).toHaveLength(12)
  })
})

describe('a guard on bare node:http', () => {
  it('guards an upgrade like any request, and accepts no token in the query (BRR-36)', async () => {
    const app = testServer()
    const token = await issueToken(app)
    const guard = app.oauth.requireBearer({ scope: 'orders:read' })
    const server = createServer().on('upgrade', (req, socket) => {
      const res = new ServerResponse(req)
      res.assignSocket(socket as never)
      res.on('finish', () => socket.end())
      guard(req, res, () => socket.end('HTTP/1.1 101 Switching Protocols\r\n\r\n'))
    })
    const upgrade = async (path: string, ...headers: readonly string[]): Promise<RawAnswer> =>
      sendRaw(server, [`GET ${path} HTTP/1.1`, 'Upgrade: websocket', 'Connection: Upgrade', ...headers])

    await once(server.listen(0, '127.0.0.1'), 'listening')
    try {
      expect(shown(await upgrade('/'))).toEqual(anonymous)
      expect(shown(await upgrade(`/?access_token=${token}`))).toEqual(anonymous)
      expect(shown(await upgrade('/', `Sec-WebSocket-Protocol: access_token, ${token}`))).toEqual(anonymous)
      expect(shown(await upgrade('/', 'Authorization: Bearer wrong'))).toMatchObject({ status: 401 })
      expect((await upgrade('/', `Authorization: Bearer ${token}`)).status).toBe(101)
    } finally {
      server.close()
    }
  })
})
