import express, { type Express, type RequestHandler } from 'express'
import { generateKeyPairSync } from 'node:crypto'
import { createRequire } from 'node:module'
import { createServer, type Server } from 'node:http'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { loadSigningKeys, type BearerOptions, type RequireBearer } from 'latchkey'
import { post, signInAt, tokenOf } from '../fixtures/api-server.js'
import { sendRaw } from '../fixtures/raw-http.js'
import {
  close,
  inspection,
  listen,
  resourceServer,
  runningIssuer,
  type RunningIssuer,
} from '../fixtures/running-issuer.js'

// Its types would change `req.auth` in all tests, which are compiled together; test/package compiles both side by side.
const { auth } = createRequire(import.meta.url)('express-oauth2-jwt-bearer') as {
  readonly auth: (options: object) => RequestHandler
}

/** What the routes ask for; each of the three servers has all of them. */
const routes: Readonly<Record<string, BearerOptions>> = {
  plain: {},
  orders: { scope: 'orders:read' },
  all: { scope: ['orders:read', 'stock:write'] },
  any: { anyScope: ['orders:write', 'profile'] },
  user: { for: 'user' },
  client: { for: 'client' },
  optional: { optional: true },
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

const bearer = (token: string): readonly string[] => [`Authorization: Bearer ${token}`]
const form = 'Content-Type: application/x-www-form-urlencoded'

const rows: readonly Row[] = [
  { what: 'no credentials', status: 401 },
  { what: 'no credentials where a scope is asked for', route: 'orders', status: 401 },
  { what: 'no credentials, without a body', method: 'HEAD', status: 401 },
  { what: 'no credentials, optional', route: 'optional', status: 200 },
  { what: 'another scheme', lines: ['Authorization: Basic c3RvY2s6c2VjcmV0'], status: 401 },
  { what: 'the scheme alone', lines: ['Authorization: Bearer'], status: 401 },
  { what: 'the scheme alone, optional', route: 'optional', lines: ['Authorization: Bearer'], status: 200 },
  { what: 'a tab for a space', lines: ['Authorization: Bearer\t<user>'], status: 400 },
  { what: 'several spaces', lines: ['authorization: bearer   <user>'], status: 200 },
  { what: 'the header twice', lines: [...bearer('<user>'), ...bearer('<user>')], status: 400 },
  { what: 'two tokens', lines: bearer('<user> <service>'), status: 400 },
  { what: 'characters that no token has', lines: bearer('a"b'), status: 400 },
  { what: 'a token in the query', query: '?access_token=<user>', status: 401 },
  { what: 'tokens in header and query', query: '?access_token=<user>', lines: bearer('<user>'), status: 400 },
  {
    what: 'tokens in header and form',
    method: 'POST',
    lines: [...bearer('<user>'), form],
    body: 'access_token=x',
    status: 400,
  },
  { what: 'an unknown token', lines: bearer('unknown'), status: 401 },
  { what: 'an unknown token, optional', route: 'optional', lines: bearer('unknown'), status: 401 },
  { what: 'something like a JWT', lines: bearer('e30.e30.e30'), status: 401 },
  { what: 'too many dots', lines: bearer('a.b.c.d.e'), status: 401 },
  { what: 'a changed signature', lines: bearer('<user>AAAA'), status: 401 },
  { what: 'an expired token', lines: bearer('<expired>'), status: 401 },
  { what: 'a token for another resource', lines: bearer('<elsewhere>'), status: 401 },
  { what: 'a refresh token', lines: bearer('<refresh>'), status: 401 },
  { what: 'a user’s token', lines: bearer('<user>'), status: 200 },
  { what: 'a user’s token, without a body', method: 'HEAD', lines: bearer('<user>'), status: 200 },
  { what: 'a user’s token for two resources', lines: bearer('<both>'), status: 200 },
  { what: 'a client’s token', lines: bearer('<service>'), status: 200 },
  { what: 'scope enough', route: 'orders', lines: bearer('<user>'), status: 200 },
  { what: 'too little scope', route: 'all', lines: bearer('<user>'), status: 403 },
  { what: 'one scope of several', route: 'any', lines: bearer('<user>'), status: 200 },
  { what: 'a user for a user', route: 'user', lines: bearer('<user>'), status: 200 },
  { what: 'a client for a user', route: 'user', lines: bearer('<service>'), status: 403 },
  { what: 'a client for a client', route: 'client', lines: bearer('<service>'), status: 200 },
  { what: 'a user for a client', route: 'client', lines: bearer('<user>'), status: 403 },
]

let issuer: RunningIssuer
const servers = new Map<'own' | 'jwks' | 'introspection', Server>()
const tokens = new Map<string, Map<string, string>>()

beforeAll(async () => {
  issuer = await runningIssuer()
  const guards = {
    own: { requireBearer: issuer.oauth.requireBearer },
    jwks: resourceServer(issuer, { jwks: true }),
    introspection: resourceServer(issuer, { introspection: inspection(issuer) }),
  }
  for (const [name, { requireBearer }] of Object.entries(guards)) {
    servers.set(name as 'own', createServer(guarded(requireBearer)))
  }
  const expired = new Map<string, string>()
  for (const client of ['opaque-app', 'jwt-app']) expired.set(client, await tokenOf(issuer, client))
  issuer.advance(4000)
  for (const client of expired.keys()) {
    const { access_token: user, refresh_token: refresh } = await signInAt(issuer, client)
    const both = [
      ['grant_type', 'password'],
      ['username', 'alice'],
      ['password', "alice's password"],
    ]
    const resources = [
      ['resource', issuer.otherApi],
      ['resource', issuer.api],
    ]
    const answer = await post(issuer, '/oauth/token', [...both, ...resources] as [string, string][], client)
    tokens.set(
      client,
      new Map([
        ['<expired>', expired.get(client) ?? ''],
        ['<user>', user],
        ['<refresh>', refresh],
        ['<both>', answer.body.access_token],
        ['<service>', await tokenOf(issuer, client)],
        ['<elsewhere>', await tokenOf(issuer, client, { resource: issuer.otherApi })],
      ]),
    )
  }
})

afterAll(() => issuer.close())

/** All routes behind the guards; each answers `req.auth` but for `claims`, which depend on the way of verifying. */
function guarded(requireBearer: RequireBearer): Express {
  const app = express()
  app.use(express.urlencoded({ extended: true }))
  for (const [name, options] of Object.entries(routes)) {
    app.all(`/${name}`, requireBearer(options), (req, res) => {
      res.json({ ...req.auth, claims: undefined, frozen: Object.isFrozen(req.auth), scope: req.auth?.scope.toString() })
    })
  }
  return app
}

async function octetsOf(name: 'own' | 'jwks' | 'introspection', client: string, row: Row): Promise<string> {
  const fill = (text: string): string => text.replace(/<\w+>/g, (mark) => tokens.get(client)?.get(mark) ?? mark)
  const { route = 'plain', method = 'GET', query = '', lines = [], body = '' } = row
  const length = body === '' ? [] : [`Content-Length: ${String(fill(body).length)}`]
  const request = [`${method} /${route}${query} HTTP/1.1`, ...lines, ...length].map(fill)
  const { status, octets } = await sendRaw(servers.get(name)!, request, fill(body))
  expect(status).toBe(row.status)
  return octets
}

describe('a resource server responds byte for byte like the guard of its issuer', () => {
  it.each(rows)('by introspection, opaque token: $what', async (row) => {
    expect(await octetsOf('introspection', 'opaque-app', row)).toBe(await octetsOf('own', 'opaque-app', row))
  })

  it.each(rows)('by introspection, JWT: $what', async (row) => {
    expect(await octetsOf('introspection', 'jwt-app', row)).toBe(await octetsOf('own', 'jwt-app', row))
  })

  it.each(rows)('by published keys, JWT: $what', async (row) => {
    expect(await octetsOf('jwks', 'jwt-app', row)).toBe(await octetsOf('own', 'jwt-app', row))
  })
})

describe('express-oauth2-jwt-bearer', () => {
  it.each([
    ['RS256', generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey],
    ['ES256', generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey],
  ])('accepts our access tokens that are signed with %s, and refuses those for others', async (_, key) => {
    const server = await runningIssuer({ signingKeys: loadSigningKeys([key]) })
    const app = express()
    const { issuer: named, api, otherApi } = server
    // Its clock cannot be set.
    server.advance(Math.floor(Date.now() / 1000) - server.now())
    app.use(auth({ issuer: named, jwksUri: `${named}/oauth/jwks`, audience: api, strict: true }), (req, res) => {
      // The types of `req.auth` are ours here.
      res.json((req.auth as { payload?: unknown } | undefined)?.payload)
    })
    const http = createServer(app)
    const url = await listen(http)
    const get = (token: string): Promise<Response> => fetch(url, { headers: { authorization: `Bearer ${token}` } })

    const { access_token } = await signInAt(server, 'jwt-app')
    const accepted = await get(access_token)
    expect(accepted.status).toBe(200)
    expect(await accepted.json()).toMatchObject({ iss: named, aud: api, sub: 'user-1', client_id: 'jwt-app' })
    expect((await get(await tokenOf(server, 'jwt-app'))).status).toBe(200)
    expect((await get(await tokenOf(server, 'jwt-app', { resource: otherApi }))).status).toBe(401)
    expect((await get(await tokenOf(server, 'opaque-app'))).status).toBe(401)
    await Promise.all([close(http), server.close()])
  })
})
