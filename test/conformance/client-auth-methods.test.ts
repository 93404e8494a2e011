import { OAuthError, StoreUnavailableError, type Client, type ClientAuthMethod, type MaybePromise } from 'latchkey'
import request from 'supertest'
import { describe, expect, it } from 'vitest'
import { answered, invalidClient, issued, refused, shown, type ShownAnswer } from '../fixtures/shown-answer.js'
import { basic, secretOf, testServer, type TestServer } from '../fixtures/test-server.js'

/** Client authentication that an application brings along: `Authorization: ApiKey <client id>.<key>`. */
function apiKey(
  verify: (client: Client | undefined, key: string) => MaybePromise<boolean> = isRight,
): ClientAuthMethod {
  return {
    name: 'api_key',
    readCredentials({ authorization = '' }) {
      if (!/^apikey /i.test(authorization)) return undefined
      const [, clientId, proof] = /^apikey ([^.]*)\.(.*)$/i.exec(authorization) ?? []
      if (clientId === undefined) throw new OAuthError('invalid_client', 'Client authentication failed')
      return { clientId, proof }
    },
    verifyCredentials: (client, { proof = '' }) => verify(client, proof),
  }
}

const isRight = (client: Client | undefined, key: string): boolean => client !== undefined && key === 'right'

/** Another one, which reads the body: `certificate=<client id>`. */
const certificate: ClientAuthMethod = {
  name: 'example_certificate',
  readCredentials({ parameters }) {
    const clientId = parameters.get('certificate')
    return clientId === undefined ? undefined : { clientId, proof: clientId }
  },
  verifyCredentials: (client, { clientId, proof }) => client?.clientId === clientId && clientId === proof,
}

const keyed = (clientId: string, authMethods: readonly string[]): Client => ({
  clientId,
  clientType: 'confidential',
  authMethods,
  secrets: [],
  grantTypes: ['client_credentials'],
  scopes: ['orders:read'],
  defaultScopes: ['orders:read'],
})

const moreClients = [
  keyed('key-app', ['api_key']),
  keyed('cert-app', ['example_certificate']),
  { ...keyed('off-app', ['api_key']), disabled: true },
]

function serverWith(...clientAuthMethods: readonly ClientAuthMethod[]): TestServer {
  return testServer({ moreClients, server: { clientAuthMethods } })
}

async function token(server: TestServer, authorization: string | undefined, form: object = {}): Promise<ShownAnswer> {
  const http = request(server.http).post('/oauth/token').type('form')
  if (authorization !== undefined) http.set('Authorization', authorization)
  return shown(await http.send({ grant_type: 'client_credentials', ...form }))
}

describe("client authentication by the application's own methods", () => {
  const severalMethods = refused(
    400,
    'invalid_request',
    'Only one client authentication method may be used in a request',
  )

  it.each([
    ['an unknown client', 'ApiKey stranger.right'],
    ['a wrong proof', 'ApiKey key-app.wrong'],
    ['a disabled client', 'ApiKey off-app.right'],
    ['a client that is registered for another method', 'ApiKey shop-app.right'],
    ['a public client', 'ApiKey spa.right'],
    ['malformed credentials', 'ApiKey right'],
    ['an id that no client can have', 'ApiKey key-\xE4pp.right'],
  ])('refuses %s as the built-in ones do (CLA-33)', async (_what, authorization) => {
    const server = serverWith(apiKey(), certificate)
    expect(await token(server, authorization)).toEqual(invalidClient)
    expect(await token(server, authorization, { client_id: 'spa' })).not.toMatchObject({ status: 200 })
    expect(server.events.map(({ type }) => type)).not.toContain('tokens_issued')
  })

  it('does not accept its clients by any other method (CLA-33)', async () => {
    const server = serverWith(apiKey(), certificate)
    expect(await token(server, basic('key-app', 'right'))).toEqual(invalidClient)
    expect(await token(server, undefined, { client_id: 'key-app', client_secret: 'right' })).toEqual(invalidClient)
    expect(await token(server, undefined, { client_id: 'key-app' })).toEqual(invalidClient)
    expect(await token(server, undefined, { certificate: 'key-app' })).toEqual(invalidClient)
  })

  it('maps its credentials to one client, which a client_id may only repeat (CLA-33)', async () => {
    const server = serverWith(apiKey(), certificate)
    expect(await token(server, 'ApiKey key-app.right')).toEqual(issued('orders:read'))
    expect(await token(server, 'ApiKey key-app.right', { client_id: 'key-app' })).toEqual(issued('orders:read'))
    expect(await token(server, undefined, { certificate: 'cert-app' })).toEqual(issued('orders:read'))
    expect(await token(server, 'ApiKey key-app.right', { client_id: 'cert-app' })).toEqual(
      refused(400, 'invalid_request', 'The parameter client_id names another client than the credentials'),
    )
    const clientIds = server.events.flatMap((event) => (event.type === 'tokens_issued' ? [event.clientId] : []))
    expect(clientIds).toEqual(['key-app', 'key-app', 'cert-app'])
  })

  it.each([
    ['two of its own', 'ApiKey key-app.right', { certificate: 'key-app' }],
    ['its own and Basic', basic('shop-app', secretOf('shop-app')), { certificate: 'shop-app' }],
    ['its own and client_secret', 'ApiKey key-app.right', { client_secret: 'right' }],
    ['its own and client_secret in one body', undefined, { certificate: 'a', client_id: 'a', client_secret: 'b' }],
  ])('refuses %s at once (CLA-15)', async (_what, authorization, form) => {
    expect(await token(serverWith(apiKey(), certificate), authorization, form)).toEqual(severalMethods)
  })

  it('a method in the body does not make up for an unread header (CLA-31)', async () => {
    const server = serverWith(certificate)
    expect(await token(server, 'ApiKey key-app.right')).toEqual(invalidClient)
    expect(await token(server, 'ApiKey key-app.right', { client_id: 'spa' })).toEqual(invalidClient)
  })

  it('still serves the built-in methods', async () => {
    const server = serverWith(apiKey(), certificate)
    const ofShop = await token(server, basic('shop-app', secretOf('shop-app')))
    expect(ofShop).toEqual(issued('orders:read orders:write'))
    const inBody = { client_id: 'post-app', client_secret: secretOf('post-app') }
    expect(await token(server, undefined, inBody)).toEqual(issued('orders:read'))
  })

  it.each([[1], ['yes'], [{}], [[]], [null], [undefined]])('accepts only true as success: %j fails', async (answer) => {
    expect(await token(serverWith(apiKey(() => answer as never)), 'ApiKey key-app.right')).toEqual(invalidClient)
    const later = apiKey(() => Promise.resolve(answer as never))
    expect(await token(serverWith(later), 'ApiKey key-app.right')).toEqual(invalidClient)
  })

  it('is called for an unknown client too, to do the same work (CLA-24)', async () => {
    const asked: (string | undefined)[] = []
    const server = serverWith(apiKey((client) => asked.push(client?.clientId) === 0))
    await token(server, 'ApiKey stranger.right')
    await token(server, 'ApiKey key-app.right')
    expect(asked).toEqual([undefined, 'key-app'])
  })

  it('cannot authenticate an unknown client, even by returning true', async () => {
    expect(await token(serverWith(apiKey(() => true)), 'ApiKey stranger.x')).toEqual(invalidClient)
  })

  describe('that fails', () => {
    const broken = answered(500, {
      error: 'server_error',
      error_description: 'The server met an unexpected condition',
    })
    const unavailable = answered(
      503,
      { error: 'temporarily_unavailable', error_description: 'The server cannot answer right now' },
      { retryAfter: '7' },
    )
    const outage = new StoreUnavailableError('the key service is down', { retryAfterSeconds: 7 })

    it.each([
      ['throws', broken, new Error('secret detail'), false],
      ['rejects', broken, new Error('secret detail'), true],
      ['throws that it cannot be reached', unavailable, outage, false],
      ['rejects because it cannot be reached', unavailable, outage, true],
    ])('issues nothing and shows nothing when it %s', async (_what, answer, error, later) => {
      const fail = (): Promise<never> => {
        if (later) return Promise.reject(error)
        throw error
      }
      const server = serverWith(apiKey(fail))
      expect(await token(server, 'ApiKey key-app.right')).toEqual(answer)
      expect(server.events.map((event) => (event.type === 'failure' ? event.cause : event.type))).toEqual([
        'warning',
        error,
      ])
    })
  })

  describe('is refused at startup', () => {
    it.each<[string, object]>([
      ['without readCredentials', { name: 'a', verifyCredentials: isRight }],
      ['without verifyCredentials', { name: 'a', readCredentials: isRight }],
      ['without a name', { ...apiKey(), name: '' }],
      ['with the name of a built-in method', { ...apiKey(), name: 'client_secret_basic' }],
      ['with the name of a built-in method', { ...apiKey(), name: 'none' }],
      ['with the name of another method', { ...apiKey(), name: 'example_certificate' }],
    ])('%s', (_what, method) => {
      expect(() => serverWith(certificate, method as ClientAuthMethod)).toThrow(/^clientAuthMethods\[1\]/)
    })
  })
})
