import { createHmac, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { CompactEncrypt, exportJWK, FlattenedSign, GeneralSign } from 'jose'
import { loadSigningKeys } from 'latchkey'
import request from 'supertest'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { isJwt } from '../../lib/jose/jwt.js'
import { VerifiedJwts } from '../../lib/jose/verified-jwts.js'
import { ActiveParties } from '../../lib/tokens/active-parties.js'
import { ownTokenVerifier } from '../../lib/tokens/verify-access-token.js'
import { applicationContext } from '../../lib/request/request-context.js'
import { algorithms, api, clientToken, expectRefused, getOrders, goodClaims, hmac } from '../fixtures/jwt-server.js'
import { jws, jwtServer, privateKeys, segment, signer, type Algorithm } from '../fixtures/jwt-server.js'
import { basic, secretOf, type TestServer } from '../fixtures/test-server.js'

let server: TestServer
let claims: Record<string, unknown>
let keyIds: Record<Algorithm, string>

const attacker = {
  RS256: generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey,
  ES256: generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey,
}
const headerOf = (algorithm: Algorithm, more: object = {}): object => ({
  alg: algorithm,
  typ: 'at+jwt',
  kid: keyIds[algorithm],
  ...more,
})
/** A token by the server's own key for RS256, with something in its header. */
const withHeader = (more: object): string => jws(headerOf('RS256', more), claims, signer('RS256'))
const accepts = async (token: string, at = server): Promise<boolean> => (await getOrders(at, token)).status === 200
const refuse = (token: string, why?: string): Promise<void> => expectRefused(server, token, why)

beforeAll(async () => {
  server = jwtServer()
  await once(server.http.listen(0, '127.0.0.1'), 'listening')
  claims = await goodClaims(server)
  const { body } = await request(server.http).get('/oauth/jwks')
  keyIds = Object.fromEntries(
    body.keys.map(({ alg, kid }: { alg: string; kid: string }) => [alg, kid]),
  ) as typeof keyIds
  for (const algorithm of algorithms) {
    expect(await accepts(jws(headerOf(algorithm), claims, signer(algorithm))), algorithm).toBe(true)
  }
})

afterAll(async () => {
  // Nothing of what came before has shaken the server.
  expect(await accepts(withHeader({}))).toBe(true)
  server.http.close()
})

describe('the algorithm', () => {
  it.each([
    'none',
    'None',
    'nOnE',
    'NONE',
    '',
    'none ',
    'rs256',
    'RS256 ',
    'RS512',
    'HS256',
    null,
    5,
    ['RS256'],
    undefined,
  ])('%j of a header is refused, with and without a signature (JWT-01, JAT-12, JAT-02)', async (alg) => {
    const input = `${segment(headerOf('RS256', { alg }))}.${segment(claims)}`
    await refuse(`${input}.`)
    await refuse(`${input}.AA`)
    await refuse(input)
    await refuse(jws(headerOf('RS256', { alg }), claims, signer('RS256')))
    await refuse(jws({ alg, typ: 'at+jwt' }, claims, signer('RS256')))
  })

  it('of a token is that of its key, and no other that the key could verify (JWT-02, JAT-12)', async () => {
    for (const key of algorithms) {
      for (const alg of algorithms.filter((name) => name !== key)) {
        await refuse(jws(headerOf(key, { alg }), claims, signer(key)), `${alg} for the key of ${key}`)
        await refuse(jws(headerOf(alg), claims, signer(key)), `the key of ${alg} for a signature by that of ${key}`)
      }
    }
    const { RS256: rsa, ES256: ec } = privateKeys
    await refuse(jws(headerOf('RS256', { alg: 'PS256' }), claims, signer('PS256', rsa)))
    await refuse(jws(headerOf('PS256', { alg: 'RS256' }), claims, signer('RS256', privateKeys.PS256)))
    for (const alg of ['ES384', 'ES512', 'ES256K'])
      await refuse(jws(headerOf('ES256', { alg }), claims, signer('ES256', ec)))
  })

  it.each(algorithms)(
    'HS256 with what is public of the key for %s as the secret is refused (JWT-03, JWT-21)',
    async (name) => {
      const key = createPublicKey(privateKeys[name])
      const { body } = await request(server.http).get('/oauth/jwks')
      const jwk = body.keys.find(({ alg }: { alg: string }) => alg === name)
      const { n, x } = key.export({ format: 'jwk' })
      const pem = key.export({ type: 'spki', format: 'pem' }).toString()
      const secrets: (string | Buffer)[] = [
        pem,
        pem.trimEnd(),
        key.export({ type: 'spki', format: 'der' }),
        JSON.stringify(jwk),
        JSON.stringify(key.export({ format: 'jwk' })),
        JSON.stringify(body),
        Buffer.from(n ?? x ?? '', 'base64url'),
        n ?? x ?? '',
        jwk.kid,
        '',
      ]
      if (name === 'RS256' || name === 'PS256') secrets.push(key.export({ type: 'pkcs1', format: 'pem' }).toString())
      for (const secret of secrets) {
        await refuse(jws(headerOf(name, { alg: 'HS256' }), claims, hmac(secret)))
        await refuse(jws(headerOf(name), claims, hmac(secret)))
      }
    },
  )

  it('of one server is never both symmetric and asymmetric (JWT-04)', () => {
    const secret = { kty: 'oct', k: Buffer.alloc(32, 7).toString('base64url') }
    expect(() => loadSigningKeys([privateKeys.ES256, secret])).toThrow('HS256 is mixed with another algorithm')
    expect(() => loadSigningKeys([secret, { key: privateKeys.ES256, state: 'retired' }])).toThrow('HS256 is mixed')
  })

  it('may be named Ed25519 if the key is one (JWT-19)', async () => {
    expect(await accepts(jws(headerOf('EdDSA', { alg: 'Ed25519' }), claims, signer('EdDSA')))).toBe(true)
    await refuse(jws(headerOf('RS256', { alg: 'Ed25519' }), claims, signer('RS256')))
    await refuse(jws(headerOf('EdDSA', { alg: 'Ed448' }), claims, signer('EdDSA')))
  })
})

describe('the key', () => {
  const chosen = (header: object, key: KeyObject): string =>
    jws({ alg: 'RS256', typ: 'at+jwt', ...header }, claims, signer('RS256', key))

  it('is never taken from a header, or from a URL in a header (JWT-05, JAT-12)', async () => {
    let requests = 0
    const host = createServer((_, res) => {
      requests++
      res.end(JSON.stringify({ keys: [jwk] }))
    })
    const jwk = { ...(await exportJWK(createPublicKey(attacker.RS256))), kid: 'attacker', alg: 'RS256', use: 'sig' }
    await once(host.listen(0, '127.0.0.1'), 'listening')
    const url = `http://127.0.0.1:${(host.address() as AddressInfo).port}/keys`
    const der = createPublicKey(attacker.RS256).export({ type: 'spki', format: 'der' }).toString('base64')
    for (const kid of [undefined, 'attacker', keyIds.RS256]) {
      for (const more of [
        { jwk },
        { x5c: [der] },
        { jku: url },
        { x5u: url },
        { jwk, jku: url, x5u: url, x5c: [der] },
      ]) {
        await refuse(chosen({ kid, ...more }, attacker.RS256))
      }
    }
    host.close()
    expect(requests).toBe(0)
    // They do not stand in the way of a good signature either.
    expect(await accepts(withHeader({ jwk, jku: url, x5u: url }))).toBe(true)
  })

  it('is found by an id that is a string, and by nothing else (JWT-06)', async () => {
    const texts = [
      '../../../../dev/null',
      '/etc/passwd',
      '|whoami',
      "' UNION SELECT 1 --",
      '__proto__',
      'constructor',
      'toString',
    ]
    const others: unknown[] = [
      0,
      5,
      null,
      true,
      {},
      [keyIds.RS256],
      { toString: keyIds.RS256 },
      '',
      ' ',
      `${keyIds.RS256} `,
    ]
    for (const kid of [...texts, ...others, 'x'.repeat(7000)]) {
      await refuse(withHeader({ kid }))
      await refuse(jws({ alg: 'HS256', typ: 'at+jwt', kid }, claims, hmac('')))
      await refuse(jws({ alg: 'none', typ: 'at+jwt', kid }, claims, hmac('')))
    }
  })

  it('is not looked for when a token is larger than 16 KiB (JWT-06, JWT-20)', async () => {
    let lookedUp = 0
    const signingKeys = { current: () => (lookedUp++, loadSigningKeys([privateKeys.ES256]).current()) }
    const services = {
      issuer: 'http://127.0.0.1',
      tokens: server.stores.tokens,
      signingKeys,
      verifiedJwts: new VerifiedJwts(10_000),
      clock: () => server.now(),
      parties: new ActiveParties({ ...server.stores, grants: new Map(), clock: () => server.now() }, 0),
    }
    const verify = ownTokenVerifier(services, { checkRevocation: true, checkParties: false })
    for (const length of [16_385, 1_000_000]) {
      const token = jws(headerOf('RS256', { kid: 'x'.repeat(length) }), claims, signer('RS256'))
      expect(isJwt(token)).toBe(true)
      expect(await verify(token, applicationContext())).toBe('form')
    }
    expect(lookedUp).toBe(0)
    expect(
      await verify(jws({ alg: 'ES256', typ: 'at+jwt', kid: 'x' }, claims, signer('ES256')), applicationContext()),
    ).toBe('unknown_key')
    expect(lookedUp).toBe(1)
  })

  it('is not used if a header has extensions that are not understood (JWT-07, JWT-08)', async () => {
    for (const crit of [['x'], [], ['exp'], ['alg'], ['b64'], 'exp', null, {}]) await refuse(withHeader({ crit, x: 1 }))
    for (const b64 of [false, true]) {
      await refuse(withHeader({ b64 }))
      await refuse(withHeader({ b64, crit: ['b64'] }))
    }
    const header = segment(headerOf('RS256', { b64: false, crit: ['b64'] }))
    const text = JSON.stringify({ exp: 1 })
    await refuse(
      `${header}.${segment(text)}.${signer('RS256')(Buffer.from(`${header}.${text}`)).toString('base64url')}`,
    )
  })
})

describe('the form', () => {
  it('is compact, and not JSON (JWT-09)', async () => {
    const payload = Buffer.from(JSON.stringify(claims))
    const flattened = await new FlattenedSign(payload)
      .setProtectedHeader(headerOf('RS256') as { alg: string })
      .sign(privateKeys.RS256)
    const general = await new GeneralSign(payload)
      .addSignature(privateKeys.RS256)
      .setProtectedHeader(headerOf('RS256') as { alg: string })
      .sign()
    for (const json of [flattened, general].map((value) => JSON.stringify(value))) {
      // Not even the form of a bearer token.
      const answer = await getOrders(server, json)
      expect([answer.status, answer.body.error]).toEqual([400, 'invalid_request'])
      await refuse(Buffer.from(json).toString('base64url') + '..')
    }
    const [header, body, signature] = withHeader({}).split('.')
    for (const token of [`${header}.${body}`, `${header}.${body}.${signature}.`, `.${header}.${body}.${signature}`])
      await refuse(token)
    for (const token of [
      `${header}..${signature}`,
      `.${body}.${signature}`,
      '..',
      '.',
      'a.b.c',
      `${header}.${body}.${signature}=`,
    ]) {
      await refuse(token)
    }
    await refuse(`${header}/.${body}.${signature}`)
    await refuse(`${header}.${body}+.${signature}`)
  })

  it('is that of a signed token, and an encrypted one is refused (JWT-10, JAT-15)', async () => {
    const jwe = await new CompactEncrypt(Buffer.from(JSON.stringify(claims)))
      .setProtectedHeader({ alg: 'RSA-OAEP-256', enc: 'A256GCM', typ: 'at+jwt', kid: keyIds.RS256 })
      .encrypt(createPublicKey(privateKeys.RS256))
    expect(jwe.split('.')).toHaveLength(5)
    await refuse(jwe)
    const nested = await new CompactEncrypt(Buffer.from(withHeader({})))
      .setProtectedHeader({ alg: 'RSA-OAEP-256', enc: 'A256GCM', typ: 'at+jwt', cty: 'JWT', kid: keyIds.RS256 })
      .encrypt(createPublicKey(privateKeys.RS256))
    await refuse(nested)
  })
})

describe('another spelling', () => {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
  const order = BigInt('0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551')

  /** The other signature that verifies: (r, n − s). */
  function malleated(token: string): string {
    const dot = token.lastIndexOf('.')
    const octets = Buffer.from(token.slice(dot + 1), 'base64url')
    const s = order - BigInt(`0x${octets.subarray(32).toString('hex')}`)
    const other = Buffer.concat([octets.subarray(0, 32), Buffer.from(s.toString(16).padStart(64, '0'), 'hex')])
    return `${token.slice(0, dot)}.${other.toString('base64url')}`
  }

  it.each(algorithms)('of a token is refused, before and after it is revoked: %s (JWT-16)', async (algorithm) => {
    const own = jwtServer({}, algorithm)
    await once(own.http.listen(0, '127.0.0.1'), 'listening')
    let token = await clientToken(own)
    // One that has a character to write otherwise.
    while (!/[-_][^.]*$/.test(token)) token = await clientToken(own)
    const respelled = Array.from(alphabet)
      .filter((last) => last !== token.at(-1))
      .map((last) => token.slice(0, -1) + last)
    const plain = token.replaceAll('-', '+').replaceAll('_', '/')
    const others = [...respelled, plain, `${token}=`, `${token}==`]
    for (const other of others) await expectRefused(own, other)
    expect(await accepts(token, own)).toBe(true)
    // Another signature of the same claims is the same token, and is revoked with it.
    const twins = algorithm === 'ES256' ? [malleated(token)] : []
    for (const twin of twins) expect(await accepts(twin, own)).toBe(true)
    const revocation = request(own.http)
      .post('/oauth/revoke')
      .set('Authorization', basic('shop-app', secretOf('shop-app')))
    expect((await revocation.type('form').send({ token: twins[0] ?? token })).status).toBe(200)
    for (const other of [token, ...twins, ...others]) await expectRefused(own, other)
    own.http.close()
  })

  it('is not made by weak randomness: no two signatures of the same claims share their random part (JWT-22)', () => {
    const signatures = Array.from({ length: 20 }, () => jws({}, {}, signer('ES256')).split('.')[2] ?? '')
    expect(new Set(signatures.map((text) => text.slice(0, 42))).size).toBe(20)
  })
})

describe('HS256, for a single app', () => {
  it('accepts its own secret, and no other secret or algorithm (JWT-01, JWT-03)', async () => {
    const secret = Buffer.alloc(32, 'a secret of 256 bits ')
    const signingKeys = loadSigningKeys([{ kty: 'oct', k: secret.toString('base64url') }])
    const own = jwtServer({ server: { signingKeys } })
    const token = await clientToken(own)
    expect(await accepts(token, own)).toBe(true)
    const [header = '', payload = '', signature] = token.split('.')
    const expected = createHmac('sha256', secret).update(`${header}.${payload}`).digest('base64url')
    expect(signature).toBe(expected)
    const { kid } = JSON.parse(Buffer.from(header, 'base64url').toString())
    for (const wrong of ['', kid, Buffer.alloc(32), secret.subarray(0, 31)]) {
      await expectRefused(own, jws({ alg: 'HS256', typ: 'at+jwt', kid }, claims, hmac(wrong)))
    }
    await expectRefused(own, jws({ alg: 'HS512', typ: 'at+jwt', kid }, claims, hmac(secret)))
    await expectRefused(own, jws({ alg: 'RS256', typ: 'at+jwt', kid }, claims, signer('RS256')))
    await expectRefused(own, `${segment({ alg: 'none', typ: 'at+jwt', kid })}.${segment(claims)}.`)
    expect(claims['aud']).toBe(api)
  })
})
