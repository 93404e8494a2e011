import request from 'supertest'
import { clientCredentialsGrant, type GrantHandler } from 'latchkey'
import { describe, expect, it } from 'vitest'
import { postToken, signIn } from '../fixtures/post-token.js'
import { issued, refused, shown, unsupportedWords } from '../fixtures/shown-answer.js'
import { clients, secretOf, testServer, type TestServer } from '../fixtures/test-server.js'

const missing = (name: string): unknown => refused(400, 'invalid_request', `The parameter ${name} is missing`)
const unsupported = refused(400, 'unsupported_grant_type', unsupportedWords)
const unauthorized = refused(400, 'unauthorized_client', 'This client may not use this grant type')

const refreshToken: unknown = expect.stringMatching(/^[\w-]{43}$/)
const shopApp = clients.find(({ clientId }) => clientId === 'shop-app')!

/** A server with one grant of the application, for `shop-app`. */
function serverWith(grantAccess: GrantHandler['grantAccess']): TestServer {
  const grantType = 'urn:example:own'
  return testServer({
    server: { grants: [clientCredentialsGrant(), { grantType, grantAccess }] },
    moreClients: [{ ...shopApp, grantTypes: [grantType, 'refresh_token'] }],
  })
}

const useOwnGrant = (server: TestServer): ReturnType<typeof postToken> =>
  postToken(server, 'grant_type=urn:example:own', 'shop-app')

describe.each([4, 5] as const)('the grant type, Express %i', (express) => {
  it.each(['', 'grant_type', 'grant_type=', 'grant_type=&scope=orders:read', 'Grant_Type=password'])(
    'is missing in %j (TOK-01)',
    async (form) => {
      expect(shown(await postToken(testServer({ express }), form))).toEqual(missing('grant_type'))
    },
  )

  it.each([
    'x',
    'authorization_code',
    'urn:ietf:params:oauth:grant-type:jwt-bearer',
    'grantType',
    'client-credentials',
  ])('is unknown: %s (TOK-02)', async (grantType) => {
    expect(shown(await postToken(testServer({ express }), `grant_type=${grantType}`))).toEqual(unsupported)
  })

  it.each(['constructor', '__proto__', 'toString', 'hasOwnProperty', 'get'])(
    'is unknown, even if it is a name of JavaScript: %s (TOK-02)',
    async (grantType) => {
      expect(shown(await postToken(testServer({ express }), `grant_type=${grantType}`))).toEqual(unsupported)
    },
  )

  it.each(['Password', 'PASSWORD', 'password+', '+password', 'password%00', 'password%0A', 'p%C3%A1ssword'])(
    'is compared exactly: %s (TOK-03)',
    async (grantType) => {
      const form = `grant_type=${grantType}&username=alice&password=alice's+password`
      expect(shown(await postToken(testServer({ express }), form, 'shop-app'))).toEqual(unsupported)
    },
  )

  it.each([
    ['password', 'stock-sync'],
    ['refresh_token', 'stock-sync'],
    ['client_credentials', 'other-app'],
  ])('is known, but not for this client: %s for %s (TOK-04)', async (grantType, clientId) => {
    expect(shown(await postToken(testServer({ express }), `grant_type=${grantType}`, clientId))).toEqual(unauthorized)
  })

  it.each(['password', 'refresh_token'])(
    'is not served unless it is listed: %s (TOK-05, DEC-12)',
    async (grantType) => {
      const server = testServer({ express, server: { grants: [clientCredentialsGrant()] } })
      const form = `grant_type=${grantType}&username=alice&password=alice's+password&refresh_token=x`
      expect(shown(await postToken(server, form, 'shop-app'))).toEqual(unsupported)
    },
  )
})

describe('the response with tokens', () => {
  it('has the members of RFC 6749 and no others (TOK-06, TOK-07, TOK-09, TOK-10, TOK-13, TOK-22)', async () => {
    const server = testServer()
    expect(shown(await postToken(server, 'grant_type=client_credentials'))).toEqual(issued('stock:write'))
    const form = "grant_type=password&username=alice&password=alice's+password"
    expect(shown(await postToken(server, form, 'shop-app'))).toEqual(
      issued('orders:read orders:write', { refresh_token: refreshToken }),
    )
  })

  it('says how long the token lives: to the second, and as the guard sees it (TOK-08)', async () => {
    const short = { ...shopApp, accessTokenLifetimeSeconds: 100, authorizationLifetimeSeconds: 160 }
    const server = testServer({ moreClients: [short] })
    const tokens = await signIn(server)
    const status = async (token: string): Promise<number> =>
      (await request(server.http).get('/orders').set('Authorization', `Bearer ${token}`)).status
    expect(tokens).toMatchObject({ expires_in: 100 })
    server.advance(99)
    expect(await status(tokens.access_token)).toBe(200)
    server.advance(1)
    expect(await status(tokens.access_token)).toBe(401)

    // The sign-in ends in 60 seconds: the next token can live no longer, and a retry answers what is left of it.
    const refresh = `grant_type=refresh_token&refresh_token=${tokens.refresh_token}`
    const { body: second } = await postToken(server, refresh, 'shop-app')
    expect(second).toMatchObject({ expires_in: 60 })
    server.advance(9)
    expect((await postToken(server, refresh, 'shop-app')).body).toEqual({ ...second, expires_in: 51 })
    server.advance(50)
    expect(await status(second.access_token)).toBe(200)
    server.advance(1)
    expect(await status(second.access_token)).toBe(401)
  })

  it('has a refresh token only for a client that is registered for it (TOK-11, TOK-12)', async () => {
    const server = testServer({
      moreClients: [{ ...shopApp, clientId: 'once', grantTypes: ['password'] }],
    })
    const form = "grant_type=password&username=alice&password=alice's+password"
    const once = request(server.http).post('/oauth/token').auth('once', secretOf('shop-app')).type('form').send(form)
    expect(shown(await once)).toEqual(issued('orders:read orders:write'))
    const registered = { ...shopApp, grantTypes: ['refresh_token', 'client_credentials'] }
    const service = testServer({ moreClients: [registered] })
    expect(shown(await postToken(service, 'grant_type=client_credentials', 'shop-app'))).toEqual(
      issued('orders:read orders:write'),
    )
  })

  it('has no refresh token if it could not be used (TOK-11)', async () => {
    const own = serverWith(({ grantScope }) => ({ actsFor: 'user', userId: 'user-1', scope: grantScope() }))
    expect(shown(await useOwnGrant(own))).toEqual(issued('orders:read orders:write'))
  })

  it('has tokens that fit a header as they are, each a different one (TOK-14)', async () => {
    const server = testServer()
    const { access_token: first, refresh_token: second } = await signIn(server)
    const tokens = new Set([first, second])
    for (let i = 0; i < 40; i++)
      tokens.add((await postToken(server, 'grant_type=client_credentials')).body.access_token)
    expect(tokens.size).toBe(42)
    // RFC 6750 §2.1: b64token.
    for (const token of tokens) expect(token).toMatch(/^[A-Za-z0-9._~+/-]{43}=*$/)
  })

  it('takes nothing from a grant but what it granted (TOK-23)', async () => {
    const extra = { access_token: 'mine', token_type: 'mac', expires_in: 1e9, refresh_token: 'mine', error: 'x', a: 1 }
    const own = serverWith(({ grantScope }) => ({ ...extra, actsFor: 'client', scope: grantScope() }) as const)
    expect(shown(await useOwnGrant(own))).toEqual(issued('orders:read orders:write'))
  })
})
