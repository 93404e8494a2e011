import request from 'supertest'
import { describe, expect, it } from 'vitest'
import type { ClientStore, OAuthEvent, PasswordGrantOptions, TokenStore } from 'latchkey'
import { plainHasher } from '../fixtures/plain-passwords.js'
import { basic, secretOf, testServer, type TestServerOptions } from '../fixtures/test-server.js'

/** As Mongo's driver has it. */
class ObjectId {
  readonly bytes = Buffer.from('4711')
}

/** The messages of failures that a sign-in of alice causes; the password and what the store returned are in none of them. */
async function failuresOf(options: TestServerOptions): Promise<string[]> {
  const server = testServer(options)
  const { body, status } = await request(server.http)
    .post('/oauth/token')
    .set('Authorization', basic('shop-app', secretOf('shop-app')))
    .type('form')
    .send({ grant_type: 'password', username: 'alice', password: 'the typed one' })
  expect([status, (body as { error: string }).error]).toEqual([500, 'server_error'])
  const causes = server.events.flatMap((event: OAuthEvent) => (event.type === 'failure' ? [event.cause] : []))
  return causes.map((cause) => {
    expect((cause as Error).stack).not.toMatch(/the typed one|4711|of the row/)
    return (cause as Error).message
  })
}

describe('the error about a user store that returns no user names the member and its type', () => {
  const withUsers = (users: object): TestServerOptions => ({
    password: { users: users as PasswordGrantOptions['users'], hasher: plainHasher },
  })

  it.each([
    [
      'a numeric id',
      { userId: 4711, passwordHash: 'plain:x' },
      'a userId that is a number; it must be a string. Use userId: String(row.id)',
    ],
    ['an empty id', { userId: '', passwordHash: 'plain:x' }, 'a userId that is empty; it must be a string'],
    [
      'an id of bytes',
      { userId: Buffer.from('4711'), passwordHash: 'x' },
      "a userId that is bytes; it must be a string. Use userId: row.id.toString('hex')",
    ],
    [
      'a BigInt',
      { userId: 4711n, passwordHash: 'x' },
      'a userId that is a bigint; it must be a string. Use userId: String(row.id)',
    ],
    [
      'an ObjectId',
      { userId: new ObjectId(), passwordHash: 'x' },
      'a userId that is an object (ObjectId); it must be a string. Use userId: String(row.id), if that is what its text is',
    ],
    [
      'a row as it is',
      { id: 1, password_hash: 'of the row' },
      'a userId that is missing; it must be a string. The member is called userId, not id: use userId: String(row.id)',
    ],
    ['a list of rows', [{ userId: '1' }], 'a user that is a list; it must be an object. Use return rows[0]'],
    [
      'a hash of bytes',
      { userId: '1', passwordHash: Buffer.from('x') },
      'a passwordHash that is bytes; it must be a string. Use passwordHash: row.hash.toString()',
    ],
    ['no hash', { userId: '1' }, 'a passwordHash that is missing; it must be a string'],
    [
      'a hash of another name',
      { userId: '1', password_hash: 'of the row' },
      'a passwordHash that is missing; it must be a string. The member is called passwordHash, not password_hash: use passwordHash: row.password_hash',
    ],
    ['true', true, 'a user that is a boolean; it must be an object, or undefined for nobody'],
  ])('%s (31)', async (_what, user, message) => {
    const users = { findUserByUsername: () => user, findUser: () => user }
    expect(await failuresOf(withUsers(users))).toEqual([`UserStore.findUserByUsername returned ${message}`])
  })

  it.each([
    ['a numeric id', { outcome: 'ok', userId: 4711 }, 'a userId that is a number; it must be a string'],
    ['true', true, 'an outcome that is missing; it must be ok, denied, locked or challenge'],
    ['another outcome', { outcome: '4711' }, 'an outcome that is not one of ok, denied, locked and challenge'],
  ])('of a store that verifies: %s (31)', async (_what, answer, message) => {
    const users = { authenticateUser: () => answer, findUser: () => undefined }
    expect(await failuresOf(withUsers(users))).toEqual([`UserStore.authenticateUser returned ${message}`])
  })
})

describe('the error about a client store that returns no client names the member and its type', () => {
  const client = { clientId: 'shop-app', clientType: 'confidential', authMethods: [], grantTypes: [], scopes: [] }

  it.each([
    ['a text of scopes', { ...client, scopes: '4711' }, 'a client with scopes that is a string; it must be a list'],
    [
      'no grant types',
      { ...client, grantTypes: undefined },
      'a client with grantTypes that is missing; it must be a list',
    ],
    ['one secret', { ...client, secrets: '4711' }, 'a client with secrets that is a string; it must be a list'],
    [
      'a digest of bytes',
      { ...client, secrets: [{ digest: Buffer.from('4711') }] },
      'a secret with a digest that is bytes; it must be a string',
    ],
  ])('%s (31)', async (_what, found, message) => {
    const clients = { findClient: () => found } as unknown as ClientStore
    expect(await failuresOf({ server: { clients } })).toEqual([`ClientStore.findClient returned ${message}`])
  })
})

it('the error about a token record with a numeric user names the member and its type (31)', async () => {
  const server = testServer()
  const record = { clientId: 'shop-app', userId: 4711, scope: 'orders:read', audience: '', issuedAt: 0, expiresAt: 2e9 }
  const broken = testServer({
    server: {
      tokens: Object.assign(Object.create(server.stores.tokens) as TokenStore, {
        findAccessToken: () => record as never,
      }),
    },
  })
  expect((await request(broken.http).get('/orders').set('Authorization', 'Bearer x')).status).toBe(500)
  expect(broken.events.flatMap((event) => (event.type === 'failure' ? [event.cause] : []))).toMatchObject([
    { message: 'TokenStore.findAccessToken returned a userId that is a number; it must be a string' },
  ])
})
