import request, { type Test } from 'supertest'
import { beforeEach, describe, expect, it } from 'vitest'
import { clientCredentialsGrant, refreshTokenGrant, type Client } from 'latchkey'
import { plainHasher, plainServer } from '../fixtures/plain-passwords.js'
import { formLine, postToken, signIn } from '../fixtures/post-token.js'
import { sendRaw } from '../fixtures/raw-http.js'
import { invalidClient, issued, refused, shown } from '../fixtures/shown-answer.js'
import { basic, clients as registered, secretOf, type TestServer } from '../fixtures/test-server.js'
import { recordTraffic } from '../fixtures/store-traffic.js'

const invalid = refused(
  400,
  'invalid_grant',
  'The refresh token is invalid, expired, revoked, or belongs to another client',
)
const anyToken = expect.stringMatching(/^[A-Za-z0-9_-]{43}$/) as string
const renewed = issued('orders:read orders:write', { refresh_token: anyToken })
const shopApp = registered.find(({ clientId }) => clientId === 'shop-app')!

let server: TestServer
let accessToken: string
let refreshToken: string

const refresh = (token = refreshToken, clientId = 'shop-app', more = ''): Test =>
  postToken(server, `grant_type=refresh_token&refresh_token=${encodeURIComponent(token)}${more}`, clientId)
const orders = (token: string): Test => request(server.http).get('/orders').set('Authorization', `Bearer ${token}`)

beforeEach(async () => {
  server = plainServer()
  ;({ access_token: accessToken, refresh_token: refreshToken } = await signIn(server))
})

describe('the request', () => {
  it.each(['grant_type=refresh_token', 'grant_type=refresh_token&refresh_token='])(
    'needs a refresh token: %s (RTG-01)',
    async (form) => {
      expect(shown(await postToken(server, form, 'shop-app'))).toEqual(
        refused(400, 'invalid_request', 'The parameter refresh_token is missing'),
      )
    },
  )

  it.each([
    ['no credentials', []],
    ['a wrong secret', [`Authorization: ${basic('shop-app', 'wrong')}`]],
    ['the secret of another client', [`Authorization: ${basic('shop-app', secretOf('other-app'))}`]],
  ])('needs more than the token: %s is invalid_client, and nothing is spent (RTG-02)', async (_what, lines) => {
    const form = `grant_type=refresh_token&refresh_token=${refreshToken}`
    for (const clientId of ['', '&client_id=shop-app']) {
      const answer = await sendRaw(server.http, ['POST /oauth/token HTTP/1.1', formLine, ...lines], form + clientId)
      expect(shown(answer)).toEqual(invalidClient)
    }
    expect(shown(await refresh())).toEqual(renewed)
    expect(server.events.at(-1)).toMatchObject({ type: 'tokens_issued', how: 'refreshed' })
  })

  it('with another client’s token is invalid_grant, which stays valid and is reported (RTG-03)', async () => {
    expect(shown(await refresh(refreshToken, 'other-app'))).toEqual(invalid)
    expect(server.events.slice(-2)).toMatchObject([
      { type: 'refresh_token_misused', clientId: 'other-app', ownerClientId: 'shop-app' },
      { type: 'request_refused', error: 'invalid_grant' },
    ])
    expect(shown(await refresh())).toEqual(renewed)
    expect((await orders(accessToken)).status).toBe(200)
  })

  it.each([0, 5, 10, 1_000_000])(
    'a spent token that another client presents after %i seconds ends nothing (RTG-03)',
    async (seconds) => {
      const { body: successor } = await refresh()
      server.advance(seconds)
      expect(shown(await refresh(refreshToken, 'other-app'))).toEqual(invalid)
      expect(shown(await refresh(String(successor.refresh_token)))).toEqual(renewed)
      expect(server.events.map(({ type }) => type)).not.toContain('refresh_token_replayed')
    },
  )

  it('a public client names itself, and gets nothing for the token of another (RTG-04)', async () => {
    const open = plainServer({ password: { allowPublicClients: true } })
    const post = (form: string): Test => request(open.http).post('/oauth/token').send(form)
    const login = 'grant_type=password&username=alice&password=alice%27s+password&client_id=spa'
    const form = `grant_type=refresh_token&refresh_token=${String((await post(login)).body.refresh_token)}`
    const confidential = (await signIn(open)).refresh_token
    expect(shown(await post(form))).toEqual(invalidClient)
    expect(shown(await post(`${form}&client_id=shop-app`))).toEqual(invalidClient)
    expect(shown(await post(`grant_type=refresh_token&refresh_token=${confidential}&client_id=spa`))).toEqual(invalid)
    const before = open.events.length
    expect(shown(await post(`${form}&client_id=spa`))).toEqual(issued('orders:read', { refresh_token: anyToken }))
    expect(open.events.slice(before)).toMatchObject([{ type: 'tokens_issued', how: 'refreshed', clientId: 'spa' }])
  })

  it('with an unknown, expired, revoked or malformed token gets the same response, byte for byte (RTG-05)', async () => {
    server.advance(14 * 86_400)
    const revoked = (await signIn(server)).refresh_token
    const authorizationId = server.events.findLast((event) => event.type === 'tokens_issued')!.authorizationId!
    expect(await server.oauth.authorizations.revoke({ authorizationId })).toBe(1)
    const lines = ['POST /oauth/token HTTP/1.1', formLine, `Authorization: ${basic('shop-app', secretOf('shop-app'))}`]
    const answers: string[] = []
    for (const token of [refreshToken, revoked, 'unknown', `${refreshToken}x`, 'x'.repeat(513), '%00', '%C3%A9', '+']) {
      const answer = await sendRaw(server.http, lines, `grant_type=refresh_token&refresh_token=${token}`)
      expect(shown(answer)).toEqual(invalid)
      answers.push(answer.octets)
    }
    expect(new Set(answers).size).toBe(1)
  })

  it.each([
    ['513 characters', 'x'.repeat(513)],
    ['16 kB', 'x'.repeat(16_000)],
    ['a NUL', 'abc\0'],
    ['a line break', 'abc\r\n'],
    ['other letters', 'tökén'],
  ])('%s are invalid_grant without a look into the store (RTG-27)', async (_what, token) => {
    const traffic = recordTraffic(server.stores.tokens)
    expect(shown(await refresh(token))).toEqual(invalid)
    expect(traffic).toEqual([])
  })

  it.each(["' OR 1=1--", '../../x', '{"$ne":null}', '*', '%', '__proto__', 'x'.repeat(512)])(
    'the store never sees the text of %j (RTG-27)',
    async (token) => {
      const traffic = recordTraffic(server.stores.tokens)
      expect(shown(await refresh(token))).toEqual(invalid)
      // Two calls and their answers: the look-up, and why nothing was found.
      expect(traffic).toHaveLength(4)
      expect(traffic.join()).not.toContain(JSON.stringify(token).slice(1, -1))
    },
  )
})

describe('who may refresh', () => {
  it('a client that may no longer use the grant gets unauthorized_client, and its token is kept (RTG-25)', async () => {
    server.stores.clients.saveClient({ ...shopApp, grantTypes: ['password'] })
    expect(shown(await refresh())).toEqual(
      refused(400, 'unauthorized_client', 'This client may not use this grant type'),
    )
    server.stores.clients.saveClient(shopApp)
    expect(shown(await refresh())).toEqual(renewed)
    expect(server.events.at(-1)).toMatchObject({ how: 'refreshed' })
  })

  it.each<[string, Partial<Client>]>([
    ['disabled', { disabled: true }],
    ['disabled, as a database says it', { disabled: 1 as never }],
    ['left without a secret', { secrets: [] }],
  ])('a client that is %s is invalid_client, and its token is kept (RTG-10)', async (_what, more) => {
    server.stores.clients.saveClient({ ...shopApp, ...more } as Client)
    expect(shown(await refresh())).toEqual(invalidClient)
    server.stores.clients.saveClient(shopApp)
    expect(shown(await refresh())).toEqual(renewed)
  })

  it.each([
    ['deleted', () => server.users.delete('alice')],
    ['disabled', () => server.users.set('alice', { userId: 'user-1', passwordHash: 'plain:x', disabled: true })],
    [
      'replaced by another under the same name',
      () => server.users.set('alice', { userId: 'user-8', passwordHash: 'x' }),
    ],
  ])('the token of a user who was %s is invalid_grant, and is not spent (RTG-10)', async (_what, end) => {
    const alice = server.users.get('alice')!
    end()
    expect(shown(await refresh())).toEqual(invalid)
    server.users.set('alice', alice)
    expect(shown(await refresh())).toEqual(renewed)
    expect(server.events.at(-1)).toMatchObject({ how: 'refreshed' })
  })

  it.each([null, undefined, 'other'])('a user store that finds %j confirms no user (RTG-10)', async (found) => {
    const user = { userId: 'user-2', passwordHash: 'x' }
    const users = {
      findUserByUsername: () => ({ userId: 'user-1', passwordHash: "plain:alice's password" }),
      findUser: () => (found === 'other' ? user : (found as undefined)),
    }
    server = plainServer({ password: { hasher: plainHasher, users } })
    expect(shown(await refresh((await signIn(server)).refresh_token))).toEqual(invalid)
  })

  it('a grant that is no longer served confirms none of its users (RTG-10)', async () => {
    const { clients, tokens } = server.stores
    server = plainServer({ server: { clients, tokens, grants: [clientCredentialsGrant(), refreshTokenGrant()] } })
    expect(shown(await refresh())).toEqual(invalid)
    server = plainServer({ server: { clients, tokens } })
    expect(shown(await refresh())).toEqual(renewed)
  })
})

describe('the two kinds of token', () => {
  it('an access token is not accepted as a refresh token, and stays valid (RTG-21)', async () => {
    expect(shown(await refresh(accessToken))).toEqual(invalid)
    expect((await orders(accessToken)).status).toBe(200)
  })

  it('a refresh token is not accepted as an access token, before and after it is spent (RTG-21)', async () => {
    expect((await orders(refreshToken)).status).toBe(401)
    await refresh()
    expect((await orders(refreshToken)).status).toBe(401)
  })

  it('an access token stays valid until it expires, even if its refresh token is spent (RTG-22)', async () => {
    await refresh()
    server.advance(3599)
    expect((await orders(accessToken)).status).toBe(200)
    server.advance(1)
    expect((await orders(accessToken)).status).toBe(401)
  })
})
