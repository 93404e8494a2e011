import { createServer, type Server } from 'node:http'
import { StoreUnavailableError, type Client, type ConfidentialClient } from 'latchkey'
import request from 'supertest'
import { beforeEach, describe, expect, it } from 'vitest'
import { plainServer } from '../fixtures/plain-passwords.js'
import { basicLine, formLine, postToken, signIn } from '../fixtures/post-token.js'
import { sendRaw } from '../fixtures/raw-http.js'
import { invalidClient, issued, refused, shown } from '../fixtures/shown-answer.js'
import { clients, type TestServer } from '../fixtures/test-server.js'

const alice = 'grant_type=password&username=alice&password=alice%27s+password'
const aRefreshToken = { refresh_token: expect.stringMatching(/^[\w-]{43}$/) as string }
const granted = issued('orders:read orders:write', aRefreshToken)
const over = refused(400, 'unauthorized_client', 'This client may not use the password grant any more')
const shopApp = clients.find(({ clientId }) => clientId === 'shop-app') as ConfidentialClient

/** Wed, 13 Jan 2027 08:00:00 GMT, and a day later the end. The clock of the tests stands at Fri, 15 Jan 2027 08:00:00 GMT. */
const deprecatedAt = 1_800_000_000 - 2 * 86_400
const sunsetAt = 1_800_000_000 + 86_400
const headers = {
  deprecation: '@1799827200',
  sunset: 'Sat, 16 Jan 2027 08:00:00 GMT',
  link: '<https://example.com/move?a=1>; rel="deprecation"',
}
const none = { deprecation: undefined, sunset: undefined, link: undefined }

let server: TestServer
beforeEach(() => {
  server = plainServer({ password: { deprecationUrl: 'https://example.com/move?a=1' } })
  save({ passwordGrantDeprecatedAt: deprecatedAt, passwordGrantSunsetAt: sunsetAt })
})

function save(more: Partial<Client>): void {
  server.stores.clients.saveClient({ ...shopApp, ...more } as Client)
}

function told({ headers }: { readonly headers: Readonly<Record<string, string>> }): object {
  const { deprecation, sunset, link } = headers
  return { deprecation, sunset, link }
}

describe('the end of the password grant for a client', () => {
  it('is in the headers with tokens, and changes nothing else (ROP-02)', async () => {
    const answer = await postToken(server, alice, 'shop-app')
    expect(shown(answer)).toEqual(granted)
    expect(told(answer)).toEqual(headers)
  })

  const refusals: readonly (readonly [what: string, form: string, status: number, more: Partial<Client>])[] = [
    ['a wrong password', alice.replace('alice%27s', 'bobs'), 400, {}],
    ['a missing password', 'grant_type=password&username=alice', 400, {}],
    ['a scope that it may not have', `${alice}&scope=stock%3Awrite`, 400, {}],
    ['a client that is not first-party', alice, 400, { firstParty: false }],
  ]
  it.each(refusals)('is in the headers of every refusal: %s (ROP-02)', async (_what, form, status, more) => {
    save({ passwordGrantDeprecatedAt: deprecatedAt, passwordGrantSunsetAt: sunsetAt, ...more })
    const answer = await postToken(server, form, 'shop-app')
    expect(answer.status).toBe(status)
    expect(told(answer)).toEqual(headers)
  })

  it.each([
    ['breaks', new Error('broken'), 500],
    ['is out of reach', new StoreUnavailableError('away'), 503],
  ])('is in the headers even if a store %s (ROP-02)', async (_what, error, status) => {
    Object.assign(server.stores.tokens, { saveTokens: () => Promise.reject(error) })
    const answer = await postToken(server, alice, 'shop-app')
    expect(answer.status).toBe(status)
    expect(told(answer)).toEqual(headers)
  })

  it('is in no other response: of a stranger, another client, another grant', async () => {
    const stranger = await sendRaw(
      server.http,
      ['POST /oauth/token HTTP/1.1', formLine, basicLine('shop-app', 'x')],
      alice,
    )
    expect(shown(stranger)).toEqual(invalidClient)
    expect(told(stranger)).toEqual(none)
    expect(told(await postToken(server, alice, 'other-app'))).toEqual(none)
    expect(told(await postToken(server, 'grant_type=client_credentials', 'shop-app'))).toEqual(none)
    const { refresh_token: refreshToken } = await signIn(server)
    const refreshed = await postToken(server, `grant_type=refresh_token&refresh_token=${refreshToken}`, 'shop-app')
    expect(refreshed.status).toBe(200)
    expect(told(refreshed)).toEqual(none)
  })

  it('takes effect in that second, for sign-ins and not for refreshes (ROP-02)', async () => {
    const { refresh_token: refreshToken } = await signIn(server)
    server.advance(86_399)
    expect(shown(await postToken(server, alice, 'shop-app'))).toEqual(granted)
    server.advance(1)
    for (const form of [alice, alice.replace('alice%27s', 'bobs'), 'grant_type=password']) {
      const answer = await postToken(server, form, 'shop-app')
      expect(shown(answer)).toEqual(over)
      expect(told(answer)).toEqual(headers)
    }
    const refresh = `grant_type=refresh_token&refresh_token=${refreshToken}`
    expect(shown(await postToken(server, refresh, 'shop-app'))).toEqual(granted)
    expect((await postToken(server, alice, 'other-app')).status).toBe(200)
  })

  it.each([
    ['the deprecation alone', { passwordGrantDeprecatedAt: deprecatedAt }, { ...headers, sunset: undefined }],
    ['the sunset alone', { passwordGrantSunsetAt: sunsetAt }, { ...headers, deprecation: undefined }],
    [
      'a deprecation to come',
      { passwordGrantDeprecatedAt: sunsetAt },
      { ...none, link: headers.link, deprecation: '@1800086400' },
    ],
    ['the epoch', { passwordGrantDeprecatedAt: 0 }, { ...none, link: headers.link, deprecation: '@0' }],
  ])('tells %s', async (_what, more, expected) => {
    save(more)
    const answer = await postToken(server, alice, 'shop-app')
    expect(shown(answer)).toEqual(granted)
    expect(told(answer)).toEqual(expected)
  })

  it('has no link without a deprecationUrl', async () => {
    server = plainServer()
    save({ passwordGrantDeprecatedAt: deprecatedAt })
    expect(told(await postToken(server, alice, 'shop-app'))).toEqual({ ...none, deprecation: headers.deprecation })
  })

  it.each(['1799827200', 1.5, NaN, -1, null, sunsetAt * 1000, {}])(
    'refuses if a store returns %j for a time',
    async (time) => {
      for (const name of ['passwordGrantDeprecatedAt', 'passwordGrantSunsetAt']) {
        server.stores.clients.findClient = () => ({ ...shopApp, [name]: time })
        const answer = await postToken(server, alice, 'shop-app')
        expect(shown(answer)).toEqual(refused(500, 'server_error', 'The server met an unexpected condition'))
      }
    },
  )

  it('leaves a header of the application as it was, and adds its own', async () => {
    server = plainServer({
      before(app) {
        app.use((_req, res, next) => {
          res.setHeader('Link', '</help>; rel="help"')
          next()
        })
      },
      password: { deprecationUrl: 'https://example.com/move?a=1' },
    })
    save({ passwordGrantDeprecatedAt: deprecatedAt })
    const { headers: answered } = await postToken(server, alice, 'shop-app')
    expect(answered['link']).toBe(`</help>; rel="help", ${headers.link}`)
  })

  it('is the same on every mount, byte for byte', async () => {
    const express4 = plainServer({ express: 4, password: { deprecationUrl: 'https://example.com/move?a=1' } })
    express4.stores.clients.saveClient({
      ...shopApp,
      passwordGrantDeprecatedAt: deprecatedAt,
      passwordGrantSunsetAt: sunsetAt,
    })
    const mounts: Server[] = [server.http, express4.http, createServer(server.oauth.handler())]
    const octets: string[] = []
    for (const http of mounts) {
      octets.push(
        (await sendRaw(http, ['POST /oauth/token HTTP/1.1', formLine, basicLine('shop-app')], 'grant_type=password'))
          .octets,
      )
    }
    expect(new Set(octets).size).toBe(1)
    expect(octets[0]).toContain(`\r\nDeprecation: ${headers.deprecation}\r\n`)
    const ok = await request(mounts[2]!)
      .post('/oauth/token')
      .set('Authorization', basicLine('shop-app').slice(15))
      .send(alice)
    expect(shown(ok)).toEqual(granted)
    expect(told(ok)).toEqual(headers)
  })
})
