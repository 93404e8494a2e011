import type { Test } from 'supertest'
import { beforeEach, describe, expect, it } from 'vitest'
import { plainServer } from '../fixtures/plain-passwords.js'
import { postToken } from '../fixtures/post-token.js'
import { issued, refused, shown, type ShownAnswer, scopeWords } from '../fixtures/shown-answer.js'
import { clients, type TestServer } from '../fixtures/test-server.js'

const tooMuch = refused(400, 'invalid_scope', scopeWords)
const shopApp = clients.find(({ clientId }) => clientId === 'shop-app')!
const renewed = (scope: string): ShownAnswer =>
  issued(scope, { refresh_token: expect.stringMatching(/^[A-Za-z0-9_-]{43}$/) as string })

let server: TestServer
let newest: string

/** Refreshes with the newest refresh token and keeps the next one. */
async function refresh(scope?: string): Promise<Awaited<Test>> {
  const form = new URLSearchParams({ grant_type: 'refresh_token', refresh_token: newest })
  if (scope !== undefined) form.set('scope', scope)
  const answer = await postToken(server, form.toString(), 'shop-app')
  if (answer.status === 200) newest = String(answer.body.refresh_token)
  return answer
}

async function signInFor(scope: string): Promise<void> {
  const form = new URLSearchParams({ grant_type: 'password', username: 'alice', password: "alice's password", scope })
  newest = String((await postToken(server, form.toString(), 'shop-app')).body.refresh_token)
}

beforeEach(async () => {
  server = plainServer()
  await signInFor('orders:read orders:write')
})

describe('scope at refresh', () => {
  it.each([
    ['beyond the catalogue', 'orders:delete'],
    ['the client may have, but the user did not grant', 'profile'],
    ['partly granted', 'orders:read profile'],
    ['that only starts like a granted one', 'orders:rea'],
    ['that a granted one only starts like', 'orders:read:all'],
    ['with a double space', 'orders:read  orders:write'],
    ['with a quote', 'orders:read"'],
    ['with a line break', 'orders:read\n'],
    ['of __proto__', '__proto__'],
    ['of 101 tokens', Array.from({ length: 101 }, () => 'orders:read').join(' ')],
  ])('refuses scope %s, and spends nothing (RTG-06)', async (_what, scope) => {
    const before = newest
    expect(shown(await refresh(scope))).toEqual(tooMuch)
    expect(newest).toBe(before)
    expect(shown(await refresh())).toEqual(renewed('orders:read orders:write'))
    expect(server.events.filter(({ type }) => type === 'tokens_issued')).toMatchObject([
      { how: 'new' },
      { how: 'refreshed' },
    ])
  })

  it('refuses at every later refresh what was not granted at sign-in (RTG-06, RTG-17)', async () => {
    await refresh('orders:read')
    await refresh('orders:write')
    expect(shown(await refresh('profile'))).toEqual(tooMuch)
  })

  it('measures by what was granted at sign-in, not by the last access token (RTG-06)', async () => {
    expect(shown(await refresh('orders:read'))).toEqual(renewed('orders:read'))
    expect(shown(await refresh('orders:write orders:read'))).toEqual(renewed('orders:write orders:read'))
  })

  it('returns everything that was granted if no scope is requested, also after less was requested (RTG-07)', async () => {
    expect(shown(await refresh('orders:read'))).toEqual(renewed('orders:read'))
    expect(shown(await refresh())).toEqual(renewed('orders:read orders:write'))
    expect(shown(await refresh(''))).toEqual(renewed('orders:read orders:write'))
  })

  it('the next refresh token has the scope of the one presented, also when the access token has less (RTG-08)', async () => {
    await refresh('orders:read')
    expect(shown(await refresh('orders:write'))).toEqual(renewed('orders:write'))
    expect(shown(await refresh())).toEqual(renewed('orders:read orders:write'))
  })

  it('drops scope that the client has lost since, until it has it again (RTG-09)', async () => {
    server.stores.clients.saveClient({ ...shopApp, scopes: ['orders:read', 'profile'] })
    expect(shown(await refresh())).toEqual(renewed('orders:read'))
    expect(shown(await refresh('orders:read orders:write'))).toEqual(renewed('orders:read'))
    expect(shown(await refresh('orders:write'))).toEqual(tooMuch)
    server.stores.clients.saveClient(shopApp)
    expect(shown(await refresh())).toEqual(renewed('orders:read orders:write'))
  })

  it('refuses a request if nothing is left, and spends nothing (RTG-09)', async () => {
    server.stores.clients.saveClient({ ...shopApp, scopes: ['profile'] })
    expect(shown(await refresh())).toEqual(tooMuch)
    server.stores.clients.saveClient(shopApp)
    expect(shown(await refresh())).toEqual(renewed('orders:read orders:write'))
  })

  it('drops scope that left the catalogue (RTG-09)', async () => {
    const { clients: kept, tokens } = server.stores
    server = plainServer({ server: { clients: kept, tokens, scopes: ['orders:read', 'profile'] } })
    expect(shown(await refresh())).toEqual(renewed('orders:read'))
  })

  it('what the client has gained since does not widen an older sign-in (RTG-17)', async () => {
    server.stores.clients.saveClient({ ...shopApp, scopes: [...shopApp.scopes, 'stock:write'] })
    expect(shown(await refresh())).toEqual(renewed('orders:read orders:write'))
    expect(shown(await refresh('stock:write'))).toEqual(tooMuch)
  })

  it('does not widen a sign-in for less (RTG-17)', async () => {
    await signInFor('profile')
    expect(shown(await refresh('orders:read'))).toEqual(tooMuch)
    expect(shown(await refresh())).toEqual(renewed('profile'))
  })
})
