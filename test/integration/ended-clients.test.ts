import { ConfigurationError, type OAuthEvent } from 'latchkey'
import { createMemoryStores } from 'latchkey/stores/memory'
import { beforeEach, describe, expect, it } from 'vitest'
import { apiServer, introspect, post, refreshAt, signInAt, statusOf, tokenOf } from '../fixtures/api-server.js'
import { basic, type TestServer, type TestServerOptions } from '../fixtures/test-server.js'
import request from 'supertest'

const apps = ['opaque-app', 'jwt-app'] as const
let server: TestServer
beforeEach(() => {
  server = apiServer()
})

const changes = (): OAuthEvent[] => server.events.filter(({ type }) => type === 'client_changed')
/** What guard and introspection say of a token. */
const judged = async (token: string): Promise<readonly [guard: boolean, introspection: boolean]> => {
  const { active } = (await introspect(server, token)) as { readonly active: boolean }
  return [(await statusOf(server, token)) === 200, active]
}
const [good, ended] = [
  [true, true],
  [false, false],
]

/** A server by the clock of the machine. */
function punctualServer(more: TestServerOptions['server'] = {}): TestServer {
  const clock = (): number => Math.floor(Date.now() / 1000)
  const { tokens } = createMemoryStores({ pruneIntervalSeconds: 0 })
  // The throttle of a test server has a clock that stands still, years from this one.
  return apiServer({ server: { clock, tokens, throttle: false, ...more } })
}

describe.each(apps)("the tokens of %s, a service's own and those of its users", (app) => {
  it.each(['disable', 'delete'] as const)('are revoked at once by oauth.clients.%s (V10)', async (end) => {
    // What the guard remembers of clients plays no part in it.
    server = apiServer({ server: { partyCheckSeconds: false } })
    const signIn = await signInAt(server, app)
    const tokens = [signIn.access_token, await tokenOf(server, app)]
    const [other, others] = [
      await tokenOf(server, 'stock-sync', { scope: 'orders:read' }),
      await signInAt(server, 'shop-app'),
    ]
    for (const token of tokens) expect(await judged(token)).toEqual(good)
    await server.oauth.clients[end](app)
    for (const token of tokens) expect(await judged(token)).toEqual(ended)
    expect((await refreshAt(server, app, signIn.refresh_token)).status).toBe(401)
    for (const token of [other, others.access_token]) expect(await judged(token)).toEqual(good)
    expect(changes().map((event) => 'change' in event && event.change)).toEqual(
      end === 'disable' ? ['disabled'] : ['disabled', 'deleted'],
    )
    expect(server.stores.clients.findClient(app)).toEqual(
      end === 'disable' ? expect.objectContaining({ clientId: app, disabled: true }) : undefined,
    )
  })

  it('stay revoked when the client is enabled again, and new ones work (V10)', async () => {
    const old = await tokenOf(server, app)
    await server.oauth.clients.disable(app)
    await server.oauth.clients.disable(app)
    server.advance(1)
    await server.oauth.clients.enable(app)
    expect(await judged(old)).toEqual(ended)
    expect(await judged(await tokenOf(server, app))).toEqual(good)
    expect(changes()).toMatchObject([
      { clientId: app, change: 'disabled' },
      { clientId: app, change: 'enabled' },
    ])
  })

  it.each<[string, (server: TestServer, app: string) => Promise<unknown>]>([
    ['revoke({ clientId })', ({ oauth }, clientId) => oauth.authorizations.revoke({ clientId })],
    ['revoke({ everything: true })', ({ oauth }) => oauth.authorizations.revoke({ everything: true })],
    [
      'disable and enable',
      async ({ oauth }, clientId) => {
        await oauth.clients.disable(clientId)
        await oauth.clients.enable(clientId)
      },
    ],
  ])(
    'end by %s, and one that is asked for right afterwards works, by the clock of the machine (V10)',
    async (_, end) => {
      server = punctualServer()
      const old = await tokenOf(server, app)
      // At the beginning of a second, so that what is asked for afterwards could be of the same one.
      await new Promise((resolve) => setTimeout(resolve, 1000 - (Date.now() % 1000)))
      const inThisSecond = await tokenOf(server, app)
      await end(server, app)
      const fresh = await tokenOf(server, app)
      expect(await judged(old)).toEqual(ended)
      expect(await judged(inThisSecond)).toEqual(ended)
      expect(await judged(fresh)).toEqual(good)
    },
  )

  it('are revoked with a leaked secret, if asked for (V10)', async () => {
    const token = await tokenOf(server, app)
    await server.oauth.clients.rotateSecret({ clientId: app, overlapSeconds: 0 })
    expect(await judged(token)).toEqual(good)
    const { clientSecret } = await server.oauth.clients.rotateSecret({
      clientId: app,
      overlapSeconds: 0,
      endTokens: true,
    })
    expect(await judged(token)).toEqual(ended)
    server.advance(1)
    const answer = await request(server.http)
      .post('/oauth/token')
      .set('Authorization', basic(app, clientSecret))
      .type('form')
      .send('grant_type=client_credentials&scope=orders%3Aread')
    expect(await judged(answer.body.access_token)).toEqual(good)
  })

  it('are revoked with a retired secret, if asked for (V10)', async () => {
    const token = await tokenOf(server, app)
    const [first] = await server.oauth.clients.listSecrets({ clientId: app })
    await server.oauth.clients.rotateSecret({ clientId: app })
    await server.oauth.clients.retireSecret({ clientId: app, secretId: first!.secretId, endTokens: true })
    expect(await judged(token)).toEqual(ended)
  })
})

describe('ending a client', () => {
  it('does not wait for a clock that stands still (V10)', async () => {
    expect(await server.oauth.authorizations.revoke({ clientId: 'jwt-app' })).toBe(0)
    const now = Math.floor(Date.now() / 1000)
    server = punctualServer({ clock: () => now })
    expect(await server.oauth.authorizations.revoke({ everything: true })).toBe(0)
  })

  it('can be repeated after an interruption (V10)', async () => {
    const token = await tokenOf(server, 'jwt-app')
    const { tokens } = server.stores
    Object.assign(tokens, { revokeTokens: () => Promise.reject(new Error('out of reach')) })
    await expect(server.oauth.clients.delete('jwt-app')).rejects.toThrow('out of reach')
    Reflect.deleteProperty(tokens, 'revokeTokens')
    expect(server.stores.clients.findClient('jwt-app')).toMatchObject({ disabled: true })
    await server.oauth.clients.delete('jwt-app')
    expect(await judged(token)).toEqual(ended)
    expect(server.stores.clients.findClient('jwt-app')).toBeUndefined()
  })

  it('keeps concurrent changes of the client (V10)', async () => {
    const { clients } = server.oauth
    const rotations = Array.from({ length: 5 }, () => clients.rotateSecret({ clientId: 'jwt-app' }))
    await Promise.all([...rotations, clients.disable('jwt-app')])
    const client = server.stores.clients.findClient('jwt-app')
    expect(client).toMatchObject({ disabled: true })
    expect(client?.clientType === 'confidential' && client.secrets).toHaveLength(6)
  })

  it.each(['disable', 'enable', 'delete'] as const)('refuses to %s an unknown client (V10)', async (change) => {
    await expect(server.oauth.clients[change]('nobody')).rejects.toThrow(ConfigurationError)
    expect(server.events.map(({ type }) => type)).toEqual(['warning'])
  })

  it('refuses to revoke the tokens of a secret that keeps working (V10)', async () => {
    const before = await server.oauth.clients.listSecrets({ clientId: 'jwt-app' })
    for (const overlapSeconds of [undefined, 1]) {
      const rotation = server.oauth.clients.rotateSecret({ clientId: 'jwt-app', overlapSeconds, endTokens: true })
      await expect(rotation).rejects.toThrow('overlapSeconds: 0')
    }
    expect(await server.oauth.clients.listSecrets({ clientId: 'jwt-app' })).toEqual(before)
  })

  it('needs a store that can be written to (V10)', async () => {
    const { clients } = server.stores
    server = apiServer({ server: { clients: { findClient: (id) => clients.findClient(id) } } })
    for (const change of ['disable', 'enable', 'delete'] as const) {
      await expect(server.oauth.clients[change]('jwt-app')).rejects.toThrow(ConfigurationError)
    }
    expect((await post(server, '/oauth/revoke', { token: 'x' }, 'jwt-app')).status).toBe(200)
  })
})
