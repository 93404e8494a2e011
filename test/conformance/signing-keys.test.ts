import { createLocalJWKSet, decodeProtectedHeader, jwtVerify } from 'jose'
import { calculateJwkThumbprint } from 'jose'
import { loadSigningKeys, storedSigningKeys, type SigningKeys } from 'latchkey'
import { createMemoryStores } from 'latchkey/stores/memory'
import request from 'supertest'
import { describe, expect, it } from 'vitest'
import { thumbprint } from '../../lib/jose/signing-key.js'
import { algorithms, api, clientToken, expectRefused, getOrders, goodClaims, hmac } from '../fixtures/jwt-server.js'
import { jws, jwtServer, privateKeys, signer } from '../fixtures/jwt-server.js'
import type { TestServer } from '../fixtures/test-server.js'

const publicMembers = { RSA: ['kty', 'n', 'e'], EC: ['kty', 'crv', 'x', 'y'], OKP: ['kty', 'crv', 'x'] } as const
const secretMembers = /"(?:d|p|q|dp|dq|qi|oth|k)"/
const secret = { kty: 'oct', k: Buffer.alloc(32, 'secret').toString('base64url') }

describe.each([4, 5] as const)('the published keys, on Express %i', (express) => {
  it('are a JSON document that may be cached for as long as the server says (JWK-01, JWK-08)', async () => {
    const server = jwtServer({ express, server: { jwksMaxAgeSeconds: 600 } })
    const { status, headers, body } = await request(server.http).get('/oauth/jwks').set('Host', 'attacker.example')
    expect(status).toBe(200)
    expect(headers).toMatchObject({
      'content-type': 'application/json',
      'cache-control': 'public, max-age=600',
      'access-control-allow-origin': '*',
      'x-content-type-options': 'nosniff',
    })
    expect(Object.keys(body)).toEqual(['keys'])
    const plain = await request(jwtServer({ express }).http).get('/oauth/jwks')
    expect(plain.headers['cache-control']).toBe('public, max-age=300')
    expect(plain.text).toBe(JSON.stringify(body))
  })

  it('are read by GET and HEAD, and by no other method (JWK-08)', async () => {
    const server = jwtServer({ express })
    const { text } = await request(server.http).get('/oauth/jwks')
    const head = await request(server.http).head('/oauth/jwks')
    expect([head.status, head.headers['content-length'], head.text]).toEqual([200, String(text.length), undefined])
    for (const method of ['post', 'put', 'delete', 'patch'] as const) {
      const answer = await request(server.http)[method]('/oauth/jwks')
      expect([answer.status, answer.headers['allow']]).toEqual([405, 'GET, HEAD'])
      expect(answer.body).toMatchObject({ error: 'invalid_request' })
    }
  })
})

const publishedBy = async (server: TestServer): Promise<Record<string, string>[]> =>
  (await request(server.http).get('/oauth/jwks')).body.keys

describe('the published keys', () => {
  it('have public members, their use and their algorithm, and nothing else (JWK-02, JWK-05)', async () => {
    const { text, body } = await request(jwtServer().http).get('/oauth/jwks')
    expect(text).not.toMatch(secretMembers)
    expect(body.keys.map(({ alg }: { alg: string }) => alg)).toEqual(algorithms)
    for (const key of body.keys) {
      expect(Object.keys(key).sort()).toEqual([...publicMembers[key.kty as 'RSA'], 'kid', 'alg', 'use'].sort())
      expect(key.use).toBe('sig')
    }
    for (const key of Object.values(privateKeys)) expect(text).not.toContain(key.export({ format: 'jwk' }).d)
  })

  it('of a store are public members only, in every state (JWK-02)', async () => {
    const server = jwtServer()
    const { keys } = createMemoryStores({ pruneIntervalSeconds: 0 })
    const options = { store: keys, passphrase: 'a passphrase for a test', publishSeconds: 0 }
    const signingKeys = storedSigningKeys({ ...options, clock: () => server.now() })
    await signingKeys.ensureActive('RS256')
    for (const algorithm of algorithms) {
      await signingKeys.prepareNext(algorithm)
      await signingKeys.activateNext()
    }
    await signingKeys.prepareNext()
    const { text, body } = await request(jwtServer({ server: { signingKeys } }).http).get('/oauth/jwks')
    expect(body.keys).toHaveLength(6)
    expect(text).not.toMatch(secretMembers)
    expect(text).not.toContain('PRIVATE')
  })

  it('are empty if there is only a secret, and metadata does not point to them (JWK-03)', async () => {
    const server = jwtServer({ server: { signingKeys: loadSigningKeys([secret]) } })
    expect((await getOrders(server, await clientToken(server))).status).toBe(200)
    const { text } = await request(server.http).get('/oauth/jwks')
    expect(text).toBe('{"keys":[]}')
    const metadata = await request(server.http).get('/.well-known/oauth-authorization-server')
    expect(metadata.status).toBe(200)
    expect(metadata.body).not.toHaveProperty('jwks_uri')
    expect(metadata.text).not.toContain(secret.k)
  })

  it('are named by their thumbprint, each by another (JWK-04, JWK-06)', async () => {
    const keys = await publishedBy(jwtServer())
    for (const { kid, ...key } of keys) {
      expect(await calculateJwkThumbprint(key as { kty: string })).toBe(kid)
      expect(thumbprint(key)).toBe(kid)
    }
    expect(new Set(keys.map(({ kid }) => kid)).size).toBe(4)
  })

  it('are named as in the example of RFC 9449 (JWK-06)', () => {
    const key = {
      kty: 'EC',
      x: 'l8tFrhx-34tV3hRICRDY9zCkDlpBhF42UQUfWVAWBFs',
      y: '9VE4jf_Ok_o64zbTTlcuNJajHmt6v9TDVrU0CdvGRDA',
      crv: 'P-256',
    }
    expect(thumbprint(key)).toBe('0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I')
    expect(thumbprint({ ...key, use: 'sig', kid: 'x', alg: 'ES256' })).toBe(thumbprint(key))
  })
})

describe('a rotation', () => {
  it('loses no token: a key is published before it signs, and verifies after it has signed (JWK-07)', async () => {
    const { keys } = createMemoryStores({ pruneIntervalSeconds: 0 })
    const clock = (): number => server.now()
    const signingKeys = storedSigningKeys({ store: keys, passphrase: 'a passphrase for a test', clock: () => clock() })
    const server: TestServer = jwtServer({ server: { signingKeys, accessTokenLifetimeSeconds: 90_000 } })
    await signingKeys.ensureActive('RS256')
    const keyOf = (token: string): unknown => decodeProtectedHeader(token).kid
    const before = await clientToken(server)

    const next = await signingKeys.prepareNext('ES256')
    const during = await clientToken(server)
    expect(keyOf(during)).toBe(keyOf(before))
    const cached = (await request(server.http).get('/oauth/jwks')).body
    server.advance(300)
    await signingKeys.activateNext()
    const after = await clientToken(server)
    expect(keyOf(after)).toBe(next)

    for (const token of [before, during, after]) {
      expect((await getOrders(server, token)).status).toBe(200)
      // Whoever read the keys before the rotation can verify what was signed after it.
      const options = { audience: api, currentDate: new Date(server.now() * 1000) }
      expect((await jwtVerify(token, createLocalJWKSet(cached), options)).payload.sub).toBe('shop-app')
    }

    server.advance(86_400)
    await signingKeys.prepareNext()
    server.advance(300)
    await signingKeys.activateNext()
    await expectRefused(server, before)
    expect((await getOrders(server, after)).status).toBe(200)
  })

  it('ends a retired key after retainSeconds, for remembered tokens too, and the next rotation is not needed (V2)', async () => {
    const { keys } = createMemoryStores({ pruneIntervalSeconds: 0 })
    const stored = { store: keys, passphrase: 'a passphrase for a test', retainSeconds: 3600, clock: () => now }
    let now = 1_800_000_000
    const processes = [1, 2].map(() => {
      const signingKeys = storedSigningKeys(stored)
      return { signingKeys, server: jwtServer({ server: { signingKeys, clock: () => now } }) }
    })
    const [one] = processes
    await one!.signingKeys.ensureActive('ES256')
    const stolen = (await one!.signingKeys.current()).active()
    await one!.signingKeys.prepareNext()
    now += 300
    await one!.signingKeys.activateNext()
    now += 3595
    const forge = async (): Promise<string> => {
      const { signWith, keyId } = stolen
      const claims = { ...(await goodClaims(one!.server)), exp: now + 3600 }
      return jws({ alg: 'ES256', typ: 'at+jwt', kid: keyId }, claims, signer('ES256', signWith))
    }
    const forged = await forge()
    const published = async (server: TestServer): Promise<boolean> =>
      (await publishedBy(server)).some(({ kid }) => kid === stolen.keyId)
    for (const { server } of processes) {
      // Often enough to be remembered.
      for (let i = 0; i < 3; i++) expect((await getOrders(server, forged)).status).toBe(200)
      expect(await published(server)).toBe(true)
    }
    now += 5
    for (const { server } of processes) {
      await expectRefused(server, forged)
      await expectRefused(server, await forge())
      expect(await published(server)).toBe(false)
      expect((await getOrders(server, await clientToken(server))).status).toBe(200)
    }
  })

  it('refuses the tokens of a withdrawn key at once, in other processes within refreshSeconds (V2)', async () => {
    const { keys } = createMemoryStores({ pruneIntervalSeconds: 0 })
    let now = 1_800_000_000
    const stored = { store: keys, passphrase: 'a passphrase for a test', refreshSeconds: 5, clock: () => now }
    const processes = [1, 2].map(() => {
      const signingKeys = storedSigningKeys(stored)
      return { signingKeys, server: jwtServer({ server: { signingKeys, clock: () => now } }) }
    })
    const [one, other] = processes
    await one!.signingKeys.ensureActive('ES256')
    const token = await clientToken(one!.server)
    for (const { server } of processes) {
      for (let i = 0; i < 3; i++) expect((await getOrders(server, token)).status).toBe(200)
    }
    await one!.signingKeys.withdraw(String(decodeProtectedHeader(token).kid))
    await expectRefused(one!.server, token)
    const fresh = await clientToken(one!.server)
    expect((await getOrders(one!.server, fresh)).status).toBe(200)
    now += 5
    await expectRefused(other!.server, token)
    expect((await getOrders(other!.server, fresh)).status).toBe(200)
    expect(await publishedBy(other!.server)).toMatchObject([{ kid: decodeProtectedHeader(fresh).kid }])
  })

  it('by hand keeps the tokens of a retired key, and refuses those of a removed key (JWK-07)', async () => {
    let signingKeys = loadSigningKeys([privateKeys.RS256, { key: privateKeys.ES256, state: 'next' }])
    const rotating: SigningKeys = { current: () => signingKeys.current() }
    const server = jwtServer({ server: { signingKeys: rotating } })
    const old = await clientToken(server)
    signingKeys = loadSigningKeys([{ key: privateKeys.RS256, state: 'retired' }, privateKeys.ES256])
    const fresh = await clientToken(server)
    expect([old, fresh].map((token) => decodeProtectedHeader(token).alg)).toEqual(['RS256', 'ES256'])
    for (const token of [old, fresh]) expect((await getOrders(server, token)).status).toBe(200)
    signingKeys = loadSigningKeys([privateKeys.ES256])
    await expectRefused(server, old)
    expect((await getOrders(server, fresh)).status).toBe(200)
  })

  it('does not make the guard guess: a token that names no key is refused, even if there is only one (JWK-11)', async () => {
    const server = jwtServer({ server: { signingKeys: loadSigningKeys([privateKeys.ES256]) } })
    const claims = await goodClaims(server)
    await expectRefused(server, jws({ alg: 'ES256', typ: 'at+jwt' }, claims, signer('ES256')))
    await expectRefused(server, jws({ alg: 'HS256', typ: 'at+jwt' }, claims, hmac('')))
  })
})
