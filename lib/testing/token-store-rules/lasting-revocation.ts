import { contractContext as context, type ContractRules, requireTestable } from '../contract-rule.js'
import { assertSame } from '../rule-assertions.js'
import { newClientTokens, newRotation, newSignIn } from '../token-records.js'
import type { TokenStoreUnderTest } from '../token-store-under-test.js'
import { assertAlive, assertDead, save } from './token-assertions.js'

export const lastingRevocationRules: ContractRules<TokenStoreUnderTest> = {
  'stays revoked for what is rotated afterwards': async ({ store }) => {
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

    const rule = 'Revoked is for ever: no token that comes late may bring an authorization back to life.'
    for (const tokens of [signIn, rotation]) await assertDead(store, tokens, rule)
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

      const rule =
        'Once a revocation has returned, every token of the authorization is revoked, also one that was being refreshed.'
      await assertDead(store, signIn, rule)
      for (const rotation of rotations) await assertDead(store, rotation, rule)
    }
  },

  'is seen by another store on the same data at once': async ({ store, createAnother }) => {
    const another = await createAnother?.()
    requireTestable(another, 'create returns no createAnother')
    const signIn = newSignIn()
    await save(store, signIn)
    await assertAlive(another, signIn, 'What one process saved, another finds.')
    await store.revokeTokens({ userId: 'alice' }, context)
    await assertDead(another, signIn, 'A revocation holds in every process.')
  },
}
