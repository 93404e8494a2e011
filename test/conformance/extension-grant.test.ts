import request from 'supertest'
import { describe, expect, it } from 'vitest'
import {
  clientCredentialsGrant,
  ConfigurationError,
  OAuthError,
  refreshTokenGrant,
  StoreUnavailableError,
  type Client,
  type GrantedAccess,
  type GrantHandler,
  type GrantRequest,
} from 'latchkey'
import { plainServer } from '../fixtures/plain-passwords.js'
import { postToken } from '../fixtures/post-token.js'
import {
  answered,
  invalidClient,
  issued,
  refused,
  shown,
  scopeWords,
  repeatedWords,
  unsupportedWords,
} from '../fixtures/shown-answer.js'
import { clients, type TestServer, type TestServerOptions } from '../fixtures/test-server.js'

const grantType = 'urn:example:grant-type:card'
const form = `grant_type=${encodeURIComponent(grantType)}`
const serverError = refused(500, 'server_error', 'The server met an unexpected condition')

/** `kiosk` may use the grant, and may refresh; `booth` may only use the grant. */
const moreClients: readonly Client[] = [
  { ...clients[0]!, grantTypes: [grantType, 'refresh_token'] },
  { ...clients.find(({ clientId }) => clientId === 'stock-sync')!, grantTypes: [grantType] },
]
const kiosk = 'shop-app'
const booth = 'stock-sync'

/** A server with a grant of the application's own. */
function serverWith(grant: Partial<GrantHandler>, more: Partial<TestServerOptions> = {}): TestServer {
  const own: GrantHandler = { grantType, grantAccess: cardGrant, ...grant }
  return plainServer({ moreClients, server: { grants: [clientCredentialsGrant(), refreshTokenGrant(), own] }, ...more })
}

/** Lets in whoever holds card 7. */
function cardGrant({ parameters, grantScope }: GrantRequest): GrantedAccess {
  if (parameters.get('card') !== '7') throw new OAuthError('invalid_grant', 'The card is not known')
  return { actsFor: 'user', userId: 'user-7', scope: grantScope() }
}

describe('the name of the grant', () => {
  it.each(['my_grant', 'card', 'Password', '/card', '', 'urn', 'urn:example:a card', ' urn:example:card'])(
    'must be an absolute URI: %j is refused at startup (EXT-01)',
    (name) => {
      expect(() => serverWith({ grantType: name })).toThrow(ConfigurationError)
      expect(() => serverWith({ grantType: name })).toThrow(/^grants\[2\]\.grantType: .*absolute URI.*urn:example/)
    },
  )

  it.each([
    'URN:example:grant-type:card',
    'urn:example:grant-type:CARD',
    'urn:example:grant-type:card/',
    'urn:example:grant-type:card ',
    ' urn:example:grant-type:card',
    'urn%3Aexample%3Agrant-type%3Acard',
    'card',
  ])('is compared exactly: %j is another (EXT-02)', async (name) => {
    const other = `grant_type=${encodeURIComponent(name)}&card=7`
    expect(shown(await postToken(serverWith({}), other, kiosk))).toEqual(
      refused(400, 'unsupported_grant_type', unsupportedWords),
    )
  })
})

describe('an extension grant', () => {
  it('is called only for an authenticated client that is registered for it (EXT-03)', async () => {
    let asked = 0
    const server = serverWith({
      grantAccess(given) {
        asked++
        return cardGrant(given)
      },
    })
    const wrongSecret = request(server.http).post('/oauth/token').auth(kiosk, 'wrong').send(`${form}&card=7`)
    expect(shown(await wrongSecret)).toEqual(invalidClient)
    expect(shown(await postToken(server, `${form}&card=7`, 'other-app'))).toEqual(
      refused(400, 'unauthorized_client', 'This client may not use this grant type'),
    )
    expect(shown(await postToken(server, `${form}&card=7&card=7`, kiosk))).toEqual(
      refused(400, 'invalid_request', repeatedWords),
    )
    expect(asked).toBe(0)
  })

  it('decides, and the library issues: the same response, tokens, refresh and events as any grant (EXT-03)', async () => {
    const server = serverWith({})
    expect(shown(await postToken(server, `${form}&card=8`, kiosk))).toEqual(
      refused(400, 'invalid_grant', 'The card is not known'),
    )
    const first = await postToken(server, `${form}&card=7&scope=profile`, kiosk)
    expect(shown(first)).toEqual(issued('profile', { refresh_token: expect.any(String) as string }))
    const authorization = `Bearer ${String(first.body.access_token)}`
    expect((await request(server.http).get('/profile').set('Authorization', authorization)).body).toMatchObject({
      actsFor: 'user',
      userId: 'user-7',
      clientId: kiosk,
    })
    const refresh = `grant_type=refresh_token&refresh_token=${String(first.body.refresh_token)}`
    expect((await postToken(server, refresh, kiosk)).status).toBe(200)
    expect(server.events).toMatchObject([
      { type: 'request_refused', error: 'invalid_grant' },
      { type: 'tokens_issued', how: 'new', grantType, userId: 'user-7' },
      { type: 'tokens_issued', how: 'refreshed', grantType: 'refresh_token', userId: 'user-7' },
    ])
  })

  it('gets no refresh token for a client that is not registered for refreshing (EXT-03)', async () => {
    expect(shown(await postToken(serverWith({}), `${form}&card=7`, booth))).toEqual(issued('stock:write'))
  })

  it('may act for the client itself (EXT-03)', async () => {
    const server = serverWith({ grantAccess: ({ grantScope }) => ({ actsFor: 'client', scope: grantScope() }) })
    expect(shown(await postToken(server, form, kiosk))).toEqual(issued('orders:read orders:write'))
  })

  it('cannot grant scope beyond the client and the server, but can grant less (EXT-03)', async () => {
    const tooMuch = refused(400, 'invalid_scope', scopeWords)
    expect(shown(await postToken(serverWith({}), `${form}&card=7&scope=stock%3Awrite`, kiosk))).toEqual(tooMuch)
    const less = serverWith({
      grantAccess: async ({ grantScope }) => {
        const scope = grantScope().filter((token) => token.endsWith(':read'))
        return { actsFor: 'user', userId: 'user-7', scope }
      },
    })
    expect((await postToken(less, form, kiosk)).body).toMatchObject({ scope: 'orders:read' })
  })

  it.each([
    ['nothing', undefined],
    ['null', null],
    ['true', true],
    ['an answer of its own', { access_token: 'forged', token_type: 'Bearer' }],
    ['an unknown kind of access', ({ grantScope }: GrantRequest) => ({ actsFor: 'admin', scope: grantScope() })],
    ['a name of Object.prototype', ({ grantScope }: GrantRequest) => ({ actsFor: '__proto__', scope: grantScope() })],
    ['a scope that it made up', { actsFor: 'client', scope: 'admin' }],
    ['a list for a scope', { actsFor: 'client', scope: ['orders:read'] }],
    ['a Set for a scope', { actsFor: 'client', scope: new Set(['admin']) }],
    ['what looks like a scope', { actsFor: 'client', scope: { size: 1, toString: (): string => 'admin' } }],
    ['no scope', { actsFor: 'client' }],
    [
      'an empty scope',
      ({ grantScope }: GrantRequest) => ({ actsFor: 'client', scope: grantScope().filter(() => false) }),
    ],
    ['a user without an id', ({ grantScope }: GrantRequest) => ({ actsFor: 'user', scope: grantScope() })],
    [
      'a user with an empty id',
      ({ grantScope }: GrantRequest) => ({ actsFor: 'user', userId: '', scope: grantScope() }),
    ],
    ['a user with a number', ({ grantScope }: GrantRequest) => ({ actsFor: 'user', userId: 7, scope: grantScope() })],
  ])('that returns %s yields no token (EXT-03)', async (_what, access: unknown) => {
    for (const later of [false, true]) {
      const grantAccess = (given: GrantRequest): unknown => {
        const answer: unknown = typeof access === 'function' ? access(given) : access
        return later ? Promise.resolve(answer) : answer
      }
      const server = serverWith({ grantAccess: grantAccess as GrantHandler['grantAccess'] })
      expect(shown(await postToken(server, form, kiosk))).toEqual(serverError)
      expect(server.events).toMatchObject([
        { type: 'failure', error: 'server_error', cause: expect.any(TypeError) as Error },
      ])
    }
  })

  it('is asked at each refresh about the user whom it signed in (EXT-03)', async () => {
    const asked: string[] = []
    const server = serverWith({ confirmUser: (userId) => asked.push(userId) === 1 })
    const { body } = await postToken(server, `${form}&card=7`, kiosk)
    const refresh = `grant_type=refresh_token&refresh_token=${String(body.refresh_token)}`
    expect((await postToken(server, refresh, kiosk)).status).toBe(200)
    expect((await postToken(server, refresh, kiosk)).body).toMatchObject({ error: 'invalid_grant' })
    expect(asked).toEqual(['user-7', 'user-7'])
  })

  it.each([
    ['no', () => false],
    ['no, later', async () => false],
    ['something', () => 'yes'],
    ['nothing', () => undefined],
    ['nothing, later', async () => undefined],
  ])('ends a sign-in by returning anything but true: %s (EXT-03)', async (_what, confirmUser) => {
    const server = serverWith({ confirmUser: confirmUser as NonNullable<GrantHandler['confirmUser']> })
    const { body } = await postToken(server, `${form}&card=7`, kiosk)
    const refresh = `grant_type=refresh_token&refresh_token=${String(body.refresh_token)}`
    expect((await postToken(server, refresh, kiosk)).body).toMatchObject({ error: 'invalid_grant' })
  })
})

describe('what an extension grant throws', () => {
  it('becomes the response if it is an OAuth error (EXT-04)', async () => {
    const grantAccess = (): never => {
      throw new OAuthError('temporarily_unavailable', 'The card reader is busy', { retryAfterSeconds: 2.5 })
    }
    expect(shown(await postToken(serverWith({ grantAccess }), form, kiosk))).toEqual(
      answered(
        503,
        { error: 'temporarily_unavailable', error_description: 'The card reader is busy' },
        { retryAfter: '3' },
      ),
    )
  })

  it('has a description of allowed characters only (EXT-04)', async () => {
    const grantAccess = (): never => {
      throw new OAuthError('invalid_grant', 'Card "7"\\ \r\nSet-Cookie: café')
    }
    expect(shown(await postToken(serverWith({ grantAccess }), form, kiosk))).toEqual(
      refused(400, 'invalid_grant', 'Card ?7?? ??Set-Cookie: caf?'),
    )
  })

  it.each([
    ['an error code that there is not', () => new OAuthError('card_locked' as never, 'x')],
    ['an error code with other characters', () => new OAuthError('a"b\r\n' as never, 'x')],
    ['a name of Object.prototype', () => new OAuthError('constructor' as never, 'x')],
    ['a status that is no error', () => new OAuthError('invalid_grant', 'x', { status: 200 })],
    ['a status that there is not', () => new OAuthError('invalid_grant', 'x', { status: 1000 })],
    ['an error of its own', () => new Error('SELECT * FROM cards')],
    ['a text', () => 'card reader on fire'],
    ['nothing', () => undefined],
  ])('is server_error if it is %s (EXT-04)', async (_what, thrown) => {
    const server = serverWith({
      grantAccess() {
        throw thrown() as Error
      },
    })
    expect(shown(await postToken(server, form, kiosk))).toEqual(serverError)
  })

  it.each([
    [NaN, '1'],
    [-5, '1'],
    [0, '1'],
    [0.2, '1'],
    [7, '7'],
    [1e21, '86400'],
    [Infinity, '86400'],
  ])('is 503 with whole seconds for a StoreUnavailableError: %d becomes %s (EXT-04)', async (seconds, retryAfter) => {
    const server = serverWith({
      grantAccess() {
        throw new StoreUnavailableError('no card reader', { retryAfterSeconds: seconds })
      },
    })
    expect(shown(await postToken(server, form, kiosk))).toEqual(
      answered(
        503,
        { error: 'temporarily_unavailable', error_description: 'The server cannot answer right now' },
        { retryAfter },
      ),
    )
  })
})
