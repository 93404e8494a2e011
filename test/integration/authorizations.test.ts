import { beforeEach, describe, expect, it } from 'vitest'
import {
  apiServer,
  introspect,
  post,
  refreshAt,
  signInAt,
  statusOf,
  tokenOf,
  type SignIn,
} from '../fixtures/api-server.js'
import { plainHasher } from '../fixtures/plain-passwords.js'
import type { TestServer } from '../fixtures/test-server.js'

let server: TestServer
beforeEach(() => {
  server = apiServer()
})

const list = (userId = 'user-1'): ReturnType<TestServer['oauth']['authorizations']['list']> =>
  server.oauth.authorizations.list({ userId })

/** Whether the access tokens of these sign-ins pass the guard. */
const pass = (...signIns: readonly SignIn[]): Promise<boolean[]> =>
  Promise.all(signIns.map(async ({ access_token }) => (await statusOf(server, access_token)) === 200))

async function idOf(signIn: SignIn): Promise<string> {
  const { sid } = (await introspect(server, signIn.access_token)) as { sid: string }
  return sid
}

describe('the sign-ins of a user', () => {
  it('are listed with device label, client and times, the last used first', async () => {
    const phone = await signInAt(server, 'opaque-app', { device_label: "Alice's phone" })
    server.advance(100)
    await signInAt(server, 'jwt-app', { device_label: 'Kitchen 🍳' })
    const begun = server.now()
    const common = {
      userId: 'user-1',
      grantType: 'password',
      audience: 'http://127.0.0.1/shop',
      scope: 'orders:read profile',
    }
    const onPhone = {
      ...common,
      authorizationId: await idOf(phone),
      clientId: 'opaque-app',
      deviceLabel: "Alice's phone",
      createdAt: begun - 100,
      lastUsedAt: begun - 100,
      expiresAt: begun - 100 + 90 * 86_400,
    }
    const inKitchen = {
      ...common,
      authorizationId: expect.stringMatching(/^[\w-]{22,}$/) as string,
      clientId: 'jwt-app',
      deviceLabel: 'Kitchen 🍳',
      createdAt: begun,
      lastUsedAt: begun,
      expiresAt: begun + 90 * 86_400,
    }
    expect(await list()).toEqual([inKitchen, onPhone])
    server.advance(50)
    await refreshAt(server, 'opaque-app', phone.refresh_token)
    expect(await list()).toEqual([{ ...onPhone, lastUsedAt: begun + 50 }, inKitchen])
  })

  it('are hidden from other users, and contain nothing usable', async () => {
    const tokens = await signInAt(server, 'opaque-app')
    await tokenOf(server, 'opaque-app')
    for (const userId of ['user-2', 'USER-1', 'opaque-app', '', '%']) expect(await list(userId)).toEqual([])
    const shown = JSON.stringify(await list())
    for (const token of [tokens.access_token, tokens.refresh_token]) expect(shown).not.toContain(token)
  })

  it('have the User-Agent as default label, of at most 100 characters', async () => {
    const form = { grant_type: 'password', username: 'alice', password: "alice's password" }
    await post(server, '/oauth/token', form, 'opaque-app').set('User-Agent', 'Shop/1.0')
    await signInAt(server, 'opaque-app', { device_label: 'x'.repeat(101) })
    expect(new Set((await list()).map(({ deviceLabel }) => deviceLabel))).toEqual(
      new Set(['Shop/1.0', 'x'.repeat(100)]),
    )
  })

  it('have the label that the application gives', async () => {
    server = apiServer({
      password: { hasher: plainHasher, deviceLabel: ({ parameters }) => parameters.get('model')?.toUpperCase() },
    })
    await signInAt(server, 'opaque-app', { model: 'a7' })
    await signInAt(server, 'opaque-app')
    expect((await list()).map(({ deviceLabel }) => deviceLabel).sort()).toEqual(['A7', undefined])
  })

  it('are listed until they expire', async () => {
    await signInAt(server, 'opaque-app')
    server.advance(90 * 86_400)
    expect(await list()).toEqual([])
  })
})

describe.each(['opaque-app', 'jwt-app'])('the end of a sign-in at %s', (app) => {
  it('takes effect at the guard, introspection and refresh at once, and for no other sign-in', async () => {
    const [phone, laptop] = [await signInAt(server, app), await signInAt(server, app)]
    const revocation = { authorizationId: await idOf(phone) }
    expect(await server.oauth.authorizations.revoke(revocation)).toBe(1)
    expect(await pass(phone, laptop)).toEqual([false, true])
    expect(await introspect(server, phone.access_token)).toEqual({ active: false })
    expect((await refreshAt(server, app, phone.refresh_token)).body.error).toBe('invalid_grant')
    expect((await list()).map(({ authorizationId }) => authorizationId)).toEqual([await idOf(laptop)])
    expect(server.events.filter(({ type }) => type === 'tokens_revoked')).toMatchObject([{ authorizations: 1 }])
    expect(await server.oauth.authorizations.revoke(revocation)).toBe(0)
  })

  it('includes the tokens of earlier refreshes', async () => {
    const phone = await signInAt(server, app)
    const refreshed = (await refreshAt(server, app, phone.refresh_token)).body
    expect(await pass(phone, refreshed)).toEqual([true, true])
    await server.oauth.authorizations.revoke({ authorizationId: await idOf(phone) })
    expect(await pass(phone, refreshed)).toEqual([false, false])
  })

  it('ends all others when the password is changed, but not the one that changes it', async () => {
    server.users.set('bob', { userId: 'user-2', passwordHash: "plain:alice's password" })
    const here = await signInAt(server, app)
    const elsewhere = [
      await signInAt(server, app),
      await signInAt(server, 'opaque-app'),
      await signInAt(server, 'jwt-app'),
    ]
    const bob = await signInAt(server, app, { username: 'bob' })
    const own = await tokenOf(server, app)
    server.users.set('alice', { userId: 'user-1', passwordHash: 'plain:new password' })
    const exceptAuthorizationId = await idOf(here)
    expect(await server.oauth.authorizations.revoke({ userId: 'user-1', exceptAuthorizationId })).toBe(3)
    expect(await pass(here, ...elsewhere, bob)).toEqual([true, false, false, false, true])
    expect(await statusOf(server, own)).toBe(200)
    expect((await refreshAt(server, app, here.refresh_token)).status).toBe(200)
    expect((await list()).map(({ authorizationId }) => authorizationId)).toEqual([exceptAuthorizationId])
    await expect(signInAt(server, app)).rejects.toThrow('invalid_grant')
  })

  it('ends every sign-in of a user, and a new one does not undo it', async () => {
    const old = [await signInAt(server, app), await signInAt(server, app)]
    expect(await server.oauth.authorizations.revoke({ userId: 'user-1' })).toBe(2)
    const again = await signInAt(server, app)
    expect(await pass(...old, again)).toEqual([false, false, true])
  })

  it('ends every sign-in through a client, or all', async () => {
    const other = app === 'jwt-app' ? 'opaque-app' : 'jwt-app'
    const [here, there] = [await signInAt(server, app), await signInAt(server, other)]
    expect(await server.oauth.authorizations.revoke({ clientId: app })).toBe(1)
    expect(await pass(here, there)).toEqual([false, true])
    expect(await server.oauth.authorizations.revoke({ everything: true })).toBe(1)
    expect(await pass(here, there)).toEqual([false, false])
    expect(await list()).toEqual([])
  })

  it('is not undone by pruning', async () => {
    const phone = await signInAt(server, app)
    await server.oauth.authorizations.revoke({ userId: 'user-1' })
    server.stores.tokens.prune(server.now())
    expect(await pass(phone)).toEqual([false])
    expect((await refreshAt(server, app, phone.refresh_token)).status).toBe(400)
  })
})

describe('checkRevocation: false', () => {
  beforeEach(() => {
    server = apiServer({ server: { checkRevocation: false } })
  })

  it('accepts a JWT until it expires, and not a second longer; introspection reports it as inactive', async () => {
    const [signed, opaque] = [await signInAt(server, 'jwt-app'), await signInAt(server, 'opaque-app')]
    expect(await server.oauth.authorizations.revoke({ userId: 'user-1' })).toBe(2)
    expect(await pass(signed, opaque)).toEqual([true, false])
    expect(await introspect(server, signed.access_token)).toEqual({ active: false })
    expect((await refreshAt(server, 'jwt-app', signed.refresh_token)).status).toBe(400)
    server.advance(3599)
    expect(await pass(signed)).toEqual([true])
    server.advance(1)
    expect(await pass(signed)).toEqual([false])
  })

  it('does not look anything up for a JWT', async () => {
    const signed = await signInAt(server, 'jwt-app')
    const looked: string[] = []
    for (const name of ['findAccessToken', 'findRefreshToken', 'findAuthorization', 'isSignedTokenRevoked'] as const) {
      Object.assign(server.stores.tokens, { [name]: () => looked.push(name) })
    }
    expect(await pass(signed)).toEqual([true])
    expect(looked).toEqual([])
  })

  it('does not accept tokens that were never valid', async () => {
    const signed = await signInAt(server, 'jwt-app')
    const strange = apiServer({ server: { issuer: 'http://127.0.0.1/other' } })
    const foreign = await signInAt(strange, 'jwt-app')
    expect(await pass(foreign, { ...signed, access_token: `${signed.access_token.slice(0, -2)}AA` })).toEqual([
      false,
      false,
    ])
  })
})
