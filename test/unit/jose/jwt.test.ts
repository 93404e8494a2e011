import { createHmac, createSecretKey, generateKeyPairSync } from 'node:crypto'
import { beforeEach, describe, expect, it } from 'vitest'
import type { TokenRefusal } from '../../../lib/errors/refusal-reason.js'
import { isJwt, signJwt, verifyJwt, type JwtClaims } from '../../../lib/jose/jwt.js'
import { signingKey, type SigningKey } from '../../../lib/jose/signing-key.js'
import { VerifiedJwts } from '../../../lib/jose/verified-jwts.js'

const secret = Buffer.alloc(32, 7)
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey
const keys: Readonly<Record<string, SigningKey>> = {
  HS256: signingKey(createSecretKey(secret), 'active'),
  ES256: signingKey(generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey, 'active'),
  EdDSA: signingKey(generateKeyPairSync('ed25519').privateKey, 'active'),
  RS256: signingKey(rsa, 'active'),
  PS256: signingKey(rsa, 'active', 'PS256'),
}
const key = keys['HS256']!

const base64url = (value: unknown): string =>
  Buffer.from(typeof value === 'string' || Buffer.isBuffer(value) ? value : JSON.stringify(value)).toString('base64url')

/** A token with this header and these claims, signed with {@link secret}. */
function token(header: unknown, claims: unknown = { sub: 'a' }): string {
  const input = `${base64url(header)}.${base64url(claims)}`
  return `${input}.${createHmac('sha256', secret).update(input).digest('base64url')}`
}
const good = { alg: 'HS256', typ: 'at+jwt', kid: 'k' }

describe('verifyJwt', () => {
  let verified: VerifiedJwts
  let asked: unknown[]

  beforeEach(() => {
    verified = new VerifiedJwts(10)
    asked = []
  })

  const verify = (jwt: string, known: SigningKey | undefined = key): JwtClaims | TokenRefusal =>
    verifyJwt(
      jwt,
      'at+jwt',
      (header) => {
        asked.push(header)
        return known
      },
      verified,
    ) as JwtClaims | TokenRefusal

  it.each(Object.entries(keys))(
    'accepts what is signed with %s, three times, and refuses what is changed',
    async (name, own) => {
      const jwt = await signJwt(own, 'at+jwt', { sub: 'a', nested: [{ deep: { deeper: 1 } }] })
      const [header = '', claims = '', signature = ''] = jwt.split('.')
      expect(JSON.parse(Buffer.from(header, 'base64url').toString())).toEqual({
        alg: name,
        typ: 'at+jwt',
        kid: own.keyId,
      })
      for (let time = 0; time < 3; time += 1) {
        const answer = verify(jwt, own)
        expect(answer).toEqual({ sub: 'a', nested: [{ deep: { deeper: 1 } }] })
        const nested = (answer as JwtClaims)['nested'] as [{ deep: object }]
        expect([answer, nested, nested[0], nested[0].deep].every(Object.isFrozen)).toBe(true)
      }
      expect(asked).toEqual(Array(3).fill(expect.objectContaining({ keyId: own.keyId, algorithm: name })))
      const other = (text: string): string => (text.startsWith('A') ? 'B' : 'A') + text.slice(1)
      for (const changed of [
        `${header}.${base64url({ sub: 'b' })}.${signature}`,
        `${header}.${claims}.${other(signature)}`,
      ])
        expect(verify(changed, own)).toBe('signature')
      expect(
        verify(
          jwt,
          Object.values(keys).find((one) => one.algorithm !== name),
        ),
      ).toBe('algorithm')
    },
  )

  it.each(Object.entries(keys))('distinguishes expired and not yet valid from forged: %s', async (_name, own) => {
    for (const times of [{ exp: 1 }, { nbf: 1e10 }]) {
      expect(verify(await signJwt(own, 'at+jwt', times), own)).toEqual(times)
    }
  })

  it('asks for the key each time, and counts what it remembers only for the very key', () => {
    const jwt = token(good)
    for (let time = 0; time < 3; time += 1) expect(verify(jwt)).toEqual({ sub: 'a' })
    expect(verified.find(verified.keyOf(jwt) ?? '')).toMatchObject({ keyId: 'k', algorithm: 'HS256' })
    expect(verifyJwt(jwt, 'at+jwt', () => undefined, verified)).toBe('unknown_key')
    const another = createSecretKey(Buffer.alloc(32, 8))
    expect(verify(jwt, { ...key, signWith: another, verifyWith: another })).toBe('signature')
    expect(verify(jwt)).toEqual({ sub: 'a' })
  })

  it.each([
    [{ alg: 'HS256', typ: 'at+jwt' }, undefined],
    [{ ...good, typ: 'AT+JWT' }, 'k'],
    [{ ...good, typ: 'application/at+jwt' }, 'k'],
    [{ ...good, more: 1 }, 'k'],
  ])('takes the header %j', (header, keyId) => {
    expect(verify(token(header))).toEqual({ sub: 'a' })
    expect(asked).toEqual([{ keyId, algorithm: 'HS256' }])
  })

  it.each<[TokenRefusal, unknown]>([
    ['header', { typ: 'at+jwt', kid: 'k' }],
    ['header', { ...good, alg: 7 }],
    ['header', { ...good, alg: null }],
    ['type', { alg: 'HS256', kid: 'k' }],
    ['type', { ...good, typ: 7 }],
    ['type', { ...good, typ: 'JWT' }],
    ['type', { ...good, typ: 'at+jwt ' }],
    ['type', { ...good, typ: 'application/application/at+jwt' }],
    ['type', { ...good, typ: 'token-introspection+jwt' }],
    ['header', { ...good, crit: [] }],
    ['header', { ...good, b64: true }],
    ['header', { ...good, kid: 7 }],
    ['header', { ...good, kid: null }],
    ['form', [good]],
    ['form', null],
    ['form', 7],
    ['form', 'no JSON'],
    ['form', Buffer.from([0x7b, 0xff, 0x7d])],
  ])('refuses for its %s, and asks for no key with, the header %j', (reason, header) => {
    expect(verify(token(header))).toBe(reason)
    expect(asked).toEqual([])
  })

  it.each([
    ['another algorithm than that of the key', { ...good, alg: 'HS512' }],
    ['none at all', { ...good, alg: 'none' }],
    ['that of another key', { ...good, alg: 'ES256' }],
  ])('refuses a header that names %s', (_what, header) => {
    expect(verify(token(header))).toBe('algorithm')
    expect(asked).toHaveLength(1)
  })

  it('takes Ed25519 for EdDSA, and nothing else for it', async () => {
    const own = keys['EdDSA']!
    const renamed = { ...own, algorithm: 'Ed25519' as never, keyId: 'renamed' }
    const jwt = await signJwt({ ...own, keyId: 'renamed' }, 'at+jwt', { sub: 'a' })
    expect(verify(jwt, own)).toEqual({ sub: 'a' })
    expect(verify(jwt, renamed)).toBe('algorithm')
  })

  it.each([
    ['that are a list', [{ sub: 'a' }]],
    ['that are null', null],
    ['that are a text', '"a"'],
    ['that are no JSON', '{'],
    ['that are not UTF-8', Buffer.from('{"sub":"\xFF"}', 'latin1')],
  ])('refuses claims %s, and remembers nothing of them', (_what, claims) => {
    const jwt = token(good, claims)
    for (let time = 0; time < 3; time += 1) expect(verify(jwt)).toBe('form')
    expect(verified.find(verified.keyOf(jwt) ?? '')).toBeUndefined()
  })

  it('refuses every other spelling of a token before it is parsed', () => {
    const jwt = token(good)
    const [header = '', claims = '', signature = ''] = jwt.split('.')
    // 32 octets are 43 characters, of which the last carries four bits.
    const last = signature.slice(-1)
    const next = String.fromCharCode(last.charCodeAt(0) + 1)
    for (const spelling of [
      `${jwt}=`,
      `${jwt}.`,
      `.${jwt}`,
      ` ${jwt}`,
      `${jwt}\n`,
      `${header}.${claims}`,
      `${header}.${claims}.`,
      `${header}..${signature}`,
      `.${claims}.${signature}`,
      `${header}=.${claims}.${signature}`,
      `${header}.${claims}.${signature.slice(0, -1)}${next}`,
      `${header}.${claims}.${signature}AA`,
      `${header}+.${claims}.${signature}`,
    ]) {
      expect(verify(spelling), spelling).toBe('form')
    }
    expect(asked).toEqual([])
  })

  it('reads at most 16,384 characters', () => {
    const fill = (length: number): string => token(good, { sub: 'x'.repeat(length) })
    let length = 12_000
    while (fill(length + 1).length <= 16_384) length += 1
    expect(verify(fill(length))).toEqual({ sub: 'x'.repeat(length) })
    expect(verify(fill(length + 3))).toBe('form')
    expect(asked).toHaveLength(1)
  })

  it('works without a memory', () => {
    verified = new VerifiedJwts(0)
    for (let time = 0; time < 3; time += 1) expect(verify(token(good))).toEqual({ sub: 'a' })
  })
})

it.each([
  ['a.b.c', true],
  ['a.b', true],
  ['.', true],
  ['abc', false],
  ['', false],
])('isJwt takes %j for a JWT: %s', (text, is) => {
  expect(isJwt(text)).toBe(is)
})
