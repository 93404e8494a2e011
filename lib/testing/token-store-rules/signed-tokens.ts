import { randomUUID } from 'node:crypto'
import type { SignedTokenId, TokenStore } from '../../stores/token-store.js'
import { contractContext as context, type ContractRules, requireTestable } from '../contract-rule.js'
import { assertSame } from '../rule-assertions.js'
import { lifetimes, newClientTokens, newRotation, newSignedSignIn, newSignIn, startedAt } from '../token-records.js'
import type { TokenStoreUnderTest } from '../token-store-under-test.js'
import { assertAlive, save } from './token-assertions.js'

const expiresAt = startedAt + lifetimes.accessToken

/** JWT access tokens: nothing of them is stored but that they are revoked. */
export const signedTokenRules: ContractRules<TokenStoreUnderTest> = {
  'saves a sign-in and a rotation without an access token': async ({ store }) => {
    const signIn = newSignedSignIn()
    await save(store, signIn)
    await assertAlive(store, signIn, 'A JWT is not stored, but the sign-in that it belongs to is.')
    const rotation = { ...newRotation(signIn), accessToken: undefined }
    const rule = 'A rotation that gives a JWT spends the token and stores a refresh token, as any other.'
    assertSame(await store.rotateRefreshToken(rotation, context), { outcome: 'rotated' }, rule)
    await assertAlive(store, { ...rotation, authorization: signIn.authorization }, rule)
    const spent = await store.findRefreshToken(signIn.refreshToken.tokenHash, context)
    assertSame(spent?.spending, rotation.spending, 'A retry gets its tokens from the spending.')
  },

  'tells that a token is not revoked': async ({ store }) => {
    const [signIn, withoutRefreshToken] = [newSignIn(), { ...newSignedSignIn(), refreshToken: undefined }]
    await save(store, signIn, withoutRefreshToken)
    const rule = 'The answer is `false`, a boolean: a guard lets nothing else pass.'
    for (const { authorization } of [signIn, withoutRefreshToken]) {
      await assertRevoked(store, newTokenOf(authorization), false, rule)
    }
    await assertRevoked(store, newTokenOf(undefined), false, `${rule} A client's own token has no authorization.`)
  },

  'revokes one token and nothing else': async ({ store }) => {
    const signIn = newSignIn()
    await save(store, signIn)
    for (const authorization of [signIn.authorization, undefined]) {
      const [token, other] = [newTokenOf(authorization), newTokenOf(authorization)]
      await store.revokeSignedToken(token.tokenId, expiresAt, context)
      await assertRevoked(store, token, true, 'A token is revoked by its id, at once; the answer is `true`, a boolean.')
      await assertRevoked(store, other, false, 'Another token, also of the same authorization, lives on.')
    }
    await assertAlive(store, signIn, 'Revoking a JWT does not end its authorization.')
  },

  'does nothing when a token is revoked again': async ({ store }) => {
    const token = newTokenOf(undefined)
    for (const end of [expiresAt, expiresAt, startedAt]) await store.revokeSignedToken(token.tokenId, end, context)
    await store.prune?.(expiresAt - 1)
    await assertRevoked(store, token, true, 'Revoking again changes nothing and throws nothing: the first one holds.')
  },

  'revokes the tokens of an authorization with it': async ({ store }) => {
    const [userId, clientId, authorizationId] = ['carol', 'web-shop', randomUUID()]
    for (const [given, selection] of [
      [{ authorizationId }, { authorizationId }],
      [{ userId }, { userId }],
      [{ clientId }, { clientId }],
      [{}, { everything: true }],
    ] as const) {
      const signIn = newSignedSignIn(given)
      await save(store, signIn)
      await store.rotateRefreshToken({ ...newRotation(signIn), accessToken: undefined }, context)
      await store.revokeTokens(selection, context)
      const rule = `A JWT dies with its authorization, here by ${JSON.stringify(Object.keys(selection))}.`
      await assertRevoked(store, newTokenOf(signIn.authorization), true, rule)
    }
  },

  "revokes a client's own JWTs that were issued up to a time": async ({ store }) => {
    const [clientId, issuedUntil] = [`Client ${randomUUID()}`, longAgo()]
    const rule = 'A JWT of a client is revoked by `issuedAt`, up to and including `issuedUntil` of its client.'
    await assertRevoked(store, ownToken(clientId, issuedUntil), false, 'Nothing is revoked yet.')
    await store.revokeTokens({ clientId, issuedUntil }, context)
    await store.revokeTokens({ clientId, issuedUntil: issuedUntil - 5 }, context)
    await store.revokeTokens({ clientId }, context)
    await assertRevoked(store, ownToken(clientId, issuedUntil - 1), true, rule)
    await assertRevoked(store, ownToken(clientId, issuedUntil), true, `${rule} The latest one counts.`)
    await assertRevoked(store, ownToken(clientId, issuedUntil + 1), false, 'What is issued later is good.')
    for (const other of [clientId.toLowerCase(), `${clientId} `, clientId.slice(0, -1), '*', '']) {
      const isOther = `${JSON.stringify(other)} is another client.`
      await assertRevoked(store, ownToken(other, issuedUntil), false, isOther)
    }
    const unjudged = { ...newTokenOf(undefined), clientId }
    await assertRevoked(store, unjudged, false, 'Without a time a JWT is not judged by it.')
    await store.prune?.(startedAt + lifetimes.authorization)
    await assertRevoked(store, ownToken(clientId, issuedUntil), true, 'Pruning does not bring a JWT back to life.')
  },

  'revokes all JWTs that were issued up to a time': async ({ store }) => {
    const [clientId, issuedUntil] = [`client ${randomUUID()}`, longAgo()]
    await store.revokeTokens({ everything: true }, context)
    const rule = 'By everything the JWTs of all clients are revoked, up to and including `issuedUntil`.'
    await assertRevoked(
      store,
      ownToken('web-shop', issuedUntil),
      false,
      'Without `issuedUntil` JWTs live to their end.',
    )
    await store.revokeTokens({ clientId, issuedUntil: issuedUntil + 5 }, context)
    await store.revokeTokens({ everything: true, issuedUntil }, context)
    await store.revokeTokens({ everything: true, issuedUntil: issuedUntil - 5 }, context)
    await assertRevoked(store, ownToken('web-shop', issuedUntil), true, rule)
    await assertRevoked(store, ownToken('web-shop', issuedUntil + 1), false, 'What is issued later is good.')
    const later = 'A client that was revoked up to a later time stays revoked up to then.'
    await assertRevoked(store, ownToken(clientId, issuedUntil + 5), true, later)
    await assertRevoked(store, { ...newTokenOf(undefined), issuedAt: issuedUntil }, true, rule)
  },

  'lets users sign in again at once when all JWTs up to now are revoked': async ({ store }) => {
    const issuedUntil = longAgo()
    const before = newSignedSignIn()
    await save(store, before)
    await store.revokeTokens({ everything: true, issuedUntil }, context)
    await store.revokeTokens({ clientId: before.authorization.clientId, issuedUntil }, context)
    const after = newSignedSignIn()
    await save(store, after)
    const rule = 'Of a user’s JWT its authorization decides: one that begins in the same second is not ended.'
    for (const [{ authorization }, expected] of [[before, true] as const, [after, false] as const]) {
      const token = { ...newTokenOf(authorization), clientId: authorization.clientId, issuedAt: issuedUntil }
      await assertRevoked(store, token, expected, rule)
    }
  },

  'remembers in every process, and after a restart, until when JWTs are revoked': async (subject) => {
    const { store, createAnother, reopen } = subject
    const [clientId, issuedUntil] = [`client ${randomUUID()}`, longAgo()]
    const another = await createAnother?.()
    await store.revokeTokens({ clientId, issuedUntil }, context)
    if (another !== undefined) {
      const seen = 'Another process sees it at once.'
      await assertRevoked(another, ownToken(clientId, issuedUntil), true, seen)
      await store.revokeTokens({ everything: true, issuedUntil: issuedUntil + 1 }, context)
      await assertRevoked(another, ownToken('web-shop', issuedUntil + 1), true, seen)
    }
    if (reopen === undefined) return
    const kept = await reopen()
    await assertRevoked(kept, ownToken(clientId, issuedUntil), true, 'It is still known after a restart.')
  },

  'treats a token of an unknown authorization as revoked': async ({ store }) => {
    await save(store, newSignIn({ authorizationId: 'a-1' }))
    for (const authorizationId of ['unknown', 'A-1', 'a-1 ', 'a_1', '', '%', '__proto__']) {
      const token = { ...newTokenOf(undefined), authorizationId }
      const rule = `A JWT of an unknown authorization, here ${JSON.stringify(authorizationId)}, is revoked: that may have ended.`
      await assertRevoked(store, token, true, rule)
    }
  },

  'compares token ids byte for byte': async ({ store }) => {
    await store.revokeSignedToken('aB-1', expiresAt, context)
    for (const tokenId of ['ab-1', 'AB-1', 'aB-1 ', ' aB-1', 'aB_1', 'aB-', '%', '', '__proto__', 'constructor']) {
      const token = { tokenId, authorizationId: undefined }
      await assertRevoked(store, token, false, `${JSON.stringify(tokenId)} is the token of somebody else.`)
    }
  },

  'keeps token ids apart from hashes and authorization ids': async ({ store }) => {
    const [signIn, client] = [newSignIn(), newClientTokens()]
    await save(store, signIn, client)
    const { authorizationId } = signIn.authorization
    const names = [authorizationId, signIn.accessToken.tokenHash, client.accessToken.tokenHash]
    for (const name of names) await store.revokeSignedToken(name, expiresAt, context)
    const rule = 'Only a JWT has an id: what is called the same by chance is not revoked.'
    for (const tokens of [signIn, client]) await assertAlive(store, tokens, rule)
    await assertRevoked(store, newTokenOf(signIn.authorization), false, rule)
  },

  'is seen by another store on the same data at once': async ({ store, createAnother }) => {
    const another = await createAnother?.()
    requireTestable(another, 'create returns no createAnother')
    const signIn = newSignedSignIn()
    const [token, other] = [newTokenOf(signIn.authorization), newTokenOf(signIn.authorization)]
    await save(store, signIn)
    for (const { tokenId } of [token, other]) {
      await assertRevoked(another, { tokenId, authorizationId: undefined }, false, 'Nothing is revoked yet.')
      await assertRevoked(another, newTokenOf(signIn.authorization), false, 'What one process saved, another finds.')
    }
    const rule = 'A revocation holds in every process.'
    await store.revokeSignedToken(token.tokenId, expiresAt, context)
    await assertRevoked(another, token, true, rule)
    await store.revokeTokens({ userId: 'alice' }, context)
    await assertRevoked(another, other, true, rule)
  },

  'is still revoked after a restart': async ({ store, reopen }) => {
    requireTestable(reopen, 'create returns no reopen')
    const token = newTokenOf(undefined)
    await store.revokeSignedToken(token.tokenId, expiresAt, context)
    await assertRevoked(
      await reopen(),
      token,
      true,
      'A revocation that was confirmed to a client must survive a restart.',
    )
  },
}

/** A client's own JWT that was issued at a time. */
function ownToken(clientId: string, issuedAt: number): SignedTokenId {
  return { ...newTokenOf(undefined), clientId, issuedAt }
}

/** A time before all records of the suite, later each time: what was revoked up to an earlier one does not hide what this one revokes. */
function longAgo(): number {
  lastTime = Math.max(lastTime + 10, Date.now() % 1_000_000_000)
  return lastTime
}

let lastTime = 0

function newTokenOf(authorization: { readonly authorizationId: string } | undefined): SignedTokenId {
  return { tokenId: randomUUID(), authorizationId: authorization?.authorizationId }
}

async function assertRevoked(store: TokenStore, token: SignedTokenId, expected: boolean, rule: string): Promise<void> {
  assertSame(await store.isSignedTokenRevoked(token, context), expected, rule)
}
