import { beforeAll, describe, expect, it } from 'vitest'
import { basicLine, formLine } from '../fixtures/post-token.js'
import { sendRaw } from '../fixtures/raw-http.js'
import { basicChallenge, bearerChallenge } from '../fixtures/shown-answer.js'
import { clients, secretOf, testServer, type TestServer } from '../fixtures/test-server.js'

const good = 'grant_type=client_credentials'
const post = 'POST /oauth/token HTTP/1.1'
const stockSync = clients.find(({ clientId }) => clientId === 'stock-sync')!
const failing = { ...stockSync, clientId: 'failing', accessTokenLifetimeSeconds: -1 }

/** RFC 6749 §5.2: what `error` and `error_description` may consist of. */
const allowed = /^[\x20-\x21\x23-\x5B\x5D-\x7E]+$/

/** One answer of every kind. */
const kinds: readonly [status: number, what: string, lines: readonly string[], form?: string][] = [
  [200, 'tokens', [post, formLine, basicLine()], good],
  [204, 'OPTIONS', ['OPTIONS /oauth/token HTTP/1.1']],
  [400, 'a malformed request', [post, formLine, basicLine()], `${good}&${good}`],
  [400, 'a refused grant', [post, formLine, basicLine('shop-app')], 'grant_type=refresh_token&refresh_token=x'],
  [401, 'no credentials', [post, formLine], good],
  [401, 'a wrong secret', [post, formLine, basicLine('stock-sync', 'wrong')], good],
  [401, 'a wrong secret in the form', [post, formLine], `${good}&client_id=post-app&client_secret=wrong`],
  [401, 'credentials that cannot be decoded', [post, formLine, 'Authorization: Basic %%%'], good],
  [401, 'another scheme', [post, formLine, 'Authorization: Bearer x'], good],
  [405, 'GET', ['GET /oauth/token HTTP/1.1']],
  [413, 'a large body', [post, formLine, 'Content-Length: 65537']],
  [415, 'a compressed body', [post, formLine, 'Content-Encoding: br'], good],
  [500, 'a failure', [post, formLine, basicLine('failing', secretOf('stock-sync'))], good],
]
const errors = kinds.filter(([status]) => status >= 400)

describe.each([4, 5] as const)('every response, Express %i', (express) => {
  let server: TestServer

  beforeAll(() => {
    server = testServer({ express, moreClients: [failing] })
  })

  it.each(kinds)(
    'of %i to %s is not stored, and has no extra header (HTP-16, HTP-35)',
    async (status, _what, lines, form) => {
      const { headers, status: answered } = await sendRaw(server.http, lines, form)
      expect(answered).toBe(status)
      expect(headers).toMatchObject({ 'cache-control': 'no-store', pragma: 'no-cache' })
      const names = ['cache-control', 'connection', 'date', 'pragma', 'request-id']
      if (status === 204 || status === 405) names.push('allow')
      if (status !== 204) names.push('content-length', 'content-type', 'x-content-type-options')
      if (status === 401) names.push('www-authenticate')
      // Among others no Set-Cookie, ETag, X-Powered-By, Vary, Access-Control-Allow-Origin.
      expect(Object.keys(headers).sort()).toEqual(names.sort())
      if (status !== 204) expect(headers['x-content-type-options']).toBe('nosniff')
    },
  )

  it.each(errors)(
    'of %i to %s is JSON with two plain strings (HTP-17, HTP-19)',
    async (_status, _what, lines, form) => {
      const { headers, text } = await sendRaw(server.http, lines, form)
      expect(headers['content-type']).toBe('application/json')
      const body = JSON.parse(text) as Record<string, string>
      expect(Object.keys(body)).toEqual(['error', 'error_description'])
      expect(body['error']).toMatch(allowed)
      expect(body['error_description']).toMatch(allowed)
    },
  )

  it.each(kinds)('of %i to %s is the same for any Accept header and any origin (HTP-24, HTP-30)', async (...kind) => {
    const [, , lines, form] = kind
    const answers = await Promise.all(
      [[], ['Accept: text/html', 'Accept-Language: de', 'Origin: https://evil.example'], ['Origin: null']].map((more) =>
        sendRaw(testServer({ express, moreClients: [failing] }).http, [...lines, ...more], form),
      ),
    )
    const [plain, ...others] = answers.map(({ octets }) => octets.replace(/"access_token":"[\w-]+"/, ''))
    expect(others).toEqual([plain, plain])
  })

  it('keeps the CORS headers that the application sets, also with a refusal (HTP-24)', async () => {
    const origin = 'https://app.example.com'
    const allowing = testServer({
      express,
      before: (app) =>
        app.use((_req, res, next) => next(void res.set('Access-Control-Allow-Origin', origin).vary('Origin'))),
    })
    for (const lines of [
      [post, formLine, basicLine()],
      [post, formLine],
    ]) {
      const { headers } = await sendRaw(allowing.http, lines, good)
      expect(headers).toMatchObject({ 'access-control-allow-origin': origin, vary: 'Origin' })
    }
  })

  it('of 401 has a challenge (HTP-33)', async () => {
    for (const [, , lines, form] of kinds.filter(([status]) => status === 401)) {
      expect((await sendRaw(server.http, lines, form)).headers['www-authenticate']).toBe(basicChallenge)
    }
    const orders = 'GET /orders HTTP/1.1'
    for (const [line, challenge] of [
      ['Accept: */*', bearerChallenge],
      ['Authorization: Basic eDp5', bearerChallenge],
      [
        'Authorization: Bearer x',
        `${bearerChallenge}, error="invalid_token", error_description="The access token is invalid, expired or revoked"`,
      ],
    ] as const) {
      const { status, headers } = await sendRaw(server.http, [orders, line])
      expect([status, headers['www-authenticate']]).toEqual([401, challenge])
    }
  })

  it('ignores the case of a scheme, and has each parameter once (HTP-34)', async () => {
    for (const scheme of ['basic', 'BASIC', 'bAsIc']) {
      const { text } = await sendRaw(server.http, [post, formLine, basicLine().replace('Basic', scheme)], good)
      const { access_token: token } = JSON.parse(text)
      for (const bearer of ['bearer', 'BEARER', 'bEaReR']) {
        const answer = await sendRaw(server.http, ['GET /profile HTTP/1.1', `Authorization: ${bearer} ${token}`])
        expect(answer.status).toBe(403)
        const params = answer.headers['www-authenticate']!.matchAll(/[\w-]+(?==")/g)
        expect([...params].map(([name]) => name)).toEqual(['realm', 'error', 'error_description', 'scope'])
      }
    }
  })

  it('with tokens has all members at the top, as strings and numbers, and no nulls (HTP-18)', async () => {
    const { text } = await sendRaw(server.http, [post, formLine, basicLine()], good)
    expect(text).toMatch(
      /^\{"access_token":"[\w-]{43}","token_type":"Bearer","expires_in":3600,"scope":"stock:write"\}$/,
    )
  })
})
