import request from 'supertest'
import { beforeEach, describe, expect, it } from 'vitest'
import { apiServer, clientLike, post, refreshAt, signInAt, statusOf, tokenOf } from '../fixtures/api-server.js'
import { answered, bearerChallenge, refused, shown, unsupportedWords } from '../fixtures/shown-answer.js'
import { secretOf, testServer, type TestServer } from '../fixtures/test-server.js'

const signIn = { grant_type: 'password', username: 'alice', password: "alice's password" }

let server: TestServer
beforeEach(() => {
  server = apiServer()
})

describe('RFC 9700', () => {
  it('signs in no user whose id is also the id of a client (BCP-06)', async () => {
    server.users.set('alice', { userId: 'inspector', passwordHash: "plain:alice's password" })
    expect(shown(await post(server, '/oauth/token', signIn, 'jwt-app'))).toEqual(
      refused(500, 'server_error', 'The server met an unexpected condition'),
    )
    expect(await server.oauth.authorizations.list({ userId: 'inspector' })).toEqual([])
  })

  it('has no implicit grant, and no endpoint for one (BCP-08)', async () => {
    for (const path of ['/oauth/authorize', '/authorize']) {
      expect((await request(server.http).get(`${path}?response_type=token&client_id=spa`)).status).toBe(404)
    }
    expect(shown(await post(server, '/oauth/token', { grant_type: 'implicit' }, 'jwt-app'))).toEqual(
      refused(400, 'unsupported_grant_type', unsupportedWords),
    )
    const { body } = await request(server.http).get('/.well-known/oauth-authorization-server')
    expect(body.response_types_supported).toEqual([])
    expect(body).not.toHaveProperty('authorization_endpoint')
  })
})

describe('OAuth 2.1', () => {
  it('accepts client credentials in the body, at every endpoint (V21-02)', async () => {
    const more = { authMethods: ['client_secret_post'], mayIntrospect: true }
    server = apiServer({ moreClients: [clientLike('body-app', more)] })
    const credentials = { client_id: 'body-app', client_secret: secretOf('body-app') }
    const send = (path: string, form: object): request.Test =>
      request(server.http)
        .post(path)
        .type('form')
        .send({ ...credentials, ...form })
    const { body } = await send('/oauth/token', { grant_type: 'client_credentials' })
    const token: string = body.access_token
    expect((await send('/oauth/introspect', { token })).body).toMatchObject({ active: true })
    expect((await send('/oauth/revoke', { token })).status).toBe(200)
    expect((await send('/oauth/introspect', { token })).body).toEqual({ active: false })
  })

  it('ignores an access token in the query (V21-03)', async () => {
    server = testServer()
    const token = await tokenOf(server, 'stock-sync', { scope: 'orders:read' })
    expect(await statusOf(server, token)).toBe(200)
    const answer = await request(server.http).get(`/orders?access_token=${token}`)
    expect(answer.status).toBe(401)
    expect(answer.headers['www-authenticate']).toBe(bearerChallenge)
  })

  it('ends the sign-in of a public client when its refresh token is used twice (V21-04)', async () => {
    server = apiServer({ password: { allowPublicClients: true }, refresh: { graceSeconds: 0 } })
    const send = (form: object): request.Test =>
      request(server.http)
        .post('/oauth/token')
        .type('form')
        .send({ client_id: 'spa', ...form })
    const first = (await send(signIn)).body
    const refresh = (token: string): request.Test => send({ grant_type: 'refresh_token', refresh_token: token })
    const second = (await refresh(first.refresh_token)).body
    expect(await statusOf(server, second.access_token)).toBe(200)
    const over = refused(
      400,
      'invalid_grant',
      'The refresh token is invalid, expired, revoked, or belongs to another client',
    )
    expect(shown(await refresh(first.refresh_token))).toEqual(over)
    expect(shown(await refresh(second.refresh_token))).toEqual(over)
    expect(await statusOf(server, second.access_token)).toBe(401)
  })

  it.each(['opaque-app', 'jwt-app'])(
    'responds with a scope and without nulls: %s (V21-05, V21-06, V21-09)',
    async (app) => {
      const token: unknown = expect.any(String)
      const common = { access_token: token, token_type: 'Bearer', expires_in: 3600, scope: 'orders:read profile' }
      const answers = [
        await post(server, '/oauth/token', { grant_type: 'client_credentials' }, app),
        await post(server, '/oauth/token', signIn, app),
        await refreshAt(server, app, (await signInAt(server, app)).refresh_token),
      ]
      const [own, ...users] = answers.map(shown)
      expect(own).toEqual(answered(200, common))
      for (const answer of users) expect(answer).toEqual(answered(200, { ...common, refresh_token: token }))
      for (const { text } of answers) expect(text).not.toContain('null')
    },
  )
})
