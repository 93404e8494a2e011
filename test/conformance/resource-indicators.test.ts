import express5, { type RequestHandler } from 'express'
import express4 from 'express4'
import { beforeEach, describe, expect, it } from 'vitest'
import {
  apiServer,
  claimsOf,
  introspect,
  post,
  refreshAt,
  shopApi,
  signInAt,
  statusOf,
  stockApi,
  tokenOf,
} from '../fixtures/api-server.js'
import { recordTraffic } from '../fixtures/store-traffic.js'
import { refused, shown, type ShownAnswer, scopeWords, repeatedWords } from '../fixtures/shown-answer.js'
import type { TestServer } from '../fixtures/test-server.js'

const invalidTarget = refused(400, 'invalid_target', 'The resource is unknown, malformed, or not for this client')
const invalidScope = refused(400, 'invalid_scope', scopeWords)
const apps = ['opaque-app', 'jwt-app']

let server: TestServer
beforeEach(() => {
  server = apiServer()
})

async function ask(clientId: string, ...more: [name: string, value: string][]): Promise<ShownAnswer> {
  return shown(await post(server, '/oauth/token', [['grant_type', 'client_credentials'], ...more], clientId))
}

describe.each(apps)('a resource that %s requests', (app) => {
  it.each([
    'shop',
    '/shop',
    '//127.0.0.1/shop',
    'shop api',
    `${shopApi}#`,
    `${shopApi}#orders`,
    `${shopApi} ${stockApi}`,
    `${shopApi}\0`,
    '%',
    '*',
  ])('is refused unless it is an absolute URI without fragment: %j (RES-01)', async (resource) => {
    expect(await ask(app, ['resource', resource])).toEqual(invalidTarget)
  })

  it.each([
    ['one that is unknown', ['https://other.example.com/']],
    ['an unknown one beside a known one', [shopApi, 'https://other.example.com/']],
    ['a name of Object.prototype', ['constructor']],
  ])('is refused, and nothing is issued: %s (RES-04)', async (_what, resources) => {
    const traffic = recordTraffic(server.stores.tokens)
    const form = resources.map((resource): [string, string] => ['resource', resource])
    expect(await ask(app, ...form)).toEqual(invalidTarget)
    const signIn = { grant_type: 'password', username: 'alice', password: "alice's password" }
    const answer = await post(server, '/oauth/token', [...Object.entries(signIn), ...form], app)
    expect(shown(answer)).toEqual(invalidTarget)
    expect(traffic).toEqual([])
    expect(server.events.filter(({ type }) => type === 'tokens_issued')).toEqual([])
  })

  it.each([
    `${shopApi}/`,
    `${shopApi}/orders`,
    `${shopApi}.evil.example`,
    `${shopApi}?`,
    'http://127.0.0.1:80/shop',
    'http://127.0.0.1/Shop',
    'http://127.0.0.1/%73hop',
    'HTTP://127.0.0.1/shop',
    'http://127.0.0.1/x/../shop',
    'http://127.0.0.1',
    'https://stock.example.com/v1.evil.example',
    'https://stock.example.com/v',
  ])('is compared exactly, without normalizing and without prefixes: %s (RES-10)', async (resource) => {
    expect(await ask(app, ['resource', resource])).toEqual(invalidTarget)
  })

  it('is refused with more than ten, even if all are the same (RES-11)', async () => {
    const times = (count: number): [string, string][] => Array.from({ length: count }, () => ['resource', shopApi])
    expect(await ask(app, ...times(11))).toEqual(invalidTarget)
    expect(await ask(app, ...times(10))).toMatchObject({ status: 200 })
  })

  it('limits the audience of the token (RES-03, BCP-02, PRM-07)', async () => {
    const token = await tokenOf(server, app, { resource: stockApi })
    expect(await introspect(server, token)).toMatchObject({ active: true, aud: stockApi, scope: 'orders:read' })
    if (app === 'jwt-app') expect(claimsOf(token)['aud']).toBe(stockApi)
    expect(await statusOf(server, token)).toBe(401)
    expect(await introspect(server, token, 'stock-inspector')).toMatchObject({ active: true })
  })

  it('is the default one if none is named, or one without a value (RES-05, DEC-11)', async () => {
    for (const form of [{}, { resource: '' }]) {
      const token = await tokenOf(server, app, form)
      expect(await introspect(server, token)).toMatchObject({ active: true, aud: shopApi })
      expect(await statusOf(server, token)).toBe(200)
    }
  })

  it('may be one of several, and each once in the audience (RES-02)', async () => {
    const form = [stockApi, shopApi, stockApi].map((resource): [string, string] => ['resource', resource])
    const token = await tokenOf(server, app, form)
    expect(await introspect(server, token)).toMatchObject({ active: true, aud: [stockApi, shopApi] })
    if (app === 'jwt-app') expect(claimsOf(token)['aud']).toEqual([stockApi, shopApi])
    expect(await statusOf(server, token)).toBe(200)
  })

  it('limits the scope to what it knows (RES-07, BCP-03)', async () => {
    const beyond: [string, string][] = [
      ['resource', stockApi],
      ['scope', 'orders:read profile'],
    ]
    expect(await ask(app, ...beyond)).toEqual(invalidScope)
    const token = await tokenOf(server, app, { resource: stockApi })
    // The client's default is `orders:read profile`.
    expect(await introspect(server, token)).toMatchObject({ scope: 'orders:read' })
    server = apiServer({ server: { excessScope: 'drop' } })
    expect(await ask(app, ...beyond)).toMatchObject({ status: 200, body: { scope: 'orders:read' } })
  })

  it('is one of those granted when a token is refreshed; the refresh token keeps them all (RES-06)', async () => {
    const { refresh_token } = await signInAt(server, app)
    expect(shown(await refreshAt(server, app, refresh_token, { resource: stockApi }))).toEqual(invalidTarget)
    // Nothing was spent.
    const narrow = await refreshAt(server, app, refresh_token, { resource: shopApi })
    expect(narrow.body).toMatchObject({ scope: 'orders:read profile' })
  })

  it('may be fewer when a token is refreshed, and all of them again later (RES-06)', async () => {
    const form: [string, string][] = [
      ...Object.entries({ grant_type: 'password', username: 'alice', password: "alice's password" }),
      ['resource', shopApi],
      ['resource', stockApi],
    ]
    const first = await post(server, '/oauth/token', form, app)
    const narrow = await refreshAt(server, app, first.body.refresh_token, { resource: stockApi })
    expect(narrow.body.scope).toBe('orders:read')
    expect(await introspect(server, narrow.body.access_token)).toMatchObject({ aud: stockApi, scope: 'orders:read' })
    // A retry is for the same resource.
    const retry = await refreshAt(server, app, first.body.refresh_token, { resource: stockApi })
    expect(retry.body).toMatchObject({ scope: 'orders:read', refresh_token: narrow.body.refresh_token })
    expect(await introspect(server, retry.body.access_token)).toMatchObject({ aud: stockApi })
    const all = await refreshAt(server, app, narrow.body.refresh_token)
    expect(await introspect(server, all.body.access_token)).toMatchObject({
      aud: [shopApi, stockApi],
      scope: 'orders:read profile',
    })
  })
})

describe('a client with its own resources', () => {
  it('gets tokens for no other, not even for the default one (RES-04)', async () => {
    expect(await ask('stock-only', ['resource', shopApi])).toEqual(invalidTarget)
    expect(await ask('stock-only', ['resource', stockApi], ['resource', shopApi])).toEqual(invalidTarget)
    expect(await ask('stock-only')).toEqual(invalidTarget)
    const token = await tokenOf(server, 'stock-only', { resource: stockApi })
    expect(await introspect(server, token)).toMatchObject({ active: true, aud: stockApi })
  })
})

describe('audiences', () => {
  it('have a value for each resource (RES-08)', () => {
    expect(() => apiServer({ server: { resources: [{ resource: shopApi }, { resource: shopApi }] } })).toThrow(
      'resources[1]: is listed twice',
    )
  })

  it.each(apps)('distinguish tenants by their path: %s (RES-09, BCP-07)', async (app) => {
    const [a, b] = ['http://127.0.0.1/tenants/a', 'http://127.0.0.1/tenants/b'] as const
    server = apiServer({
      server: { resources: [{ resource: a }, { resource: b }] },
      routes: (express, oauth) => {
        for (const resource of [a, b]) {
          express.get(new URL(resource).pathname, oauth.requireBearer({ resource }), (req, res) => {
            res.json(req.auth.audience)
          })
        }
      },
    })
    const token = await tokenOf(server, app, { resource: b })
    expect(await statusOf(server, token, '/tenants/a')).toBe(401)
    expect(await statusOf(server, token, '/tenants/b')).toBe(200)
  })
})

const parsers = (express: typeof express5): readonly [name: string, parser: RequestHandler[]][] => [
  ['no parser', []],
  ['urlencoded({ extended: false })', [express.urlencoded({ extended: false })]],
  ['urlencoded({ extended: true })', [express.urlencoded({ extended: true })]],
  ["text({ type: '*/*' })", [express.text({ type: '*/*' })]],
  ["raw({ type: '*/*' })", [express.raw({ type: '*/*' })]],
]

describe.each([
  ['Express 4', 4, express4 as unknown as typeof express5],
  ['Express 5', 5, express5],
] as const)('%s', (_name, major, express) => {
  describe.each(parsers(express))('with %s before the router', (_parser, parser) => {
    beforeEach(() => {
      server = apiServer({ express: major, before: (app) => parser.forEach((handler) => app.use(handler)) })
    })

    it('allows resource, and nothing else, to be sent more than once (RES-02, V21-07)', async () => {
      const token = await tokenOf(server, 'jwt-app', [
        ['resource', shopApi],
        ['resource', stockApi],
      ])
      expect(claimsOf(token)['aud']).toEqual([shopApi, stockApi])
      const repeated = refused(400, 'invalid_request', repeatedWords)
      for (const name of ['scope', 'audience']) {
        expect(await ask('jwt-app', [name, 'orders:read'], [name, 'orders:read'])).toEqual(repeated)
      }
      expect(await ask('jwt-app', ['resource[x]', shopApi])).toEqual(repeated)
    })

    it('counts them (RES-11)', async () => {
      const form = Array.from({ length: 11 }, (): [string, string] => ['resource', shopApi])
      expect(await ask('jwt-app', ...form)).toEqual(invalidTarget)
    })
  })
})
