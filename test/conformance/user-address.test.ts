import { createClient, memoryThrottle, type Client, type RequestContext } from 'latchkey'
import request, { type Response } from 'supertest'
import { beforeEach, describe, expect, it } from 'vitest'
import { ConfigurationError } from '../../lib/errors/configuration-error.js'
import { clientLike } from '../fixtures/api-server.js'
import { plainServer } from '../fixtures/plain-passwords.js'
import { refused, shown } from '../fixtures/shown-answer.js'
import { basic, secretOf, type TestServer } from '../fixtures/test-server.js'

const home = '198.51.100.1'
const stranger = '203.0.113.66'
const elsewhere = '192.0.2.77'

const signsUsersIn = { firstParty: true, grantTypes: ['password', 'refresh_token', 'client_credentials'] } as const
const webApp = clientLike('web-app', { ...signsUsersIn, tellsUserAddress: true })
const silentApp = clientLike('silent-app', signsUsersIn)
/** Whoever wrote it into the store: a client that proves nothing. */
const publicApp = {
  ...webApp,
  clientId: 'public-app',
  clientType: 'public',
  authMethods: ['none'],
  secrets: undefined,
} as never as Client

let server: TestServer
/** The addresses that the store of users saw. */
let seen: (string | undefined)[]

beforeEach(() => {
  seen = []
  const findUserByUsername = (username: string, { address }: RequestContext) => {
    seen.push(address)
    return server.users.get(username)
  }
  const findUser = (id: string) => [...server.users.values()].find(({ userId }) => userId === id)
  server = plainServer({
    moreClients: [webApp, silentApp, publicApp],
    password: { users: { findUserByUsername, findUser }, allowPublicClients: true },
    server: { throttle: memoryThrottle({ clock: () => server.now() }) },
  })
  server.users.set('carol', { userId: 'user-carol', passwordHash: "plain:carol's password" })
})

/** A request of the web app's own server: all of them come from one socket address. */
async function send(form: Readonly<Record<string, string>>, clientId = 'web-app'): Promise<Response> {
  const post = request(server.http).post('/oauth/token').type('form')
  if (clientId === 'public-app') return post.send({ ...form, client_id: clientId })
  return post.set('Authorization', basic(clientId, secretOf(clientId))).send(form)
}

async function signIn(username: string, password: string, from?: string, clientId?: string): Promise<number> {
  const address = from === undefined ? {} : { user_address: from }
  return (await send({ grant_type: 'password', username, password, ...address }, clientId)).status
}

describe('user_address of a client that is registered for it', () => {
  it('keeps guesses at the web app from delaying others (V5)', async () => {
    expect(await signIn('alice', "alice's password", home)).toBe(200)
    for (let i = 0; i < 6; i += 1) await signIn('alice', `guess ${i}`, stranger)
    expect(await signIn('alice', "alice's password", home)).toBe(200)
    for (let i = 0; i < 101; i += 1) await signIn(`nobody-${i}`, 'x', stranger)
    expect(await signIn('carol', "carol's password", stranger)).toBe(429)
    expect(await signIn('carol', "carol's password", elsewhere)).toBe(200)
  })

  it('is the address in the events of the sign-in and for the stores, but not for the client (V5)', async () => {
    server.events.length = 0
    await signIn('alice', 'wrong', home)
    const { body } = await send({
      grant_type: 'password',
      username: 'alice',
      password: "alice's password",
      user_address: home,
    })
    expect(seen).toEqual([home, home])
    const { refresh_token: token } = body as { refresh_token: string }
    await send({ grant_type: 'refresh_token', refresh_token: token, user_address: home })
    await send({ grant_type: 'client_credentials', user_address: home })
    const told = server.events.map(({ type, address }) => [type, address === home])
    expect(told).toEqual([
      ['user_authentication_failed', true],
      ['request_refused', false],
      ['tokens_issued', true],
      ['tokens_issued', false],
      ['tokens_issued', false],
    ])
  })

  it.each([
    ['203.0.113.9', '203.0.113.9'],
    ['203.0.113.9:51234', '203.0.113.9'],
    ['2001:db8::7', '2001:db8::7'],
    ['[2001:db8::7]', '2001:db8::7'],
    ['[2001:db8::7]:51234', '2001:db8::7'],
    ['::ffff:203.0.113.9', '::ffff:203.0.113.9'],
  ])('may be %s (V5)', async (sent, address) => {
    expect(await signIn('alice', "alice's password", sent)).toBe(200)
    expect(seen).toEqual([address])
  })

  it.each([
    'unknown',
    'localhost',
    '203.0.113',
    '203.0.113.256',
    '203.0.113.9, 198.51.100.1',
    '203.0.113.9:',
    '203.0.113.9:http',
    '[203.0.113.9',
    'fe80::1%eth0',
    '2001:db8::/32',
    ' 203.0.113.9',
    '_hidden',
    '127.1',
  ])('is refused when it is %s, so that the mistake is noticed (V5)', async (sent) => {
    const form = { grant_type: 'password', username: 'alice', password: "alice's password", user_address: sent }
    expect(shown(await send(form))).toEqual(
      refused(400, 'invalid_request', 'The parameter user_address is not an IP address'),
    )
    expect(seen).toEqual([])
  })

  it('is one value (V5)', async () => {
    const post = request(server.http)
      .post('/oauth/token')
      .set('Authorization', basic('web-app', secretOf('web-app')))
    const form = `grant_type=password&username=alice&password=x&user_address=${home}&user_address=${stranger}`
    expect((await post.type('form').send(form)).body).toMatchObject({ error: 'invalid_request' })
  })
})

describe('user_address of any other client', () => {
  it.each(['silent-app', 'public-app'])('is ignored from %s, with any value (V5)', async (clientId) => {
    const socket = '127.0.0.1'
    expect(await signIn('alice', "alice's password", home, clientId)).toBe(200)
    expect(await signIn('alice', "alice's password", 'no address', clientId)).toBe(200)
    expect(seen.map((address) => address?.replace('::ffff:', ''))).toEqual([socket, socket])
    for (let i = 0; i < 101; i += 1) await signIn(`nobody-${i}`, 'x', `192.0.2.${i}`, clientId)
    expect(await signIn('carol', "carol's password", elsewhere, clientId)).toBe(429)
  })
})

describe('a client whose users all have one address', () => {
  const users = Array.from({ length: 20 }, (_, i) => `user-${i}`)
  beforeEach(() => {
    for (const name of users) server.users.set(name, { userId: name, passwordHash: 'plain:right' })
  })

  it.each([
    ['does not tell', 'silent-app'],
    ['could tell, and does not', 'web-app'],
  ])('is noticed once twenty have signed in, if it %s, and reported once (V5)', async (_what, clientId) => {
    // The same user many times is one user.
    for (let i = 0; i < 25; i += 1) await signIn(users[0]!, 'right', undefined, clientId)
    for (const name of users.slice(1, 19)) await signIn(name, 'right', undefined, clientId)
    // Who fails has not signed in.
    await signIn(users[19]!, 'wrong', undefined, clientId)
    expect(server.oauth.posture()).toEqual([expect.objectContaining({ code: 'public_password_client' })])
    for (let i = 0; i < 3; i += 1) await signIn(users[19]!, 'right', undefined, clientId)
    expect(server.oauth.posture()[1]).toMatchObject({
      code: 'shared_user_address',
      remedy: expect.stringContaining('tellsUserAddress: true') as string,
    })
    const warnings = server.events.filter((event) => event.type === 'warning' && event.code === 'shared_user_address')
    expect(warnings).toHaveLength(1)
  })

  it('is not noticed if it sends addresses, is public, or is one of several (V5)', async () => {
    for (const [i, name] of users.entries()) {
      await signIn(name, 'right', home, 'web-app')
      await signIn(name, 'right', undefined, 'public-app')
      await signIn(name, 'right', undefined, i % 2 === 0 ? 'silent-app' : 'shop-app')
    }
    expect(server.oauth.posture()).toEqual([expect.objectContaining({ code: 'public_password_client' })])
  })
})

describe('createClient({ tellsUserAddress })', () => {
  const registration = { grantTypes: ['password'], scopes: ['a'], firstParty: true }

  it('is stored with a confidential client, and refused for a public one (V5)', () => {
    expect(createClient({ ...registration, tellsUserAddress: true }).client.tellsUserAddress).toBe(true)
    const mistakes = [
      { ...registration, tellsUserAddress: 'yes' as never },
      { ...registration, tellsUserAddress: true, clientType: 'public' },
    ] as const
    for (const mistake of mistakes) {
      expect(() => createClient(mistake)).toThrow(ConfigurationError)
      expect(() => createClient(mistake)).toThrow('createClient.tellsUserAddress')
    }
  })
})
