import { memoryThrottle, type RevocationSelection, type TokenStore } from 'latchkey'
import { createMemoryStores } from 'latchkey/stores/memory'
import { openSqliteStores } from 'latchkey/stores/sqlite'
import request from 'supertest'
import { describe, expect, it, vi } from 'vitest'
import { apiServer, post, refreshAt, signInAt, type SignIn } from '../fixtures/api-server.js'
import type { TestServer } from '../fixtures/test-server.js'

const stores: Record<string, () => TokenStore> = {
  memory: () => createMemoryStores({ pruneIntervalSeconds: 0 }).tokens,
  SQLite: () => openSqliteStores(':memory:').tokens,
}

/** What a caller is answered, whichever token it was: the same of one that was made up. */
const answers = {
  guard: { status: 401, body: { error: 'invalid_token' } },
  refresh: { status: 400, body: { error: 'invalid_grant' } },
  introspection: { status: 200, body: { active: false } },
}

/** Presents the tokens of a sign-in wherever tokens are presented, and returns the reasons that the operator is told. */
async function present(server: TestServer, tokens: SignIn): Promise<Record<string, readonly string[]>> {
  const { access_token: access, refresh_token: refresh } = tokens
  const asked: Record<string, [keyof typeof answers, () => request.Test]> = {
    guard: ['guard', () => request(server.http).get('/orders').set('Authorization', `Bearer ${access}`)],
    refresh: ['refresh', () => refreshAt(server, 'opaque-app', refresh)],
    'introspection of the access token': ['introspection', () => introspection(server, access)],
    'introspection of the refresh token': ['introspection', () => introspection(server, refresh)],
  }
  const reasons: Record<string, readonly string[]> = {}
  for (const [where, [kind, ask]] of Object.entries(asked)) {
    server.events.length = 0
    const { status, body } = await ask()
    expect({ status, body }).toMatchObject(answers[kind])
    expect(JSON.stringify(server.events)).not.toMatch(new RegExp(`${access}|${refresh}`))
    reasons[where] = server.events.flatMap((event) =>
      event.type === 'unknown_token' || event.type === 'request_refused' ? [`${event.type} ${event.reason}`] : [],
    )
  }
  return reasons
}

const introspection = (server: TestServer, token: string): request.Test =>
  post(server, '/oauth/introspect', { token }, 'inspector')

/** The same reason everywhere. */
const everywhere = (reason: string): object => ({
  guard: [`unknown_token ${reason}`, `request_refused ${reason}`],
  refresh: [`unknown_token ${reason}`, `request_refused ${reason}`],
  'introspection of the access token': [`unknown_token ${reason}`],
  'introspection of the refresh token': [`unknown_token ${reason}`],
})

const madeUp = { access_token: 'made-up-access', refresh_token: 'made-up-refresh' }

describe.each(Object.entries(stores))('tokens of a sign-in that was ended, in %s', (_name, makeTokens) => {
  it.each<[string, (authorizationId: string) => RevocationSelection]>([
    ['the sign-in', (authorizationId) => ({ authorizationId })],
    ['the user', () => ({ userId: 'user-1' })],
    ['the client', () => ({ clientId: 'opaque-app' })],
    ['everything', () => ({ everything: true })],
  ])('are reported as revoked after a revocation of %s (A1)', async (_what, select) => {
    const server = apiServer({ server: { tokens: makeTokens() } })
    const signIn = await signInAt(server, 'opaque-app')
    const [listed] = await server.oauth.authorizations.list({ userId: 'user-1' })
    expect(await server.oauth.authorizations.revoke(select(listed!.authorizationId))).toBe(1)
    expect(await present(server, signIn)).toEqual(everywhere('revoked'))
    expect(await present(server, madeUp)).toEqual(everywhere('unknown'))
  })

  it('are reported as revoked after the client has revoked its refresh token (A1)', async () => {
    const server = apiServer({ server: { tokens: makeTokens() } })
    const signIn = await signInAt(server, 'opaque-app')
    expect((await post(server, '/oauth/revoke', { token: signIn.refresh_token }, 'opaque-app')).status).toBe(200)
    expect(await present(server, signIn)).toEqual(everywhere('revoked'))
  })

  it('are reported as revoked after a replay (A1)', async () => {
    const server = apiServer({ server: { tokens: makeTokens() }, refresh: { graceSeconds: 0 } })
    const signIn = await signInAt(server, 'opaque-app')
    const successors = (await refreshAt(server, 'opaque-app', signIn.refresh_token).expect(200)).body as SignIn
    await refreshAt(server, 'opaque-app', signIn.refresh_token).expect(400)
    expect(await present(server, signIn)).toEqual(everywhere('revoked'))
    expect(await present(server, successors)).toEqual(everywhere('revoked'))
  })
})

describe('asking why a token is not found', () => {
  const tokensWith = (whyNotFound: TokenStore['whyNotFound']): TokenStore =>
    Object.assign(createMemoryStores({ pruneIntervalSeconds: 0 }).tokens, { whyNotFound })

  it.each<[string, TokenStore['whyNotFound']]>([
    ['the store cannot', undefined],
    [
      'it throws',
      () => {
        throw new Error('out of order')
      },
    ],
    ['it rejects', () => Promise.reject(new Error('out of order'))],
    ['it never answers', () => new Promise<never>(() => undefined)],
    ['it answers something else', () => 'expired' as 'revoked'],
  ])('changes no response if %s: the token is unknown (A1)', async (_what, whyNotFound) => {
    const server = apiServer({ server: { tokens: tokensWith(whyNotFound) } })
    expect(await present(server, madeUp)).toEqual(everywhere('unknown'))
  })

  it('is not done for a token that is found, or from an address with too many unknown ones (A1)', async () => {
    const whyNotFound = vi.fn(() => undefined)
    const throttle = memoryThrottle({ limits: { token: { freeFailures: 3 } }, clock: () => 1_800_000_000 })
    const server = apiServer({ server: { tokens: tokensWith(whyNotFound), throttle } })
    const { access_token: access } = await signInAt(server, 'opaque-app')
    await request(server.http).get('/orders').set('Authorization', `Bearer ${access}`).expect(200)
    expect(whyNotFound).not.toHaveBeenCalled()
    const statuses = []
    for (let count = 0; count < 10; count++) {
      const { status } = await request(server.http)
        .get('/orders')
        .set('Authorization', `Bearer made-up-${String(count)}`)
      statuses.push(status)
    }
    const asked = statuses.filter((status) => status === 401).length
    expect(statuses.at(-1)).toBe(429)
    expect(whyNotFound).toHaveBeenCalledTimes(asked)
  })
})
