import { loadSigningKeys, type SigningKeys } from 'latchkey'
import request from 'supertest'
import { describe, expect, it } from 'vitest'
import { algorithms, clientToken, expectRefused, getOrders, jwtServer, privateKeys } from '../fixtures/jwt-server.js'
import { signIn } from '../fixtures/post-token.js'
import { basic, secretOf, type TestServer } from '../fixtures/test-server.js'

/** Often enough that it is remembered. */
async function present(server: TestServer, token: string): Promise<void> {
  for (let i = 0; i < 4; i++) expect((await getOrders(server, token)).status).toBe(200)
}

function revoke(server: TestServer, token: string): Promise<request.Response> {
  const revocation = request(server.http)
    .post('/oauth/revoke')
    .set('Authorization', basic('shop-app', secretOf('shop-app')))
  return revocation.type('form').send({ token })
}

describe.each(algorithms)('a JWT that was seen before, signed with %s', (algorithm) => {
  it('is refused as soon as it is revoked (JAT-22, REV-12)', async () => {
    const server = jwtServer({}, algorithm)
    const [own, users] = [await clientToken(server), await signIn(server)]
    await present(server, own)
    await present(server, users.access_token)
    expect((await revoke(server, own)).status).toBe(200)
    await expectRefused(server, own)
    expect((await revoke(server, users.refresh_token)).status).toBe(200)
    await expectRefused(server, users.access_token)
  })

  it('is refused when it has expired (JAT-13)', async () => {
    const server = jwtServer({}, algorithm)
    const token = await clientToken(server)
    await present(server, token)
    server.advance(3599)
    expect((await getOrders(server, token)).status).toBe(200)
    server.advance(1)
    await expectRefused(server, token)
  })

  it('is refused when its key is gone (JWK-07)', async () => {
    const [key, other] = [
      { key: privateKeys[algorithm], algorithm },
      privateKeys[algorithm === 'ES256' ? 'EdDSA' : 'ES256'],
    ]
    const before = loadSigningKeys([key])
    const after = loadSigningKeys([other])
    let current = before
    const signingKeys: SigningKeys = { current: () => current.current() }
    const server = jwtServer({ server: { signingKeys } })
    const token = await clientToken(server)
    await present(server, token)
    current = after
    await expectRefused(server, token)
    current = before
    expect((await getOrders(server, token)).status).toBe(200)
  })

  it('is refused when it comes with another signature (JWT-16)', async () => {
    const server = jwtServer({}, algorithm)
    const [first, second] = [await clientToken(server), await clientToken(server)]
    await present(server, first)
    await present(server, second)
    const unsigned = (token: string): string => token.slice(0, token.lastIndexOf('.'))
    await expectRefused(server, unsigned(first) + second.slice(second.lastIndexOf('.')))
    await expectRefused(server, `${first}A`)
  })
})
