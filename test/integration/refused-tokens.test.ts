import type { OAuthEvent } from 'latchkey'
import { BearerStrategy } from 'latchkey/passport'
import type { ResourceServerOptions } from 'latchkey/resource-server'
import passport from 'passport'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { tokenRefusals, type TokenRefusal } from '../../lib/errors/refusal-reason.js'
import { claimsOf, post, signInAt, tokenOf } from '../fixtures/api-server.js'
import { forgeries, withHeader } from '../fixtures/forged-tokens.js'
import {
  guardedApp,
  inspection,
  resourceServer,
  runningIssuer,
  type GuardedApp,
  type RunningIssuer,
} from '../fixtures/running-issuer.js'

/** Every reason that some test below has seen. */
const seen = new Set<TokenRefusal>()
let issuer: RunningIssuer
let good: string
let claims: Record<string, unknown>

beforeAll(async () => {
  issuer = await runningIssuer()
  good = await tokenOf(issuer, 'jwt-app')
  claims = claimsOf(good)
})
afterAll(() => issuer.close())

const answer = { error: 'invalid_token', error_description: 'The access token is invalid, expired or revoked' }

/** Presents a token that must be refused: the caller sees what it sees of every other, the operator the reason. */
async function expectRefusal(
  app: GuardedApp,
  events: OAuthEvent[],
  token: string,
  reason: TokenRefusal,
): Promise<void> {
  events.length = 0
  const { status, body, challenge } = await app.get(token)
  expect({ status, body }).toEqual({ status: 401, body: answer })
  const words = challenge?.replace(/^Bearer realm="[^"]+", (resource_metadata="[^"]+", )?/, '')
  expect(words).toBe(`error="${answer.error}", error_description="${answer.error_description}"`)
  const refusals = events.filter(({ type }) => type === 'request_refused')
  expect(refusals).toMatchObject([{ type: 'request_refused', error: 'invalid_token', reason }])
  for (const event of events) if (event.type === 'unknown_token') expect(event.reason).toBe(reason)
  expect(JSON.stringify(events)).not.toContain(token)
  seen.add(reason)
}

describe('the reason of a refused token, for the operator alone', () => {
  const apps: GuardedApp[] = []
  afterAll(() => Promise.all(apps.map((app) => app.close())))

  async function guardedBy(make: () => Parameters<typeof guardedApp>[0]): Promise<GuardedApp> {
    const app = await guardedApp(make())
    apps.push(app)
    return app
  }
  const resource = (events: OAuthEvent[], options: Partial<ResourceServerOptions>): Promise<GuardedApp> =>
    guardedBy(() => resourceServer(issuer, { onEvent: (event) => events.push(event), ...options }))

  it.each(forgeries)('is %s at a resource server with keys, for %s (20)', async (reason, _what, token) => {
    const events: OAuthEvent[] = []
    const app = await resource(events, { jwks: true })
    expect((await app.get(good)).status).toBe(200)
    await expectRefusal(app, events, token({ issuer, good }), reason)
  })

  it.each(forgeries)('is %s at the guard of the issuer, for %s (20)', async (reason, _what, token) => {
    const app = await guardedBy(() => issuer.oauth)
    expect((await app.get(good)).status).toBe(200)
    await expectRefusal(app, issuer.events, token({ issuer, good }), reason)
  })

  it('distinguishes unknown and revoked opaque tokens at the issuer (20)', async () => {
    const app = await guardedBy(() => issuer.oauth)
    await expectRefusal(app, issuer.events, 'garbage', 'unknown')
    expect(issuer.events).toMatchObject([{ type: 'unknown_token', reason: 'unknown' }, { type: 'request_refused' }])
    await expectRefusal(app, issuer.events, withHeader({ issuer, good }, { alg: 'HS256' }), 'algorithm')
    const opaque = await tokenOf(issuer, 'opaque-app')
    const jwt = await tokenOf(issuer, 'jwt-app')
    expect((await post(issuer, '/oauth/revoke', { token: jwt }, 'jwt-app')).status).toBe(200)
    await expectRefusal(app, issuer.events, jwt, 'revoked')
    const elsewhere = await tokenOf(issuer, 'opaque-app', { resource: issuer.otherApi })
    await expectRefusal(app, issuer.events, elsewhere, 'audience')
    issuer.advance(3600)
    await expectRefusal(app, issuer.events, opaque, 'expired')
    issuer.advance(-3600)
  })

  it('says whether the client or the user was disabled (20)', async () => {
    const app = await guardedBy(() => issuer.oauth)
    const { access_token: ofUser } = await signInAt(issuer, 'opaque-app')
    const ofClient = await tokenOf(issuer, 'jwt-app')
    const alice = issuer.users.get('alice')!
    const client = issuer.stores.clients.findClient('jwt-app')!
    issuer.users.set('alice', { ...alice, disabled: true })
    issuer.stores.clients.saveClient({ ...client, disabled: true })
    issuer.advance(10)
    await expectRefusal(app, issuer.events, ofUser, 'user_disabled')
    await expectRefusal(app, issuer.events, ofClient, 'client_disabled')
    issuer.users.set('alice', alice)
    issuer.stores.clients.saveClient(client)
    issuer.advance(-10)
  })

  it('is form for an opaque token if a JWT is required (20)', async () => {
    const events: OAuthEvent[] = []
    await expectRefusal(await resource(events, { jwks: true }), events, 'garbage', 'form')
  })

  it.each<[TokenRefusal, object]>([
    ['inactive', { active: false }],
    ['issuer', { iss: 'https://other.example.com' }],
    ['claim_client_id', { client_id: undefined, username: 'alice' }],
    ['claim_sub', { sub: 7 }],
    ['wrong_kind', { token_type: undefined }],
    ['claim_scope', { scope: ['a'] }],
    ['claim_exp', { exp: undefined }],
    ['claim_iat', { iat: '1' }],
    ['expired', { exp: 1 }],
    ['sender_constrained', { cnf: {} }],
    ['claim_aud', { aud: [7] }],
    ['audience', { aud: 'https://other.example.com' }],
  ])('is %s if introspection says %j (20)', async (reason, changed) => {
    const events: OAuthEvent[] = []
    const app = await resource(events, { introspection: inspection(issuer) })
    const told = { active: true, token_type: 'Bearer', ...claims, ...changed }
    issuer.instead = (_, res) => res.setHeader('Content-Type', 'application/json').end(JSON.stringify(told))
    try {
      await expectRefusal(app, events, 'a-token', reason)
    } finally {
      issuer.instead = undefined
    }
  })

  it('is denied if the verify function of a strategy finds no user (20)', async () => {
    const events: OAuthEvent[] = []
    const strategy = new BearerStrategy({ onEvent: (event) => events.push(event) }, (_token, done) => done(null, false))
    const requireBearer = (): unknown => passport.authenticate(strategy)
    const app = await guardedBy(() => ({ requireBearer }) as never)
    await expectRefusal(app, events, 'a-token', 'denied')
  })

  it('is one of the list, each of which was seen above (20)', () => {
    expect([...seen].sort()).toEqual([...tokenRefusals].sort())
  })
})
