import { createSecretKey, generateKeyPairSync, randomBytes } from 'node:crypto'
import { decodeProtectedHeader, jwtVerify } from 'jose'
import { loadSigningKeys } from 'latchkey'
import * as oauth4webapi from 'oauth4webapi'
import request from 'supertest'
import { beforeEach, describe, expect, it } from 'vitest'
import {
  apiServer,
  claimsOf,
  introspect,
  post,
  publicKey,
  signInAt,
  signingKey,
  statusOf,
  stockApi,
  tokenOf,
  whileListening,
} from '../fixtures/api-server.js'
import { answered, invalidClient, refused, shown } from '../fixtures/shown-answer.js'
import { basic, secretOf, type TestServer } from '../fixtures/test-server.js'

const path = '/oauth/introspect'
const type = 'application/token-introspection+jwt'

let server: TestServer
beforeEach(() => {
  server = apiServer()
})

const ask = (token: string, accept = type, caller = 'inspector'): request.Test =>
  post(server, path, { token }, caller)
    .set('Accept', accept)
    .buffer()
    .parse((res, done) => {
      let text = ''
      res.on('data', (chunk: Buffer) => (text += chunk.toString('latin1')))
      res.on('end', () => {
        done(null, text)
      })
    })

/** The text of a signed answer. */
async function signedAnswer(token: string, caller?: string): Promise<string> {
  const { status, headers, body } = await ask(token, type, caller)
  expect([status, headers['content-type']]).toEqual([200, type])
  return body
}

describe('a signed introspection response', () => {
  it.each(['opaque-app', 'jwt-app'])('says the same, for the caller only: %s (INT-21, INT-23, BCP-02)', async (app) => {
    const { access_token } = await signInAt(server, app)
    const plain = await introspect(server, access_token)
    const answer = await ask(access_token)
    expect(answer.headers).toMatchObject({
      'content-type': type,
      'content-length': String(answer.body.length),
      'cache-control': 'no-store',
      pragma: 'no-cache',
      vary: 'Accept',
      'x-content-type-options': 'nosniff',
    })
    const { payload, protectedHeader } = await jwtVerify(answer.body, publicKey)
    expect(protectedHeader).toMatchObject({ typ: 'token-introspection+jwt', alg: 'ES256' })
    expect(payload).toEqual({
      iss: 'http://127.0.0.1',
      aud: 'inspector',
      iat: server.now(),
      token_introspection: plain,
    })
  })

  it('says nothing more about a token that is inactive to the caller (INT-22)', async () => {
    const token = await tokenOf(server, 'jwt-app')
    for (const [asked, caller] of [
      ['x', 'inspector'],
      ['a.b.c', 'inspector'],
      [token, 'stock-inspector'],
    ] as const) {
      expect(claimsOf(await signedAnswer(asked, caller))).toEqual({
        iss: 'http://127.0.0.1',
        aud: caller,
        iat: server.now(),
        token_introspection: { active: false },
      })
    }
  })

  it('cannot pass as an access token, to a guard or to introspection (INT-23)', async () => {
    const { access_token } = await signInAt(server, 'jwt-app')
    const signed = await signedAnswer(access_token)
    expect(await statusOf(server, signed)).toBe(401)
    expect(await introspect(server, signed)).toEqual({ active: false })
  })

  it('has names beyond ASCII, with the right length (INT-21)', async () => {
    server.users.set('alice', { userId: '山田 🔑', passwordHash: "plain:alice's password" })
    const { access_token } = await signInAt(server, 'opaque-app')
    const { payload } = await jwtVerify(await signedAnswer(access_token), publicKey)
    expect(payload['token_introspection']).toMatchObject({ sub: '山田 🔑' })
  })

  it.each(['application/json', '*/*', 'application/jwt', ''])(
    'is not sent to a caller that accepts %j (INT-21)',
    async (accept) => {
      const { headers, body } = await ask('x', accept)
      expect([headers['content-type'], body]).toEqual(['application/json', '{"active":false}'])
    },
  )

  it('is sent to a caller that accepts it among others, in any case (INT-21)', async () => {
    const { headers } = await ask('x', 'application/json;q=0.1, Application/Token-Introspection+JWT')
    expect(headers['content-type']).toBe(type)
  })

  it('is refused with 400 to a caller that does not authenticate (INT-24, DEC-05)', async () => {
    const send = (form: object, authorization?: string): request.Test => {
      const sent = request(server.http).post(path).type('form').set('Accept', type)
      return (authorization === undefined ? sent : sent.set('Authorization', authorization)).send({
        token: 'x',
        ...form,
      })
    }
    expect(shown(await send({}))).toEqual(
      refused(400, 'invalid_client', 'No client authentication was sent; use HTTP Basic'),
    )
    // Those that tried, and failed, are told so as everywhere.
    expect(shown(await send({}, basic('inspector', 'wrong')))).toEqual(invalidClient)
    expect(shown(await send({ client_id: 'spa' }))).toEqual(invalidClient)
    expect(shown(await send({ client_id: 'inspector', client_secret: 'x' }))).toEqual(invalidClient)
    expect(shown(await send({}, basic('stock-sync', secretOf('stock-sync'))))).toEqual(
      refused(400, 'unauthorized_client', 'This client may not introspect tokens'),
    )
  })

  it.each([
    ['RS256', generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey],
    ['ES256', signingKey],
    ['EdDSA', generateKeyPairSync('ed25519').privateKey],
  ])('is verified by oauth4webapi with what the metadata says: %s (INT-21, INT-25, MET-13)', async (alg, key) => {
    server = apiServer({ server: { signingKeys: loadSigningKeys([key]), clock: () => Math.floor(Date.now() / 1000) } })
    const token = await tokenOf(server, 'jwt-app', { resource: stockApi })
    const client = { client_id: 'stock-inspector' }
    const clientAuth = oauth4webapi.ClientSecretBasic(secretOf('stock-inspector'))
    const issuer = new URL('http://127.0.0.1')
    await whileListening(server, async (options) => {
      const discovery = await oauth4webapi.discoveryRequest(issuer, { algorithm: 'oauth2', ...options })
      const found = await oauth4webapi.processDiscoveryResponse(issuer, discovery)
      expect(found.introspection_signing_alg_values_supported).toEqual([alg])
      const signed = { requestJwtResponse: true, ...options }
      const response = await oauth4webapi.introspectionRequest(found, client, clientAuth, token, signed)
      expect(decodeProtectedHeader(await response.clone().text())).toMatchObject({ alg })
      const told = await oauth4webapi.processIntrospectionResponse(found, client, response)
      expect(told).toMatchObject({ active: true, aud: stockApi, client_id: 'jwt-app' })
      await oauth4webapi.validateApplicationLevelSignature(found, response, options)
    })
  })

  it('is not made with a key that its reader could sign with (INT-25)', async () => {
    server = apiServer({ server: { signingKeys: loadSigningKeys([createSecretKey(randomBytes(32))]) } })
    expect((await ask('x')).headers['content-type']).toBe('application/json')
    const { body } = await request(server.http).get('/.well-known/oauth-authorization-server')
    expect(body).not.toHaveProperty('introspection_signing_alg_values_supported')
    expect(body).not.toHaveProperty('jwks_uri')
  })

  it('reveals nothing to a public client, with any Accept header (INT-24)', async () => {
    const answer = await request(server.http).post(path).type('form').send({ token: 'x', client_id: 'spa' })
    expect(shown(answer)).toEqual(invalidClient)
    expect(shown(await post(server, path, { token: 'x' }, 'inspector'))).toEqual(answered(200, { active: false }))
  })
})
