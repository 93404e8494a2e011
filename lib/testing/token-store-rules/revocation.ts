import type { NewTokens, RevocationSelection, TokenStore } from '../../stores/token-store.js'
import { contractContext as context, type ContractRules } from '../contract-rule.js'
import { assertSame, isRefused } from '../rule-assertions.js'
import { newClientTokens, newHash, newRotation, newSignIn } from '../token-records.js'
import type { TokenStoreUnderTest } from '../token-store-contract.js'
import { assertAlive, assertDead, assertUnknown } from './stored-tokens.js'

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

  'takes the revocation of an unknown access token for done': async ({ store }) => {
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
    await assertDead(store, { ...rotation, authorization: undefined }, rule)
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

  'takes an unknown exception for none': async ({ store }) => {
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

  'compares ids byte for byte': async ({ store }) => {
    const signIn = newSignIn({ userId: 'alice', clientId: 'app', authorizationId: 'a-1' })
    await save(store, signIn)
    for (const id of ['ALICE', 'alice ', 'alic', '\u0430lice', '%', 'APP', 'app ', 'A-1', 'a-1 ', 'a_1', '']) {
      for (const selection of [{ userId: id }, { clientId: id }, { authorizationId: id }]) {
        const ended = await store.revokeTokens(selection, context)
        assertSame(ended, 0, `${JSON.stringify(selection)} selects nothing: a similar id is the id of somebody else.`)
      }
    }
    await assertAlive(store, signIn, 'Tokens that were not selected are untouched.')
  },

  'stays revoked for what is rotated or saved afterwards': async ({ store }) => {
    const signIn = newSignIn()
    const { authorizationId } = signIn.authorization
    await save(store, signIn)
    await store.revokeTokens({ authorizationId }, context)

    const rotation = newRotation(signIn)
    assertSame(
      await store.rotateRefreshToken(rotation, context),
      { outcome: 'gone' },
      'A revoked token cannot be spent.',
    )
    const late = { authorization: undefined, accessToken: newRotation(signIn).accessToken, refreshToken: undefined }
    await isRefused(() => store.saveTokens(late, context))

    const rule = 'Revoked is for ever: no token that comes late may bring an authorization back to life.'
    for (const tokens of [signIn, { ...rotation, authorization: undefined }, late])
      await assertDead(store, tokens, rule)
    assertSame(await store.revokeTokens({ authorizationId }, context), 0, 'What is revoked is not ended again.')
  },

  'lets the user sign in again at once': async ({ store }) => {
    await save(store, newSignIn(), newClientTokens())
    await store.revokeTokens({ everything: true }, context)
    const [signIn, client] = [newSignIn(), newClientTokens()]
    await save(store, signIn, client)
    const rule = 'A revocation ends what is there, not what begins afterwards, even in the same second.'
    await assertAlive(store, signIn, rule)
    await assertAlive(store, client, rule)
  },

  'wins over rotations that are under way': async ({ store, createAnother }) => {
    const another = (await createAnother?.()) ?? store
    for (const position of [0, 1, 5, 10, 19, 20]) {
      const signIn = newSignIn()
      await save(store, signIn)
      const first = newRotation(signIn)
      // Some spend the token of the sign-in, the others its successor.
      const successor = first.refreshToken.tokenHash
      const others = Array.from({ length: 19 }, (_, index) =>
        newRotation(signIn, index % 2 === 0 ? successor : undefined),
      )
      const rotations = [first, ...others]

      const calls: (() => Promise<unknown>)[] = rotations.map(
        (rotation, index) => async () => (index % 2 === 0 ? store : another).rotateRefreshToken(rotation, context),
      )
      const { authorizationId } = signIn.authorization
      calls.splice(position, 0, async () => another.revokeTokens({ authorizationId }, context))
      await Promise.all(calls.map((call) => call()))

      const rule = 'Once a revocation was answered, no token of the authorization lives, whoever was refreshing it.'
      await assertDead(store, signIn, rule)
      for (const rotation of rotations) await assertDead(store, { ...rotation, authorization: undefined }, rule)
    }
  },

  'is seen by another store on the same data at once': async ({ store, createAnother }) => {
    const another = await createAnother?.()
    if (another === undefined) return
    const signIn = newSignIn()
    await save(store, signIn)
    await assertAlive(another, signIn, 'What one process saved, another finds.')
    await store.revokeTokens({ userId: 'alice' }, context)
    await assertDead(another, signIn, 'A revocation holds in every process.')
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
  assertSame(
    count,
    authorizations,
    'The answer is how many live authorizations were ended; own tokens of clients have none.',
  )
  for (const tokens of ended) await assertDead(store, tokens, 'Every selected token is as good as unknown, at once.')
  for (const tokens of untouched) await assertAlive(store, tokens, 'Tokens that were not selected are untouched.')
  assertSame(await store.revokeTokens(selection, context), 0, 'What is revoked is not ended again.')
}

async function save(store: TokenStore, ...answers: readonly NewTokens[]): Promise<void> {
  for (const tokens of answers) await store.saveTokens(tokens, context)
}
