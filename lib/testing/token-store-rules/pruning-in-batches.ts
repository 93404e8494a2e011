import { randomUUID } from 'node:crypto'
import { contractContext as context, type ContractRules } from '../contract-rule.js'
import { assertSame } from '../rule-assertions.js'
import { endingAt, lifetimes, newClientTokens, newRotation, newSignIn, startedAt } from '../token-records.js'
import { type TokenStoreUnderTest, forPrunedStores, type PrunedTokenStore } from '../token-store-under-test.js'
import { assertAlive, assertDead, save } from './token-assertions.js'

const accessTokensEnd = startedAt + lifetimes.accessToken
const soon = startedAt + 60

/** Dead sign-ins, two records each: more than a store is likely to take at a time, and more authorizations than that. */
const manySignIns = 510
const severalSignIns = 130

/** More spent tokens of one sign-in than a store is likely to delete at a time. */
const manyRotations = 700

export const pruningInBatchesRules: ContractRules<TokenStoreUnderTest> = forPrunedStores({
  'removes a large number at once, and counts all of it': async ({ store }) => {
    const alive = await saveAlive(store)
    await saveDead(store, manySignIns)
    await store.revokeSignedToken(randomUUID(), soon, context)
    const removed = await store.prune(soon)
    const rule = 'Without limits a pruning goes on until nothing is left, and counts every record of every batch.'
    assertSame(removed, 2 * manySignIns + 1, rule)
    assertSame(await store.prune(soon), 0, rule)
    for (const tokens of alive) await assertAlive(store, tokens, 'However much goes, what is alive stays.')
  },

  'removes a sign-in with many spent tokens, and lets no other wait for it': async ({ store }) => {
    const alive = await saveAlive(store)
    const fat = newSignIn({ expiresAt: soon, createdAt: startedAt - 10 })
    const thin = newSignIn({ expiresAt: soon })
    await save(store, fat, thin)
    let presented = fat.refreshToken.tokenHash
    for (let count = 0; count < manyRotations; count++) {
      const { spending, ...rotation } = newRotation(fat, presented)
      const early = { ...spending, spentAt: startedAt }
      await store.rotateRefreshToken({ ...rotation, spending: early, accessToken: undefined }, context)
      presented = rotation.refreshToken.tokenHash
    }
    let removed = await store.prune(soon, { budgetMilliseconds: 60_000 })
    const found = await store.findAuthorization(thin.authorization.authorizationId, context)
    assertSame(found, undefined, 'A sign-in with many tokens does not keep others from being pruned.')
    for (let call = 0; call < 200 && removed < manyRotations + 6; call++) removed += await store.prune(soon)
    const rule = 'A sign-in with many spent tokens goes like any other, in batches, and never fails a pruning.'
    assertSame(removed, manyRotations + 6, rule)
    await assertDead(store, fat, rule)
    for (const tokens of alive) await assertAlive(store, tokens, rule)
  },

  'may stop early, and removes the rest the next times': async ({ store }) => {
    const alive = await saveAlive(store)
    await saveDead(store, severalSignIns)
    let removed = 0
    for (let call = 0; call < 200 && removed < 2 * severalSignIns; call++) {
      removed += await store.prune(soon, { budgetMilliseconds: 1 })
      for (const tokens of alive) await assertAlive(store, tokens, 'A pruning that stops early removes the dead alone.')
    }
    const rule =
      'What a pruning leaves waits for the next one, which gets further: nothing is left for ever or counted twice.'
    assertSame(removed, 2 * severalSignIns, rule)
    assertSame(await store.prune(soon), 0, rule)
    assertSame(
      await store.prune(accessTokensEnd, { budgetMilliseconds: 60_000 }),
      2,
      'With time enough all goes at once.',
    )
  },
})

async function saveAlive(store: PrunedTokenStore) {
  const alive = [newSignIn(), newClientTokens()]
  await save(store, ...alive)
  return alive
}

/** A hundred at a time: one after the other would be slow, and all at once is more than a test may ask for. */
async function saveDead(store: PrunedTokenStore, count: number): Promise<void> {
  const signIns = Array.from({ length: count }, () => ({ ...endingAt(soon, newSignIn()), refreshToken: undefined }))
  for (let saved = 0; saved < count; saved += 100) {
    await Promise.all(signIns.slice(saved, saved + 100).map(async (signIn) => store.saveTokens(signIn, context)))
  }
}
