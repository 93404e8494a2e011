import { digestClientSecret, type Client } from 'latchkey'
import request from 'supertest'
import { beforeEach, describe, expect, it } from 'vitest'
import { sendRaw } from '../fixtures/raw-http.js'
import { invalidClient, issued, refused, shown, type ShownAnswer } from '../fixtures/shown-answer.js'
import { basic, clients, secretOf, testServer, type TestServer } from '../fixtures/test-server.js'

const confidential = (clientId: string, authMethods: readonly string[]): Client => ({
  clientId,
  clientType: 'confidential',
  authMethods,
  secrets: [{ digest: digestClientSecret(secretOf(clientId)) }],
  grantTypes: ['client_credentials'],
  scopes: ['orders:read'],
  defaultScopes: ['orders:read'],
})

const moreClients = [
  confidential('both-app', ['client_secret_basic', 'client_secret_post']),
  confidential('key-app', ['private_key_jwt']),
  confidential('careless-app', ['client_secret_basic', 'none']),
]

const shopApp = basic('shop-app', secretOf('shop-app'))
const severalMethods = refused(400, 'invalid_request', 'Only one client authentication method may be used in a request')
const otherClient = refused(400, 'invalid_request', 'The parameter client_id names another client than the credentials')

interface Attempt {
  readonly authorization?: string
  readonly form?: Readonly<Record<string, string>>
  readonly query?: string
}

describe('client authentication at the token endpoint', () => {
  let server: TestServer

  beforeEach(() => {
    server = testServer({ moreClients, password: { allowPublicClients: true } })
  })

  async function token({ authorization, form, query = '' }: Attempt): Promise<ShownAnswer> {
    const http = request(server.http).post(`/oauth/token${query}`).type('form')
    if (authorization !== undefined) http.set('Authorization', authorization)
    return shown(await http.send({ grant_type: 'client_credentials', ...form }))
  }

  async function expectRefused(attempt: Attempt, refusal: ShownAnswer = invalidClient): Promise<void> {
    expect(await token(attempt)).toEqual(refusal)
    expect(server.events.filter(({ type }) => type === 'tokens_issued' || type === 'failure')).toEqual([])
  }

  const inBody = (clientId: string, secret = secretOf(clientId)): Readonly<Record<string, string>> => ({
    client_id: clientId,
    client_secret: secret,
  })

  describe('more than one method at once', () => {
    it.each([
      ['both right', shopApp, inBody('shop-app')],
      ['the header wrong', basic('shop-app', 'wrong'), inBody('shop-app')],
      ['the body wrong', shopApp, inBody('shop-app', 'wrong')],
      ['a secret without an id in the body', shopApp, { client_secret: secretOf('shop-app') }],
      ['different clients', shopApp, inBody('post-app')],
      ['a header of a scheme that is no client authentication', 'Bearer token', inBody('post-app')],
    ])('Authorization and client_secret: %s (CLA-15)', async (_what, authorization, form) => {
      await expectRefused({ authorization, form }, severalMethods)
    })

    it('an empty client_secret counts as absent (CLA-15)', async () => {
      const answer = await token({ authorization: shopApp, form: { client_secret: '' } })
      expect(answer).toEqual(issued('orders:read orders:write'))
    })

    it('a client_id beside the header must name the same client (CLA-16)', async () => {
      await expectRefused({ authorization: shopApp, form: { client_id: 'post-app' } }, otherClient)
      await expectRefused({ authorization: shopApp, form: { client_id: 'SHOP-APP' } }, otherClient)
      await expectRefused({ authorization: shopApp, form: { client_id: 'spa' } }, otherClient)
      const answer = await token({ authorization: shopApp, form: { client_id: 'shop-app' } })
      expect(answer).toEqual(issued('orders:read orders:write'))
    })

    it.each([
      ['right, wrong', [shopApp, basic('shop-app', 'wrong')]],
      ['wrong, right', [basic('shop-app', 'wrong'), shopApp]],
      ['the same twice', [shopApp, shopApp]],
      ['of two clients', [shopApp, basic('stock-sync', secretOf('stock-sync'))]],
      ['right, empty', [shopApp, '']],
    ])('two Authorization lines: %s (CLA-32)', async (_what, lines) => {
      const body = 'grant_type=client_credentials'
      const headers = [
        'Content-Type: application/x-www-form-urlencoded',
        ...lines.map((line) => `authorization: ${line}`),
      ]
      const answer = await sendRaw(server.http, ['POST /oauth/token HTTP/1.1', ...headers], body)
      expect(shown(answer)).toEqual(refused(400, 'invalid_request', 'The Authorization header is repeated'))
      const types = server.events.map(({ type }) => type)
      expect(types.filter((type) => type !== 'warning')).toEqual(['request_refused'])
    })
  })

  describe('missing or misplaced credentials', () => {
    it.each([
      ['nothing at all', {}],
      ['an empty client_id', { client_id: '' }],
      ['a secret without an id', { client_secret: secretOf('post-app') }],
      ['a secret with an empty id', { client_id: '', client_secret: secretOf('post-app') }],
    ])('%s (CLA-30)', async (_what, form) => {
      await expectRefused({ form })
      await expectRefused({ authorization: '', form })
    })

    it.each(['shop-app', 'post-app', 'careless-app'])(
      'only the id of a confidential client: %s (CLA-20)',
      async (id) => {
        await expectRefused({ form: { client_id: id } })
        await expectRefused({ form: { client_id: id, client_secret: '' } })
      },
    )

    it.each([
      ['Bearer', 'token'],
      ['Digest', 'username="spa", realm="127.0.0.1"'],
      ['Negotiate', 'YII='],
      ['DPoP', 'token'],
      ['Basicx', shopApp.slice(6)],
      ['xBasic', shopApp.slice(6)],
      ['NotBasicAtAll', shopApp.slice(6)],
      [shopApp.slice(6), ''],
    ])(
      'an Authorization header of the scheme %s is a failed attempt, with or without a client_id (CLA-31)',
      async (...parts) => {
        const authorization = parts.join(' ').trim()
        await expectRefused({ authorization })
        await expectRefused({ authorization, form: { client_id: 'spa' } })
        await expectRefused({ authorization, form: { client_id: 'shop-app' } })
      },
    )

    it('an access token of the server is not client authentication (CLA-31)', async () => {
      const { body } = await request(server.http)
        .post('/oauth/token')
        .set('Authorization', shopApp)
        .type('form')
        .send('grant_type=client_credentials')
      const authorization = `Bearer ${String(body.access_token)}`
      expect(await token({ authorization, form: { client_id: 'shop-app' } })).toEqual(invalidClient)
    })

    it('in the query are never read, and refused if they include a secret (CLA-18)', async () => {
      await expectRefused({ query: '?client_id=spa' })
      await expectRefused({ query: `?client_id=post-app`, form: { client_secret: secretOf('post-app') } })
      for (const query of [`?client_id=post-app&client_secret=${secretOf('post-app')}`, '?client%5Fsecret=x']) {
        const refusal = refused(400, 'invalid_request', 'Credentials and tokens must not be sent in the query')
        await expectRefused({ query }, refusal)
        await expectRefused({ query, authorization: shopApp }, refusal)
      }
    })
  })

  describe('the methods that a client is registered for', () => {
    it('client_id and client_secret in the body (CLA-17)', async () => {
      await expectRefused({ form: inBody('post-app', 'wrong') })
      expect(await token({ form: inBody('post-app') })).toEqual(issued('orders:read'))
    })

    it('any other method is refused, even with the right secret (CLA-19)', async () => {
      await expectRefused({ form: inBody('shop-app') })
      await expectRefused({ authorization: basic('post-app', secretOf('post-app')) })
      await expectRefused({ form: inBody('key-app') })
      await expectRefused({ authorization: basic('key-app', secretOf('key-app')) })
      const reasons = server.events.flatMap((e) => (e.type === 'client_authentication_failed' ? [e.reason] : []))
      expect(reasons).toEqual(Array(4).fill('method_not_registered'))
    })

    it('several methods for a client that is registered for several (CLA-19)', async () => {
      expect(await token({ form: inBody('both-app') })).toEqual(issued('orders:read'))
      expect(await token({ authorization: basic('both-app', secretOf('both-app')) })).toEqual(issued('orders:read'))
    })

    it.each(['Both-App', 'both-app ', ' both-app', 'both-app\0', 'both-app\u200B', 'ｂoth-app', 'both–app', ''])(
      'no id but exactly the same: "%s" (CLA-34)',
      async (clientId) => {
        await expectRefused({ form: inBody(clientId, secretOf('both-app')) })
        await expectRefused({ authorization: basic(clientId, secretOf('both-app')) })
      },
    )

    it('not even if the client store compares loosely (CLA-34)', async () => {
      const findClient = (id: string): Client | undefined =>
        clients.find(({ clientId }) => clientId === id.trim().toLowerCase())
      server = testServer({ server: { clients: { findClient } } })
      await expectRefused({ authorization: basic('Shop-App', secretOf('shop-app')) })
      await expectRefused({ authorization: basic('shop-app ', secretOf('shop-app')) })
      expect(await token({ authorization: shopApp })).toEqual(issued('orders:read orders:write'))
    })

    it.each(['both-app\0', 'both\r\napp', 'bóth-app'])(
      'an impossible id in the body never reaches the client store: %j (CLA-11, CLA-12)',
      async (clientId) => {
        const asked: string[] = []
        const findClient = (id: string): undefined => void asked.push(id)
        server = testServer({ server: { clients: { findClient } } })
        await expectRefused({ form: { client_id: clientId } })
        await expectRefused({ form: inBody(clientId, 'secret') })
        await expectRefused({ form: inBody('both-app', 'sécret') })
        await expectRefused({ form: inBody('both-app', 'secret\0') })
        expect(asked).toEqual([])
      },
    )
  })

  describe('public clients', () => {
    const signIn = { grant_type: 'password', username: 'alice', password: "alice's password" }

    it('identify themselves by client_id (CLA-21)', async () => {
      const refreshToken: unknown = expect.stringMatching(/^[\w-]{43}$/)
      const answer = await token({ form: { ...signIn, client_id: 'spa' } })
      expect(answer).toEqual(issued('orders:read', { refresh_token: refreshToken }))
    })

    it('are refused when they send a secret, in the body or in the header (CLA-22)', async () => {
      await expectRefused({ form: { ...signIn, ...inBody('spa', 'secret') } })
      await expectRefused({ form: signIn, authorization: basic('spa', 'secret') })
      await expectRefused({ form: { ...signIn, client_id: 'spa' }, authorization: basic('spa', 'secret') })
    })

    it('are refused even if a secret and a method are registered for them (CLA-22)', async () => {
      const muddled = {
        ...confidential('muddled', ['client_secret_basic', 'client_secret_post']),
        clientType: 'public',
      }
      server = testServer({ moreClients: [muddled as unknown as Client], password: { allowPublicClients: true } })
      await expectRefused({ form: signIn, authorization: basic('muddled', secretOf('muddled')) })
      await expectRefused({ form: { ...signIn, ...inBody('muddled') } })
    })

    it('are refused when they use Basic with an empty password (CLA-23)', async () => {
      await expectRefused({ form: signIn, authorization: basic('spa', '') })
      await expectRefused({ form: { ...signIn, client_id: 'spa' }, authorization: basic('spa', '') })
    })

    it('may not use client_credentials, even if they are registered for it (CLA-29)', async () => {
      const refusal = refused(400, 'unauthorized_client', 'A public client may not use this grant type')
      await expectRefused({ form: { client_id: 'spa' } }, refusal)
    })

    it('may not use the password grant, unless the server allows it (CLA-29)', async () => {
      server = testServer()
      const refusal = refused(400, 'unauthorized_client', 'This client may not use the password grant')
      await expectRefused({ form: { ...signIn, client_id: 'spa' } }, refusal)
    })

    it('are refused if they send a secret that the grant does not need, and nothing is spent (CLA-37)', async () => {
      const http = request(server.http).post('/oauth/token').type('form')
      const { body } = await http.send({ ...signIn, client_id: 'spa' })
      const refresh = { grant_type: 'refresh_token', refresh_token: String(body.refresh_token) }
      expect(await token({ form: { ...refresh, ...inBody('spa', 'secret') } })).toEqual(invalidClient)
      expect(await token({ form: refresh, authorization: basic('spa', 'secret') })).toEqual(invalidClient)

      await token({ form: { ...refresh, client_id: 'spa' } })
      const issuings = server.events.flatMap((event) => (event.type === 'tokens_issued' ? [event.how] : []))
      expect(issuings).toEqual(['new', 'refreshed'])
    })
  })
})
