import request from 'supertest'
import { beforeEach, describe, expect, it } from 'vitest'
import { digestClientSecret } from 'latchkey'
import {
  apiServer,
  claimsOf,
  clientLike,
  introspect,
  post,
  refreshAt,
  signInAt,
  statusOf,
  tokenOf,
} from '../fixtures/api-server.js'
import { plainServer } from '../fixtures/plain-passwords.js'
import { delay, delayTogether } from '../fixtures/slow-store.js'
import { basic, secretOf, type TestServer } from '../fixtures/test-server.js'

let server: TestServer
beforeEach(() => {
  server = apiServer()
})

describe('a refresh that waits for the store', () => {
  it('is a retry if it came within the grace, however long both requests waited (09)', async () => {
    const { refresh_token: token } = await signInAt(server, 'opaque-app')
    delayTogether(server, server.stores.tokens, 'rotateRefreshToken', 2, 30)
    const answers = await Promise.all([refreshAt(server, 'opaque-app', token), refreshAt(server, 'opaque-app', token)])
    expect(answers.map(({ status }) => status)).toEqual([200, 200])
    expect(answers[0].body).toEqual(answers[1].body)
    expect(await statusOf(server, answers[0].body.access_token)).toBe(200)
    expect(server.events.filter(({ type }) => type === 'refresh_token_replayed')).toEqual([])
  })

  it('is a retry when it came within the grace and its look-up took longer (09)', async () => {
    const { refresh_token: token } = await signInAt(server, 'opaque-app')
    const first = await refreshAt(server, 'opaque-app', token)
    server.advance(9)
    delay(server, server.stores.tokens, 'findRefreshToken', 30)
    expect((await refreshAt(server, 'opaque-app', token)).body).toMatchObject({
      refresh_token: first.body.refresh_token,
      // What was left when the request came.
      expires_in: 3591,
    })
  })

  it('is a replay when it came after the grace', async () => {
    const { refresh_token: token } = await signInAt(server, 'opaque-app')
    const first = await refreshAt(server, 'opaque-app', token)
    server.advance(10)
    expect((await refreshAt(server, 'opaque-app', token)).body).toMatchObject({ error: 'invalid_grant' })
    expect(await statusOf(server, first.body.access_token)).toBe(401)
  })

  it('succeeds if its token had not expired when it came (09)', async () => {
    const brief = { firstParty: true, grantTypes: ['password', 'refresh_token'], refreshTokenLifetimeSeconds: 100 }
    server.stores.clients.saveClient(clientLike('brief', brief))
    const { refresh_token: token } = await signInAt(server, 'brief')
    server.advance(99)
    delay(server, server.stores.tokens, 'findRefreshToken', 2)
    const next = await refreshAt(server, 'brief', token)
    expect(next.status).toBe(200)
    server.advance(98)
    expect((await refreshAt(server, 'brief', next.body.refresh_token)).body).toMatchObject({ error: 'invalid_grant' })
  })
})

describe('a sign-in that waits for the store', () => {
  it('begins at the time of the request, and all its times agree (09)', async () => {
    const came = server.now()
    delay(server, server.stores.clients, 'findClient', 20)
    const answer = await post(
      server,
      '/oauth/token',
      { grant_type: 'password', username: 'alice', password: "alice's password" },
      'jwt-app',
    )
    expect(answer.body).toMatchObject({ expires_in: 3600 })
    expect(claimsOf(answer.body.access_token)).toMatchObject({ iat: came, auth_time: came, exp: came + 3600 })
    expect(await server.oauth.authorizations.list({ userId: 'user-1' })).toMatchObject([{ createdAt: came }])
  })

  it('succeeds if the client’s password grant ended while it waited (09)', async () => {
    const ending = { firstParty: true, grantTypes: ['password'], passwordGrantSunsetAt: server.now() + 5 }
    server.stores.clients.saveClient(clientLike('ending-app', ending))
    const form = { grant_type: 'password', username: 'alice', password: "alice's password" }
    delay(server, server.stores.clients, 'findClient', 20)
    expect((await post(server, '/oauth/token', form, 'ending-app')).status).toBe(200)
    expect((await post(server, '/oauth/token', form, 'ending-app')).body).toMatchObject({
      error: 'unauthorized_client',
    })
  })
})

describe('a secret', () => {
  it('that expires while the request waits is accepted (09)', async () => {
    const secrets = [{ digest: digestClientSecret(secretOf('brief')), expiresAt: server.now() + 5 }]
    server.stores.clients.saveClient(clientLike('brief', { secrets }))
    delay(server, server.stores.clients, 'findClient', 20)
    expect((await post(server, '/oauth/token', { grant_type: 'client_credentials' }, 'brief')).status).toBe(200)
    expect((await post(server, '/oauth/token', { grant_type: 'client_credentials' }, 'brief')).status).toBe(401)
  })
})

describe('an access token that expires while the store is asked', () => {
  it.each([
    ['opaque', 'opaque-app', 'findAccessToken'],
    ['JWT', 'jwt-app', 'isSignedTokenRevoked'],
  ])('is accepted by the guard: %s (09)', async (_form, clientId, method) => {
    const { access_token: token } = await signInAt(server, clientId)
    server.advance(3599)
    delay(server, server.stores.tokens, method, 20)
    expect(await statusOf(server, token)).toBe(200)
    expect(await statusOf(server, token)).toBe(401)
  })

  it('is active at introspection, as a refresh token is (09)', async () => {
    const { access_token: token, refresh_token: refreshToken } = await signInAt(server, 'opaque-app')
    server.advance(3599)
    delay(server, server.stores.tokens, 'findAccessToken', 20)
    expect(await introspect(server, token)).toMatchObject({ active: true })
    server.stores.clients.saveClient(
      clientLike('opaque-app', { firstParty: true, grantTypes: ['password', 'refresh_token'], mayIntrospect: true }),
    )
    server.advance(14 * 86_400 - 3599 - 20 - 1)
    delay(server, server.stores.tokens, 'findRefreshToken', 2)
    expect(await introspect(server, refreshToken, 'opaque-app')).toMatchObject({ active: true })
    expect(await introspect(server, refreshToken, 'opaque-app')).toEqual({ active: false })
  })

  it('can be revoked, because it was valid when the request came (09)', async () => {
    const token = await tokenOf(server, 'jwt-app')
    server.advance(3599)
    delay(server, server.stores.clients, 'findClient', 20)
    const revoked: unknown[] = []
    const { tokens } = server.stores
    const revoke = tokens.revokeSignedToken.bind(tokens)
    tokens.revokeSignedToken = (...given) => {
      revoked.push(given[0])
      revoke(...given)
    }
    expect((await post(server, '/oauth/revoke', { token }, 'jwt-app')).status).toBe(200)
    expect(revoked).toHaveLength(1)
  })
})

describe('an introspection response as a JWT', () => {
  it('has the time of the request, not of the response (09)', async () => {
    const came = server.now()
    const token = await tokenOf(server, 'opaque-app')
    delay(server, server.stores.tokens, 'findAccessToken', 20)
    const answer = await request(server.http)
      .post('/oauth/introspect')
      .set('Authorization', basic('inspector', secretOf('inspector')))
      .set('Accept', 'application/token-introspection+jwt')
      .type('form')
      .send({ token })
    expect(claimsOf(answer.text)).toMatchObject({ iat: came, token_introspection: { active: true } })
  })
})

describe('a call without a request', () => {
  it('is judged by the clock', async () => {
    server = plainServer()
    server.stores.tokens.saveTokens({
      authorization: {
        authorizationId: 'a',
        userId: 'user-1',
        clientId: 'shop-app',
        grantType: 'password',
        scope: 'profile',
        audience: '',
        deviceLabel: undefined,
        createdAt: server.now(),
        expiresAt: server.now() + 60,
      },
      accessToken: undefined,
      accessTokenExpiresAt: server.now() + 60,
      refreshToken: undefined,
    })
    expect(await server.oauth.authorizations.list({ userId: 'user-1' })).toHaveLength(1)
    server.advance(60)
    expect(await server.oauth.authorizations.list({ userId: 'user-1' })).toEqual([])
  })
})
