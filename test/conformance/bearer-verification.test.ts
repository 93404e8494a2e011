import { hashToken, type AccessTokenRecord, type NewTokens, type BearerOptions } from 'latchkey'
import request from 'supertest'
import { describe, expect, it } from 'vitest'
import { answered, bearerChallenge, shown, type ShownAnswer, wrongCallerWords } from '../fixtures/shown-answer.js'
import { basic, catalogue, secretOf, testServer, type TestServer } from '../fixtures/test-server.js'

const token = 'a-token-that-the-test-put-there'
const anonymous = answered(401, {}, { challenge: bearerChallenge })

function refusal(status: number, error: string, description: string, more = ''): ShownAnswer {
  const challenge = `${bearerChallenge}, error="${error}", error_description="${description}"${more}`
  return answered(status, { error, error_description: description }, { challenge })
}

const invalidToken = refusal(401, 'invalid_token', 'The access token is invalid, expired or revoked')

function insufficientScope(needed: string): ShownAnswer {
  const description = 'The access token does not have the scope that is needed'
  return refusal(403, 'insufficient_scope', description, `, scope="${needed}"`)
}

/** The token, with the sign-in that it belongs to when it acts for a user. */
function newTokens(accessToken: AccessTokenRecord): NewTokens {
  if (accessToken.userId === undefined) return { authorization: undefined, accessToken, refreshToken: undefined }
  const { userId, authorizationId, clientId, scope, audience, issuedAt: createdAt, expiresAt } = accessToken
  const of = { authorizationId, userId, clientId, grantType: 'password', scope, audience, deviceLabel: undefined }
  const authorization = { ...of, createdAt, expiresAt }
  return { authorization, accessToken, accessTokenExpiresAt: expiresAt, refreshToken: undefined }
}

describe('what a guard requires of a token', () => {
  let server: TestServer

  /** A server with one guarded route, and one token in its store. */
  function guarded(options: BearerOptions, record: Partial<AccessTokenRecord> = {}): void {
    server = testServer({
      routes: (app, oauth) =>
        app.get('/guarded', oauth.requireBearer(options), (req, res) => res.json(req.auth ?? null)),
      server: { scopes: [...catalogue, 'read', 'read:all'] },
    })
    const issuedAt = server.now()
    const accessToken = {
      tokenHash: hashToken(token),
      clientId: 'shop-app',
      userId: undefined,
      authorizationId: undefined,
      scope: 'orders:read',
      audience: '',
      issuedAt,
      expiresAt: issuedAt + 60,
      ...record,
    } as AccessTokenRecord
    server.stores.tokens.saveTokens(newTokens(accessToken))
  }

  async function get(authorization = `Bearer ${token}`, path = '/guarded'): Promise<ShownAnswer> {
    return shown(await request(server.http).get(path).set('Authorization', authorization))
  }

  async function passes(): Promise<boolean> {
    return (await request(server.http).get('/guarded').set('Authorization', `Bearer ${token}`)).status === 200
  }

  describe('that it is valid', () => {
    it('unknown, expired and revoked tokens get the same response (BRR-08, BRR-19)', async () => {
      guarded({})
      expect(await get(`Bearer ${token}x`)).toEqual(invalidToken)
      expect(await passes()).toBe(true)

      server.advance(59)
      expect(await passes()).toBe(true)
      server.advance(1)
      expect(await get()).toEqual(invalidToken)

      guarded({})
      await server.oauth.authorizations.revoke({ clientId: 'shop-app' })
      expect(await get()).toEqual(invalidToken)
    })

    it('so do tokens whose record has no proper end (BRR-08)', async () => {
      for (const expiresAt of [NaN, undefined, null, 'never', {}]) {
        guarded({}, { expiresAt: expiresAt as number })
        expect(await get()).toEqual(invalidToken)
      }
    })

    it('validity is judged before scope, and scope is not revealed (BRR-08)', async () => {
      guarded({ scope: 'profile' })
      server.advance(60)
      expect(await get()).toEqual(invalidToken)
    })

    it('anything else counts as unknown: a refresh token, a secret, a hash (BRR-29)', async () => {
      guarded({})
      const http = request(server.http).post('/oauth/token').type('form')
      const { body } = await http
        .set('Authorization', basic('shop-app', secretOf('shop-app')))
        .send({ grant_type: 'password', username: 'alice', password: "alice's password" })
      expect(
        (
          await request(server.http)
            .get('/guarded')
            .set('Authorization', `Bearer ${String(body.access_token)}`)
        ).status,
      ).toBe(200)
      for (const credential of [String(body.refresh_token), secretOf('shop-app'), 'shop-app', hashToken(token)]) {
        expect(await get(`Bearer ${credential}`)).toEqual(invalidToken)
      }
    })
  })

  describe('that its scope suffices', () => {
    it('responds with 403 that names the required scope, not the token’s (BRR-09, BRR-19)', async () => {
      guarded({ scope: 'profile orders:write' }, { scope: 'orders:read profile' })
      expect(await get()).toEqual(insufficientScope('profile orders:write'))
    })

    it.each(['readonly', 'read:all', 'READ', 'rea', 'xread', 'read,write', ''])(
      'by exact comparison of whole tokens: "%s" is not read (BRR-20)',
      async (scope) => {
        guarded({ scope: 'read' }, { scope })
        expect(await get()).toEqual(insufficientScope('read'))
      },
    )

    it('requires all of scope, in any form and order (BRR-20)', async () => {
      for (const scope of ['orders:read read', ['orders:read', 'read']]) {
        guarded({ scope }, { scope: 'orders:read' })
        expect(await get()).toEqual(insufficientScope('orders:read read'))
        guarded({ scope }, { scope: 'read' })
        expect(await get()).toEqual(insufficientScope('orders:read read'))
        guarded({ scope }, { scope: 'read profile orders:read' })
        expect(await passes()).toBe(true)
      }
    })

    it('requires any of anyScope, and all of scope beside it (BRR-20)', async () => {
      guarded({ anyScope: ['profile', 'read'] })
      expect(await get()).toEqual(insufficientScope('profile read'))
      guarded({ anyScope: ['profile', 'read'] }, { scope: 'read' })
      expect(await passes()).toBe(true)

      guarded({ scope: 'orders:read', anyScope: ['profile', 'read'] })
      expect(await get()).toEqual(insufficientScope('orders:read profile read'))
      guarded({ scope: 'orders:read', anyScope: ['profile', 'read'] }, { scope: 'profile' })
      expect(await get()).toEqual(insufficientScope('orders:read profile read'))
      guarded({ scope: 'orders:read', anyScope: ['profile', 'read'] }, { scope: 'orders:read read' })
      expect(await passes()).toBe(true)
    })

    it('requires no scope by default (BRR-20)', async () => {
      guarded({}, { scope: '' })
      expect(await passes()).toBe(true)
    })

    it.each([
      [{ anyScope: [] }, /^requireBearer\.anyScope/],
      [{ scope: '' }, /^requireBearer\.scope/],
      [{ scope: 'orders:read  read' }, /^requireBearer\.scope/],
      [{ scope: ['orders:read read'] }, /^requireBearer\.scope/],
      [{ scope: 'orders:delete' }, /^requireBearer\.scope/],
      [{ anyScope: ['orders:delete', 'read'] }, /^requireBearer\.anyScope/],
    ])('a requirement that cannot work is refused when the route is created: %j (BRR-20)', (options, message) => {
      expect(() => {
        guarded(options)
      }).toThrow(message)
    })
  })

  describe('that it acts for the right kind of caller', () => {
    const description = wrongCallerWords
    const denied = answered(
      403,
      { error: 'access_denied', error_description: description },
      { challenge: bearerChallenge },
    )
    const ofUser = { userId: 'user-1', authorizationId: 'sign-in-1' }

    it('responds with 403 without a code that would make the client ask for more scope (BRR-40)', async () => {
      guarded({ for: 'user' })
      expect(await get()).toEqual(denied)
      guarded({ for: 'client' }, ofUser)
      expect(await get()).toEqual(denied)
    })
  })

  describe('when it is optional', () => {
    it('accepts no credentials, without req.auth, and refuses wrong ones (BRR-23)', async () => {
      guarded({ optional: true, scope: 'orders:read' })
      for (const authorization of [undefined, '', 'Basic eDp5', 'Bearer', 'Bearer  ']) {
        const http = request(server.http).get('/guarded')
        const answer = await (authorization === undefined ? http : http.set('Authorization', authorization))
        expect([answer.status, answer.body]).toEqual([200, null])
      }
      expect(await get('Bearer wrong')).toEqual(invalidToken)
      expect(await get('Bearer a b')).toMatchObject({ status: 400 })
      expect(await get(`Bearer ${token}`, '/guarded?access_token=x')).toMatchObject({ status: 400 })
      expect(await passes()).toBe(true)
      server.advance(60)
      expect(await get()).toEqual(invalidToken)

      guarded({ optional: true, scope: 'profile' })
      expect(await get()).toEqual(insufficientScope('profile'))
      guarded({ optional: true, for: 'user' })
      expect(await get()).toMatchObject({ status: 403 })
    })

    it('only when it says so (BRR-23)', async () => {
      guarded({ optional: false })
      expect(await get('')).toEqual(anonymous)
      expect(() => {
        guarded({ optional: 'no' as never })
      }).toThrow(/^requireBearer\.optional/)
    })
  })
})
