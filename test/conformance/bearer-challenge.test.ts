import { hashToken } from 'latchkey'
import request from 'supertest'
import { beforeEach, describe, expect, it } from 'vitest'
import { sendRaw } from '../fixtures/raw-http.js'
import { testServer, type TestServer, type TestServerOptions } from '../fixtures/test-server.js'

const token = 'a-token-that-the-test-put-there'

/** Every way to be refused, with the path and the header that lead there. */
const situations = [
  ['no credentials', '/all', undefined],
  ['another scheme', '/all', 'Basic eDp5'],
  ['a malformed header', '/all', 'Bearer "evil\\" token"'],
  ['a second token in the query', '/all?access_token=%22%0D%0A', `Bearer ${token}`],
  ['an unknown token', '/all', 'Bearer evil-token'],
  ['too little scope', '/scoped', `Bearer ${token}`],
  ['the wrong kind of caller', '/users', `Bearer ${token}`],
  ['a token that the store cannot look up', '/all', 'Bearer broken'],
] as const

/** Reads a challenge by the grammar of RFC 9110 §11.2: a scheme, then `name="quoted string"`, separated by commas. */
function parseChallenge(challenge: string): { scheme: string; params: [name: string, value: string][] } {
  const [, scheme = '', list = ''] = /^([A-Za-z]+) (.+)$/.exec(challenge) ?? []
  const params = list.split(/, (?=[a-z_]+=)/).map((param): [string, string] => {
    const [, name = '', value = ''] = /^([a-z_]+)="([^"\\]*)"$/.exec(param) ?? []
    return [name, value]
  })
  return { scheme, params }
}

describe('the challenge of a guard', () => {
  let server: TestServer

  function start(options: Pick<TestServerOptions, 'before' | 'server'> = {}): void {
    server = testServer({
      ...options,
      routes: (app, oauth) => {
        app.get('/all', oauth.requireBearer())
        app.get('/scoped', oauth.requireBearer({ scope: 'profile', anyScope: ['orders:read', 'stock:write'] }))
        app.get('/users', oauth.requireBearer({ for: 'user' }))
      },
    })
    const issuedAt = server.now()
    const fields = {
      clientId: 'shop-app',
      userId: undefined,
      authorizationId: undefined,
      scope: 'orders:write',
      audience: '',
    }
    const accessToken = { tokenHash: hashToken(token), ...fields, issuedAt, expiresAt: issuedAt + 60 }
    server.stores.tokens.saveTokens({ authorization: undefined, accessToken, refreshToken: undefined })
    const { tokens } = server.stores
    const find = tokens.findAccessToken.bind(tokens)
    tokens.findAccessToken = (hash) => {
      if (hash === hashToken('broken')) throw new Error('out of order')
      return find(hash)
    }
  }

  beforeEach(() => {
    start()
  })

  async function refused(
    path: string,
    authorization?: string,
  ): Promise<{ status: number; challenge?: string; body: Record<string, unknown> }> {
    const http = request(server.http).get(path)
    const { status, headers, body } = await (authorization === undefined
      ? http
      : http.set('Authorization', authorization))
    const challenge = headers['www-authenticate']
    return { status, ...(challenge !== undefined && { challenge }), body }
  }

  it('is on each 400, 401 and 403, and says the same as the body (BRR-38, BRR-40)', async () => {
    const found: unknown[] = []
    for (const [what, path, authorization] of situations) {
      const { status, challenge = '', body } = await refused(path, authorization)
      const { error, error_description, ...rest } = Object.fromEntries(parseChallenge(challenge).params)
      found.push([what, status, error, rest])
      if (error !== undefined) expect(body).toEqual({ error, error_description })
    }
    const realm = '127.0.0.1'
    expect(found).toEqual([
      ['no credentials', 401, undefined, { realm }],
      ['another scheme', 401, undefined, { realm }],
      ['a malformed header', 400, 'invalid_request', { realm }],
      ['a second token in the query', 400, 'invalid_request', { realm }],
      ['an unknown token', 401, 'invalid_token', { realm }],
      ['too little scope', 403, 'insufficient_scope', { realm, scope: 'profile orders:read stock:write' }],
      ['the wrong kind of caller', 403, undefined, { realm }],
      ['a token that the store cannot look up', 500, undefined, { '': '' }],
    ])
  })

  it.each(situations.slice(0, -1))(
    'is well-formed for %s: quoted values, each parameter once (BRR-07, BRR-15, BRR-16, BRR-17, BRR-37)',
    async (_what, path, authorization) => {
      const { challenge = '' } = await refused(path, authorization)
      const { scheme, params } = parseChallenge(challenge)
      expect(scheme).toBe('Bearer')
      expect(params[0]).toEqual(['realm', '127.0.0.1'])
      const names = params.map(([name]) => name)
      expect(new Set(names).size).toBe(names.length)
      // No error_uri, so none that is not absolute.
      expect(['realm', 'error', 'error_description', 'scope']).toEqual(expect.arrayContaining(names))
      for (const [, value] of params) expect(value).toMatch(/^[\x20\x21\x23-\x5B\x5D-\x7E]+$/)
      expect(challenge).not.toMatch(/evil|a-token/)
    },
  )

  it('has the configured realm, never what the request says about itself (BRR-37)', async () => {
    const answer = await sendRaw(server.http, ['GET /all HTTP/1.1', 'X-Forwarded-Host: evil.example'])
    expect(answer.headers['www-authenticate']).toBe('Bearer realm="127.0.0.1"')
    start({ server: { realm: 'Orders, stock = all' } })
    expect((await refused('/all')).challenge).toBe('Bearer realm="Orders, stock = all"')
  })

  it.each(['', 'a"b', 'a\\b', 'a\r\nb', 'a\tb', 'réalm', 'a\x7F'])(
    'a realm that cannot be quoted is refused at startup: %j (BRR-37)',
    (realm) => {
      expect(() => {
        start({ server: { realm } })
      }).toThrow(/^realm: is .*; must be printable ASCII without quotes and backslashes/)
    },
  )

  it('is added to a challenge that the route already has (BRR-18)', async () => {
    start({
      before: (app) =>
        app.use((_req, res, next) => {
          res.setHeader('WWW-Authenticate', ['Negotiate', 'Basic realm="legacy"'])
          next()
        }),
    })
    const lines = async (path: string, authorization: string): Promise<string[]> => {
      const { octets } = await sendRaw(server.http, [`GET ${path} HTTP/1.1`, `Authorization: ${authorization}`])
      return [...octets.matchAll(/^WWW-Authenticate: (.*)\r$/gim)].map(([, value = '']) => value)
    }
    expect(await lines('/all', '')).toEqual(['Negotiate', 'Basic realm="legacy"', 'Bearer realm="127.0.0.1"'])
    expect(await lines('/users', `Bearer ${token}`)).toEqual([
      'Negotiate',
      'Basic realm="legacy"',
      'Bearer realm="127.0.0.1"',
    ])
  })
})
