import { createServer, type Server } from 'node:http'
import express5 from 'express'
import express4 from 'express4'
import { beforeAll, describe, expect, it } from 'vitest'
import { basicLine, formLine } from '../fixtures/post-token.js'
import { sendRaw } from '../fixtures/raw-http.js'
import { testServer } from '../fixtures/test-server.js'

const good = 'grant_type=client_credentials'
const post = 'POST /oauth/token HTTP/1.1'
const json = 'Content-Type: application/json'
const wrong = basicLine('stock-sync', 'wrong')

/** Requests of every kind, and the status and length of the answer, to see that it is the answer that was meant. */
const requests: readonly [what: string, status: number, lines: readonly string[], form?: string][] = [
  ['a good request', 200, [post, formLine, basicLine()], good],
  ['a good request in HTTP/1.0', 200, ['POST /oauth/token HTTP/1.0', formLine, basicLine()], good],
  ['a query that does not matter', 200, ['POST /oauth/token?tenant=1 HTTP/1.1', formLine, basicLine()], good],
  ['chunks', 200, [post, formLine, basicLine(), 'Transfer-Encoding: chunked'], '1d\r\n' + good + '\r\n0\r\n\r\n'],
  ['a wish to continue', 200, [post, formLine, basicLine(), 'Expect: 100-continue'], good],
  ['headers that Express looks at', 200, [post, formLine, basicLine(), 'If-None-Match: *', 'Accept: text/html'], good],
  ['OPTIONS', 204, ['OPTIONS /oauth/token HTTP/1.1']],
  ['JSON', 400, [post, json, basicLine()], '{"grant_type":"client_credentials"}'],
  ['a repeated parameter', 400, [post, formLine, basicLine()], `${good}&${good}`],
  ['a broken escape', 400, [post, formLine, basicLine()], `${good}&a=%zz`],
  ['two Authorization headers', 400, [post, formLine, basicLine(), wrong], good],
  ['an unknown grant type', 400, [post, formLine, basicLine()], 'grant_type=x'],
  ['an unknown scope', 400, [post, formLine, basicLine()], `${good}&scope=x`],
  ['a secret in the query', 400, ['POST /oauth/token?client_secret=x HTTP/1.1', formLine], good],
  ['an empty request', 400, [post, 'Content-Length: 0']],
  ['a wrong secret', 401, [post, formLine, wrong], good],
  ['a scheme that nobody knows', 401, [post, formLine, 'Authorization: Negotiate x'], good],
  ['GET', 405, [`GET /oauth/token?${good} HTTP/1.1`, basicLine()]],
  ['HEAD', 405, ['HEAD /oauth/token HTTP/1.1', basicLine()]],
  ['PUT', 405, ['PUT /oauth/token HTTP/1.1', formLine, basicLine()], good],
  ['a large body', 413, [post, formLine, basicLine(), 'Content-Length: 65537']],
  ['a large chunk', 413, [post, formLine, 'Transfer-Encoding: chunked'], `10001\r\n${'x'.repeat(65_537)}\r\n0\r\n\r\n`],
  ['a compressed body', 415, [post, formLine, basicLine(), 'Content-Encoding: gzip'], good],
  ['a request that Node refuses', 400, [post, 'Transfer-Encoding: chunked', 'Content-Length: 5']],
]

const tokenText = /"access_token":"[\w-]{43}"/

describe('the endpoints', () => {
  const { oauth, http } = testServer()
  let reference: Map<string, string>

  const otherMounts: readonly [name: string, server: Server][] = [
    ['router() in Express 4', createServer(express4().use(oauth.router()))],
    ['router() under a path', createServer(express5().use('/', express5.Router().use(oauth.router())))],
    ['handler(app), Express 5', createServer(oauth.handler(express5()))],
    ['handler(app), Express 4', createServer(oauth.handler(express4()))],
    ['handler() alone', createServer(oauth.handler())],
  ]

  beforeAll(async () => {
    reference = new Map()
    for (const [what, status, lines, form] of requests) {
      const answer = await sendRaw(http, lines, form)
      expect([what, answer.status]).toEqual([what, lines.includes('Expect: 100-continue') ? 100 : status])
      reference.set(what, answer.octets.replace(tokenText, 'a token'))
    }
  })

  describe.each(otherMounts)('as %s', (_name, server) => {
    it.each(requests)(
      'respond as router() in Express 5 does, byte for byte: %s',
      async (what, _status, lines, form) => {
        const { octets } = await sendRaw(server, lines, form)
        expect(octets.replace(tokenText, 'a token')).toBe(reference.get(what))
      },
    )
  })

  it('leave every other path to the app behind handler(app)', async () => {
    const app = express5().use((req, res) => res.send(req.path))
    const server = createServer(oauth.handler(app))
    for (const path of ['/', '/oauth/token//', '/oauth/tokens', '/OAUTH/TOKEN', '//oauth/token', '/x/oauth/token']) {
      const { status, text } = await sendRaw(server, [`POST ${path} HTTP/1.1`, formLine, basicLine()], good)
      expect({ status, text }).toEqual({ status: 200, text: path })
    }
  })

  it('respond with 404 to every other path if handler() stands alone', async () => {
    const { octets } = await sendRaw(createServer(oauth.handler()), ['GET / HTTP/1.1'])
    expect(octets).toBe('HTTP/1.1 404 Not Found\r\nConnection: close\r\nContent-Length: 0\r\n\r\n')
  })

  it('are below the path where the application mounts the router', async () => {
    const server = createServer(express5().use('/tenants/1', oauth.router()))
    const lines = ['POST /tenants/1/oauth/token HTTP/1.1', formLine, basicLine()]
    expect((await sendRaw(server, lines, good)).status).toBe(200)
    expect((await sendRaw(server, [post, ...lines.slice(1)], good)).status).toBe(404)
  })
})
