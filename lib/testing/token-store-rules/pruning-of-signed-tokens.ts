import { randomUUID } from 'node:crypto'
import type { NewUserTokens, TokenStore } from '../../stores/token-store.js'
import { contractContext as context, type ContractRules } from '../contract-rule.js'
import { assertSame } from '../rule-assertions.js'
import { lifetimes, newRotation, newSignedSignIn, newSignIn, startedAt } from '../token-records.js'
import { type TokenStoreUnderTest, forPrunedStores } from '../token-store-under-test.js'
import { assertDead, save } from './token-assertions.js'

const accessTokensEnd = startedAt + lifetimes.accessToken
const refreshTokensEnd = startedAt + lifetimes.refreshToken
const soon = startedAt + 60

export const pruningOfSignedTokensRules: ContractRules<TokenStoreUnderTest> = forPrunedStores({
  'remembers a revoked token until it expires': async ({ store }) => {
    const [tokenId, laterId] = [randomUUID(), randomUUID()]
    await store.revokeSignedToken(tokenId, accessTokensEnd, context)
    await store.revokeSignedToken(laterId, accessTokensEnd + 1, context)
    const early = await store.prune(accessTokensEnd - 1)
    const kept = await store.isSignedTokenRevoked({ tokenId, authorizationId: undefined }, context)
    assertSame(kept, true, 'Until its `expiresAt` nothing else makes the token dead.')
    assertSame(early, 0, 'The answer is how many records went: none had expired.')
    const removed = await store.prune(accessTokensEnd)
    assertSame(
      removed,
      1,
      'From `expiresAt` on the token is dead anyway; remembered for ever, ids would fill the store.',
    )
    const later = await store.isSignedTokenRevoked({ tokenId: laterId, authorizationId: undefined }, context)
    assertSame(later, true, 'Each revocation has an end of its own.')
  },

  'keeps an authorization whose only token is a JWT': async ({ store }) => {
    const signIn = { ...newSignedSignIn(), refreshToken: undefined }
    await save(store, signIn)
    assertSame(await store.prune(accessTokensEnd - 1), 0, 'A JWT that lives keeps its authorization.')
    await assertKnown(store, signIn, 'A JWT of an unknown authorization is revoked: it would die before its time.')
  },

  'keeps an authorization whose refresh token has expired before its JWT': async ({ store }) => {
    const [unused, rotated, mixed] = [newSignedSignIn(), newSignedSignIn(), newSignIn()]
    const signIns = [unused, rotated, mixed].map((signIn) => endingSoon(signIn))
    await save(store, ...signIns)
    const { spending, ...rotation } = endingSoon(newRotation(rotated))
    const accessTokenExpiresAt = accessTokensEnd + 100
    const later = { ...rotation, accessToken: undefined, spending: { ...spending, accessTokenExpiresAt } }
    await store.rotateRefreshToken(later, context)
    await store.rotateRefreshToken({ ...endingSoon(newRotation(mixed)), accessToken: undefined }, context)

    await store.prune(accessTokensEnd - 1)
    const rule = 'A JWT lives until the `accessTokenExpiresAt` that the sign-in or the rotation told.'
    for (const signIn of signIns) await assertKnown(store, signIn, rule)
    await store.revokeAccessToken(mixed.accessToken.tokenHash, context)
    await store.prune(accessTokensEnd - 1)
    await assertKnown(store, mixed, `${rule} Also when the stored access tokens were revoked one by one.`)
    await store.prune(accessTokenExpiresAt - 1)
    await assertKnown(store, rotated, rule)
    await assertEnded(store, unused, 'Its JWT and its refresh token have expired.')
  },

  'keeps an authorization with a refresh token that can be spent': async ({ store }) => {
    const signIn = newSignedSignIn()
    await save(store, signIn)
    await store.prune(refreshTokensEnd - 1)
    await assertKnown(
      store,
      signIn,
      'A refresh token that can be spent keeps its authorization: the next JWT will need it.',
    )
  },

  'removes authorizations whose JWTs have expired': async ({ store }) => {
    const [unused, rotated] = [newSignedSignIn(), newSignedSignIn()]
    const withoutRefreshToken = { ...newSignedSignIn(), refreshToken: undefined }
    await save(store, unused, rotated, withoutRefreshToken)
    const rotation = { ...newRotation(rotated), accessToken: undefined }
    await store.rotateRefreshToken(rotation, context)
    const rule = 'When no token can be used, stored or not, there is nothing left to protect.'
    assertSame(await store.prune(accessTokensEnd), 1, `${rule} Here: the sign-in without a refresh token.`)
    await assertEnded(store, withoutRefreshToken, rule)
    await store.prune(refreshTokensEnd)
    for (const signIn of [unused, rotated]) await assertEnded(store, signIn, rule)
    await assertDead(store, rotation, rule)
    assertSame(await store.prune(refreshTokensEnd), 0, 'All that can go at a time goes at once.')
  },

  'removes an authorization that has expired or is revoked, even if it has valid JWTs': async ({ store }) => {
    const [over, revoked, other] = [
      newSignedSignIn({ expiresAt: soon }),
      newSignedSignIn({ userId: 'bob' }),
      newSignIn(),
    ]
    await save(store, over, revoked, other)
    await store.revokeTokens({ userId: 'bob' }, context)
    await store.prune(soon)
    const rule = 'No JWT outlives its authorization, and one of a revoked authorization is dead without a record, too.'
    for (const signIn of [over, revoked]) await assertEnded(store, signIn, rule)
    await assertKnown(store, other, 'Other authorizations stay.')
  },
})

function endingSoon<Tokens extends { readonly refreshToken: { readonly expiresAt: number } }>(tokens: Tokens): Tokens {
  return { ...tokens, refreshToken: { ...tokens.refreshToken, expiresAt: soon } }
}

async function assertKnown(store: TokenStore, { authorization }: NewUserTokens, rule: string): Promise<void> {
  const token = { tokenId: randomUUID(), authorizationId: authorization.authorizationId }
  assertSame(await store.isSignedTokenRevoked(token, context), false, rule)
  assertSame(await store.findAuthorization(token.authorizationId, context), authorization, rule)
}

async function assertEnded(store: TokenStore, { authorization }: NewUserTokens, rule: string): Promise<void> {
  const token = { tokenId: randomUUID(), authorizationId: authorization.authorizationId }
  assertSame(await store.isSignedTokenRevoked(token, context), true, rule)
  assertSame(await store.findAuthorization(token.authorizationId, context), undefined, rule)
}
