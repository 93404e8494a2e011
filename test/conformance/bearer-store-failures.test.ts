import { StoreUnavailableError, type TokenStore } from 'latchkey'
import request from 'supertest'
import { describe, expect, it } from 'vitest'
import { answered, shown, type ShownAnswer } from '../fixtures/shown-answer.js'
import { testServer, type TestServer } from '../fixtures/test-server.js'

describe('a guard whose token store fails', () => {
  let server: TestServer

  function guardedBy(findAccessToken: () => unknown): void {
    const unused = (): never => {
      throw new Error('not to be called')
    }
    const tokens = {
      saveTokens: unused,
      findRefreshToken: unused,
      rotateRefreshToken: unused,
      revokeAccessToken: unused,
      revokeTokens: unused,
      revokeSignedToken: unused,
      isSignedTokenRevoked: unused,
      findAuthorization: unused,
      listAuthorizations: unused,
      prune: unused,
      findAccessToken,
    } as unknown as TokenStore
    server = testServer({
      routes: (app, oauth) =>
        app.get('/guarded', oauth.requireBearer({ optional: true }), (_req, res) => res.json('reached')),
      server: { tokens },
    })
  }

  async function get(): Promise<ShownAnswer> {
    return shown(await request(server.http).get('/guarded').set('Authorization', 'Bearer token'))
  }

  const outage = new StoreUnavailableError('no connection', { retryAfterSeconds: 3 })
  const failure = new Error('secret detail')
  const unavailable = answered(
    503,
    { error: 'temporarily_unavailable', error_description: 'The server cannot answer right now' },
    { retryAfter: '3' },
  )
  const broken = answered(500, {
    error: 'server_error',
    error_description: 'The server met an unexpected condition',
  })

  it.each([
    ['out of reach', unavailable, outage],
    ['broken', broken, failure],
  ])('%s: an error without a challenge, and no access (BRR-22)', async (_what, answer, error) => {
    for (const find of [
      () => Promise.reject(error),
      () => {
        throw error
      },
    ]) {
      guardedBy(find)
      expect(await get()).toEqual(answer)
      expect(server.events.map((event) => (event.type === 'failure' ? event.cause : event.type))).toEqual([
        'warning',
        error,
      ])
    }
  })

  it.each([[true], ['yes'], [{}], [{ expiresAt: 1 }], [[]], [0]])(
    'a result that is not a record opens no route: %j (BRR-22)',
    async (answer) => {
      for (const find of [() => answer, () => Promise.resolve(answer)]) {
        guardedBy(find)
        expect(await get()).toMatchObject({ status: 401, body: { error: 'invalid_token' } })
      }
    },
  )

  it('a record whose scope is not a string opens no route (BRR-22)', async () => {
    for (const scope of [['orders:read'], undefined, null, 7, {}]) {
      guardedBy(() => ({ clientId: 'shop-app', scope, issuedAt: 0, expiresAt: server.now() + 60 }))
      expect(await get()).toEqual(broken)
    }
  })
})
