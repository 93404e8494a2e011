import { generateKeyPairSync } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { VerifiedJwts, type VerifiedJwt } from '../../../lib/jose/verified-jwts.js'

const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })

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

describe('the cache of verified JWTs', () => {
  it('caches a token from its second use on, under a key that is not the token', () => {
    const verified = new VerifiedJwts(10)
    const key = verified.keyOf('a.b.c') ?? ''
    expect(key).toMatch(/^[A-Za-z0-9+/]{43}=$/)
    verified.note(key, jwt('first'))
    expect(verified.find(key)).toBeUndefined()
    verified.note(key, jwt('second'))
    expect(verified.find(key)).toEqual(jwt('second'))
    expect(verified.keyOf('a.b.d')).not.toBe(key)
  })

  it('evicts the least recently used when it is full', () => {
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

  it('neither evicts nor grows because of one-off tokens', () => {
    const verified = new VerifiedJwts(4)
    remember(verified, 'regular')
    for (let once = 0; once < 1000; once++) verified.note(verified.keyOf(`once ${String(once)}`) ?? '', jwt('once'))
    expect(isRemembered(verified, 'regular')).toBe(true)
    // What was noted long ago is forgotten too: to come twice is to come twice soon.
    verified.note(verified.keyOf('once 1') ?? '', jwt('once 1'))
    expect(isRemembered(verified, 'once 1')).toBe(false)
  })

  it('caches nothing with a size of 0', () => {
    expect(new VerifiedJwts(0).keyOf('a.b.c')).toBeUndefined()
  })
})
