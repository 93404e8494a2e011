import request from 'supertest'
import { digestClientSecret, type AuthorizationServerOptions, type ConfidentialClient } from 'latchkey'
import { describe, expect, it } from 'vitest'
import { postToken, signIn } from '../fixtures/post-token.js'
import { issued, refused, shown, type ShownAnswer, scopeWords } from '../fixtures/shown-answer.js'
import { catalogue, secretOf, testServer, type TestServer } from '../fixtures/test-server.js'

const invalidScope = refused(400, 'invalid_scope', scopeWords)
const refreshToken: unknown = expect.stringMatching(/^[\w-]{43}$/)

const scopes = [...catalogue, 'Orders:Read', 'https://api.example.com/stock.read', '!#[]~', 'constructor']

/** A service that may have every scope, and has no default. */
const service: ConfidentialClient = {
  clientId: 'service',
  clientType: 'confidential',
  authMethods: ['client_secret_basic'],
  secrets: [{ digest: digestClientSecret(secretOf('service')) }],
  grantTypes: ['client_credentials'],
  scopes,
}

const serverWithAll = (options: Partial<AuthorizationServerOptions> = {}): TestServer =>
  testServer({ moreClients: [service], server: { scopes, ...options } })

/** Asks for this scope, as it is, and answers what is answered. */
async function ask(server: TestServer, scope: string, clientId = 'service'): Promise<ShownAnswer> {
  const form = new URLSearchParams({ grant_type: 'client_credentials', scope }).toString()
  return shown(await postToken(server, form, clientId))
}

describe('scope is refused', () => {
  it.each([
    'a"b',
    '"orders:read"',
    'a\\b',
    'é',
    'orders:read\u00A0stock:write',
    'orders:read\tstock:write',
    'orders:read\nstock:write',
    'orders:read\r\n',
    '\0',
    '\x7F',
    '\u043Erders:read',
    '🔑',
  ])('when it has other characters than RFC 6749 allows: %j (SCO-01)', async (scope) => {
    expect(await ask(serverWithAll(), scope)).toEqual(invalidScope)
    expect(await ask(serverWithAll({ excessScope: 'drop' }), `orders:read ${scope}`)).toEqual(invalidScope)
  })

  it.each([' ', ' orders:read', 'orders:read ', 'orders:read  stock:write', '  '])(
    'when its tokens are not separated by single spaces: %j (SCO-02)',
    async (scope) => {
      expect(await ask(serverWithAll(), scope)).toEqual(invalidScope)
    },
  )

  it.each([
    'ORDERS:READ',
    'orders:Read',
    'orders:rea',
    'orders:read:all',
    'orders',
    '*',
    'orders:*',
    'orders:read,profile',
  ])('when it is almost an existing one: %j (SCO-03)', async (scope) => {
    expect(await ask(serverWithAll(), scope)).toEqual(invalidScope)
  })

  it.each(['', undefined])('when it is missing and the client has no default: %j (SCO-04)', async (scope) => {
    const form = `grant_type=client_credentials${scope === undefined ? '' : '&scope='}`
    expect(shown(await postToken(serverWithAll(), form, 'service'))).toEqual(invalidScope)
  })

  it('when it is more than the client is registered for, even in part (SCO-05, SCO-07)', async () => {
    const server = serverWithAll()
    expect(await ask(server, 'profile', 'stock-sync')).toEqual(invalidScope)
    expect(await ask(server, 'stock:write profile', 'stock-sync')).toEqual(invalidScope)
    expect(await ask(server, 'stock:write', 'stock-sync')).toEqual(issued('stock:write'))
  })

  it('when nothing of it is left (SCO-06)', async () => {
    const server = serverWithAll({ excessScope: 'drop' })
    expect(await ask(server, 'profile orders:write', 'stock-sync')).toEqual(invalidScope)
    // Neither does a default remain that the catalogue no longer has.
    const other = testServer({ server: { scopes: ['profile', 'orders:read'] } })
    expect(shown(await postToken(other, 'grant_type=client_credentials'))).toEqual(invalidScope)
    expect(other.events.filter(({ type }) => type === 'tokens_issued')).toEqual([])
  })

  it('when it has more than 100 tokens or 4096 characters (SCO-11)', async () => {
    const server = serverWithAll({ excessScope: 'drop' })
    const many = (count: number): string =>
      ['orders:read', ...Array.from({ length: count - 1 }, (_, i) => `t${i}`)].join(' ')
    const long = (length: number): string => 'orders:read '.padEnd(length, 'x')
    expect(await ask(server, many(100))).toEqual(issued('orders:read'))
    expect(await ask(server, many(101))).toEqual(invalidScope)
    expect(await ask(server, long(4096))).toEqual(issued('orders:read'))
    expect(await ask(server, long(4097))).toEqual(invalidScope)
    expect(await ask(server, 'orders:read '.repeat(101).trim())).toEqual(invalidScope)
  })

  it.each(['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'has', 'size'])(
    'when it is not registered, even if it is a name of JavaScript: %s (SCO-12)',
    async (scope) => {
      expect(await ask(testServer(), scope, 'stock-sync')).toEqual(invalidScope)
      expect(await ask(testServer({ server: { excessScope: 'drop' } }), scope, 'stock-sync')).toEqual(invalidScope)
    },
  )
})

describe('scope is granted', () => {
  it.each(scopes)('by its exact name: %s (SCO-01, SCO-12)', async (scope) => {
    expect(await ask(serverWithAll(), scope)).toEqual(issued(scope))
  })

  it.each([
    ['profile orders:read', 'profile orders:read'],
    ['profile orders:read profile profile', 'profile orders:read'],
    ['Orders:Read orders:read', 'Orders:Read orders:read'],
  ])('as a set: %j (SCO-03)', async (asked, scope) => {
    expect(await ask(serverWithAll(), asked)).toEqual(issued(scope))
  })

  it('by the default of the client when it asks for none (SCO-04)', async () => {
    for (const form of ['grant_type=client_credentials', 'grant_type=client_credentials&scope=']) {
      expect(shown(await postToken(serverWithAll(), form))).toEqual(issued('stock:write'))
    }
  })

  it('as far as the client may have it, if the server drops the rest, and is never widened (SCO-05)', async () => {
    const server = serverWithAll({ excessScope: 'drop' })
    expect(await ask(server, 'profile orders:read unknown', 'stock-sync')).toEqual(issued('orders:read'))
    expect(await ask(server, 'orders:read', 'stock-sync')).toEqual(issued('orders:read'))
  })

  it('to each client by its own list (SCO-07)', async () => {
    const server = serverWithAll()
    expect(await ask(server, 'orders:write', 'shop-app')).toEqual(issued('orders:write'))
    expect(await ask(server, 'orders:write', 'stock-sync')).toEqual(invalidScope)
    const { body } = await postToken(server, 'grant_type=client_credentials&scope=stock:write')
    const orders = await request(server.http).get('/orders').set('Authorization', `Bearer ${body.access_token}`)
    expect(orders.status).toBe(403)
  })

  it('to users by the list of the password grant, which may be smaller (SCO-08)', async () => {
    const server = testServer({ password: { scopes: ['orders:read', 'profile'] } })
    const alice = "grant_type=password&username=alice&password=alice's+password"
    // By default without what the grant may not give; on demand not at all.
    expect(shown(await postToken(server, alice, 'shop-app'))).toEqual(
      issued('orders:read', { refresh_token: refreshToken }),
    )
    expect(shown(await postToken(server, `${alice}&scope=orders:write`, 'shop-app'))).toEqual(invalidScope)
    const { refresh_token: token } = await signIn(server)
    const refresh = `grant_type=refresh_token&refresh_token=${token}&scope=orders:write`
    expect(shown(await postToken(server, refresh, 'shop-app'))).toEqual(invalidScope)
    expect(await ask(server, 'orders:write', 'shop-app')).toEqual(issued('orders:write'))
  })

  it('at a refresh only as far as the catalogue still has it (SCO-05)', async () => {
    const before = testServer()
    const { clients, tokens } = before.stores
    const { refresh_token: token } = await signIn(before)
    const scopesNow = catalogue.filter((scope) => scope !== 'orders:write')
    const after = testServer({ server: { clients, tokens, scopes: scopesNow } })
    const refresh = `grant_type=refresh_token&refresh_token=${token}`
    expect(shown(await postToken(after, `${refresh}&scope=orders:write`, 'shop-app'))).toEqual(invalidScope)
    expect(shown(await postToken(after, refresh, 'shop-app'))).toEqual(
      issued('orders:read', { refresh_token: refreshToken }),
    )
  })
})
