import type { Response } from 'supertest'
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
  type Form,
  type SignIn,
} from '../fixtures/api-server.js'
import { refused, shown, scopeWords } from '../fixtures/shown-answer.js'
import { delayTogether } from '../fixtures/slow-store.js'
import { catalogue, type TestServer } from '../fixtures/test-server.js'

const invalidGrant = refused(
  400,
  'invalid_grant',
  'The refresh token is invalid, expired, revoked, or belongs to another client',
)
const invalidTarget = refused(400, 'invalid_target', 'The refresh token was used a moment ago for another resource')
const beyondTarget = refused(400, 'invalid_target', 'The resource is unknown, malformed, or not for this client')
const beyondScope = refused(400, 'invalid_scope', scopeWords)
const invalidScope = refused(400, 'invalid_scope', 'The refresh token was used a moment ago with another scope')

let server: TestServer
let first: SignIn

const refresh = (app: string, token: string, form: [string, string][] = []): Promise<Response> =>
  post(server, '/oauth/token', [['grant_type', 'refresh_token'], ['refresh_token', token], ...form], app).then(
    (answer) => answer,
  )
const ends = (): number => server.events.filter(({ type }) => type === 'refresh_token_replayed').length

/** Signs alice in for both APIs. */
async function signInForBoth(app: string): Promise<SignIn> {
  const form: Form = [
    ...Object.entries({ grant_type: 'password', username: 'alice', password: "alice's password" }),
    ['resource', shopApi],
    ['resource', stockApi],
  ]
  return (await post(server, '/oauth/token', form, app)).body
}

describe.each(['opaque-app', 'jwt-app'])('a retry of %s asks for what the first request got', (app) => {
  beforeEach(async () => {
    server = apiServer()
    first = await signInForBoth(app)
  })

  it('or is refused, if both are sent at once for two APIs (10)', async () => {
    delayTogether(server, server.stores.tokens, 'findRefreshToken', 2)
    const apis = [shopApi, stockApi]
    const answers = await Promise.all(apis.map((api) => refresh(app, first.refresh_token, [['resource', api]])))
    const won = answers.findIndex(({ status }) => status === 200)
    expect(shown(answers[1 - won]!)).toEqual(invalidTarget)
    expect(await introspect(server, answers[won]!.body.access_token)).toMatchObject({ active: true, aud: apis[won] })
    // The app asks for the other API with the token that it has now.
    const other = await refresh(app, answers[won]!.body.refresh_token, [['resource', apis[1 - won]!]])
    expect(await introspect(server, other.body.access_token)).toMatchObject({ active: true, aud: apis[1 - won] })
    expect(ends()).toBe(0)
  })

  it('or is refused, if both are sent at once with two scopes (10)', async () => {
    delayTogether(server, server.stores.tokens, 'findRefreshToken', 2)
    const scopes = ['orders:read', 'profile']
    const answers = await Promise.all(scopes.map((scope) => refresh(app, first.refresh_token, [['scope', scope]])))
    const won = answers.findIndex(({ status }) => status === 200)
    expect(answers[won]!.body.scope).toBe(scopes[won])
    expect(shown(answers[1 - won]!)).toEqual(invalidScope)
    expect(ends()).toBe(0)
  })

  it.each<[string, [string, string][], [string, string][], object]>([
    ['another resource', [['resource', shopApi]], [['resource', stockApi]], invalidTarget],
    ['no resource, which means all', [['resource', shopApi]], [], invalidTarget],
    ['one resource after all', [], [['resource', shopApi]], invalidTarget],
    ['one resource more', [['resource', shopApi]], [['resource', shopApi], ['resource', stockApi]], invalidTarget], // prettier-ignore
    ['another scope', [['scope', 'profile']], [['scope', 'orders:read']], invalidScope],
    ['no scope, which means all', [['scope', 'profile']], [], invalidScope],
    ['one scope after all', [], [['scope', 'profile']], invalidScope],
    ['one scope more', [['scope', 'profile']], [['scope', 'profile orders:read']], invalidScope],
  ])('and is refused when it asks for %s (10)', async (_what, asked, again, refusal) => {
    const second = await refresh(app, first.refresh_token, asked)
    expect(shown(await refresh(app, first.refresh_token, again))).toEqual(refusal)
    expect(ends()).toBe(0)
    // Neither the token nor the grace is spent by that.
    expect((await refresh(app, first.refresh_token, asked)).body.refresh_token).toBe(second.body.refresh_token)
    expect(await introspect(server, second.body.access_token)).toMatchObject({ active: true })
    expect((await refresh(app, second.body.refresh_token)).status).toBe(200)
  })

  it('in any order, repeated or not', async () => {
    const both: [string, string][] = [
      ['resource', shopApi],
      ['resource', stockApi],
      ['scope', 'orders:read profile'],
    ]
    const same: [string, string][] = [
      ['scope', 'profile orders:read profile'],
      ['resource', stockApi],
      ['resource', shopApi],
      ['resource', stockApi],
    ]
    const second = await refresh(app, first.refresh_token, both)
    expect(second.status).toBe(200)
    const again = await refresh(app, first.refresh_token, same)
    expect(again.body).toMatchObject({ refresh_token: second.body.refresh_token, scope: second.body.scope })
  })

  it.each<[string, [string, string][]]>([
    ['another resource', [['resource', stockApi]]],
    ['an unknown resource', [['resource', 'https://unknown.example.com']]],
    ['more resources than there may be', Array.from({ length: 11 }, () => ['resource', shopApi])],
    ['another scope', [['scope', 'profile']]],
    ['a scope that nobody may have', [['scope', 'admin']]],
    ['a malformed scope', [['scope', '"']]],
  ])('but after the grace it is a replay, also with %s (10)', async (_what, asked) => {
    const second = await refresh(app, first.refresh_token, [['resource', shopApi]])
    server.advance(10)
    expect(shown(await refresh(app, first.refresh_token, asked))).toEqual(invalidGrant)
    expect(ends()).toBe(1)
    expect(shown(await refresh(app, second.body.refresh_token))).toEqual(invalidGrant)
    expect(await statusOf(server, second.body.access_token)).toBe(401)
  })
})

describe('claims of the application that depend on a parameter', () => {
  const tenantOf = (token: string): unknown => claimsOf(token)['tenant']

  beforeEach(async () => {
    server = apiServer({
      server: { accessTokenClaims: (_token, { parameters }) => ({ tenant: parameters.get('tenant') }) },
    })
    first = await signInAt(server, 'jwt-app')
  })

  it('are those of the first request, or the retry is refused (10)', async () => {
    const second = await refresh('jwt-app', first.refresh_token, [['tenant', 'a'], ['hint', 'x']]) // prettier-ignore
    expect(tenantOf(second.body.access_token)).toBe('a')
    const otherRequest = refused(
      400,
      'invalid_request',
      'The refresh token was used a moment ago with other parameters',
    )
    for (const form of [
      [
        ['tenant', 'b'],
        ['hint', 'x'],
      ],
      [['tenant', 'a']],
      [],
    ] as [string, string][][]) {
      // prettier-ignore
      expect(shown(await refresh('jwt-app', first.refresh_token, form))).toEqual(otherRequest)
    }
    const again = await refresh('jwt-app', first.refresh_token, [['hint', 'x'], ['tenant', 'a']]) // prettier-ignore
    expect(tenantOf(again.body.access_token)).toBe('a')
    expect(again.body.refresh_token).toBe(second.body.refresh_token)
    expect(ends()).toBe(0)
  })

  it('are not asked for an opaque token, so that there other parameters do not matter', async () => {
    first = await signInAt(server, 'opaque-app')
    const second = await refresh('opaque-app', first.refresh_token, [['tenant', 'a']])
    const again = await refresh('opaque-app', first.refresh_token, [['tenant', 'b']])
    expect(again.body).toEqual(second.body)
  })
})

describe('a refresh within what the sign-in was granted', () => {
  it('is for the first resource only, if the sign-in is older than the resources (gap 9)', async () => {
    const before = apiServer({ server: { resources: [], signingKeys: undefined as never } })
    const { tokens } = before.stores
    server = apiServer({ server: { tokens } })
    const tokensOf = async (): Promise<string> => (await signInAt(before, 'opaque-app')).refresh_token
    const elsewhere = await refreshAt(server, 'opaque-app', await tokensOf(), { resource: stockApi })
    expect(shown(elsewhere)).toEqual(beyondTarget)
    for (const form of [{}, { resource: shopApi }] as Record<string, string>[]) {
      const answer = await refreshAt(server, 'opaque-app', await tokensOf(), form)
      expect(await introspect(server, answer.body.access_token)).toMatchObject({ active: true, aud: shopApi })
    }
    expect((await refreshAt(before, 'opaque-app', await tokensOf())).status).toBe(200)
  })

  it('stays within the limit of the password grant, even if that is lowered later (gap 10)', async () => {
    const wide = apiServer()
    const { tokens } = wide.stores
    server = apiServer({ password: { scopes: ['profile'] }, server: { tokens } })
    const { refresh_token: token } = await signInAt(wide, 'opaque-app', { scope: 'orders:read profile' })
    expect(shown(await refreshAt(server, 'opaque-app', token, { scope: 'orders:read' }))).toEqual(beyondScope)
    expect((await refreshAt(server, 'opaque-app', token)).body).toMatchObject({ scope: 'profile' })
    // What a service gets for itself is none of it.
    expect(await introspect(server, await tokenOf(server, 'opaque-app', { scope: catalogue[0] }))).toMatchObject({
      active: true,
    })
  })
})
