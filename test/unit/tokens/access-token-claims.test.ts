import { describe, expect, it } from 'vitest'
import type { TokenRefusal } from '../../../lib/protocol/token-refusal.js'
import { readAccessTokenClaims } from '../../../lib/tokens/access-token-claims.js'
import type { VerifiedAccess } from '../../../lib/tokens/verified-access.js'

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
    const access = read({}) as VerifiedAccess
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
    expect(Object.isFrozen(access.audience)).toBe(true)
    expect(Object.isFrozen(access.claims)).toBe(true)
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

  it.each<[TokenRefusal, string]>([
    ['issuer', 'iss'],
    ['claim_sub', 'sub'],
    ['claim_aud', 'aud'],
    ['claim_client_id', 'client_id'],
    ['claim_jti', 'jti'],
    ['claim_exp', 'exp'],
    ['claim_iat', 'iat'],
  ])('JWT-05 refuses for %s a token without %s', (reason, name) => {
    expect(lacking(name)).toBe(reason)
  })

  it.each<[TokenRefusal, string, readonly unknown[]]>([
    ['issuer', 'iss', ['', 'https://AUTH.example.com', `${issuer}//`, [issuer], [`${issuer}/`], 7, null]],
    ['issuer_slash', 'iss', [`${issuer}/`]],
    ['claim_sub', 'sub', ['', 7, null, ['user-1'], {}]],
    ['claim_client_id', 'client_id', ['', 7, null, ['app'], {}]],
    ['claim_jti', 'jti', ['', 7, null, ['token-1'], {}]],
    ['claim_aud', 'aud', [[], [7], [api, null], 7, null, {}, { [api]: true }]],
    ['claim_scope', 'scope', [7, null, ['orders:read'], {}]],
    ['claim_sid', 'sid', ['', 7, null, ['sign-in-1']]],
    ['claim_exp', 'exp', [String(now + 600), now + 600.5, -1, 1e300, null, NaN, true]],
    ['claim_iat', 'iat', [String(now), now - 0.5, -1, null, NaN, true]],
    ['claim_nbf', 'nbf', [String(now), now - 0.5, -1, null, NaN, true]],
    ['sender_constrained', 'cnf', [{}, { jkt: 'x' }, undefined, null]],
  ])('refuses for %s a wrong %s', (reason, name, values) => {
    for (const value of values) expect(read({ [name]: value }), String(value)).toBe(reason)
  })

  it.each<[TokenRefusal, string, number, number]>([
    ['expired', 'exp', now - leeway + 1, now - leeway],
    ['not_yet_valid', 'iat', now + leeway, now + leeway + 1],
    ['not_yet_valid', 'nbf', now + leeway, now + leeway + 1],
  ])('forgives clocks that differ by the leeway and no more: %s by %s', (reason, name, just, tooFar) => {
    expect(read({ [name]: just })).toMatchObject({ tokenId: 'token-1' })
    expect(read({ [name]: tooFar })).toBe(reason)
  })

  it('refuses what was issued in the future, also when it says that it may be used already', () => {
    expect(read({ iat: now + leeway + 1, nbf: now })).toBe('not_yet_valid')
  })

  it('takes no claims for no access, and tells again why there are none', () => {
    expect(readAccessTokenClaims({}, issuer, now, leeway)).toBe('issuer')
    expect(readAccessTokenClaims('signature', issuer, now, leeway)).toBe('signature')
  })
})
