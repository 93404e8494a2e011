import { generateKeyPairSync, verify } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { derSignature, joseSignature } from '../../../lib/jose/ecdsa-signature.js'
import { signJwt } from '../../../lib/jose/jwt.js'
import { signingKey } from '../../../lib/jose/signing-key.js'
import { VerifiedJwts, type VerifiedJwt } from '../../../lib/jose/verified-jwts.js'

const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })

function jwt(sub: string): VerifiedJwt {
  return { keyId: 'k', algorithm: 'ES256', verifyWith: publicKey, claims: { sub } }
}

function remember(verified: VerifiedJwts, token: string): void {
  const key = verified.keyOf(token) ?? ''
  verified.note(key, jwt(token))
  verified.note(key, jwt(token))
}

function isRemembered(verified: VerifiedJwts, token: string): boolean {
  return verified.find(verified.keyOf(token) ?? '')?.claims['sub'] === token
}

describe('the memory of verified JWTs', () => {
  it('remembers a token that came twice, under a name that is not the token', () => {
    const verified = new VerifiedJwts(10)
    const key = verified.keyOf('a.b.c') ?? ''
    expect(key).toMatch(/^[A-Za-z0-9+/]{43}=$/)
    verified.note(key, jwt('first'))
    expect(verified.find(key)).toBeUndefined()
    verified.note(key, jwt('second'))
    expect(verified.find(key)).toEqual(jwt('second'))
    expect(verified.keyOf('a.b.d')).not.toBe(key)
  })

  it('drops those that were not used for longest when there are more than it has room for', () => {
    const verified = new VerifiedJwts(4)
    for (const token of ['1', '2', '3', '4']) remember(verified, token)
    expect(['4', '3', '2'].map((token) => isRemembered(verified, token))).toEqual([true, true, true])
    remember(verified, '1')
    for (let more = 5; more < 40; more++) {
      remember(verified, String(more))
      // In use all the time.
      expect(isRemembered(verified, '1')).toBe(true)
    }
    expect(['2', '3', '4', '30'].filter((token) => isRemembered(verified, token))).toEqual([])
    expect(isRemembered(verified, '39')).toBe(true)
  })

  it('does not let tokens that come once push out what is remembered, nor grow by them', () => {
    const verified = new VerifiedJwts(4)
    remember(verified, 'regular')
    for (let once = 0; once < 1000; once++) verified.note(verified.keyOf(`once ${String(once)}`) ?? '', jwt('once'))
    expect(isRemembered(verified, 'regular')).toBe(true)
    // What was noted long ago is forgotten too: to come twice is to come twice soon.
    verified.note(verified.keyOf('once 1') ?? '', jwt('once 1'))
    expect(isRemembered(verified, 'once 1')).toBe(false)
  })

  it('remembers nothing where it has no room', () => {
    expect(new VerifiedJwts(0).keyOf('a.b.c')).toBeUndefined()
  })
})

it('JWT-22 every ES256 signature is 64 octets that the platform verifies, also where R or S is short', async () => {
  const key = signingKey(privateKey, 'active')
  for (let i = 0; i < 2000; i++) {
    const [header, claims, signature = ''] = (await signJwt(key, 'at+jwt', { jti: i })).split('.')
    const raw = Buffer.from(signature, 'base64url')
    expect(raw.length).toBe(64)
    const input = Buffer.from(`${header ?? ''}.${claims ?? ''}`)
    expect(verify('sha256', input, { key: publicKey, dsaEncoding: 'ieee-p1363' }, raw)).toBe(true)
    // And back: DER has one way to write it, so that the platform's own is the oracle.
    expect(joseSignature(derSignature(raw) ?? raw)).toEqual(raw)
    expect(verify('sha256', input, publicKey, derSignature(raw) ?? raw)).toBe(true)
  }
})

it('JWT-22 an ES256 signature that has not 64 octets is none', () => {
  for (const length of [0, 1, 63, 65, 128]) expect(derSignature(Buffer.alloc(length, 1))).toBeUndefined()
  expect(derSignature(Buffer.alloc(64))?.toString('hex')).toBe('3006020100020100')
})
