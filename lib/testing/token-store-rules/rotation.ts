import type { TokenStore } from '../../stores/token-store.js'
import { contractContext as context, type ContractRules } from '../contract-rule.js'
import { assertRefused, assertSame } from '../rule-assertions.js'
import { newHash, newRotation, newSignIn, overtaken, type SignIn } from '../token-records.js'
import type { TokenStoreUnderTest } from '../token-store-under-test.js'
import { assertOneWinner, assertAlive, assertDead, assertUnknown } from './token-assertions.js'

export const rotationRules: ContractRules<TokenStoreUnderTest> = {
  'spends the token and stores its successors': async ({ store }) => {
    const signIn = await savedSignIn(store)
    const rotation = newRotation(signIn)
    const outcome = await store.rotateRefreshToken(rotation, context)
    assertSame(outcome, { outcome: 'rotated' }, 'The first rotation of a token succeeds.')
    const successors = { ...rotation, authorization: signIn.authorization }
    await assertAlive(store, successors, 'The tokens that the client has received must work.')
  },

  'keeps the spent token, with its spending': async ({ store }) => {
    const signIn = await savedSignIn(store)
    const { authorization, refreshToken } = signIn
    const rotation = newRotation(signIn)
    await store.rotateRefreshToken(rotation, context)
    const found = await store.findRefreshToken(refreshToken.tokenHash, context)
    const rule = 'A replay is recognized by the spent token, and a retry gets its tokens from the spending.'
    assertSame(found, { ...refreshToken, authorization, spending: rotation.spending }, rule)
  },

  'returns the first spending, unchanged, to a later rotation': async ({ store }) => {
    const signIn = await savedSignIn(store)
    const first = newRotation(signIn)
    await store.rotateRefreshToken(first, context)
    const rule =
      'A retry derives the successors from the first spending; with any other it would get tokens that are not stored.'
    for (const later of [newRotation(signIn), newRotation(signIn)]) {
      const outcome = await store.rotateRefreshToken(later, context)
      assertSame(outcome, { outcome: 'already_spent', spending: first.spending }, rule)
      await assertDead(store, later, 'A refused rotation stores nothing.')
    }
    const found = await store.findRefreshToken(signIn.refreshToken.tokenHash, context)
    assertSame(found?.spending, first.spending, rule)
  },

  'keeps every spent token of a chain': async ({ store }) => {
    const signIn = await savedSignIn(store)
    const first = newRotation(signIn)
    const second = newRotation(signIn, first.refreshToken.tokenHash)
    await store.rotateRefreshToken(first, context)
    assertSame(
      await store.rotateRefreshToken(second, context),
      { outcome: 'rotated' },
      'A successor can be spent in turn.',
    )
    const outcome = await store.rotateRefreshToken(newRotation(signIn), context)
    const rule = 'A replay is recognized after further rotations.'
    assertSame(outcome, { outcome: 'already_spent', spending: overtaken(first, second) }, rule)
  },

  'returns gone for a token that is unknown': async ({ store }) => {
    const signIn = await savedSignIn(store)
    for (const presented of [newHash(), signIn.accessToken.tokenHash]) {
      const rotation = newRotation(signIn, presented)
      const outcome = await store.rotateRefreshToken(rotation, context)
      assertSame(outcome, { outcome: 'gone' }, 'Only a refresh token that was stored can be spent.')
      await assertDead(store, rotation, 'A refused rotation stores nothing.')
    }
  },

  'returns gone for a token of a revoked authorization, spent or not': async ({ store }) => {
    const signIn = await savedSignIn(store)
    const first = newRotation(signIn)
    await store.rotateRefreshToken(first, context)
    await store.revokeTokens({ authorizationId: signIn.authorization.authorizationId }, context)
    for (const presented of [signIn.refreshToken.tokenHash, first.refreshToken.tokenHash]) {
      const rotation = newRotation(signIn, presented)
      const outcome = await store.rotateRefreshToken(rotation, context)
      assertSame(
        outcome,
        { outcome: 'gone' },
        'A revoked authorization is never refreshed, and tells nothing of itself.',
      )
      await assertDead(store, rotation, 'Revoked stays revoked for successors, too.')
    }
  },

  'spends nothing when a successor cannot be stored': async ({ store }) => {
    const signIn = await savedSignIn(store)
    const [accessTaken, refreshTaken] = [newRotation(signIn), newRotation(signIn)]
    const rule = 'A token that is spent without successors has signed the user out: the rotation is all or nothing.'
    for (const impossible of [
      { ...accessTaken, accessToken: { ...accessTaken.accessToken, tokenHash: signIn.accessToken.tokenHash } },
      { ...refreshTaken, refreshToken: { ...refreshTaken.refreshToken, tokenHash: signIn.refreshToken.tokenHash } },
    ]) {
      await assertRefused(
        () => store.rotateRefreshToken(impossible, context),
        'A hash that exists cannot be stored again.',
      )
      await assertAlive(store, signIn, rule)
    }
    await assertUnknown(store, accessTaken.refreshToken.tokenHash, rule)
    await assertUnknown(store, refreshTaken.accessToken.tokenHash, rule)
  },

  'leaves other sign-ins alone': async ({ store }) => {
    const [signIn, other] = [await savedSignIn(store), await savedSignIn(store)]
    await store.rotateRefreshToken(newRotation(signIn), context)
    await assertAlive(store, other, 'A user has one authorization for each device; they are refreshed separately.')
  },

  'lets exactly one of fifty concurrent rotations win': async ({ store, createAnother }) => {
    const another = (await createAnother?.()) ?? store
    const signIn = await savedSignIn(store)
    const rotations = Array.from({ length: 50 }, () => newRotation(signIn))
    const outcomes = await Promise.all(
      rotations.map(async (rotation, index) =>
        (index % 2 === 0 ? store : another).rotateRefreshToken(rotation, context),
      ),
    )
    const attempts = rotations.map((rotation, index) => ({ rotation, outcome: outcomes[index] }))
    for (const handle of [store, another]) await assertOneWinner(handle, signIn, attempts)
  },
}

async function savedSignIn(store: TokenStore): Promise<SignIn> {
  const signIn = newSignIn()
  await store.saveTokens(signIn, context)
  return signIn
}
