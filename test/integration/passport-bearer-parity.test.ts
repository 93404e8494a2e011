import express from 'express'
import {
  hashToken,
  StoreUnavailableError,
  type BearerOptions,
  type RequestContext,
  type TokenHash,
  type TokenStore,
} from 'latchkey'
import { createMemoryStores } from 'latchkey/stores/memory'
import { Passport } from 'passport'
import { beforeAll, describe, expect, it } from 'vitest'
import { observe, type Observed } from '../fixtures/observed.js'
import { postToken, signIn } from '../fixtures/post-token.js'
import { clients, testServer, type TestServer } from '../fixtures/test-server.js'

/** What the routes ask for; each exists three times: with the guard, and with Passport, told by the strategy or by the route. */
const routes: Readonly<Record<string, BearerOptions>> = {
  plain: {},
  orders: { scope: 'orders:read' },
  all: { scope: ['orders:read', 'profile'] },
  any: { anyScope: ['orders:write', 'stock:write'] },
  user: { for: 'user' },
  client: { for: 'client', scope: 'stock:write' },
  optional: { optional: true },
  optionalOrders: { optional: true, scope: 'orders:read' },
}

interface Row {
  readonly what: string
  readonly route?: keyof typeof routes
  readonly method?: string
  readonly query?: string
  /** Header lines; `<user>` and the like stand for tokens. */
  readonly lines?: readonly string[]
  readonly body?: string
  readonly status: number
}

const form = 'Content-Type: application/x-www-form-urlencoded'
const user = 'Authorization: Bearer <user>'
const service = 'Authorization: Bearer <service>'

const rows: readonly Row[] = [
  { what: 'no credentials', status: 401 },
  { what: 'no credentials where a scope is asked for', route: 'orders', status: 401 },
  { what: 'no credentials, and an answer without a body', method: 'HEAD', status: 401 },
  { what: 'an empty header', lines: ['Authorization:'], status: 401 },
  { what: 'a header of blanks', lines: ['Authorization:   '], status: 401 },
  { what: 'another scheme', lines: ['Authorization: Basic c3RvY2s6c2VjcmV0'], status: 401 },
  { what: 'another scheme with commas', lines: ['Authorization: Digest a="b", c="d"'], status: 401 },
  { what: 'a scheme that only begins like it', lines: ['Authorization: BearerX <user>'], status: 401 },
  { what: 'a scheme that only ends like it', lines: ['Authorization: xBearer <user>'], status: 401 },
  { what: 'a tab for a space', lines: ['Authorization: Bearer\t<user>'], status: 400 },
  { what: 'a good token', lines: [user], status: 200 },
  { what: 'a good token, without a body', method: 'HEAD', lines: [user], status: 200 },
  { what: 'lower case', lines: ['authorization: bearer <user>'], status: 200 },
  { what: 'upper case', lines: ['AUTHORIZATION: BEARER <user>'], status: 200 },
  { what: 'several spaces', lines: ['Authorization: Bearer   <user>'], status: 200 },
  { what: 'the header twice', lines: [user, user], status: 400 },
  { what: 'two schemes', lines: [user, 'Authorization: Basic c3RvY2s6c2VjcmV0'], status: 400 },
  { what: 'the header twice, the first one empty', lines: ['Authorization:', user], status: 400 },
  { what: 'two tokens', lines: ['Authorization: Bearer <user> <service>'], status: 400 },
  { what: 'two credentials', lines: ['Authorization: Bearer <user>, Bearer <service>'], status: 400 },
  { what: 'a token in the query', query: '?access_token=<user>', status: 401 },
  { what: 'a token in the query of an optional route', route: 'optional', query: '?access_token=<user>', status: 200 },
  { what: 'tokens in header and query', query: '?access_token=<user>', lines: [user], status: 400 },
  { what: 'an encoded name in the query', query: '?access%5Ftoken=x', lines: [user], status: 400 },
  { what: 'a token in a form', method: 'POST', lines: [form], body: 'access_token=<user>', status: 401 },
  { what: 'tokens in header and form', method: 'POST', lines: [user, form], body: 'access_token=x', status: 400 },
  {
    what: 'a token in JSON',
    method: 'POST',
    lines: ['Content-Type: application/json'],
    body: '{"access_token":{"$ne":""}}',
    status: 401,
  },
  { what: 'a quote in the token', lines: ['Authorization: Bearer a"b'], status: 400 },
  { what: 'a comma in the token', lines: ['Authorization: Bearer a,b'], status: 400 },
  { what: 'an octet beyond ASCII in the token', lines: ['Authorization: Bearer caf\xe9'], status: 400 },
  { what: 'an equals sign within the token', lines: ['Authorization: Bearer a=b'], status: 400 },
  { what: 'a token of 15,000 characters', lines: [`Authorization: Bearer ${'a'.repeat(15_000)}`], status: 401 },
  { what: 'an unknown token', lines: ['Authorization: Bearer unknown'], status: 401 },
  {
    what: 'an unknown token where a scope is asked for',
    route: 'all',
    lines: ['Authorization: Bearer x'],
    status: 401,
  },
  { what: 'a refresh token', lines: ['Authorization: Bearer <refresh>'], status: 401 },
  { what: 'an expired token', lines: ['Authorization: Bearer <expired>'], status: 401 },
  { what: 'a revoked token', lines: ['Authorization: Bearer <revoked>'], status: 401 },
  { what: 'scope enough', route: 'orders', lines: [user], status: 200 },
  { what: 'no such scope', route: 'orders', lines: [service], status: 403 },
  { what: 'one scope of two', route: 'all', lines: [user], status: 403 },
  { what: 'one scope of several', route: 'any', lines: [user], status: 200 },
  { what: 'none of several scopes', route: 'any', lines: ['Authorization: Bearer <reader>'], status: 403 },
  { what: 'a client where a user is asked for', route: 'user', lines: [service], status: 403 },
  { what: 'a user where a user is asked for', route: 'user', lines: [user], status: 200 },
  { what: 'a client where a client is asked for', route: 'client', lines: [service], status: 200 },
  { what: 'a user without the scope where a client is asked for', route: 'client', lines: [user], status: 403 },
  { what: 'a store that throws', lines: ['Authorization: Bearer throws'], status: 500 },
  { what: 'a store that rejects', lines: ['Authorization: Bearer rejects'], status: 500 },
  { what: 'a store that rejects with nothing', lines: ['Authorization: Bearer rejects-with-nothing'], status: 500 },
  { what: 'a store out of reach', lines: ['Authorization: Bearer unavailable'], status: 503 },
  { what: 'a store out of reach, later', lines: ['Authorization: Bearer unavailable-later'], status: 503 },
  { what: 'a store that answers later', lines: ['Authorization: Bearer later'], status: 401 },
  { what: 'no credentials, optional', route: 'optional', status: 200 },
  { what: 'no credentials, optional with a scope', route: 'optionalOrders', status: 200 },
  { what: 'another scheme, optional', route: 'optional', lines: ['Authorization: Basic x'], status: 200 },
  { what: 'a good token, optional', route: 'optional', lines: [user], status: 200 },
  { what: 'a bad token, optional', route: 'optional', lines: ['Authorization: Bearer x'], status: 401 },
  { what: 'a malformed header, optional', route: 'optional', lines: ['Authorization: Bearer a b'], status: 400 },
  { what: 'the scheme without a token (24)', lines: ['Authorization: Bearer'], status: 401 },
  { what: 'the scheme with blanks (24)', lines: ['Authorization: BEARER   '], status: 401 },
  {
    what: 'the scheme without a token, optional (24)',
    route: 'optional',
    lines: ['Authorization: Bearer'],
    status: 200,
  },
  { what: 'too little scope, optional', route: 'optionalOrders', lines: [service], status: 403 },
  {
    what: 'a store out of reach, optional',
    route: 'optional',
    lines: ['Authorization: Bearer unavailable'],
    status: 503,
  },
  { what: 'a challenge of the route’s own', query: '?challenge', status: 401 },
  {
    what: 'a challenge of the route’s own, and a bad token',
    query: '?challenge',
    lines: ['Authorization: Bearer x'],
    status: 401,
  },
  {
    what: 'a challenge of the route’s own, and too little scope',
    route: 'orders',
    query: '?challenge',
    lines: [service],
    status: 403,
  },
]

const troubles = new Map<string, () => Promise<undefined>>([
  [
    'throws',
    () => {
      throw new Error('secret detail')
    },
  ],
  ['rejects', () => Promise.reject(new Error('secret detail'))],
  // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- that is the case
  ['rejects-with-nothing', () => Promise.reject(undefined)],
  [
    'unavailable',
    () => {
      throw new StoreUnavailableError('no connection', { retryAfterSeconds: 7 })
    },
  ],
  ['unavailable-later', () => Promise.reject(new StoreUnavailableError('no connection'))],
  ['later', () => new Promise((resolve) => setTimeout(resolve, 5, undefined))],
])
const troubleByHash = new Map([...troubles].map(([token, trouble]) => [hashToken(token), trouble]))

let time = 1_800_000_000
const clock = (): number => time
const stores = createMemoryStores({ clock, pruneIntervalSeconds: 0 })
/** The request that the store was asked for last. */
let askedBy = ''
const tokens: TokenStore = new Proxy(stores.tokens, {
  get(store, name) {
    if (name !== 'findAccessToken') return Reflect.get(store, name, store).bind(store)
    return (hash: TokenHash, { requestId }: RequestContext) => {
      askedBy = requestId
      return (troubleByHash.get(hash) ?? (() => store.findAccessToken(hash)))()
    }
  },
})
const issued = new Map<string, string>()

describe.each([4, 5] as const)('Passport’s bearer strategy on Express %i', (major) => {
  let server: TestServer

  beforeAll(async () => {
    server = guardedServer(major)
    if (issued.size > 0) return
    for (const client of clients) stores.clients.saveClient(client)
    const brief = clients.find(({ clientId }) => clientId === 'other-app')!
    stores.clients.saveClient({ ...brief, accessTokenLifetimeSeconds: 1, grantTypes: ['client_credentials'] })
    const { access_token, refresh_token } = await signIn(server)
    issued.set('<user>', access_token).set('<refresh>', refresh_token)
    const ask = async (clientId: string, scope: string): Promise<string> =>
      (await postToken(server, `grant_type=client_credentials&scope=${scope}`, clientId)).body.access_token
    issued.set('<revoked>', await ask('stock-sync', 'stock:write'))
    await server.oauth.authorizations.revoke({ clientId: 'stock-sync' })
    issued.set('<service>', await ask('stock-sync', 'stock:write'))
    issued.set('<reader>', await ask('stock-sync', 'orders:read'))
    issued.set('<expired>', await ask('other-app', 'orders:read'))
    time += 5
  })

  it.each(rows)('responds as the guard does: $what', async (row) => {
    const guard = await observeAt(server, 'guard', row)
    expect(guard.status).toBe(row.status)
    expect(await observeAt(server, 'strategy', row)).toEqual(guard)
    expect(await observeAt(server, 'route', row)).toEqual(guard)
  })

  it.each(['unknown', 'throws', 'rejects'])(
    'gives the store and the operator the same request id: %s',
    async (token) => {
      for (const kind of ['guard', 'strategy']) {
        await observeAt(server, kind, { what: '', lines: [`Authorization: Bearer ${token}`], status: 0 })
        expect([...new Set(server.events.map(({ requestId }) => requestId))]).toEqual([askedBy])
      }
    },
  )
})

/** One app with the same routes behind the guard and behind Passport. */
function guardedServer(major: 4 | 5): TestServer {
  return testServer({
    express: major,
    server: { clients: stores.clients, tokens, clock },
    before: (app) => app.use(express.urlencoded({ extended: true }), express.json()),
    routes(app, oauth) {
      app.use((req, res, next) => {
        if (req.url.endsWith('?challenge')) res.set('WWW-Authenticate', 'Negotiate')
        next()
      })
      for (const [name, options] of Object.entries(routes)) {
        const passport = new Passport()
        passport.use(oauth.strategies.bearer(options))
        passport.use('of-route', oauth.strategies.bearer({ scope: 'orders:write' }))
        const ofRoute = { scope: [], ...options } as object
        app.all(`/guard/${name}`, oauth.requireBearer(options), (req, res) => res.json(req.auth ?? null))
        app.all(`/strategy/${name}`, passport.authenticate('bearer'), ofUser)
        app.all(`/route/${name}`, passport.authenticate('of-route', ofRoute), ofUser)
      }
    },
  })

  function ofUser(req: express.Request, res: express.Response): void {
    if (req.user !== req.auth || (req.auth && !Object.isFrozen(req.auth))) throw new Error('req.user is not req.auth')
    if (req.auth && req.authInfo && 'scope' in req.authInfo && req.authInfo.scope !== String(req.auth.scope)) {
      throw new Error('req.authInfo does not tell the scope')
    }
    res.json(req.auth ?? null)
  }
}

/** What comes of a request at one of the three routes. */
function observeAt(server: TestServer, kind: string, row: Row): Promise<Observed> {
  const { route = 'plain', method = 'GET', query = '', lines = [], body = '' } = row
  const fill = (text: string): string => text.replace(/<\w+>/g, (token) => issued.get(token)!)
  return observe(server, [`${method} /${kind}/${route}${fill(query)} HTTP/1.1`, ...lines.map(fill)], fill(body))
}
