import type { RotationOutcome, TokenStore } from '../../stores/token-store.js'
import { contractContext as context, type ContractRules } from '../contract-rule.js'
import { assertSame } from '../rule-assertions.js'
import { endingAt, newRotation, newSignIn, startedAt, type Rotation } from '../token-records.js'
import { type TokenStoreUnderTest, forPrunedStores } from '../token-store-under-test.js'
import { assertAlive, assertDead, save } from './token-assertions.js'

const soon = startedAt + 60

export const pruningUnderWayRules: ContractRules<TokenStoreUnderTest> = forPrunedStores({
  'keeps sign-ins that are refreshed meanwhile': async ({ store, createAnother }) => {
    const another = (await createAnother?.()) ?? store
    const refreshed = []
    for (let count = 0; count < 20; count++) {
      const signIn = endingAt(soon, newSignIn())
      const first = newRotation(signIn)
      await save(store, signIn)
      await store.rotateRefreshToken(first, context)
      refreshed.push({ signIn, first, second: newRotation(signIn, first.refreshToken.tokenHash) })
    }
    const rotations = refreshed.map(({ second }) => second)
    const outcomes = await rotateWhilePruning(store, another, rotations)

    for (const [index, { signIn, first, second }] of refreshed.entries()) {
      const rule =
        'A sign-in lives on by its newest refresh token, also when the first ones have expired: pruning must not end it.'
      assertSame(outcomes[index], { outcome: 'rotated' }, rule)
      await assertAlive(store, { ...second, authorization: signIn.authorization }, rule)
      const spent = first.refreshToken.tokenHash
      const replay = await another.rotateRefreshToken(newRotation(signIn, spent), context)
      const recognized = 'Pruning takes no spent token of a sign-in that lives: a replay is recognized by it.'
      assertSame(replay, { outcome: 'already_spent', spending: second.spending }, recognized)
      const third = newRotation(signIn, second.refreshToken.tokenHash)
      assertSame(await another.rotateRefreshToken(third, context), { outcome: 'rotated' }, rule)
    }
  },

  'keeps what a rotation has stored, also if pruning looked before it': async ({ store, createAnother }) => {
    const another = (await createAnother?.()) ?? store
    const signIns = Array.from({ length: 20 }, () => endingAt(soon, newSignIn()))
    await save(store, ...signIns)
    // Whoever comes first decides: a pruning may take these sign-ins, until they are refreshed.
    const rotations = signIns.map((signIn) => newRotation(signIn))
    const outcomes = await rotateWhilePruning(store, another, rotations)

    for (const [index, rotation] of rotations.entries()) {
      const { authorization } = signIns[index] ?? newSignIn()
      if (outcomes[index]?.outcome === 'rotated') {
        const rule = 'A pruning that read before a rotation must read again: otherwise it would sign the user out.'
        await assertAlive(store, { ...rotation, authorization }, rule)
        const found = await another.findAuthorization(authorization.authorizationId, context)
        assertSame(found, authorization, rule)
      } else {
        const rule = 'If pruning removed the token first, the rotation returns gone and stores nothing.'
        assertSame(outcomes[index], { outcome: 'gone' }, rule)
        await assertDead(store, rotation, rule)
      }
    }
  },
})

/** All at once: rotations through both stores, and prunings before, between and after them. */
async function rotateWhilePruning(
  store: TokenStore,
  another: TokenStore,
  rotations: readonly Rotation[],
): Promise<readonly RotationOutcome[]> {
  const prunings: Promise<unknown>[] = []
  const outcomes: Promise<RotationOutcome>[] = []
  for (const [index, rotation] of rotations.entries()) {
    const [first, second] = index % 2 === 0 ? [store, another] : [another, store]
    if (index % 4 === 0) prunings.push(prune(second))
    outcomes.push(rotate(first, rotation))
  }
  prunings.push(prune(store), prune(another))
  await Promise.all(prunings)
  return Promise.all(outcomes)
}

async function prune(store: TokenStore): Promise<void> {
  await store.prune?.(soon)
}

async function rotate(store: TokenStore, rotation: Rotation): Promise<RotationOutcome> {
  return store.rotateRefreshToken(rotation, context)
}
