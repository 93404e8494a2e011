import type { RefreshTokenSpending, TokenStore } from '../../stores/token-store.js'
import { contractContext as context, type ContractRules, NotTested } from '../contract-rule.js'
import { assertSame } from '../rule-assertions.js'
import { lifetimes, newHash, newRotation, newSignIn, overtaken, startedAt, type SignIn } from '../token-records.js'
import type { TokenStoreUnderTest } from '../token-store-under-test.js'
import { save } from './token-assertions.js'

const accessTokensEnd = startedAt + lifetimes.accessToken
const at = startedAt + 3000

/** What a store does so that a retry can be answered, and nobody but who retries gains by it. */
export const retryRules: ContractRules<TokenStoreUnderTest> = {
  'keeps how much of its allowance a sign-in has used': async ({ store }) => {
    const [fresh, paced] = [newSignIn(), newSignIn()]
    const pacedUntil = startedAt * 1000 + 123_456
    await save(store, fresh, { ...paced, refreshToken: { ...paced.refreshToken, pacedUntil } })
    const { refreshToken, ...rotation } = newRotation(paced)
    const successor = { ...refreshToken, pacedUntil: pacedUntil + 1 }
    await store.rotateRefreshToken({ ...rotation, refreshToken: successor }, context)
    const found = []
    for (const { tokenHash } of [fresh.refreshToken, paced.refreshToken, successor]) {
      found.push((await store.findRefreshToken(tokenHash, context))?.pacedUntil)
    }
    const rule = '`pacedUntil` comes back to the millisecond: refreshing is limited by it.'
    assertSame(found, [0, pacedUntil, pacedUntil + 1], rule)
  },

  'keeps until when a retry may come': async ({ store }) => {
    const { spending } = await savedRotation(store, { retryUntil: startedAt + 4000 })
    assertSame(spending.retryUntil, startedAt + 4000, '`retryUntil` is part of the spending.')
  },

  'forgets the nonce when the successor is spent': async ({ store }) => {
    const signIn = newSignIn()
    const first = newRotation(signIn)
    const second = newRotation(signIn, first.refreshToken.tokenHash)
    const third = newRotation(signIn, second.refreshToken.tokenHash)
    await save(store, signIn)
    for (const rotation of [first, second, third]) await store.rotateRefreshToken(rotation, context)
    const rule =
      'Nonces of the past lead from any old token to the living one: only that of the token spent last may be kept.'
    const nonces = []
    for (const { presented } of [first, second, third]) nonces.push((await spendingOf(store, presented)).successorNonce)
    assertSame(nonces, [undefined, undefined, third.spending.successorNonce], rule)
    const replay = await store.rotateRefreshToken(newRotation(signIn), context)
    assertSame(replay, { outcome: 'already_spent', spending: overtaken(first, second) }, rule)
  },

  'notes when the successor was spent': async ({ store }) => {
    const signIn = newSignIn()
    const first = newRotation(signIn)
    const second = { ...newRotation(signIn, first.refreshToken.tokenHash), receivedAt: startedAt * 1000 + 987 }
    const third = newRotation(signIn, second.refreshToken.tokenHash)
    await save(store, signIn)
    const rule = '`successorSpentAt`, in milliseconds, distinguishes an earlier request from a replay.'
    await store.rotateRefreshToken(first, context)
    assertSame((await spendingOf(store, first.presented)).successorSpentAt, undefined, rule)
    await store.rotateRefreshToken(second, context)
    await store.rotateRefreshToken(third, context)
    for (const spending of [await spendingOf(store, first.presented), await replayed(store, signIn, first.presented)]) {
      assertSame(spending, overtaken(first, second), rule)
    }
    const absent = `${rule} Without \`receivedAt\` it is \`spentAt\`.`
    assertSame(await spendingOf(store, second.presented), overtaken(second, third), absent)
    assertSame(await spendingOf(store, third.presented), third.spending, rule)
  },

  'allows one late retry, and no two in a row': async ({ store }) => {
    if (store.claimLateRetry === undefined) throw new NotTested('The store has no claimLateRetry')
    const signIn = newSignIn()
    const [first, second, third] = chainOf(signIn)
    await save(store, signIn)
    const claim = async (rotation: { readonly presented: typeof first.presented }, time = at) =>
      store.claimLateRetry?.(rotation.presented, time, context)
    assertSame(await claim(first), false, 'A token that is unspent has nothing to retry.')
    assertSame(await claim({ presented: newHash() }), false, 'A token that is unknown has nothing to retry.')

    await store.rotateRefreshToken(first, context)
    assertSame(await claim(first), true, 'The first late retry is allowed: the claim returns the boolean true.')
    const claimed = { ...first.spending, lateRetryAt: at }
    assertSame(await spendingOf(store, first.presented), claimed, 'The claim is noted as `lateRetryAt`.')
    assertSame(await claim(first, at + 1), false, 'One late retry is allowed, not two.')
    assertSame(await spendingOf(store, first.presented), claimed, 'A refused claim changes nothing.')

    await store.rotateRefreshToken(second, context)
    const spent = { ...overtaken(first, second), lateRetryAt: at }
    assertSame(await spendingOf(store, first.presented), spent, 'A claim stays noted when the successor is spent.')
    const inRow = 'Two late retries in a row never succeed: a thief and the owner would go on in step, unnoticed.'
    assertSame(await claim(first, at + 2), false, 'Where the nonce is forgotten nothing can be answered.')
    assertSame(await claim(second, at + 2), false, inRow)
    assertSame(await spendingOf(store, second.presented), second.spending, inRow)

    await store.rotateRefreshToken(third, context)
    assertSame(await claim(third), true, 'After an ordinary refresh a late retry is allowed again.')
  },

  'allows no late retry of a sign-in that was revoked': async ({ store }) => {
    if (store.claimLateRetry === undefined) throw new NotTested('The store has no claimLateRetry')
    const signIn = newSignIn()
    await save(store, signIn)
    await store.rotateRefreshToken(newRotation(signIn), context)
    await store.revokeTokens({ authorizationId: signIn.authorization.authorizationId }, context)
    const claimed = await store.claimLateRetry(signIn.refreshToken.tokenHash, at, context)
    assertSame(claimed, false, 'A token of a revoked authorization is as good as unknown.')
  },

  'lets exactly one of fifty concurrent claims win': async ({ store, createAnother }) => {
    if (store.claimLateRetry === undefined) throw new NotTested('The store has no claimLateRetry')
    const another = (await createAnother?.()) ?? store
    const signIn = newSignIn()
    await save(store, signIn)
    await store.rotateRefreshToken(newRotation(signIn), context)
    const { tokenHash } = signIn.refreshToken
    const claims = Array.from({ length: 50 }, async (_, index) =>
      (index % 2 === 0 ? store : another).claimLateRetry?.(tokenHash, at + index, context),
    )
    const winners = (await Promise.all(claims)).flatMap((won, index) => (won === true ? [at + index] : []))
    assertSame(winners.length, 1, 'Claiming is one atomic compare-and-set, also between processes.')
    const { lateRetryAt } = await spendingOf(another, tokenHash)
    assertSame(lateRetryAt, winners[0], 'The claim that won is noted, and no other.')
  },

  'keeps the newest thousand spent tokens': async ({ store }) => {
    const signIn = newSignIn()
    await save(store, signIn)
    const spent = [signIn.refreshToken.tokenHash]
    for (let count = 0; count < 1001; count++) {
      const rotation = { ...newRotation(signIn, spent.at(-1)), accessToken: undefined }
      await store.rotateRefreshToken(rotation, context)
      spent.push(rotation.refreshToken.tokenHash)
    }
    await store.prune?.(accessTokensEnd)
    const rule = 'A replay of any of the newest 1,000 spent tokens is recognized.'
    for (const index of [1, 2, 500, 999, 1000]) {
      const found = await store.findRefreshToken(spent[index] ?? newHash(), context)
      assertSame(found?.spending?.spentAt, startedAt + 60, `${rule} Here: ${1001 - index} rotations ago.`)
    }
  },
}

function chainOf(signIn: SignIn) {
  const first = newRotation(signIn)
  const second = newRotation(signIn, first.refreshToken.tokenHash)
  return [first, second, newRotation(signIn, second.refreshToken.tokenHash)] as const
}

async function savedRotation(store: TokenStore, given: Partial<RefreshTokenSpending>) {
  const signIn = newSignIn()
  const { spending, ...rotation } = newRotation(signIn)
  await save(store, signIn)
  await store.rotateRefreshToken({ ...rotation, spending: { ...spending, ...given } }, context)
  return { signIn, spending: await spendingOf(store, rotation.presented) }
}

async function spendingOf(store: TokenStore, presented: SignIn['refreshToken']['tokenHash']) {
  const found = await store.findRefreshToken(presented, context)
  return found?.spending ?? missing()
}

async function replayed(store: TokenStore, signIn: SignIn, presented: SignIn['refreshToken']['tokenHash']) {
  const outcome = await store.rotateRefreshToken(newRotation(signIn, presented), context)
  return outcome.outcome === 'already_spent' ? outcome.spending : missing()
}

function missing(): RefreshTokenSpending {
  return { spentAt: 0, accessTokenScope: 'none', accessTokenAudience: '', accessTokenExpiresAt: 0 }
}
