import { createServer, ServerResponse, type OutgoingHttpHeaders } from 'node:http'
import express5, { type RequestHandler } from 'express'
import express4 from 'express4'
import { describe, expect, it } from 'vitest'
import { apiServer } from '../fixtures/api-server.js'
import { basicLine, formLine } from '../fixtures/post-token.js'
import { sendRaw } from '../fixtures/raw-http.js'
import { basic, secretOf } from '../fixtures/test-server.js'

const documents = [
  '/oauth/jwks',
  '/.well-known/oauth-authorization-server',
  '/.well-known/oauth-protected-resource/orders',
]
const preflight = (path: string): string[] => [
  `OPTIONS ${path} HTTP/1.1`,
  'Origin: https://app.example',
  'Access-Control-Request-Method: GET',
  'Access-Control-Request-Headers: x-requested-with',
]

/** What on-headers 1.0 does, and with it compression 1.7.4, express-session 1.17.3 and morgan: it knows objects only, and returns nothing. */
const onHeaders1: RequestHandler = (_req, res, next) => {
  const writeHead = res.writeHead.bind(res)
  res.writeHead = function (status: number, ...more: unknown[]): never {
    const headers = (typeof more[0] === 'string' ? more[1] : more[0]) as OutgoingHttpHeaders | undefined
    res.statusCode = status
    for (const [name, value] of Object.entries(headers ?? {})) res.setHeader(name, value as string)
    writeHead(status)
    return undefined as never
  }
  next()
}

describe.each([
  ['Express 5', express5],
  ['Express 4', express4 as unknown as typeof express5],
] as const)('behind a wrapper of writeHead, %s', (_name, express) => {
  const { oauth } = apiServer()
  const app = express().use(onHeaders1, oauth.router())
  app.get('/guarded', oauth.requireBearer(), (_req, res) => void res.end())

  it('OPTIONS has its own headers, and no others (05)', async () => {
    const { status, headers } = await sendRaw(createServer(app), ['OPTIONS /oauth/token HTTP/1.1'])
    expect(status).toBe(204)
    expect(Object.keys(headers).sort()).toEqual([
      'allow',
      'cache-control',
      'connection',
      'date',
      'pragma',
      'request-id',
    ])
    expect(headers['allow']).toBe('POST')
  })

  it.each([
    ['a token', 'POST /oauth/token', 'grant_type=client_credentials', 200, 'application/json'],
    ['a refusal', 'POST /oauth/token', 'grant_type=x', 400, 'application/json'],
    ['a document', 'GET /oauth/jwks', '', 200, 'application/json'],
    ['a challenge', 'GET /guarded', '', 401, 'application/json'],
  ])('%s has its own headers (05)', async (_what, line, body, status, type) => {
    const lines = [`${line} HTTP/1.1`, formLine, ...(line.startsWith('POST') ? [basicLine()] : [])]
    const answer = await sendRaw(createServer(app), lines, body)
    expect([answer.status, answer.headers['content-type']]).toEqual([status, type])
    expect(Object.keys(answer.headers).filter((name) => name.length === 1)).toEqual([])
    if (status === 401) expect(answer.headers['www-authenticate']).toMatch(/^Bearer realm=/)
  })

  it('a preflight of a document has its own headers (05, 17)', async () => {
    const { status, headers } = await sendRaw(createServer(app), preflight('/oauth/jwks'))
    expect([status, headers['access-control-allow-origin']]).toEqual([204, '*'])
  })
})

describe('handler() on a response whose writeHead returns nothing, as in serverless-http', () => {
  class ServerlessResponse extends ServerResponse {
    override writeHead(...parameters: unknown[]): never {
      super.writeHead(...(parameters as [number]))
      return undefined as never
    }
  }
  const { oauth } = apiServer()
  const handler = oauth.handler()
  const http = createServer({ ServerResponse: ServerlessResponse as never }, handler)

  it.each([
    ['OPTIONS /oauth/token', 204],
    ['OPTIONS /oauth/jwks', 204],
    ['GET /oauth/jwks', 200],
    ['GET /elsewhere', 404],
    ['GET /oauth/token', 405],
    ['POST /oauth/token/', 404],
  ])('%s responds with %i (05)', async (line, status) => {
    expect((await sendRaw(http, [`${line} HTTP/1.1`])).status).toBe(status)
  })
})

describe('a public document', () => {
  const resource = 'http://127.0.0.1/orders'
  const { http } = apiServer({ server: { resources: [{ resource }] } })

  it.each(documents)('responds to a preflight as it does to the request: %s (17)', async (path) => {
    const { status, headers, text } = await sendRaw(http, preflight(path))
    expect({ status, text }).toEqual({ status: 204, text: '' })
    expect(headers).toMatchObject({
      'access-control-allow-origin': '*',
      'access-control-allow-methods': 'GET, HEAD',
      'access-control-allow-headers': '*',
      'access-control-max-age': '86400',
    })
    expect((await sendRaw(http, [`GET ${path} HTTP/1.1`])).headers['access-control-allow-origin']).toBe('*')
  })

  it('keeps what the CORS middleware of the application has set, for a preflight too (17)', async () => {
    const cors: RequestHandler = (_req, res, next) => {
      res.set({
        'Access-Control-Allow-Origin': 'https://app.example',
        'Access-Control-Allow-Credentials': 'true',
        Vary: 'Origin',
      })
      next()
    }
    const server = apiServer({ before: (app) => app.use(cors), server: { resources: [{ resource }] } })
    for (const path of documents) {
      for (const lines of [[`GET ${path} HTTP/1.1`], preflight(path)]) {
        expect((await sendRaw(server.http, lines)).headers).toMatchObject({
          'access-control-allow-origin': 'https://app.example',
          'access-control-allow-credentials': 'true',
          vary: 'Origin',
        })
      }
    }
  })

  it.each([
    [undefined, 'Accept'],
    ['Origin', 'Origin, Accept'],
    ['Origin, accept', 'Origin, accept'],
    ['*', '*'],
    [['Origin', 'Cookie'], 'Origin, Cookie, Accept'],
  ])('a Vary of the application stays beside our own: %j (17)', async (present, expected) => {
    const server = apiServer({
      before: (app) =>
        app.use((_req, res, next) => {
          if (present !== undefined) res.setHeader('Vary', present)
          next()
        }),
    })
    const lines = [
      'POST /oauth/introspect HTTP/1.1',
      formLine,
      `Authorization: ${basic('inspector', secretOf('inspector'))}`,
      'Accept: application/token-introspection+jwt',
    ]
    const answer = await sendRaw(server.http, lines, 'token=x')
    expect([answer.status, answer.headers['content-type']]).toEqual([200, 'application/token-introspection+jwt'])
    expect(answer.headers['vary']).toBe(expected)
  })
})
