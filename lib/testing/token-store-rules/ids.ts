import type { TokenStore } from '../../stores/token-store.js'
import { contractContext as context, type ContractRules } from '../contract-rule.js'
import { assertSame } from '../rule-assertions.js'
import { longIds, separators, similarIds } from '../similar-ids.js'
import { lifetimes, newClientTokens, newSignIn, startedAt, type SignIn } from '../token-records.js'
import type { TokenStoreUnderTest } from '../token-store-under-test.js'
import { assertAlive, assertDead, save } from './token-assertions.js'

export const idRules: ContractRules<TokenStoreUnderTest> = {
  'keeps ids apart that differ in a byte': async ({ store }) => {
    const rule = 'Ids are compared octet by octet: a similar one is the id of somebody else.'
    await assertApart(store, similarIds, rule)
  },

  'keeps long ids whole': async ({ store }) => {
    const rule = 'An id may have 255 octets: one that is cut off is the id of somebody else.'
    await assertApart(store, longIds, rule)
  },

  'keeps ids apart that contain separators': async ({ store }) => {
    const rule =
      'Ids may contain what an adapter joins them with: two different pairs of ids never share a record or a key.'
    const ofClients = await savedPairs(store, 'first')
    const ofC = await store.revokeTokens({ clientId: 'c' }, context)
    assertSame(ofC, separators.length, rule)
    for (const { left, right } of ofClients) {
      await assertDead(store, right, rule)
      await assertAlive(store, left, rule)
      assertSame(await store.revokeTokens({ clientId: left.authorization.clientId }, context), 1, rule)
    }

    const ofUsers = await savedPairs(store, 'second')
    for (const { left, right } of ofUsers) {
      await assertListed(store, right.authorization.userId, [right], rule)
      const { authorizationId } = left.authorization
      const ofBoth = { userId: right.authorization.userId, exceptAuthorizationId: authorizationId }
      assertSame(await store.revokeTokens(ofBoth, context), 1, rule)
    }
    await assertListed(
      store,
      'a',
      ofUsers.map(({ left }) => left),
      rule,
    )
    assertSame(await store.revokeTokens({ userId: 'a' }, context), separators.length, rule)
  },
}

/** How an id is given to a sign-in, and what revokes that. */
const kindsOfIds = [
  {
    given: (id: string) => ({ authorizationId: id, userId: id, clientId: id }),
    selection: (id: string) => ({ authorizationId: id }),
  },
  { given: (id: string) => ({ userId: id }), selection: (id: string) => ({ userId: id }) },
  { given: (id: string) => ({ clientId: id }), selection: (id: string) => ({ clientId: id }) },
]

/** Requires that everything which has such an id is told apart by it. */
async function assertApart(store: TokenStore, ids: readonly string[], rule: string): Promise<void> {
  for (const { given, selection } of kindsOfIds) {
    const signIns = ids.map((id) => ({ id, signIn: newSignIn(given(id)) }))
    for (const { signIn } of signIns) await save(store, signIn)
    for (const { id, signIn } of signIns) {
      const { authorization } = signIn
      await assertAlive(store, signIn, ruleFor(id))
      assertSame(await store.findAuthorization(authorization.authorizationId, context), authorization, ruleFor(id))
      if (authorization.userId === id) await assertListed(store, id, [signIn], ruleFor(id))
    }
    for (const { id, signIn } of signIns) {
      assertSame(await store.revokeTokens(selection(id), context), 1, ruleFor(id))
      await assertDead(store, signIn, ruleFor(id))
    }
  }

  const ofClients = ids.map((id) => ({ id, tokens: newClientTokens({ clientId: id }) }))
  for (const { tokens } of ofClients) await save(store, tokens)
  for (const { id, tokens } of ofClients) {
    await assertAlive(store, tokens, ruleFor(id))
    await store.revokeTokens({ clientId: id }, context)
    await assertDead(store, tokens, ruleFor(id))
  }

  for (const id of ids) {
    const token = { tokenId: id, authorizationId: undefined }
    assertSame(await store.isSignedTokenRevoked(token, context), false, ruleFor(id))
    await store.revokeSignedToken(id, startedAt + lifetimes.accessToken, context)
    assertSame(await store.isSignedTokenRevoked(token, context), true, ruleFor(id))
  }

  function ruleFor(id: string): string {
    return `${rule} Here: ${JSON.stringify(id)}.`
  }
}

/** For each separator two sign-ins whose ids are the same when they are joined. */
async function savedPairs(
  store: TokenStore,
  round: string,
): Promise<readonly { readonly left: SignIn; readonly right: SignIn }[]> {
  const pairs = separators.map((separator, index) => {
    const end = `x-${round}-${index}`
    return {
      left: newSignIn({ userId: 'a', clientId: `b${separator}c`, authorizationId: `b${separator}${end}` }),
      right: newSignIn({ userId: `a${separator}b`, clientId: 'c', authorizationId: end }),
    }
  })
  for (const { left, right } of pairs) await save(store, left, right)
  return pairs
}

/** Requires that the user has these sign-ins and no others. */
async function assertListed(
  store: TokenStore,
  userId: string,
  signIns: readonly SignIn[],
  rule: string,
): Promise<void> {
  const listed = await store.listAuthorizations(userId, context)
  const expected = signIns.map(({ authorization }) => authorization.authorizationId)
  assertSame(listed.map(({ authorizationId }) => authorizationId).sort(), expected.sort(), rule)
}
