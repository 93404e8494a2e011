import { createLocalJWKSet, decodeProtectedHeader, jwtVerify, SignJWT, type JSONWebKeySet } from 'jose'
import { clockSkew, customFetch, validateJwtAccessToken } from 'oauth4webapi'
import request from 'supertest'
import { beforeEach, describe, expect, it } from 'vitest'
import { algorithms, api, clientToken, expectRefused, getOrders, goodClaims } from '../fixtures/jwt-server.js'
import { jws, jwtServer, privateKeys, signer } from '../fixtures/jwt-server.js'
import { postToken, signIn } from '../fixtures/post-token.js'
import { refused, shown } from '../fixtures/shown-answer.js'
import { basic, secretOf, type TestServer } from '../fixtures/test-server.js'

const issuer = 'http://127.0.0.1'
const anyJti: unknown = expect.stringMatching(/^[\w-]{22}$/)

async function publishedKeys(server: TestServer): Promise<JSONWebKeySet> {
  return (await request(server.http).get('/oauth/jwks')).body
}

/** What jose says is in a token. */
async function verified(server: TestServer, token: string, audience = api): Promise<Record<string, unknown>> {
  const options = { issuer, audience, typ: 'at+jwt', currentDate: new Date(server.now() * 1000) }
  return (await jwtVerify(token, createLocalJWKSet(await publishedKeys(server)), options)).payload
}

describe.each(algorithms)('an access token signed with %s', (algorithm) => {
  let server: TestServer
  let kid: string

  beforeEach(async () => {
    server = jwtServer({}, algorithm)
    kid = String((await publishedKeys(server)).keys[0]?.kid)
  })

  it('has its type, its algorithm and all required claims, and no others (JAT-01, JAT-02, JAT-04, JAT-17)', async () => {
    const token = await clientToken(server)
    expect(decodeProtectedHeader(token)).toEqual({ alg: algorithm, typ: 'at+jwt', kid })
    expect(await verified(server, token)).toEqual({
      iss: issuer,
      sub: 'shop-app',
      aud: api,
      client_id: 'shop-app',
      scope: 'orders:read',
      iat: server.now(),
      exp: server.now() + 3600,
      jti: anyJti,
    })
  })

  it('is accepted by another implementation of the resource server (JAT-03, JAT-04)', async () => {
    const token = (await signIn(server)).access_token
    const resourceRequest = new Request(`${api}/orders`, { headers: { authorization: `Bearer ${token}` } })
    const options = {
      [clockSkew]: server.now() - Math.floor(Date.now() / 1000),
      [customFetch]: async () => Response.json(await publishedKeys(server)),
      signingAlgorithms: [algorithm],
    }
    const server_ = { issuer, jwks_uri: 'https://issuer.example.com/jwks' }
    expect(await validateJwtAccessToken(server_, resourceRequest, api, options)).toMatchObject({ sub: 'user-1' })
    await expect(validateJwtAccessToken(server_, resourceRequest, `${api}/v2`, options)).rejects.toThrow()
  })

  it('is accepted by the guard if jose signs it with the key of the server, and only then (JAT-03, JAT-12)', async () => {
    const claims = await goodClaims(server)
    const sign = (key = privateKeys[algorithm]): Promise<string> =>
      new SignJWT(claims).setProtectedHeader({ alg: algorithm, typ: 'at+jwt', kid }).sign(key)
    expect((await getOrders(server, await sign())).body).toMatchObject({
      clientId: 'shop-app',
      audience: [api],
      claims,
    })
    const [header, payload] = (await sign()).split('.')
    const [, , foreign] = (await clientToken(server)).split('.')
    await expectRefused(server, `${header}.${payload}.${foreign}`)
    await expectRefused(
      server,
      jws({ alg: algorithm, typ: 'at+jwt', kid }, claims, () => Buffer.alloc(64)),
    )
  })
})

describe('the claims of an access token', () => {
  let server: TestServer

  beforeEach(() => {
    server = jwtServer()
  })

  it('name the user if there is one, and otherwise the client (JAT-05)', async () => {
    const users = await verified(server, (await signIn(server)).access_token)
    expect(users).toEqual({
      iss: issuer,
      sub: 'user-1',
      aud: api,
      client_id: 'shop-app',
      scope: 'orders:read orders:write',
      iat: server.now(),
      exp: server.now() + 3600,
      auth_time: server.now(),
      sid: expect.stringMatching(/^[\w-]{22,}$/),
      jti: anyJti,
    })
    const clients = await verified(server, await clientToken(server, 'stock-sync'))
    expect(clients).toMatchObject({ sub: 'stock-sync', client_id: 'stock-sync' })
    expect(clients).not.toHaveProperty('sid')
  })

  it('keep the time of the sign-in when it is refreshed (JAT-05)', async () => {
    const signedInAt = server.now()
    const { refresh_token: refreshToken } = await signIn(server)
    server.advance(100)
    const form = `grant_type=refresh_token&refresh_token=${refreshToken}`
    const { body } = await postToken(server, form, 'shop-app')
    const claims = await verified(server, body.access_token)
    expect(claims).toMatchObject({ sub: 'user-1', auth_time: signedInAt, iat: signedInAt + 100 })
  })

  it('never name a user whose id is the id of a client: nothing is issued (JAT-05)', async () => {
    server.users.set('alice', { userId: 'stock-sync', passwordHash: "plain:alice's password" })
    const form = new URLSearchParams({ grant_type: 'password', username: 'alice', password: "alice's password" })
    const answer = await postToken(server, form.toString(), 'shop-app')
    expect(shown(answer)).toEqual(refused(500, 'server_error', 'The server met an unexpected condition'))
    expect(server.events.map(({ type }) => type)).not.toContain('tokens_issued')
    expect(await server.oauth.authorizations.list({ userId: 'stock-sync' })).toEqual([])
  })

  it('have the granted scope in one string (JAT-06)', async () => {
    const form = 'grant_type=client_credentials&scope=orders%3Aread+profile'
    const { body } = await postToken(server, form, 'shop-app')
    expect(await verified(server, body.access_token)).toMatchObject({ scope: 'orders:read profile' })
  })

  it('have the requested resources as audience, or the first one by default (JAT-07)', async () => {
    const stock = 'https://stock.example.com'
    server = jwtServer({ server: { resources: [{ resource: api }, { resource: stock }] } })
    const audienceOf = async (more: string): Promise<unknown> => {
      const { body } = await postToken(server, `grant_type=client_credentials${more}`)
      return (await verified(server, body.access_token, more === '' ? api : stock))['aud']
    }
    expect(await audienceOf('')).toBe(api)
    expect(await audienceOf(`&resource=${encodeURIComponent(stock)}`)).toBe(stock)
    expect(await audienceOf(`&resource=${encodeURIComponent(stock)}&resource=${encodeURIComponent(api)}`)).toEqual([
      stock,
      api,
    ])
  })

  it('are required: without scope or audience nothing is issued (JAT-08)', async () => {
    const stock = 'https://stock.example.com'
    const both = `grant_type=client_credentials&resource=${encodeURIComponent(api)}&resource=${encodeURIComponent(stock)}`
    server = jwtServer({
      server: {
        resources: [
          { resource: api, scopes: ['orders:read'] },
          { resource: stock, scopes: ['stock:write'] },
        ],
      },
    })
    const foreign = `grant_type=client_credentials&scope=orders%3Aread&resource=${encodeURIComponent(stock)}`
    expect((await postToken(server, foreign)).body).toMatchObject({ error: 'invalid_scope' })
    for (const [one, other] of [
      [{ signingAlgorithm: 'RS256' }, { signingAlgorithm: 'ES256' }],
      [{ accessTokenFormat: 'jwt' }, { accessTokenFormat: 'opaque' }],
    ] as const) {
      server = jwtServer({
        server: {
          resources: [
            { resource: api, ...one },
            { resource: stock, ...other },
          ],
        },
      })
      const answer = await postToken(server, both)
      expect([answer.status, answer.body.error]).toEqual([400, 'invalid_target'])
    }
  })

  it('have the roles that the application adds, under the given names (JAT-18)', async () => {
    const more = { roles: ['picker'], groups: ['night shift'], entitlements: ['forklift'] }
    server = jwtServer({ server: { accessTokenClaims: () => more } })
    const token = await clientToken(server)
    expect(await verified(server, token)).toMatchObject(more)
    expect((await getOrders(server, token)).body.claims).toMatchObject(more)
  })
})

describe('an access token', () => {
  const revoke = (server: TestServer, token: string): PromiseLike<{ status: number }> =>
    request(server.http)
      .post('/oauth/revoke')
      .set('Authorization', basic('shop-app', secretOf('shop-app')))
      .type('form')
      .send({ token })

  it('is refused when it is revoked, by its id and not by its text (JAT-22)', async () => {
    const server = jwtServer()
    const [token, other] = [await clientToken(server), await clientToken(server)]
    const claims = await verified(server, token)
    expect((await revoke(server, token)).status).toBe(200)
    await expectRefused(server, token)
    // The same id signed anew is the same token.
    const { kid } = decodeProtectedHeader(token)
    await expectRefused(server, jws({ kid, typ: 'at+jwt', alg: 'RS256' }, claims, signer('RS256')))
    expect((await getOrders(server, other)).status).toBe(200)
  })

  it('works until it expires if the application has turned the revocation check off (JAT-22)', async () => {
    const server = jwtServer({ server: { checkRevocation: false } })
    const token = await clientToken(server)
    expect((await revoke(server, token)).status).toBe(200)
    expect((await getOrders(server, token)).status).toBe(200)
    server.advance(3600)
    await expectRefused(server, token)
  })

  it('is refused when the sign-ins of its user have ended (JAT-23)', async () => {
    const server = jwtServer()
    const { access_token: token } = await signIn(server)
    expect((await getOrders(server, token)).status).toBe(200)
    expect(await server.oauth.authorizations.revoke({ userId: 'user-1' })).toBe(1)
    await expectRefused(server, token)
  })
})
