import type { NewTokens, RevocationSelection, TokenStore } from '../../stores/token-store.js'
import { NotTested, contractContext as context, type ContractRules } from '../contract-rule.js'
import { assertSame } from '../rule-assertions.js'
import { newClientTokens, newHash, newRotation, newSignIn } from '../token-records.js'
import type { TokenStoreUnderTest } from '../token-store-under-test.js'
import { assertAlive, assertDead, assertUnknown, save } from './token-assertions.js'

export const revocationRules: ContractRules<TokenStoreUnderTest> = {
  'revokes one access token and nothing else': async ({ store }) => {
    const [signIn, client, other] = [newSignIn(), newClientTokens(), newClientTokens()]
    await save(store, signIn, client, other)
    for (const { tokenHash } of [signIn.accessToken, client.accessToken]) {
      await store.revokeAccessToken(tokenHash, context)
      await assertUnknown(store, tokenHash, 'A revoked access token is as good as unknown, at once.')
    }
    const found = await store.findRefreshToken(signIn.refreshToken.tokenHash, context)
    assertSame(
      found?.authorization,
      signIn.authorization,
      'The authorization lives on: its refresh token was not revoked.',
    )
    await assertAlive(store, other, 'Tokens that were not named are untouched.')
  },

  'does nothing for the revocation of an unknown access token': async ({ store }) => {
    const signIn = newSignIn()
    await save(store, signIn)
    await store.revokeAccessToken(newHash(), context)
    await store.revokeAccessToken(signIn.refreshToken.tokenHash, context)
    await assertAlive(store, signIn, 'Revoking a hash that is no access token changes nothing and throws nothing.')
  },

  'revokes one authorization': async ({ store }) => {
    const [signIn, other, client] = [newSignIn(), newSignIn(), newClientTokens()]
    const selection = { authorizationId: signIn.authorization.authorizationId }
    await assertRevokes(store, selection, { ended: [signIn], untouched: [other, client] })
  },

  'revokes also what an authorization got by rotation': async ({ store }) => {
    const signIn = newSignIn()
    await save(store, signIn)
    const rotation = newRotation(signIn)
    await store.rotateRefreshToken(rotation, context)
    await store.revokeTokens({ authorizationId: signIn.authorization.authorizationId }, context)
    const rule = 'A user token dies with its authorization: the first, the spent and the newest.'
    await assertDead(store, signIn, rule)
    await assertDead(store, rotation, rule)
  },

  'revokes all authorizations of a user': async ({ store }) => {
    const ended = [newSignIn(), newSignIn({ clientId: 'web-shop' })]
    const untouched = [newSignIn({ userId: 'bob' }), newClientTokens(), newClientTokens({ clientId: 'alice' })]
    await assertRevokes(store, { userId: 'alice' }, { ended, untouched })
  },

  'revokes all authorizations of a user but one': async ({ store }) => {
    const [ended, kept, bob] = [[newSignIn(), newSignIn()], newSignIn(), newSignIn({ userId: 'bob' })]
    const selection = { userId: 'alice', exceptAuthorizationId: kept.authorization.authorizationId }
    await assertRevokes(store, selection, { ended, untouched: [kept, bob] })
  },

  'revokes all authorizations if the one to keep is unknown': async ({ store }) => {
    const selection = { userId: 'alice', exceptAuthorizationId: 'unknown' }
    await assertRevokes(store, selection, { ended: [newSignIn()], untouched: [newSignIn({ userId: 'bob' })] })
  },

  'revokes all authorizations and own tokens of a client': async ({ store }) => {
    const clientId = 'web-shop'
    const ended = [newSignIn({ clientId }), newSignIn({ clientId, userId: 'bob' }), newClientTokens({ clientId })]
    const untouched = [newSignIn(), newClientTokens(), newSignIn({ userId: clientId })]
    await assertRevokes(store, { clientId }, { ended, untouched })
  },

  'revokes everything': async ({ store }) => {
    const ended = [newSignIn(), newSignIn({ userId: 'bob', clientId: 'web-shop' }), newClientTokens()]
    await assertRevokes(store, { everything: true }, { ended, untouched: [] })
  },

  'reports revoked tokens, and no others, as revoked': async ({ store }) => {
    if (store.whyNotFound === undefined) throw new NotTested('The store has no whyNotFound, and so no reason to tell')
    const [ended, ofUser, living, client, revoked] = [
      newSignIn(),
      newSignIn({ userId: 'bob' }),
      newSignIn({ userId: 'carol' }),
      newClientTokens(),
      newClientTokens(),
    ]
    await save(store, ended, ofUser, living, client, revoked)
    const rotation = newRotation(living)
    await store.rotateRefreshToken(rotation, context)
    await store.revokeTokens({ authorizationId: ended.authorization.authorizationId }, context)
    await store.revokeTokens({ userId: 'bob' }, context)
    await store.revokeAccessToken(revoked.accessToken.tokenHash, context)
    for (const { tokenHash } of [
      living.accessToken,
      living.refreshToken,
      rotation.refreshToken,
      client.accessToken,
      { tokenHash: newHash() },
    ]) {
      const rule = 'A token that was not revoked, or never was, is none that the store can say `revoked` of.'
      assertSame(await store.whyNotFound(tokenHash, context), undefined, rule)
    }
    for (const { accessToken, refreshToken } of [ended, ofUser, revoked]) {
      for (const token of [accessToken, refreshToken]) {
        const why = token === undefined ? undefined : await store.whyNotFound(token.tokenHash, context)
        const rule = 'A revoked token is `revoked`, or `undefined` where the store does not know that any more.'
        if (why !== undefined) assertSame(why, 'revoked', rule)
      }
    }
  },

  'compares ids byte for byte': async ({ store }) => {
    const signIn = newSignIn({ userId: 'alice', clientId: 'app', authorizationId: 'a-1' })
    await save(store, signIn)
    for (const id of [
      'ALICE',
      'alice ',
      'alic',
      '\u0430lice',
      '%',
      '*',
      '?lice',
      '[a]lice',
      '.*',
      'APP',
      'app ',
      'A-1',
      'a-1 ',
      'a_1',
      '',
    ]) {
      for (const selection of [{ userId: id }, { clientId: id }, { authorizationId: id }]) {
        const ended = await store.revokeTokens(selection, context)
        assertSame(ended, 0, `${JSON.stringify(selection)} selects nothing: a similar id is the id of somebody else.`)
      }
    }
    await assertAlive(store, signIn, 'Tokens that were not selected are untouched.')
  },
}

async function assertRevokes(
  store: TokenStore,
  selection: RevocationSelection,
  { ended, untouched }: { readonly ended: readonly NewTokens[]; readonly untouched: readonly NewTokens[] },
): Promise<void> {
  await save(store, ...ended, ...untouched)
  const authorizations = ended.filter(({ authorization }) => authorization !== undefined).length
  const count = await store.revokeTokens(selection, context)
  for (const tokens of ended) await assertDead(store, tokens, 'Every selected token is as good as unknown, at once.')
  for (const tokens of untouched) await assertAlive(store, tokens, 'Tokens that were not selected are untouched.')
  const rule = 'The answer is how many live authorizations were ended; own tokens of clients have none.'
  assertSame(count, authorizations, rule)
  assertSame(await store.revokeTokens(selection, context), 0, 'What is revoked is not ended again.')
}
