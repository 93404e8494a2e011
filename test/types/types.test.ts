import { beforeAll, describe, expect, it } from 'vitest'
import { compile, type TypeFault } from './compile.js'

/** What the programs below have to do with. */
const prelude = `
import express, { type Request, type Response } from 'express'
import * as latchkey from 'latchkey'
declare const oauth: latchkey.AuthorizationServer
declare const options: latchkey.AuthorizationServerOptions
declare const tokens: latchkey.TokenStore
declare const record: latchkey.AccessTokenRecord
declare const client: latchkey.ClientRegistration
declare const context: latchkey.RequestContext
declare const error: latchkey.OAuthError
const app = express()
`

/** Mistakes, each on one line, and what the compiler must say of it. */
const mistakes = [
  ['an option of a guard that there is not', `oauth.requireBearer({ scopes: 'orders:read' })`, 'TS2769'],
  ['a guard for nobody that there is', `oauth.requireBearer({ for: 'admin' })`, 'TS2769'],
  ['a scope instead of options', `oauth.requireBearer('orders:read')`, 'TS2769'],
  ['a word for a truth value', `oauth.requireBearer({ optional: 'no' })`, 'TS2769'],
  [
    'a handler in front of its guard',
    `app.get('/', (req, res) => { res.json(req.auth.clientId) }, oauth.requireBearer({ for: 'user' }))`,
    'TS18048',
  ],
  ['a handler without a guard', `app.get('/', (req, res) => { res.json(req.auth.clientId) })`, 'TS18048'],
  [
    'a handler behind an optional guard that forgets about strangers',
    `app.get('/', oauth.requireBearer({ optional: true }), (req, res) => { res.json(req.auth.clientId) })`,
    'TS18048',
  ],
  [
    'a user where there may be none',
    `app.get('/', oauth.requireBearer(), (req, res) => { res.json(req.auth.userId) })`,
    'TS2339',
  ],
  [
    'a user behind a guard for clients',
    `app.get('/', oauth.requireBearer({ for: 'client' }), (req, res) => { res.json(req.auth.userId) })`,
    'TS2339',
  ],
  [
    'a handler that changes what the token says',
    `app.get('/', oauth.requireBearer({ for: 'user' }), (req, res) => { req.auth.userId = 'root'; res.end() })`,
    'TS2540',
  ],
  [
    'a handler that takes less than a guard lets pass',
    `app.get('/', oauth.requireBearer(), (req: Request & { auth: latchkey.UserAuth }, res: Response) => { res.json(req.auth) })`,
    'TS2769',
  ],
  [
    'an option of the server that there is not',
    `latchkey.createAuthorizationServer({ ...options, scope: [] })`,
    'TS2561',
  ],
  ['a server without grants', `latchkey.createAuthorizationServer({ ...options, grants: undefined })`, 'TS2322'],
  [
    'a grant that was not called',
    `latchkey.createAuthorizationServer({ ...options, grants: [latchkey.passwordGrant] })`,
    'TS2322',
  ],
  ['a password grant without users', `latchkey.passwordGrant({})`, 'TS2345'],
  [
    'a grant of the application that grants for nobody that there is',
    `export const grant: latchkey.GrantHandler = { grantType: 'urn:a:b', grantAccess: () => ({ actsFor: 'admin' }) }`,
    'TS2322',
  ],
  ['an error code that there is not', `throw new latchkey.OAuthError('invalid_grnt', 'wrong')`, 'TS2345'],
  ['an error code that there is not, asked for', `if (error.code === 'invalid_credentials') error.name = ''`, 'TS2367'],
  ['a token where a store expects a hash', `void tokens.findAccessToken('a token', context)`, 'TS2345'],
  ['a text that is taken for a hash', `export const hash: latchkey.TokenHash = 'a token'`, 'TS2322'],
  [
    'a record with a token in place of its hash',
    `export const kept: latchkey.AccessTokenRecord = { ...record, tokenHash: '' }`,
    'TS2322',
  ],
  ['a rotation of nobody’s secret', `void oauth.clients.rotateSecret({})`, 'TS2345'],
  ['a user who is let in without an id', `export const ok: latchkey.UserAuthentication = { outcome: 'ok' }`, 'TS2322'],
  [
    'a header that a grant may not add',
    `export const add = (request: latchkey.GrantRequest): void => request.addHeader('Set-Cookie', 'a=b')`,
    'TS2345',
  ],
  ['a revocation of nothing in particular', `void oauth.authorizations.revoke({})`, 'TS2345'],
  [
    'a public client with a secret',
    `export const spa: latchkey.Client = { ...client, clientType: 'public', authMethods: ['none'], secrets: [] }`,
    'TS2353',
  ],
  [
    'a public client that authenticates',
    `export const app2: latchkey.Client = { ...client, clientType: 'public', authMethods: ['client_secret_basic'] }`,
    'TS2322',
  ],
  [
    'a confidential client without secrets',
    `export const service: latchkey.Client = { ...client, clientType: 'confidential', authMethods: [] }`,
    'TS2322',
  ],
] as const

const routes = 'test/types/guarded-routes.ts'
const mistaken = 'test/types/mistakes.ts'
const majorOnly = 'test/types/major.ts'

const programs = new Map([
  [routes, undefined],
  [mistaken, [prelude, ...mistakes.map(([, line]) => line), ''].join('\n')],
  // Express 5 has no req.param().
  [majorOnly, "import type { Request } from 'express'\nexport type Param = Request['param']\n"],
])

describe.each([4, 5] as const)('the types, with those of Express %i', (express) => {
  let faults: TypeFault[]

  beforeAll(() => {
    faults = compile(express, programs)
  })

  it('are those of this major version', () => {
    const codes = faults.flatMap(({ file, code }) => (file === majorOnly ? [code] : []))
    expect(codes).toEqual(express === 4 ? [] : ['TS2339'])
  })

  it('fit guarded routes and narrow req.auth in them, without errors in the library', () => {
    expect(faults.filter(({ file }) => file !== mistaken && file !== majorOnly)).toEqual([])
  })

  it.each(mistakes)('do not accept %s', (_what, line, code) => {
    expect(faults.filter((fault) => fault.line === line).map((fault) => fault.code)).toEqual([code])
  })

  it('find nothing else wrong in the program with these mistakes', () => {
    const lines: readonly string[] = mistakes.map(([, line]) => line)
    expect(faults.filter(({ file, line }) => file === mistaken && !lines.includes(line))).toEqual([])
  })
})
