import { describe, expect, it } from 'vitest'
import { readAccessTokenClaims } from '../../../lib/tokens/access-token-claims.js'

const now = 1_800_000_000
const issuer = 'https://auth.example.com'
const api = 'https://api.example.com'
const leeway = 5

const ofUser = {
  iss: issuer,
  sub: 'user-1',
  aud: [api],
  client_id: 'app',
  jti: 'token-1',
  scope: 'orders:read',
  sid: 'sign-in-1',
  iat: now - 10,
  exp: now + 600,
  tenant: 't1',
}
const read = (changed: object): ReturnType<typeof readAccessTokenClaims> =>
  readAccessTokenClaims({ ...ofUser, ...changed }, issuer, now, leeway)
const lacking = (name: string): ReturnType<typeof readAccessTokenClaims> =>
  readAccessTokenClaims(Object.fromEntries(Object.entries(ofUser).filter(([key]) => key !== name)), issuer, now, leeway)

describe('readAccessTokenClaims', () => {
  it('tells what a token of a user says, frozen', () => {
    const access = read({})
    expect(access).toEqual({
      clientId: 'app',
      userId: 'user-1',
      authorizationId: 'sign-in-1',
      scope: 'orders:read',
      audience: [api],
      issuedAt: now - 10,
      expiresAt: now + 600,
      tokenId: 'token-1',
      claims: ofUser,
    })
    expect(Object.isFrozen(access?.audience)).toBe(true)
    expect(Object.isFrozen(access?.claims)).toBe(true)
  })

  it.each([
    ['sub and client are one, and nobody signed in', { sub: 'app', sid: undefined }, undefined],
    ['sub and client are one, and somebody signed in', { sub: 'app' }, 'app'],
    ['nobody says who signed in', { sid: undefined }, 'user-1'],
  ])('tells whom a token is for where %s', (_what, changed, userId) => {
    expect(read(changed)).toMatchObject({ userId, clientId: 'app' })
  })

  it('takes an audience that is a text, and a token without scope', () => {
    expect(read({ aud: api })).toMatchObject({ audience: [api] })
    expect(lacking('scope')).toMatchObject({ scope: '' })
  })

  it.each(['iss', 'sub', 'aud', 'client_id', 'jti', 'exp', 'iat'])('JWT-05 refuses a token without %s', (name) => {
    expect(lacking(name)).toBeUndefined()
  })

  it.each<[string, readonly unknown[]]>([
    ['iss', ['', `${issuer}/`, 'https://AUTH.example.com', [issuer], 7, null]],
    ['sub', ['', 7, null, ['user-1'], {}]],
    ['client_id', ['', 7, null, ['app'], {}]],
    ['jti', ['', 7, null, ['token-1'], {}]],
    ['aud', [[], [7], [api, null], 7, null, {}, { [api]: true }]],
    ['scope', [7, null, ['orders:read'], {}]],
    ['sid', ['', 7, null, ['sign-in-1']]],
    ['exp', [String(now + 600), now + 600.5, -1, 1e300, null, NaN, true]],
    ['iat', [String(now), now - 0.5, -1, null, NaN, true]],
    ['nbf', [String(now), now - 0.5, -1, null, NaN, true]],
    ['cnf', [{}, { jkt: 'x' }, undefined, null]],
  ])('refuses a wrong %s', (name, values) => {
    for (const value of values) expect(read({ [name]: value }), String(value)).toBeUndefined()
  })

  it.each([
    ['exp', now - leeway + 1, now - leeway],
    ['iat', now + leeway, now + leeway + 1],
    ['nbf', now + leeway, now + leeway + 1],
  ])('forgives clocks that differ by the leeway and no more: %s', (name, just, tooFar) => {
    expect(read({ [name]: just })).toBeDefined()
    expect(read({ [name]: tooFar })).toBeUndefined()
  })

  it('refuses what was issued in the future, also when it says that it may be used already', () => {
    expect(read({ iat: now + leeway + 1, nbf: now })).toBeUndefined()
  })

  it('takes no claims for no access', () => {
    expect(readAccessTokenClaims(undefined, issuer, now, leeway)).toBeUndefined()
    expect(readAccessTokenClaims({}, issuer, now, leeway)).toBeUndefined()
  })
})
