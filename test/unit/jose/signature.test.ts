import { createSecretKey, generateKeyPairSync } from 'node:crypto'
import jsonwebtoken from 'jsonwebtoken'
import { expect, it } from 'vitest'
import { signJwt, verifyJwt } from '../../../lib/jose/jwt.js'
import { signingKey } from '../../../lib/jose/signing-key.js'
import { VerifiedJwts } from '../../../lib/jose/verified-jwts.js'

const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const key = signingKey(privateKey, 'active')
const halfOrder = 0x7fffffff800000007fffffffffffffffde737d56d38bcf4279dce5617e3192a8n

it('every ES256 signature has 64 bytes and the smaller S, and another library verifies it (JWT-22)', async () => {
  for (let i = 0; i < 500; i++) {
    const token = await signJwt(key, 'at+jwt', { jti: i })
    const signature = Buffer.from(token.split('.')[2] ?? '', 'base64url')
    expect(signature.length).toBe(64)
    expect(BigInt(`0x${signature.toString('hex', 32)}`) <= halfOrder).toBe(true)
    // It converts the signature to DER, which has one way to write it.
    expect(jsonwebtoken.verify(token, publicKey, { algorithms: ['ES256'] })).toMatchObject({ jti: i })
  }
})

it('refuses an ES256 signature that does not have 64 bytes, and one of zeros (JWT-22)', async () => {
  const [header = '', claims = '', signature = ''] = (await signJwt(key, 'at+jwt', {})).split('.')
  const verify = (bytes: Buffer): unknown =>
    verifyJwt(`${header}.${claims}.${bytes.toString('base64url')}`, 'at+jwt', () => key, new VerifiedJwts(0))
  const good = Buffer.from(signature, 'base64url')
  expect(verify(good)).toEqual({})
  const wrong = [
    good.subarray(1),
    good.subarray(0, 63),
    Buffer.concat([good, Buffer.of(0)]),
    Buffer.concat([good, good]),
  ]
  for (const bytes of [...wrong, Buffer.alloc(1, 1), Buffer.alloc(64)]) expect(verify(bytes)).toBe('signature')
})

it('signs HS256 as jsonwebtoken does, without a time that the claims do not have', async () => {
  const secret = signingKey(createSecretKey(Buffer.alloc(32, 7)), 'active')
  const [header = '', claims = ''] = (await signJwt(secret, 'at+jwt', { sub: 'a' })).split('.')
  expect([header, claims].map((part) => Buffer.from(part, 'base64url').toString())).toEqual([
    JSON.stringify({ alg: 'HS256', typ: 'at+jwt', kid: secret.keyId }),
    JSON.stringify({ sub: 'a' }),
  ])
})
