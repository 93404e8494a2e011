import { randomUUID } from 'node:crypto'
import { systemClock } from '../../time/clock.js'
import type { NewUserTokens, TokenStore } from '../../stores/token-store.js'
import { contractContext as context, type ContractRules } from '../contract-rule.js'
import { inTime, sleepUntil } from '../real-time.js'
import { assertSame } from '../rule-assertions.js'
import { endingAt, newClientTokens, newRotation, newSignedSignIn, newSignIn } from '../token-records.js'
import { type TokenStoreUnderTest, forSelfExpiringStores } from '../token-store-under-test.js'
import { assertAlive, save } from './token-assertions.js'

/**
 * In real time, because nobody tells such a store the time: records that end within a second or two. A store may also keep them,
 * so that all that can be seen is whether something went too early.
 */
export const expiryByItselfRules: ContractRules<TokenStoreUnderTest> = forSelfExpiringStores({
  'keeps every record until its end': async ({ store }) => {
    const found = await inTime(async (end, almost) => {
      const signIn = endingAt(end, newSignIn({ expiresAt: end }))
      const client = newClientTokens({ expiresAt: end })
      const signed = { ...newSignedSignIn({ expiresAt: end }), accessTokenExpiresAt: end, refreshToken: undefined }
      const tokenId = randomUUID()
      await save(store, signIn, client, signed)
      await store.revokeSignedToken(tokenId, end, context)
      await sleepUntil(almost)
      const { authorization, accessToken, refreshToken } = signIn
      return {
        found: [
          await store.findAccessToken(accessToken.tokenHash, context),
          await store.findAccessToken(client.accessToken.tokenHash, context),
          await store.findRefreshToken(refreshToken.tokenHash, context),
          await store.findAuthorization(signed.authorization.authorizationId, context),
          await store.isSignedTokenRevoked({ tokenId, authorizationId: undefined }, context),
        ],
        expected: [
          accessToken,
          client.accessToken,
          { ...refreshToken, authorization, spending: undefined },
          signed.authorization,
          true,
        ],
      }
    })
    const rule = 'A record is alive until the second of its `expiresAt`: a store that rounds down ends it too early.'
    for (const [index, expected] of found.expected.entries()) assertSame(found.found[index], expected, rule)
  },

  'keeps what can be refreshed, and the tokens that were spent for it': async ({ store }) => {
    const { unused, refreshed, rotation, end } = await inTime(async (second) => {
      const [neverRefreshed, signIn] = [newSignIn(), newSignIn()]
      const endingFirst = endingAt(second, signIn)
      const { spending, ...successors } = newRotation(signIn)
      const jwt = { ...successors, spending: { ...spending, accessTokenExpiresAt: second }, accessToken: undefined }
      const shortAccessToken = { ...neverRefreshed.accessToken, expiresAt: second }
      await save(store, { ...neverRefreshed, accessToken: shortAccessToken, accessTokenExpiresAt: second }, endingFirst)
      await store.rotateRefreshToken(jwt, context)
      return { unused: neverRefreshed, refreshed: endingFirst, rotation: jwt, end: second }
    })
    await sleepUntil(end * 1000 + 150)

    const rule = 'A refresh token that can be spent keeps its authorization, however early the other tokens end.'
    for (const tokens of [unused, { ...rotation, authorization: refreshed.authorization }]) {
      await assertAlive(store, { ...tokens, accessToken: undefined }, rule)
    }
    const next = newRotation(refreshed, rotation.refreshToken.tokenHash)
    for (const last of [newRotation(unused), next]) {
      assertSame(await store.rotateRefreshToken(last, context), { outcome: 'rotated' }, rule)
    }
    const recognized = 'A spent token stays until it has expired itself: a replay is recognized by it.'
    const replay = await store.rotateRefreshToken(newRotation(refreshed, next.presented), context)
    assertSame(replay, { outcome: 'already_spent', spending: next.spending }, recognized)
    const spent = await store.findRefreshToken(next.presented, context)
    assertSame(spent?.spending, next.spending, recognized)
  },

  'keeps a nonce until no retry can come': async ({ store }) => {
    const { found, expected } = await inTime(async (end, almost) => {
      const signIn = newSignIn()
      const { spending, ...rotation } = newRotation(signIn)
      const ending = { ...spending, spentAt: systemClock(), retryUntil: end }
      await save(store, signIn)
      await store.rotateRefreshToken({ ...rotation, spending: ending }, context)
      await sleepUntil(almost)
      return { found: await store.findRefreshToken(signIn.refreshToken.tokenHash, context), expected: ending }
    })
    assertSame(found?.spending, expected, 'Until `retryUntil` a retry needs the nonce.')
  },

  'keeps an authorization whose only living token is a JWT': async ({ store }) => {
    const { signIns, end } = await inTime(async (second) => {
      const [alone, unused, refreshed] = [newSignedSignIn(), newSignedSignIn(), newSignIn()]
      await save(
        store,
        { ...alone, refreshToken: undefined },
        { ...unused, refreshToken: { ...unused.refreshToken, expiresAt: second } },
        endingAt(second, refreshed),
      )
      const { refreshToken, ...rotation } = newRotation(refreshed)
      const successor = { ...refreshToken, expiresAt: second }
      await store.rotateRefreshToken({ ...rotation, refreshToken: successor, accessToken: undefined }, context)
      return { signIns: [alone, unused, refreshed], end: second }
    })
    await sleepUntil(end * 1000 + 150)
    for (const { authorization } of signIns) {
      const { authorizationId } = authorization
      const rule = 'A JWT of an unknown authorization is revoked: without its authorization it dies before its time.'
      assertSame(await store.isSignedTokenRevoked({ tokenId: randomUUID(), authorizationId }, context), false, rule)
      assertSame(await store.findAuthorization(authorizationId, context), authorization, rule)
    }
  },

  'revokes and lists what lives after others have ended': async ({ store }) => {
    const { alice, bob, client, end } = await inTime(async (second) => {
      const [ofAlice, ofBob, own] = [newSignIn(), newSignIn({ userId: 'bob', clientId: 'web-shop' }), newClientTokens()]
      await save(store, ofAlice, ofBob, own)
      // Later than those that outlive them, so that whatever leads to both is touched last by what ends first.
      const short = [
        newSignIn({ expiresAt: second }),
        newSignIn({ expiresAt: second, userId: 'bob', clientId: 'web-shop' }),
      ]
      await save(store, ...short.map((signIn) => endingAt(second, signIn)), newClientTokens({ expiresAt: second }))
      return { alice: ofAlice, bob: ofBob, client: own, end: second }
    })
    await sleepUntil(end * 1000 + 150)
    const rule = 'What leads to the tokens of a user or client lives as long as the last of them.'
    await assertListed(store, alice, rule)
    await store.revokeTokens({ userId: 'alice' }, context)
    await store.revokeTokens({ clientId: 'web-shop' }, context)
    await store.revokeTokens({ clientId: client.accessToken.clientId }, context)
    const revoked = `${rule} Here it was lost, and a revocation missed a token.`
    for (const { tokenHash } of [alice.accessToken, bob.accessToken, client.accessToken]) {
      assertSame(await store.findAccessToken(tokenHash, context), undefined, revoked)
    }
    for (const { authorization } of [alice, bob]) {
      assertSame(await store.findAuthorization(authorization.authorizationId, context), undefined, revoked)
    }
  },
})

async function assertListed(store: TokenStore, { authorization }: NewUserTokens, rule: string): Promise<void> {
  const listed = await store.listAuthorizations(authorization.userId, context)
  const found = listed.find(({ authorizationId }) => authorizationId === authorization.authorizationId)
  assertSame(found, { ...authorization, lastUsedAt: authorization.createdAt }, rule)
}
