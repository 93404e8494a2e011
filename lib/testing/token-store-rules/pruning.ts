import { contractContext as context, type ContractRules } from '../contract-rule.js'
import { assertSame } from '../rule-assertions.js'
import { lifetimes, newClientTokens, newRotation, newSignIn, startedAt } from '../token-records.js'
import { type TokenStoreUnderTest, forPrunedStores } from '../token-store-under-test.js'
import { assertAlive, assertDead, assertUnknown, save } from './token-assertions.js'

const accessTokensEnd = startedAt + lifetimes.accessToken
const refreshTokensEnd = startedAt + lifetimes.refreshToken
const authorizationsEnd = startedAt + lifetimes.authorization

export const pruningRules: ContractRules<TokenStoreUnderTest> = forPrunedStores({
  'keeps what is alive': async ({ store }) => {
    const alive = [newSignIn(), newClientTokens()]
    await save(store, ...alive)
    const removed = await store.prune(accessTokensEnd - 1)
    for (const tokens of alive)
      await assertAlive(store, tokens, 'A token is alive until the second of its `expiresAt`.')
    assertSame(removed, 0, 'The answer is how many records went, as a number.')
  },

  'removes access tokens that have expired': async ({ store }) => {
    const [signIn, client] = [newSignIn(), newClientTokens()]
    await save(store, signIn, client)
    const removed = await store.prune(accessTokensEnd)
    const rule = 'From the second of `expiresAt` on a token is dead: kept, dead tokens would fill the store.'
    await assertUnknown(store, signIn.accessToken.tokenHash, rule)
    await assertUnknown(store, client.accessToken.tokenHash, rule)
    assertSame(removed, 2, 'The answer is how many records went: two access tokens.')
    const found = await store.findRefreshToken(signIn.refreshToken.tokenHash, context)
    assertSame(
      found?.authorization,
      signIn.authorization,
      'Access tokens expire before the refresh token, which stays.',
    )
  },

  'keeps spent refresh tokens until they expire, and replays are recognized by them': async ({ store }) => {
    const signIn = newSignIn()
    const shortLived = { ...signIn, refreshToken: { ...signIn.refreshToken, expiresAt: accessTokensEnd + 1 } }
    const rotation = newRotation(signIn)
    await save(store, shortLived)
    await store.rotateRefreshToken(rotation, context)
    await store.prune(accessTokensEnd)
    const rule = 'A replay is recognized by the spent token (RFC 9700 §4.14.2), until that has expired itself.'
    const spending = { ...rotation.spending, successorNonce: undefined }
    const found = await store.findRefreshToken(signIn.refreshToken.tokenHash, context)
    assertSame(found?.spending, spending, rule)
    const outcome = await store.rotateRefreshToken(newRotation(signIn), context)
    assertSame(outcome, { outcome: 'already_spent', spending }, rule)
  },

  'forgets nonces when no retry can come any more': async ({ store }) => {
    const [usual, long] = [newSignIn(), newSignIn()]
    const { spending, ...rotation } = newRotation(long)
    const longer = { ...spending, retryUntil: startedAt + 3000 }
    await save(store, usual, long)
    const usualRotation = newRotation(usual)
    await store.rotateRefreshToken(usualRotation, context)
    await store.rotateRefreshToken({ ...rotation, spending: longer }, context)
    const spendings = async () => {
      const found = []
      for (const { refreshToken } of [usual, long]) {
        found.push((await store.findRefreshToken(refreshToken.tokenHash, context))?.spending)
      }
      return found
    }
    const rule =
      'A nonce is kept until `retryUntil`, or a minute after the spending, and not longer: it leads to a token.'
    const forgotten = { successorNonce: undefined }
    for (const [now, ofUsual, ofLong] of [
      [startedAt + 119, {}, {}],
      [startedAt + 120, forgotten, {}],
      [startedAt + 2999, forgotten, {}],
      [startedAt + 3000, forgotten, forgotten],
    ] as const) {
      assertSame(await store.prune(now), 0, `${rule} No record goes by that.`)
      assertSame(
        await spendings(),
        [
          { ...usualRotation.spending, ...ofUsual },
          { ...longer, ...ofLong },
        ],
        rule,
      )
    }
  },

  'removes authorizations that have expired, with all their tokens': async ({ store }) => {
    const expiresAt = startedAt + 600
    const [over, other] = [newSignIn({ expiresAt }), newSignIn()]
    await save(store, over, other)
    await store.rotateRefreshToken(newRotation(over), context)
    await store.prune(expiresAt)
    await assertDead(store, over, 'An authorization ends for ever at its `expiresAt`, whatever its tokens say.')
    await assertAlive(store, other, 'Other authorizations stay.')
    const ended = await store.revokeTokens({ everything: true }, context)
    assertSame(ended, 1, 'Only the authorization that was not over is still there.')
  },

  'removes authorizations without a token that could be used': async ({ store }) => {
    const [unused, refreshed, withoutRefreshToken] = [
      newSignIn(),
      newSignIn(),
      { ...newSignIn(), refreshToken: undefined },
    ]
    await save(store, unused, refreshed, withoutRefreshToken)
    const rotation = newRotation(refreshed)
    await store.rotateRefreshToken(rotation, context)

    await store.prune(accessTokensEnd)
    const found = await store.findRefreshToken(rotation.refreshToken.tokenHash, context)
    assertSame(found?.spending, undefined, 'A refresh token that can be spent keeps its authorization.')
    await store.prune(refreshTokensEnd)
    const rule = 'When no token can be used there is nothing left to protect, and spent tokens go with the rest.'
    for (const tokens of [unused, refreshed, rotation]) {
      await assertDead(store, tokens, rule)
    }
    assertSame(await store.revokeTokens({ everything: true }, context), 0, rule)
  },

  'removes an authorization whose only access token was revoked': async ({ store }) => {
    const withoutRefreshToken = { ...newSignIn(), refreshToken: undefined }
    await save(store, withoutRefreshToken)
    await store.revokeAccessToken(withoutRefreshToken.accessToken.tokenHash, context)
    await store.prune(startedAt + 1)
    const ended = await store.revokeTokens({ userId: 'alice' }, context)
    assertSame(ended, 0, 'An authorization without a token can never matter again.')
  },

  'judges by the tokens that can be used, not by those that were spent': async ({ store }) => {
    const signIn = newSignIn()
    const rotation = newRotation(signIn)
    await save(store, signIn)
    const refreshToken = { ...rotation.refreshToken, expiresAt: accessTokensEnd }
    await store.rotateRefreshToken({ ...rotation, refreshToken }, context)
    await store.prune(accessTokensEnd)
    const rule = 'A spent token cannot be used: it does not keep its authorization.'
    await assertUnknown(store, signIn.refreshToken.tokenHash, rule)
  },

  'removes what was revoked': async ({ store }) => {
    const [signIn, other, client] = [newSignIn(), newSignIn({ userId: 'bob' }), newClientTokens()]
    await save(store, signIn, other, client)
    await store.rotateRefreshToken(newRotation(signIn), context)
    await store.revokeTokens({ userId: 'alice' }, context)
    await store.prune(startedAt + 1)
    await assertDead(store, signIn, 'Revoked stays revoked when the records are removed.')
    for (const tokens of [other, client]) await assertAlive(store, tokens, 'What was not revoked stays.')
  },

  'has nothing left to do when it is called again': async ({ store }) => {
    const [revoked, kept] = [newSignIn(), newSignIn({ userId: 'bob' })]
    await save(store, revoked, kept, newClientTokens())
    await store.rotateRefreshToken(newRotation(kept), context)
    await store.revokeTokens({ userId: 'alice' }, context)
    for (const now of [startedAt + 1, accessTokensEnd, refreshTokensEnd, authorizationsEnd]) {
      await store.prune(now)
      assertSame(await store.prune(now), 0, 'All that can go at a time goes at once: a second call finds nothing.')
    }
  },
})
