import type { TokenHash } from '../../crypto/hash.js'
import { contractContext as context, type ContractRules, requireTestable } from '../contract-rule.js'
import { assertRefused, assertSame, isRefused } from '../rule-assertions.js'
import { asHash, newClientTokens, newHash, newSignedSignIn, newSignIn } from '../token-records.js'
import type { TokenStoreUnderTest } from '../token-store-under-test.js'
import { assertAlive, assertDead, assertUnknown } from './token-assertions.js'

export const savingRules: ContractRules<TokenStoreUnderTest> = {
  'finds an access token of a user, whole and unchanged': async ({ store }) => {
    const signIn = newSignIn()
    await store.saveTokens(signIn, context)
    const found = await store.findAccessToken(signIn.accessToken.tokenHash, context)
    assertSame(
      found,
      signIn.accessToken,
      'A guard decides by every field of the record: none may change or be missing.',
    )
  },

  'finds an access token of the client itself, without user and authorization': async ({ store }) => {
    const tokens = newClientTokens()
    await store.saveTokens(tokens, context)
    const found = await store.findAccessToken(tokens.accessToken.tokenHash, context)
    const rule = '`userId` shows whether a token acts for a user: undefined, not null and not an empty string.'
    assertSame(found, tokens.accessToken, rule)
  },

  'finds a refresh token with its authorization, unspent': async ({ store }) => {
    const signIn = newSignIn()
    const { authorization, refreshToken } = signIn
    await store.saveTokens(signIn, context)
    const found = await store.findRefreshToken(refreshToken.tokenHash, context)
    const rule =
      'The refresh token grant decides by the authorization and by `spending`, which is undefined until then.'
    assertSame(found, { ...refreshToken, authorization, spending: undefined }, rule)
  },

  'saves a sign-in without a refresh token': async ({ store }) => {
    const signIn = newSignIn()
    await store.saveTokens({ ...signIn, refreshToken: undefined }, context)
    const found = await store.findAccessToken(signIn.accessToken.tokenHash, context)
    assertSame(found, signIn.accessToken, 'A client without the refresh token grant gets an access token alone.')
  },

  'keeps unusual characters and long scopes': async ({ store }) => {
    const scope = `${'s'.repeat(4000)} ${'!#[]~'.repeat(19)}`
    const signIn = newSignIn({
      userId: `O'Brien "Ωμέγα" 👩‍👩‍👧 \\ %_; --`,
      clientId: 'https://app.example/?a=1&b=ü',
      deviceLabel: `"Zoë's" 平板 👩‍👩‍👧 \\ %_; --`,
      audience: `https://${'a'.repeat(2000)}.example https://b.example/?c=%20&d='`,
      scope,
    })
    await store.saveTokens(signIn, context)
    const access = await store.findAccessToken(signIn.accessToken.tokenHash, context)
    const refresh = await store.findRefreshToken(signIn.refreshToken.tokenHash, context)
    const rule = 'Ids and scopes are the application’s: no character may be lost, cut off or taken for syntax.'
    assertSame(access, signIn.accessToken, rule)
    assertSame(refresh?.authorization, signIn.authorization, rule)
  },

  'returns undefined for an unknown hash': async ({ store }) => {
    await store.saveTokens(newSignIn(), context)
    for (const hash of [newHash(), asHash(''), asHash('%'), asHash('__proto__'), asHash(`' OR '1'='1`)]) {
      await assertUnknown(
        store,
        hash,
        'A token that was never stored is unknown: undefined, not null and no exception.',
      )
    }
  },

  'compares hashes byte for byte': async ({ store }) => {
    const signIn = newSignIn()
    const client = newClientTokens()
    await store.saveTokens(signIn, context)
    await store.saveTokens(client, context)
    for (const { tokenHash } of [signIn.accessToken, signIn.refreshToken, client.accessToken]) {
      for (const similar of [flipCase(tokenHash), `${tokenHash} `, ` ${tokenHash}`, tokenHash.slice(0, -1)]) {
        await assertUnknown(
          store,
          asHash(similar),
          'A similar hash is another token: mind the collation of the column.',
        )
      }
    }
  },

  'does not take an access token for a refresh token, nor the reverse': async ({ store }) => {
    const signIn = newSignIn()
    const { accessToken, refreshToken } = signIn
    await store.saveTokens(signIn, context)
    const rule = 'A refresh token would open every guarded route, or an access token could renew itself.'
    assertSame(await store.findAccessToken(refreshToken.tokenHash, context), undefined, rule)
    assertSame(await store.findRefreshToken(accessToken.tokenHash, context), undefined, rule)
  },

  'refuses an access token hash that exists and changes nothing': async ({ store }) => {
    const first = newSignIn()
    await store.saveTokens(first, context)
    const second = newSignIn({ userId: 'bob' })
    const accessToken = { ...second.accessToken, tokenHash: first.accessToken.tokenHash }
    const rule = 'Overwriting a token would give its bearer the rights of somebody else.'
    await assertRefused(() => store.saveTokens({ ...second, accessToken }, context), rule)
    assertSame(await store.findAccessToken(accessToken.tokenHash, context), first.accessToken, rule)
    await assertUnknown(store, second.refreshToken.tokenHash, 'A failed save stores nothing: no refresh token.')
    const ended = await store.revokeTokens({ userId: 'bob' }, context)
    assertSame(ended, 0, 'A failed save stores nothing: no authorization.')
  },

  'saves all of the tokens or nothing': async ({ store }) => {
    const first = newSignIn()
    await store.saveTokens(first, context)
    const second = newSignIn({ userId: 'bob' })
    const refreshToken = { ...second.refreshToken, tokenHash: first.refreshToken.tokenHash }
    const rule = 'If one record cannot be stored, none may be: otherwise there would be a token that cannot be revoked.'
    await assertRefused(() => store.saveTokens({ ...second, refreshToken }, context), rule)
    await assertUnknown(store, second.accessToken.tokenHash, rule)
    assertSame(await store.revokeTokens({ userId: 'bob' }, context), 0, rule)
    const kept = await store.findRefreshToken(first.refreshToken.tokenHash, context)
    assertSame(kept?.authorization, first.authorization, 'A failed save leaves what was there as it was.')
  },

  'refuses an authorization id that exists and changes nothing': async ({ store }) => {
    const first = newSignIn()
    const { authorizationId } = first.authorization
    await store.saveTokens(first, context)
    const rule =
      'An authorization that is overwritten gives its tokens to somebody else: a second one with its id is refused.'
    for (const second of [
      newSignIn({ authorizationId, userId: 'bob', scope: 'orders:admin' }),
      newSignedSignIn({ authorizationId, userId: 'bob', scope: 'orders:admin' }),
    ]) {
      await assertRefused(() => store.saveTokens(second, context), rule)
      assertSame(await store.findAuthorization(authorizationId, context), first.authorization, rule)
      await assertAlive(store, first, rule)
      await assertDead(store, second, 'A failed save stores nothing: no token.')
      assertSame(await store.listAuthorizations('bob', context), [], 'A failed save stores nothing: no sign-in.')
    }
  },

  'lets exactly one of twenty concurrent saves of a hash win': async ({ store, createAnother }) => {
    const another = (await createAnother?.()) ?? store
    const [access, refresh, client] = [newHash(), newHash(), newHash()]
    const attempts = Array.from({ length: 20 }, (_, index) => {
      const { accessToken, ...signIn } = newSignIn({ userId: `user-${index}` })
      if (index % 4 < 2) return { ...signIn, accessToken: { ...accessToken, tokenHash: access } }
      return { ...signIn, accessToken, refreshToken: { ...signIn.refreshToken, tokenHash: refresh } }
    })
    const clients = Array.from({ length: 20 }, (_, index) =>
      newClientTokens({ tokenHash: client, clientId: `client-${index}` }),
    )
    const saves = [...attempts, ...clients].map(async (tokens, index) =>
      isRefused(() => (index % 2 === 0 ? store : another).saveTokens(tokens, context)),
    )
    const refused = await Promise.all(saves)

    const rule =
      'A hash is one token: of concurrent saves exactly one is stored, and the others are refused as a whole.'
    const winners = (hash: TokenHash) =>
      [...attempts, ...clients].filter(
        ({ accessToken, refreshToken }, index) =>
          refused[index] === false && (accessToken.tokenHash === hash || refreshToken?.tokenHash === hash),
      )
    for (const hash of [access, refresh, client]) assertSame(winners(hash).length, 1, rule)
    for (const tokens of winners(client)) await assertAlive(store, tokens, rule)
    for (const [index, tokens] of attempts.entries()) {
      const { authorizationId, userId } = tokens.authorization
      if (refused[index] === false) {
        await assertAlive(another, tokens, rule)
        continue
      }
      assertSame(await another.findAuthorization(authorizationId, context), undefined, rule)
      assertSame(await another.listAuthorizations(userId, context), [], rule)
      for (const { tokenHash } of [tokens.accessToken, tokens.refreshToken]) {
        if (tokenHash !== access && tokenHash !== refresh) await assertUnknown(another, tokenHash, rule)
      }
    }
  },

  'is seen by another store on the same data at once': async ({ store, createAnother }) => {
    const another = await createAnother?.()
    requireTestable(another, 'create returns no createAnother')
    const tokens = newClientTokens()
    await store.saveTokens(tokens, context)
    const found = await another.findAccessToken(tokens.accessToken.tokenHash, context)
    assertSame(found, tokens.accessToken, 'The next request may be served by another process.')
  },

  'is still there after a restart': async ({ store, reopen }) => {
    requireTestable(reopen, 'create returns no reopen')
    const signIn = newSignIn()
    await store.saveTokens(signIn, context)
    const reopened = await reopen()
    const found = await reopened.findAccessToken(signIn.accessToken.tokenHash, context)
    assertSame(found, signIn.accessToken, 'A token that a client has received must survive a restart.')
  },
}

function flipCase(text: string): string {
  return Array.from(text, (letter) =>
    letter === letter.toLowerCase() ? letter.toUpperCase() : letter.toLowerCase(),
  ).join('')
}
