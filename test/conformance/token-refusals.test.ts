import { OAuthError, type GrantHandler, type OAuthErrorCode } from 'latchkey'
import { describe, expect, it } from 'vitest'
import { postToken, signIn } from '../fixtures/post-token.js'
import {
  invalidClient,
  issued,
  refused,
  shown,
  scopeWords,
  repeatedWords,
  tooLongWords,
} from '../fixtures/shown-answer.js'
import { clients, testServer } from '../fixtures/test-server.js'

const missing = (name: string): unknown => refused(400, 'invalid_request', `The parameter ${name} is missing`)
const repeated = refused(400, 'invalid_request', repeatedWords)
const wrongUser = refused(400, 'invalid_grant', 'The user name or the password is wrong')
const wrongToken = refused(
  400,
  'invalid_grant',
  'The refresh token is invalid, expired, revoked, or belongs to another client',
)
const invalidScope = refused(400, 'invalid_scope', scopeWords)
const severalMethods = refused(400, 'invalid_request', 'Only one client authentication method may be used in a request')
const tooLong = refused(400, 'invalid_request', tooLongWords)
const refreshToken: unknown = expect.stringMatching(/^[\w-]{43}$/)
const shopApp = clients.find(({ clientId }) => clientId === 'shop-app')!

describe('a refusal', () => {
  it('has the status of its code, and no other code exists (TOK-16, TOK-20)', async () => {
    const statuses: Record<OAuthErrorCode, number> = {
      invalid_request: 400,
      invalid_client: 401,
      invalid_grant: 400,
      unauthorized_client: 400,
      unsupported_grant_type: 400,
      invalid_scope: 400,
      invalid_target: 400,
      invalid_token: 401,
      insufficient_scope: 403,
      access_denied: 403,
      server_error: 500,
      temporarily_unavailable: 503,
    }
    for (const [code, status] of Object.entries(statuses) as [OAuthErrorCode, number][]) {
      const grant: GrantHandler = {
        grantType: 'urn:example:own',
        grantAccess() {
          throw new OAuthError(code, 'As the grant says')
        },
      }
      const server = testServer({
        server: { grants: [grant] },
        moreClients: [{ ...shopApp, grantTypes: [grant.grantType] }],
      })
      expect(shown(await postToken(server, 'grant_type=urn:example:own', 'shop-app'))).toEqual(
        refused(status, code, 'As the grant says'),
      )
    }
    for (const code of ['mfa_required', 'user_locked', 'invalid_dpop_proof', 'toString', '']) {
      expect(() => new OAuthError(code as OAuthErrorCode, '')).toThrow(TypeError)
    }
  })

  it('has the code of RFC 6749 for its reason (TOK-16, TOK-17, TOK-18, TOK-19)', async () => {
    const server = testServer()
    const foreign = (await signIn(server)).refresh_token
    const cases: [form: string, answer: unknown, clientId?: string][] = [
      ['grant_type=password&password=x', missing('username'), 'shop-app'],
      ['grant_type=password&username=alice', missing('password'), 'shop-app'],
      ['grant_type=password&username=&password=x', missing('username'), 'shop-app'],
      ['grant_type=refresh_token', missing('refresh_token'), 'shop-app'],
      ['grant_type=client_credentials&grant_type=client_credentials', repeated],
      ['grant_type=client_credentials&client_secret=x', severalMethods],
      ['grant_type=password&username=alice&password=wrong', wrongUser, 'shop-app'],
      ['grant_type=password&username=nobody&password=wrong', wrongUser, 'shop-app'],
      ['grant_type=refresh_token&refresh_token=unknown', wrongToken, 'shop-app'],
      [`grant_type=refresh_token&refresh_token=${foreign}`, wrongToken, 'other-app'],
      ['grant_type=client_credentials&scope=unknown', invalidScope],
      ['grant_type=client_credentials&scope=profile', invalidScope],
      ['grant_type=client_credentials&scope=%22', invalidScope],
      [`grant_type=refresh_token&refresh_token=${foreign}&scope=profile`, invalidScope, 'shop-app'],
    ]
    for (const [form, answer, clientId] of cases) {
      expect([form, shown(await postToken(server, form, clientId))]).toEqual([form, answer])
    }
    const refresh = await postToken(server, `grant_type=refresh_token&refresh_token=${foreign}`, 'shop-app')
    expect(refresh.status).toBe(200)
  })

  it('says the same for every user and every client that cannot be authenticated (TOK-21)', async () => {
    const server = testServer()
    server.users.set('gone', { ...server.users.get('alice')!, userId: 'user-2', disabled: true })
    for (const [username, password] of [
      ['alice', 'wrong'],
      ['nobody', "alice's password"],
      ['gone', "alice's password"],
    ] as const) {
      const form = new URLSearchParams({ grant_type: 'password', username, password }).toString()
      expect(shown(await postToken(server, form, 'shop-app'))).toEqual(wrongUser)
    }
    for (const clientId of ['unknown', 'disabled-app', 'post-app', 'spa']) {
      expect(shown(await postToken(server, 'grant_type=client_credentials', clientId))).toEqual(invalidClient)
    }
  })

  it('has issued nothing, and nothing is lost (TOK-24)', async () => {
    const server = testServer()
    const tokens = await signIn(server)
    Object.assign(server.stores.tokens, { saveTokens: outOfOrder, rotateRefreshToken: outOfOrder })
    const refresh = `grant_type=refresh_token&refresh_token=${tokens.refresh_token}`
    expect((await postToken(server, refresh, 'shop-app')).status).toBe(500)
    expect((await postToken(server, 'grant_type=client_credentials')).status).toBe(500)
    for (const method of ['saveTokens', 'rotateRefreshToken']) Reflect.deleteProperty(server.stores.tokens, method)
    server.advance(60)
    expect(shown(await postToken(server, refresh, 'shop-app'))).toEqual(
      issued('orders:read orders:write', { refresh_token: refreshToken }),
    )
    // Signing in, and refreshing once: what failed has left nothing behind.
    expect(server.stores.tokens.revokeTokens({ everything: true })).toBe(1)
  })

  it.each([
    ['grant_type', 16_385, tooLong],
    ['unknown_parameter', 16_385, tooLong],
    ['assertion', 16_385, tooLong],
    ['refresh_token', 16_385, tooLong],
    ['refresh_token', 513, wrongToken],
    [
      'username',
      1025,
      refused(400, 'invalid_request', 'The user name or the password is too long or has control characters'),
    ],
  ])('is the response to a %s of %i characters (TOK-25)', async (name, length, answer) => {
    const server = testServer()
    Object.assign(server.stores.tokens, { findRefreshToken: outOfOrder })
    const grantType = name === 'username' ? 'password' : 'refresh_token'
    const parameters = { grant_type: grantType, password: 'x', [name]: 'x'.repeat(length) }
    const answered = await postToken(server, new URLSearchParams(parameters).toString(), 'shop-app')
    expect(shown(answered)).toEqual(answer)
  })
})

function outOfOrder(): never {
  throw new Error('out of order')
}
