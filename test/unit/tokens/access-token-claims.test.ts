import { describe, expect, it } from 'vitest'
import type { TokenRefusal } from '../../../lib/errors/refusal-reason.js'
import { readAccessTokenClaims, type ClaimRules } from '../../../lib/tokens/access-token-claims.js'
import type { VerifiedAccess } from '../../../lib/tokens/access-token-claims.js'

const now = 1_800_000_000
const issuer = 'https://auth.example.com'
const api = 'https://api.example.com'
const leeway = 5
const skew = 60
const rules: ClaimRules = {
  issuer,
  clockSkewSeconds: skew,
  leewaySeconds: leeway,
  longestAccessTokenSeconds: 86_400,
}

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
  readAccessTokenClaims({ ...ofUser, ...changed }, rules, now)
const lacking = (name: string): ReturnType<typeof readAccessTokenClaims> =>
  readAccessTokenClaims(Object.fromEntries(Object.entries(ofUser).filter(([key]) => key !== name)), rules, now)

describe('readAccessTokenClaims', () => {
  it('returns what a user’s token says, frozen', () => {
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
      unknownSubject: undefined,
      claims: ofUser,
    })
    expect(Object.isFrozen(access.audience)).toBe(true)
    expect(Object.isFrozen(access.claims)).toBe(true)
  })

  it.each([
    ['sub and client are one, and nobody signed in', { sub: 'app', sid: undefined }, undefined],
    ['sub and client are one, and somebody signed in', { sub: 'app' }, 'app'],
    ['nobody says who signed in, but when', { sid: undefined, auth_time: now - 60 }, 'user-1'],
  ])('returns whom a token acts for if %s', (_what, changed, userId) => {
    expect(read(changed)).toMatchObject({ userId, unknownSubject: undefined, clientId: 'app' })
  })

  it.each([
    ['nothing about a sign-in', {}],
    ['a time of a sign-in that is none', { auth_time: 'yesterday' }],
    ['a time of a sign-in that is null', { auth_time: null }],
  ])('does not infer a user from a subject alone: %s (V18)', (_what, changed) => {
    const service = { sub: 'service-account-app', sid: undefined, ...changed }
    expect(read(service)).toMatchObject({ userId: undefined, unknownSubject: 'service-account-app' })
  })

  it('asks the application, and believes true alone (V18)', () => {
    const claims = { ...ofUser, sid: undefined }
    const asked: unknown[] = []
    const told = (answer: unknown) =>
      readAccessTokenClaims(claims, { ...rules, isUser: (given) => (asked.push(given), answer as boolean) }, now)
    expect(told(true)).toMatchObject({ userId: 'user-1', unknownSubject: undefined })
    for (const answer of [false, 'true', 1, {}, undefined, Promise.resolve(true), Promise.reject(new Error('late'))]) {
      expect(told(answer)).toMatchObject({ userId: undefined, unknownSubject: 'user-1' })
    }
    expect(asked).toEqual(Array(8).fill(claims))
  })

  it('accepts an audience that is a string, and a token without scope', () => {
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
  ])('refuses for %s a token without %s (JWT-05)', (reason, name) => {
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
    ['not_yet_valid', 'iat', now + skew, now + skew + 1],
    ['not_yet_valid', 'nbf', now + skew, now + skew + 1],
    ['too_long', 'exp', now - 10 + 86_400, now - 10 + 86_401],
    ['too_long', 'exp', now + 600, 4_102_444_800],
  ])('tolerates clocks that differ by so much and no more: %s by %s (11)', (reason, name, just, tooFar) => {
    expect(read({ [name]: just })).toMatchObject({ tokenId: 'token-1' })
    expect(read({ [name]: tooFar })).toBe(reason)
  })

  it('refuses what was issued in the future, also when it says that it may be used already', () => {
    expect(read({ iat: now + skew + 1, nbf: now })).toBe('not_yet_valid')
  })

  it('returns the reason for claims that could not be read', () => {
    expect(readAccessTokenClaims({}, rules, now)).toBe('issuer')
    expect(readAccessTokenClaims('signature', rules, now)).toBe('signature')
  })
})
