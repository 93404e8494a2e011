import request from 'supertest'
import { beforeEach, describe, expect, it } from 'vitest'
import { clientCredentialsGrant, refreshTokenGrant, type NewTokens, type RequestContext } from 'latchkey'
import { plainServer, watchedServer, type WatchedServer } from '../fixtures/plain-passwords.js'
import { basicLine, formLine, postToken, signIn } from '../fixtures/post-token.js'
import { sendRaw } from '../fixtures/raw-http.js'
import { invalidClient, issued, refused, shown, scopeWords, unsupportedWords } from '../fixtures/shown-answer.js'
import { clients, secretOf } from '../fixtures/test-server.js'

const alice = 'grant_type=password&username=alice&password=alice%27s+password'
const malformed = refused(400, 'invalid_request', 'The user name or the password is too long or has control characters')
const notForThisClient = refused(400, 'unauthorized_client', 'This client may not use the password grant')
const aRefreshToken = { refresh_token: expect.stringMatching(/^[A-Za-z0-9_-]{43}$/) as string }

const shopApp = clients.find(({ clientId }) => clientId === 'shop-app')!

let server: WatchedServer
beforeEach(() => {
  server = watchedServer()
})

describe('the two switches', () => {
  it('is off unless it is listed, even for a client that is registered for it (ROP-01)', async () => {
    const off = plainServer({ server: { grants: [clientCredentialsGrant(), refreshTokenGrant()] } })
    expect(shown(await postToken(off, alice, 'shop-app'))).toEqual(
      refused(400, 'unsupported_grant_type', unsupportedWords),
    )
    expect(off.events.map(({ type }) => type)).toEqual(['request_refused'])
  })

  it('warns once at startup, and names RFC 9700 (ROP-01)', () => {
    expect(server.events).toEqual([
      {
        type: 'warning',
        level: 'warn',
        code: 'password_grant_enabled',
        message: expect.stringMatching(/RFC 9700 section 2\.4/) as string,
        at: server.now(),
        requestId: expect.any(String) as string,
        address: undefined,
      },
    ])
  })

  it.each([
    ['is not marked as first-party', { firstParty: false }],
    ['does not say whether it is first-party', { firstParty: undefined }],
    ['is marked by something else than true', { firstParty: 'yes' as never }],
  ])('refuses a client that %s, before any user is looked up (ROP-01)', async (_what, more) => {
    server.stores.clients.saveClient({ ...shopApp, ...more })
    expect(shown(await postToken(server, alice, 'shop-app'))).toEqual(notForThisClient)
    expect(server.lookups).toEqual([])
  })

  it('refuses a client that is not registered for the grant type (ROP-01)', async () => {
    expect(shown(await postToken(server, alice, 'stock-sync'))).toEqual(
      refused(400, 'unauthorized_client', 'This client may not use this grant type'),
    )
    expect(server.lookups).toEqual([])
  })

  it('refuses a public client, until allowPublicClients says otherwise (ROP-01)', async () => {
    const form = `${alice}&client_id=spa`
    expect(shown(await request(server.http).post('/oauth/token').send(form))).toEqual(notForThisClient)
    expect(server.lookups).toEqual([])
    const open = plainServer({ password: { allowPublicClients: true } })
    expect(shown(await request(open.http).post('/oauth/token').send(form))).toEqual(
      issued('orders:read', aRefreshToken),
    )
  })
})

describe('the request', () => {
  it.each([
    ['username', 'grant_type=password&password=x'],
    ['username', 'grant_type=password&username=&password=x'],
    ['password', 'grant_type=password&username=alice'],
    ['password', 'grant_type=password&username=alice&password='],
  ])('needs a %s: %s (ROP-03)', async (name, form) => {
    expect(shown(await postToken(server, form, 'shop-app'))).toEqual(
      refused(400, 'invalid_request', `The parameter ${name} is missing`),
    )
    expect({ lookups: server.lookups, verified: server.verified }).toEqual({ lookups: [], verified: [] })
  })

  it.each([
    ['a wrong secret', { authorization: basicLine('shop-app', 'wrong'), form: alice }],
    [
      'the id of a confidential client and no secret',
      { authorization: 'X-None: 1', form: `${alice}&client_id=shop-app` },
    ],
    ['no client at all', { authorization: 'X-None: 1', form: alice }],
  ])('refuses the right password with %s, and never looks at the user (ROP-04)', async (_what, given) => {
    const { authorization, form } = given
    const answer = await sendRaw(server.http, ['POST /oauth/token HTTP/1.1', formLine, authorization], form)
    expect(shown(answer)).toEqual(invalidClient)
    expect({ lookups: server.lookups, verified: server.verified }).toEqual({ lookups: [], verified: [] })
    expect(server.events.map(({ type }) => type)).not.toContain('user_authentication_failed')
  })

  it.each(['%00', '%0A', '%0D', '%0D%0A', '%01', '%08', '%0B', '%1B', '%1F', '%7F', '%EF%BF%BE', '%EF%BF%BF'])(
    'refuses the control character %s in a user name or a password before any look-up (ROP-08)',
    async (control) => {
      for (const form of [
        `grant_type=password&username=ali${control}ce&password=x`,
        `grant_type=password&username=alice&password=alice%27s+password${control}`,
      ]) {
        expect(shown(await postToken(server, form, 'shop-app'))).toEqual(malformed)
      }
      expect({ lookups: server.lookups, verified: server.verified }).toEqual({ lookups: [], verified: [] })
    },
  )

  it('refuses user names and passwords of more than 1024 bytes before any look-up (ROP-08)', async () => {
    for (const form of [
      `grant_type=password&username=${'%C3%A9'.repeat(513)}&password=x`,
      `grant_type=password&username=alice&password=${'x'.repeat(1025)}`,
    ]) {
      expect(shown(await postToken(server, form, 'shop-app'))).toEqual(malformed)
    }
    expect({ lookups: server.lookups, verified: server.verified }).toEqual({ lookups: [], verified: [] })
  })

  it('allows a tab, and every other character of Unicode (ROP-08)', async () => {
    const password = 'tab\tbell-less \u0085 é 日本 \u{1F511} " \\ & = +'
    server.users.set('zoë', { userId: 'user-2', passwordHash: `plain:${password}` })
    const form = new URLSearchParams({ grant_type: 'password', username: 'zoë', password }).toString()
    expect((await postToken(server, form, 'shop-app')).status).toBe(200)
    expect({ lookups: server.lookups, verified: server.verified }).toEqual({
      lookups: ['zoë'],
      verified: [['verify', password]],
    })
  })
})

describe('what is granted', () => {
  it('includes no refresh token, unless the client is registered for the refresh grant (ROP-11)', async () => {
    server.stores.clients.saveClient({ ...shopApp, grantTypes: ['password'] })
    expect(shown(await postToken(server, alice, 'shop-app'))).toEqual(issued('orders:read orders:write'))
    server.stores.clients.saveClient(shopApp)
    expect(shown(await postToken(server, alice, 'shop-app'))).toEqual(issued('orders:read orders:write', aRefreshToken))
  })

  it('is limited by the grant, the client and the server; a request can only ask for less (ROP-12)', async () => {
    const small = plainServer({ password: { scopes: ['orders:read', 'stock:write'] } })
    const tooMuch = refused(400, 'invalid_scope', scopeWords)
    for (const scope of ['orders:write', 'orders:read profile', 'stock:write']) {
      expect(shown(await postToken(small, `${alice}&scope=${encodeURIComponent(scope)}`, 'shop-app'))).toEqual(tooMuch)
    }
    expect(shown(await postToken(small, alice, 'shop-app'))).toEqual(issued('orders:read', aRefreshToken))
  })

  it('has the lifetime of the client or of the server, not of the request (ROP-12)', async () => {
    const wish = `${alice}&expires_in=999999&lifetime=999999&access_token_lifetime=999999`
    expect((await postToken(server, wish, 'shop-app')).body).toMatchObject({ expires_in: 3600 })
    server.stores.clients.saveClient({ ...shopApp, accessTokenLifetimeSeconds: 300 })
    expect((await postToken(server, wish, 'shop-app')).body).toMatchObject({ expires_in: 300 })
  })

  it('authorizations.revoke({ userId }) ends every sign-in of the user at once, and no other (ROP-13)', async () => {
    server.users.set('bob', { userId: 'user-2', passwordHash: "plain:bob's password" })
    const phone = await signIn(server)
    const laptop = await signIn(server)
    const bobs = (await postToken(server, 'grant_type=password&username=bob&password=bob%27s+password', 'shop-app'))
      .body
    expect(await server.oauth.authorizations.revoke({ userId: 'user-1' })).toBe(2)
    for (const { access_token: token, refresh_token: refreshToken } of [phone, laptop]) {
      expect((await request(server.http).get('/orders').set('Authorization', `Bearer ${token}`)).status).toBe(401)
      const again = await postToken(server, `grant_type=refresh_token&refresh_token=${refreshToken}`, 'shop-app')
      expect(again.body).toMatchObject({ error: 'invalid_grant' })
    }
    const bobsRoute = request(server.http)
      .get('/orders')
      .set('Authorization', `Bearer ${String(bobs.access_token)}`)
    expect((await bobsRoute).status).toBe(200)
    const bobsForm = `grant_type=refresh_token&refresh_token=${String(bobs.refresh_token)}`
    expect((await postToken(server, bobsForm, 'shop-app')).status).toBe(200)
  })

  it('neither the password nor a secret reaches a store, a context or an event (ROP-14)', async () => {
    const seen: unknown[] = []
    const watched = plainServer({
      password: {
        users: {
          findUserByUsername(username, context) {
            seen.push(username, context.requestId, context.address, [...context.parameters])
            return watched.users.get(username)
          },
          findUser: () => undefined,
        },
      },
    })
    const save = watched.stores.tokens.saveTokens.bind(watched.stores.tokens)
    Object.assign(watched.stores.tokens, {
      saveTokens(tokens: NewTokens, context: RequestContext) {
        seen.push(tokens, [...context.parameters])
        save(tokens)
      },
    })
    for (const password of ["alice's password", 'hunter2']) {
      const form = new URLSearchParams({ grant_type: 'password', username: 'alice', password }).toString()
      await postToken(watched, form, 'shop-app')
    }
    const told = JSON.stringify([seen, watched.events])
    expect(told).toContain('"grant_type"')
    for (const secret of ['s password', 'hunter2', secretOf('shop-app')]) expect(told).not.toContain(secret)
    // People type passwords into the field for the name: events do not tell it.
    expect(JSON.stringify(watched.events)).not.toContain('alice')
  })
})
