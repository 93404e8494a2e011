import { randomUUID } from 'node:crypto'
import { contractContext as context, type ContractRules } from '../contract-rule.js'
import { assertSame } from '../rule-assertions.js'
import { lifetimes, newClientTokens, newSignedSignIn, newSignIn, startedAt } from '../token-records.js'
import type { TokenStoreUnderTest } from '../token-store-under-test.js'
import { forPrunedStores, type PrunedTokenStore } from './pruned-stores.js'
import { assertAlive, save } from './stored-tokens.js'

const accessTokensEnd = startedAt + lifetimes.accessToken
const soon = startedAt + 60

/** How many of each kind are dead: more than a store is likely to take at a time, each one record. */
const dead = { accessTokens: 520, revokedSignedTokens: 520, authorizations: 120 } as const

export const pruningInBatchesRules: ContractRules<TokenStoreUnderTest> = forPrunedStores({
  'removes a large number at once, and counts all of it': async ({ store }) => {
    const alive = await saveAlive(store)
    await saveDeadAccessTokens(store)
    await inChunks(dead.revokedSignedTokens, () => store.revokeSignedToken(randomUUID(), soon, context))
    await saveDeadAuthorizations(store)
    const removed = await store.prune(soon)
    const rule = 'Without limits a pruning goes on until nothing is left, and counts every record of every batch.'
    assertSame(removed, dead.accessTokens + dead.revokedSignedTokens + dead.authorizations, rule)
    assertSame(await store.prune(soon), 0, rule)
    for (const tokens of alive) await assertAlive(store, tokens, 'However much goes, what is alive stays.')
  },

  'may stop early, and removes the rest the next times': async ({ store }) => {
    const alive = await saveAlive(store)
    await saveDeadAccessTokens(store)
    await saveDeadAuthorizations(store)
    const deadRecords = dead.accessTokens + dead.authorizations
    let removed = 0
    for (let call = 0; call < 200 && removed < deadRecords; call++) {
      removed += await store.prune(soon, { budgetMilliseconds: 1 })
      for (const tokens of alive) await assertAlive(store, tokens, 'A pruning that stops early removes the dead alone.')
    }
    const rule =
      'What a pruning leaves waits for the next one, which gets further: nothing is left for ever or counted twice.'
    assertSame(removed, deadRecords, rule)
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

async function saveDeadAccessTokens(store: PrunedTokenStore): Promise<void> {
  await inChunks(dead.accessTokens, () => store.saveTokens(newClientTokens({ expiresAt: soon }), context))
}

async function saveDeadAuthorizations(store: PrunedTokenStore): Promise<void> {
  await inChunks(dead.authorizations, () => {
    const signIn = { ...newSignedSignIn(), accessTokenExpiresAt: soon, refreshToken: undefined }
    return store.saveTokens(signIn, context)
  })
}

/** A hundred calls at a time: one after the other would be slow, all at once is no load that a test may make. */
async function inChunks(count: number, call: () => unknown): Promise<void> {
  for (let done = 0; done < count; done += 100) {
    await Promise.all(
      Array.from({ length: Math.min(100, count - done) }, async () => {
        await call()
      }),
    )
  }
}
