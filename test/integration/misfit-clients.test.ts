import {
  clientCredentialsGrant,
  createAuthorizationServer,
  digestClientSecret,
  passwordGrant,
  refreshTokenGrant,
  type AuthorizationServerOptions,
  type Client,
  type OAuthEvent,
} from 'latchkey'
import { createMemoryStores } from 'latchkey/stores/memory'
import request from 'supertest'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { plainHasher } from '../fixtures/plain-passwords.js'
import { basic, secretOf, testServer } from '../fixtures/test-server.js'

type WarningEvent = Extract<OAuthEvent, { readonly type: 'warning' }>

const users = { findUserByUsername: () => undefined, findUser: () => undefined }
const allGrants = [clientCredentialsGrant(), passwordGrant({ users, hasher: plainHasher }), refreshTokenGrant()]

const shop = (more: object): Client => ({
  clientId: 'shop',
  clientType: 'confidential',
  authMethods: ['client_secret_basic'],
  secrets: [{ digest: digestClientSecret(secretOf('shop')) }],
  grantTypes: ['client_credentials'],
  scopes: ['orders:read'],
  ...more,
})

/** The warnings about clients of a server that is made with this one. */
function warningsAbout(client: object, options: Partial<AuthorizationServerOptions> = {}): readonly WarningEvent[] {
  const { clients, tokens } = createMemoryStores({ clients: [shop(client)], pruneIntervalSeconds: 0 })
  const events: OAuthEvent[] = []
  createAuthorizationServer({
    issuer: 'http://localhost',
    clients,
    tokens,
    scopes: ['orders:read', 'orders:write'],
    grants: allGrants,
    onEvent: (event) => events.push(event),
    ...options,
  })
  return aboutClients(events)
}

function aboutClients(events: readonly OAuthEvent[]): readonly WarningEvent[] {
  return events.filter((event): event is WarningEvent => event.type === 'warning' && event.code.startsWith('client_'))
}

const withoutRefresh = { grants: [clientCredentialsGrant(), passwordGrant({ users, hasher: plainHasher })] }

const misfits: readonly (readonly [
  code: string,
  client: object,
  message: string,
  options?: Partial<AuthorizationServerOptions>,
])[] = [
  [
    'client_grant_type',
    { grantTypes: ['passwort', 'refresh_token'] },
    'Client shop has the grant type passwort, which the server does not have. Did you mean password? Correct the client, or add it to grants.',
  ],
  [
    'client_grant_type',
    { grantTypes: ['client_credentials', 'authorization_code'] },
    'Client shop has the grant type authorization_code, which the server does not have. Correct the client, or add it to grants.',
  ],
  [
    'client_grant_type',
    { grantTypes: ['password', 'refresh_token'], firstParty: true },
    'Client shop has the grant type refresh_token, but the server has no refresh token grant, so it gets no refresh tokens. Add refreshTokenGrant() to grants, or remove refresh_token from the client.',
    withoutRefresh,
  ],
  [
    'client_grant_type',
    { grantTypes: ['password', 'refresh_token'] },
    'Client shop has the grant type password but is not a first-party client, so it is refused. Set firstParty: true if it is your own app, or remove the grant type.',
  ],
  [
    'client_without_refresh',
    { grantTypes: ['password'], firstParty: true },
    'Client shop has the grant type password without refresh_token, so its users sign in again for each access token. Add refresh_token to its grantTypes, unless this is intended.',
  ],
  [
    'client_scope',
    { scopes: ['orders:raed', 'stock'], defaultScopes: ['orders:raed'] },
    'Client shop has the scope orders:raed, stock, which the server does not have. Did you mean orders:read? Correct the client, or add it to scopes.',
  ],
  [
    'client_scope',
    { defaultScopes: ['stock'] },
    'Client shop has the scope stock, which the server does not have. Correct the client, or add it to scopes.',
  ],
  [
    'client_resource',
    { resources: ['https://api.example.com/'] },
    'Client shop has the resource https://api.example.com/, which the server does not have. Did you mean https://api.example.com? Correct the client, or add it to resources.',
    { resources: [{ resource: 'https://api.example.com' }] },
  ],
  [
    'client_resource',
    { mayIntrospect: true, introspectsFor: 'urn:orders' },
    'Client shop has the resource urn:orders, which the server does not have. Correct the client, or add it to resources.',
  ],
  [
    'client_auth_method',
    { authMethods: ['client_secret_basic', 'private_key_jwt'] },
    'Client shop has the authentication method private_key_jwt, which the server does not have. Correct the client, or add it to clientAuthMethods.',
  ],
  [
    'client_token_format',
    { accessTokenFormat: 'jwt' },
    'Client shop has accessTokenFormat jwt, and the server has no signing keys. Set signingKeys and resources, or remove accessTokenFormat from the client.',
  ],
]

describe('a client that is registered for what the server does not have', () => {
  afterEach(() => {
    vi.useRealTimers()
    vi.unstubAllEnvs()
  })

  const rows = misfits.map(([code, client, message, options = {}]) => [code, client, message, options] as const)

  it.each(rows)('with %s %j causes one warning when the server is created (A5)', (code, client, message, options) => {
    expect(warningsAbout(client, options)).toEqual([
      {
        type: 'warning',
        level: 'warn',
        code,
        message,
        clientId: 'shop',
        at: expect.any(Number),
        requestId: expect.any(String),
      },
    ])
  })

  it('has an id that no request can carry (A5)', () => {
    expect(warningsAbout({ clientId: 'caf\u00E9' })).toMatchObject([
      {
        code: 'client_id',
        message:
          'Client caf\\u00e9 has an id that no request can carry. Use an id of printable ASCII, as createClient generates.',
        clientId: 'caf\\u00e9',
      },
    ])
  })

  it.each([
    ['fits', {}],
    ['is disabled', { disabled: true, scopes: ['gone'] }],
    ['signs in and refreshes', { grantTypes: ['password', 'refresh_token'], firstParty: true }],
  ])('causes no warning if it %s', (_what, client) => {
    expect(warningsAbout(client)).toEqual([])
  })

  it('causes no warning about refresh tokens in production', () => {
    vi.stubEnv('NODE_ENV', 'production')
    const issuer = 'https://api.example.com'
    expect(warningsAbout({ grantTypes: ['password'], firstParty: true }, { issuer })).toEqual([])
  })

  it('causes one warning when it first authenticates, if it was added later', async () => {
    const server = testServer()
    server.stores.clients.saveClient(shop({ scopes: ['orders:raed', 'orders:read'], defaultScopes: ['orders:read'] }))
    expect(server.clientWarnings).toEqual([])
    const ask = (secret: string): request.Test =>
      request(server.http)
        .post('/oauth/token')
        .set('Authorization', basic('shop', secret))
        .type('form')
        .send('grant_type=client_credentials')
    // A stranger causes nothing.
    expect((await ask('wrong')).status).toBe(401)
    expect(aboutClients(server.events)).toEqual([])
    for (let i = 0; i < 3; i++) expect((await ask(secretOf('shop'))).status).toBe(200)
    expect(aboutClients(server.events)).toMatchObject([{ code: 'client_scope', clientId: 'shop', endpoint: 'token' }])
  })

  it('is looked for once, five seconds after startup, among the first thousand clients of a database', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout'] })
    const { tokens } = createMemoryStores({ pruneIntervalSeconds: 0 })
    const all = Array.from({ length: 1001 }, (_, index) =>
      shop({ clientId: `client-${String(index)}`, scopes: index % 500 === 0 ? ['gone'] : ['orders:read'] }),
    )
    let lists = 0
    const clients = {
      findClient: async (clientId: string) => all.find((client) => client.clientId === clientId),
      listClients: async () => {
        lists++
        // What a broken store may have among them harms nobody.
        return [null, { clientId: 'broken' }, ...all.slice(0, 998), ...all.slice(998)] as Client[]
      },
    }
    const events: OAuthEvent[] = []
    const settings = { issuer: 'http://localhost', clients, tokens, scopes: ['orders:read'], grants: allGrants }
    createAuthorizationServer({ ...settings, onEvent: (event) => events.push(event) })
    expect(lists).toBe(0)
    await vi.advanceTimersByTimeAsync(5000)
    expect(lists).toBe(1)
    expect(aboutClients(events).map(({ clientId }) => clientId)).toEqual(['client-0', 'client-500'])
  })

  it('has no effect if listing the clients fails', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout'] })
    const { tokens } = createMemoryStores({ pruneIntervalSeconds: 0 })
    const clients = {
      findClient: () => undefined,
      listClients: () => {
        throw new Error('out of reach')
      },
    }
    const events: OAuthEvent[] = []
    const settings = { issuer: 'http://localhost', clients, tokens, scopes: ['orders:read'], grants: allGrants }
    createAuthorizationServer({ ...settings, onEvent: (event) => events.push(event) })
    await vi.advanceTimersByTimeAsync(5000)
    expect(events.filter(({ type }) => type !== 'warning')).toEqual([])
    expect(aboutClients(events)).toEqual([])
  })

  it('causes a hundred warnings at most', () => {
    const all = Array.from({ length: 150 }, (_, index) => shop({ clientId: String(index), scopes: ['gone'] }))
    const { clients, tokens } = createMemoryStores({ clients: all, pruneIntervalSeconds: 0 })
    const events: OAuthEvent[] = []
    const settings = { issuer: 'http://localhost', clients, tokens, scopes: ['orders:read'], grants: allGrants }
    createAuthorizationServer({ ...settings, onEvent: (event) => events.push(event) })
    expect(aboutClients(events)).toHaveLength(100)
  })
})
