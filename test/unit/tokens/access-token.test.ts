import { decodeJwt } from 'jose'
import { ConfigurationError, type AccessTokenClaims, type AuthorizationServerOptions, type Client } from 'latchkey'
import { describe, expect, it } from 'vitest'
import { algorithms, api, clientToken, getOrders, jwtServer } from '../../fixtures/jwt-server.js'
import { postToken, signIn } from '../../fixtures/post-token.js'
import { refused, shown } from '../../fixtures/shown-answer.js'
import { clients, testServer } from '../../fixtures/test-server.js'

const serverError = refused(500, 'server_error', 'The server met an unexpected condition')
const form = 'grant_type=client_credentials&scope=orders%3Aread'

describe('the claims that an application adds', () => {
  const standard = [
    'iss',
    'sub',
    'aud',
    'client_id',
    'scope',
    'iat',
    'exp',
    'nbf',
    'jti',
    'auth_time',
    'sid',
    'cnf',
    'act',
  ]

  it('cannot replace or add a claim that only the server sets, for users and for clients', async () => {
    const overwriting = Object.fromEntries(standard.map((name) => [name, 'overwritten']))
    const server = jwtServer({ server: { accessTokenClaims: () => ({ ...overwriting, tenant: 't1' }) } })
    const plain = jwtServer()
    for (const tokenOf of [clientToken, async (from: typeof server) => (await signIn(from)).access_token]) {
      const claims = decodeJwt(await tokenOf(server))
      expect(Object.values(claims)).not.toContain('overwritten')
      expect(claims).toMatchObject({ tenant: 't1', iss: 'http://127.0.0.1', aud: api })
      expect(Object.keys(claims).sort()).toEqual([...Object.keys(decodeJwt(await tokenOf(plain))), 'tenant'].sort())
    }
  })

  it('cannot replace all claims at once', async () => {
    const accessTokenClaims: AccessTokenClaims = () => ({ toJSON: () => ({ sub: 'root' }), rank: 1 })
    for (const algorithm of algorithms) {
      const server = jwtServer({ server: { accessTokenClaims } }, algorithm)
      const token = await clientToken(server)
      expect(decodeJwt(token)).toMatchObject({ sub: 'shop-app', client_id: 'shop-app', rank: 1 })
      expect((await getOrders(server, token)).body).toMatchObject({ actsFor: 'client', clientId: 'shop-app' })
    }
  })

  it('are given the token and the request', async () => {
    const seen: unknown[] = []
    const server = jwtServer({
      server: {
        async accessTokenClaims(token, { parameters }) {
          seen.push([token, Object.fromEntries(parameters)])
          return Promise.resolve({ store: 5 })
        },
      },
    })
    const { access_token: token } = await signIn(server)
    const { sid } = decodeJwt(token)
    expect(seen).toEqual([
      [
        {
          clientId: 'shop-app',
          userId: 'user-1',
          authorizationId: sid,
          scope: 'orders:read orders:write',
          audience: api,
          issuedAt: server.now(),
          expiresAt: server.now() + 3600,
        },
        { grant_type: 'password', username: 'alice' },
      ],
    ])
    expect(decodeJwt(token)).toMatchObject({ store: 5 })
  })

  it.each<[string, AccessTokenClaims]>([
    [
      'throws',
      () => {
        throw new Error('no')
      },
    ],
    ['rejects', () => Promise.reject(new Error('no'))],
    ['answers what is no JSON', () => ({ big: 5n })],
  ])('that %s issues nothing and spends nothing', async (_, failing) => {
    let fails = false
    const accessTokenClaims: AccessTokenClaims = (token, context) => (fails ? failing(token, context) : {})
    const server = jwtServer({ server: { accessTokenClaims } })
    const { refresh_token: refreshToken } = await signIn(server)
    server.events.length = 0
    fails = true
    const refreshing = `grant_type=refresh_token&refresh_token=${refreshToken}`
    expect(shown(await postToken(server, form))).toEqual(serverError)
    expect(shown(await postToken(server, refreshing, 'shop-app'))).toEqual(serverError)
    expect(server.events.map(({ type }) => type)).not.toContain('tokens_issued')
    fails = false
    expect((await postToken(server, refreshing, 'shop-app')).status).toBe(200)
    expect(server.events.at(-1)).toMatchObject({ type: 'tokens_issued', how: 'refreshed' })
  })
})

describe('the form of an access token', () => {
  const [shopApp] = clients
  const jwtClient = { ...shopApp, clientId: 'stock-sync', accessTokenFormat: 'jwt' } as Client
  const opaqueClient = { ...jwtClient, accessTokenFormat: 'opaque' } as Client
  const isJwt = async (moreClients: Client[], server: Partial<AuthorizationServerOptions>): Promise<boolean> => {
    const made = jwtServer({ moreClients, server })
    const { secrets } = clients.find(({ clientId }) => clientId === 'stock-sync') as { secrets: object }
    for (const client of moreClients) made.stores.clients.saveClient({ ...client, secrets } as Client)
    const token = await clientToken(made, 'stock-sync')
    // In whatever form, the guard of the same app takes it.
    expect((await getOrders(made, token)).status).toBe(200)
    expect(token).toMatch(/^(?:[\w-]{43}|[\w-]+\.[\w-]+\.[\w-]+)$/)
    return token.includes('.')
  }

  it('is that of its resource, or else of its client, or else of the server', async () => {
    const resource = (accessTokenFormat: 'jwt' | 'opaque'): object => ({
      resources: [{ resource: api, accessTokenFormat }],
    })
    expect(await isJwt([], {})).toBe(true)
    expect(await isJwt([], { accessTokenFormat: 'opaque' })).toBe(false)
    expect(await isJwt([opaqueClient], {})).toBe(false)
    expect(await isJwt([jwtClient], { accessTokenFormat: 'opaque' })).toBe(true)
    expect(await isJwt([jwtClient], resource('opaque'))).toBe(false)
    expect(await isJwt([opaqueClient], { ...resource('jwt'), accessTokenFormat: 'opaque' })).toBe(true)
  })

  it('is opaque by default', async () => {
    const answer = await postToken(testServer(), form)
    expect(answer.body.access_token).toMatch(/^[\w-]{43}$/)
  })

  it('is signed with the algorithm of its resource', async () => {
    const stock = 'https://stock.example.com'
    const resources = [{ resource: api }, { resource: stock, signingAlgorithm: 'EdDSA' }] as const
    const server = jwtServer({ server: { resources } })
    const algOf = async (more: string): Promise<unknown> => {
      const token = String((await postToken(server, form + more)).body.access_token)
      return JSON.parse(Buffer.from(token.split('.')[0]!, 'base64url').toString()).alg
    }
    expect(await algOf('')).toBe('RS256')
    expect(await algOf(`&resource=${encodeURIComponent(stock)}`)).toBe('EdDSA')
  })

  it('is never a JWT without keys or without an audience: no key is made up (JWK-13)', () => {
    const resources = [{ resource: api }]
    expect(() => testServer({ server: { accessTokenFormat: 'jwt', resources } })).toThrow(ConfigurationError)
    expect(() => testServer({ server: { resources: [{ resource: api, accessTokenFormat: 'jwt' }] } })).toThrow(
      'Use loadSigningKeys or storedSigningKeys',
    )
    expect(() => jwtServer({ server: { resources: [] } })).toThrow(ConfigurationError)
  })

  it('is a failure, and nothing else, where a client wants a JWT of a server that has no keys (JWK-13)', async () => {
    const server = testServer({ moreClients: [{ ...clients[2]!, accessTokenFormat: 'jwt' }] })
    expect(shown(await postToken(server, form))).toEqual(serverError)
  })
})
