import { describe, expect, it } from 'vitest'
import {
  clientCredentialsGrant,
  ConfigurationError,
  createAuthorizationServer,
  createClient,
  passwordGrant,
  refreshTokenGrant,
  type AuthorizationServerOptions,
  type NewClient,
  type PasswordGrantOptions,
} from 'latchkey'
import {
  clients,
  grantOf,
  soundHasher,
  tokens,
  users,
  wrongClient,
  wrongGuard,
  wrongPassword,
  wrongRefresh,
  wrongServer,
} from './configuration-mistakes.js'

const soundServer: AuthorizationServerOptions = {
  issuer: 'https://api.example.com',
  clients,
  tokens,
  scopes: ['orders:read', 'orders:write'],
  grants: [clientCredentialsGrant()],
}
const soundPassword: PasswordGrantOptions = { users, hasher: soundHasher }
const soundClient: NewClient = { grantTypes: ['client_credentials'], scopes: ['orders:read', 'orders:write'] }

const server = (given: object): unknown => createAuthorizationServer({ ...soundServer, ...given })
const password = (given: object): unknown => passwordGrant({ ...soundPassword, ...given })
const refresh = (given: object): unknown => refreshTokenGrant(given)
const client = (given: object): unknown => createClient({ ...soundClient, ...given })
const guard = (given: object): unknown => createAuthorizationServer(soundServer).requireBearer(given)

function mistakeOf(make: () => unknown): ConfigurationError {
  try {
    make()
  } catch (error) {
    if (error instanceof ConfigurationError) return error
    throw error
  }
  throw new Error('The mistake was not noticed')
}

describe.each([
  ['createAuthorizationServer', server, wrongServer],
  ['passwordGrant', password, wrongPassword],
  ['refreshTokenGrant', refresh, wrongRefresh],
  ['createClient', client, wrongClient],
  ['requireBearer', guard, wrongGuard],
])('%s', (name, make, mistakes) => {
  it.each(mistakes)('refuses %j: %s', (given, option, says) => {
    const error = mistakeOf(() => make(given))
    expect(error.option).toBe(option)
    // What is wrong, where, and how to fix it: three parts in one line.
    expect(error.message).toMatch(says)
    expect(error.message).toMatch(/^\S.*: \S.*\. \S.*\.$/)
    expect(error.message.startsWith(`${error.option}: `)).toBe(true)
    expect(error.name).toBe('ConfigurationError')
  })

  it.each([null, 'x', 7, true, []])('refuses %j instead of its options', (options) => {
    const makers: Record<string, (options: never) => unknown> = {
      createAuthorizationServer,
      passwordGrant,
      refreshTokenGrant,
      createClient,
      requireBearer: (given) => createAuthorizationServer(soundServer).requireBearer(given),
    }
    const error = mistakeOf(() => makers[name]?.(options as never))
    expect(error.option).toBe(name)
    expect(error.message).toMatch(/must be an object of options\. Known options: \w/)
  })
})

describe('sound options', () => {
  it.each([
    {},
    { issuer: 'http://localhost:3000' },
    { issuer: 'http://127.0.0.1' },
    { issuer: 'http://[::1]:3000/tenant' },
    { tokenPath: '/token', excessScope: 'drop', realm: "The shop's API", requireTls: true },
    { secretHasher: soundHasher, onEvent: () => undefined, clock: () => 0 },
    { grants: [grantOf('urn:example:grant-type:card'), grantOf('https://example.com/grants/card')] },
    { accessTokenLifetimeSeconds: 1, refreshTokenLifetimeSeconds: 1, authorizationLifetimeSeconds: 1 },
    { clientAuthMethods: [] },
  ])('make a server: %j', (given) => {
    expect(server(given)).toHaveProperty('router')
  })

  it.each([{}, { scopes: ['orders:read'] }, { allowPublicClients: true }, { deprecationUrl: 'http://example.com' }])(
    'make a password grant: %j',
    (given) => {
      expect(password(given)).toMatchObject({ grantType: 'password' })
    },
  )

  it.each([
    undefined,
    {},
    { graceSeconds: 0 },
    { graceSeconds: 86_400 },
    { refreshesPerDay: 1 },
    { refreshesPerDay: 86_400_000 },
  ])('make a refresh token grant: %j', (given) => {
    expect(refreshTokenGrant(given)).toMatchObject({ grantType: 'refresh_token' })
  })

  it('make a confidential client with an id and a secret of its own each time', () => {
    const first = createClient(soundClient)
    const second = createClient(soundClient)
    expect(first.client).toEqual({
      ...soundClient,
      clientId: expect.stringMatching(/^[\w-]{22}$/) as string,
      clientType: 'confidential',
      authMethods: ['client_secret_basic'],
      secrets: [
        {
          secretId: expect.stringMatching(/^[0-9a-f]{8}$/) as string,
          digest: expect.stringMatching(/^sha256:[\w-]{43}$/) as string,
          createdAt: expect.any(Number) as number,
        },
      ],
    })
    expect(first.clientSecret).toMatch(/^[\w-]{43}$/)
    expect(JSON.stringify(first.client)).not.toContain(first.clientSecret)
    expect(second.client.clientId).not.toBe(first.client.clientId)
    expect(second.clientSecret).not.toBe(first.clientSecret)
  })

  it('make a public client without a secret', () => {
    const registration = { ...soundClient, clientType: 'public', grantTypes: ['refresh_token'] } as const
    expect(createClient({ ...registration, clientId: 'spa' })).toEqual({
      client: { ...registration, clientId: 'spa', authMethods: ['none'] },
      clientSecret: undefined,
    })
  })

  it.each([
    { clientType: 'public', grantTypes: ['refresh_token'], authMethods: ['none'] },
    { authMethods: ['client_secret_post', 'client_secret_basic'] },
    { grantTypes: ['password'], firstParty: true, passwordGrantDeprecatedAt: 1, passwordGrantSunsetAt: 1 },
    { grantTypes: [], mayIntrospect: true, introspectsFor: 'https://api.example.com' },
    { grantTypes: ['client_credentials'], mayIntrospect: true },
    { accessTokenFormat: 'opaque', resources: ['https://api.example.com'] },
    { accessTokenFormat: 'jwt', mayIntrospect: false },
  ])('make a client: %j', (given) => {
    expect(client(given)).toMatchObject({ client: given })
  })

  it.each([undefined, {}, { scope: 'orders:read orders:write' }, { anyScope: ['orders:read'], for: 'user' } as const])(
    'make a guard: %j',
    (given) => {
      expect(createAuthorizationServer(soundServer).requireBearer(given)).toBeTypeOf('function')
    },
  )
})
