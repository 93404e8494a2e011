import type { Authorization, ListedAuthorization } from '../../stores/token-store.js'
import { contractContext as context, type ContractRules, requireTestable } from '../contract-rule.js'
import { assertSame } from '../rule-assertions.js'
import { newClientTokens, newRotation, newSignedSignIn, newSignIn, startedAt } from '../token-records.js'
import type { TokenStoreUnderTest } from '../token-store-under-test.js'
import { save } from './token-assertions.js'

export const authorizationRules: ContractRules<TokenStoreUnderTest> = {
  'finds an authorization, whole and unchanged': async ({ store }) => {
    const [labelled, bare] = [newSignIn(), newSignedSignIn({ deviceLabel: undefined, audience: '' })]
    await save(store, labelled, bare)
    const rule =
      'Every field is returned as it was saved: an absent device label is undefined, an empty audience is empty.'
    for (const { authorization } of [labelled, bare]) {
      assertSame(await store.findAuthorization(authorization.authorizationId, context), authorization, rule)
    }
  },

  'keeps every character of a device label': async ({ store }) => {
    for (const [index, deviceLabel] of deviceLabels.entries()) {
      const userId = `user ${String(index)}`
      const signIn = newSignIn({ deviceLabel, userId })
      await save(store, signIn)
      const { authorization, refreshToken } = signIn
      const rule = `A device label comes back as it was given: what a user reads is not cut, escaped or normalized. Here: ${deviceLabel}`
      assertSame(await store.findAuthorization(authorization.authorizationId, context), authorization, rule)
      assertSame(await store.listAuthorizations(userId, context), [unused(authorization)], rule)
      assertSame((await store.findRefreshToken(refreshToken.tokenHash, context))?.authorization, authorization, rule)
    }
  },

  'returns undefined for an unknown authorization': async ({ store }) => {
    await save(store, newSignIn({ authorizationId: 'a-1' }))
    for (const id of ['unknown', 'A-1', 'a-1 ', 'a_1', 'a-', '', '%', '__proto__', `' OR '1'='1`]) {
      const found = await store.findAuthorization(id, context)
      const rule = `${JSON.stringify(id)} is unknown: undefined, not null and no exception; ids are compared byte for byte.`
      assertSame(found, undefined, rule)
    }
  },

  'does not find or list a revoked one': async ({ store }) => {
    const [revoked, kept] = [newSignIn(), newSignIn()]
    await save(store, revoked, kept)
    const { authorizationId } = revoked.authorization
    await store.revokeTokens({ authorizationId }, context)
    const rule = 'A revoked authorization is as good as unknown, at once.'
    assertSame(await store.findAuthorization(authorizationId, context), undefined, rule)
    assertSame(await store.listAuthorizations('alice', context), [unused(kept.authorization)], rule)
  },

  'lists the authorizations of a user, whole and unchanged': async ({ store }) => {
    const label = { createdAt: startedAt - 10 }
    const bare = { createdAt: startedAt - 20, deviceLabel: undefined, audience: '', clientId: 'web-shop' }
    const [first, second] = [newSignIn(label), newSignedSignIn(bare)]
    await save(store, second, newSignIn({ userId: 'bob' }), first, newClientTokens({ clientId: 'alice' }))
    const expected = [unused(first.authorization), unused(second.authorization)]
    const rule = 'A user sees all of their own sign-ins, and no others; `lastUsedAt` is the creation until a rotation.'
    assertSame(await store.listAuthorizations('alice', context), expected, rule)
  },

  'lists none for a user who has none': async ({ store }) => {
    await save(store, newSignIn({ userId: 'alice' }))
    for (const userId of ['bob', 'ALICE', 'alice ', 'alic', '\u0430lice', '', '%', '__proto__', `' OR '1'='1`]) {
      const listed = await store.listAuthorizations(userId, context)
      assertSame(listed, [], `${JSON.stringify(userId)} has no sign-ins: an empty list, and ids byte for byte.`)
    }
  },

  'lists the last used first': async ({ store }) => {
    const signIns = [-30, -10, -20].map((seconds) => newSignIn({ createdAt: startedAt + seconds }))
    await save(store, ...signIns)
    const [oldest, newest, middle] = signIns.map(({ authorization }) => unused(authorization))
    const atFirst = await store.listAuthorizations('alice', context)
    assertSame(atFirst, [newest, middle, oldest], 'Where nothing was refreshed, the last begun comes first.')

    for (const [index, signIn] of signIns.entries()) {
      const rotation = newRotation(signIn)
      const accessToken = index === 0 ? undefined : rotation.accessToken
      const spending = { ...rotation.spending, spentAt: startedAt + 100 - index }
      await store.rotateRefreshToken({ ...rotation, accessToken, spending }, context)
      // Refused: it must not count as a use.
      await store.rotateRefreshToken(
        { ...newRotation(signIn), spending: { ...spending, spentAt: startedAt + 500 } },
        context,
      )
    }
    const expected = signIns.map(({ authorization }, index) => ({
      ...authorization,
      lastUsedAt: startedAt + 100 - index,
    }))
    const rule = 'A rotation, also one that gives a JWT, is a use at its `spentAt`; a refused one is none.'
    assertSame(await store.listAuthorizations('alice', context), expected, rule)
  },

  'is seen by another store on the same data at once': async ({ store, createAnother }) => {
    const another = await createAnother?.()
    requireTestable(another, 'create returns no createAnother')
    const { authorization } = newSignIn()
    const { authorizationId } = authorization
    assertSame(await another.listAuthorizations('alice', context), [], 'A new store is empty.')
    await save(store, { ...newSignIn(), authorization, accessToken: undefined, refreshToken: undefined })
    const rule = 'What one process saved or revoked, every other one sees.'
    assertSame(await another.findAuthorization(authorizationId, context), authorization, rule)
    assertSame(await another.listAuthorizations('alice', context), [unused(authorization)], rule)
    await store.revokeTokens({ authorizationId }, context)
    assertSame(await another.findAuthorization(authorizationId, context), undefined, rule)
    assertSame(await another.listAuthorizations('alice', context), [], rule)
  },
}

/** A hundred code points are the most that is told; four octets each, every sign that a language of queries knows, marks to combine. */
const deviceLabels = [
  '\u{1f469}'.repeat(50) + '\u{10ffff}'.repeat(50),
  `'"\`\\%_;--/*\\'\\"\\0\\n{}[]()<>&$#?!@^~|+=:,. \u00a0`,
  'e\u0301\u0323a\u030a\u1e9b\u0323\u212b\ufb01\u00df\u0130\u0131\u03c2',
  '平板 \u{20bb7}\u{2a6d6} \u{1f469}\u{200d}\u{1f469}\u{200d}\u{1f467} \u0627\u0644',
  ' ',
  'null',
]

function unused(authorization: Authorization): ListedAuthorization {
  return { ...authorization, lastUsedAt: authorization.createdAt }
}
