import express from 'express'
import type { Auth } from 'latchkey'
import { BearerStrategy } from 'latchkey/passport'
import { Passport, Strategy } from 'passport'
import request from 'supertest'
import { beforeAll, describe, expect, it } from 'vitest'
import { postToken } from '../fixtures/post-token.js'
import { answered, basicChallenge, bearerChallenge, invalidClient, shown } from '../fixtures/shown-answer.js'
import { basic, secretOf, testServer, type TestServer } from '../fixtures/test-server.js'

const realm = '127.0.0.1'
const invalidToken = `${bearerChallenge}, error="invalid_token", error_description="The access token is invalid, expired or revoked"`

/** Passport's `anonymous`, which lets everybody pass as nobody. */
class AnonymousStrategy extends Strategy {
  override name = 'anonymous'
  override authenticate(): void {
    this.pass()
  }
}

/** A strategy of somebody else's, which refuses at once or later. Given in place of its name: one object for all requests. */
class ForeignStrategy extends Strategy {
  override name = 'foreign'
  readonly #status: number | undefined
  readonly #later: boolean

  constructor(status?: number, later = false) {
    super()
    this.#status = status
    this.#later = later
  }

  override authenticate(): void {
    const fail = (): void => (this.#status === undefined ? this.fail('Foreign') : this.fail('Foreign', this.#status))
    if (this.#later) setTimeout(fail, 5)
    else fail()
  }
}

describe.each([4, 5] as const)('a route with Passport on Express %i', (major) => {
  let server: TestServer
  let token: string

  beforeAll(async () => {
    server = testServer({
      express: major,
      before: (app) => app.use('/parsed', express.urlencoded({ extended: false })),
      routes(app, oauth) {
        const passport = new Passport()
        passport.use(oauth.strategies.bearer())
        passport.use(oauth.strategies.clientBasic())
        passport.use(oauth.strategies.clientPassword())
        passport.use(new AnonymousStrategy())
        passport.use(
          'broken',
          new BearerStrategy({ realm, onEvent: () => undefined }, (_token, done) => done(new Error())),
        )
        const show = (req: express.Request, res: express.Response): void => {
          res.json({ user: req.user ?? null, auth: req.auth ?? null })
        }

        app.get('/callback', (req, res, next) => {
          const decide = (error: unknown, ...rest: unknown[]): void => void res.status(210).json([error, ...rest])
          passport.authenticate('bearer', decide)(req, res, next)
        })
        app.get('/callback/same-words', (req, res, next) => {
          const decide = (): void => void res.status(401).end('Unauthorized')
          passport.authenticate('bearer', decide)(req, res, next)
        })
        app.get('/callback/throws', (req, res, next) => {
          const decide = (): never => {
            throw new Error('secret detail')
          }
          passport.authenticate('bearer', decide)(req, res, next)
        })
        app.get('/callback/then', (req, res, next) => {
          passport.authenticate('bearer', () => next())(req, res, next)
        })
        app.get('/callback/then', passport.authenticate('basic'), show)
        app.get('/error', passport.authenticate('bearer', { failWithError: true }), show)
        app.get('/error/scope', passport.authenticate('bearer', { failWithError: true, scope: 'profile' }), show)
        app.get('/redirect', passport.authenticate('bearer', { failureRedirect: '/login' }), show)
        app.get('/session', passport.authenticate('bearer', { session: true }), show)
        app.get('/property', passport.authenticate('bearer', { assignProperty: 'caller' }), (req, res) => {
          res.json({ caller: (req as { caller?: Auth }).caller, user: req.user ?? null })
        })
        app.get('/no-such-scope', passport.authenticate('bearer', { scope: 'orders:delete' }), show)
        app.get('/anonymous', passport.authenticate(['bearer', 'anonymous']), show)
        app.get('/anonymous/broken', passport.authenticate(['broken', 'anonymous']), show)
        app.get('/bearer-basic', passport.authenticate(['bearer', 'basic']), show)
        app.get('/basic-bearer', passport.authenticate(['basic', 'bearer'], { scope: 'profile' }), show)
        app.get('/foreign-bearer', passport.authenticate([new ForeignStrategy(), 'bearer'] as never), show)
        app.get('/bearer-foreign', passport.authenticate(['bearer', new ForeignStrategy(400)] as never), show)
        app.get('/bearer-later', passport.authenticate(['bearer', new ForeignStrategy(400, true)] as never), show)
        app.post('/parsed/clients', passport.authenticate(['basic', 'oauth2-client-password']), show)
        app.post('/unparsed/clients', passport.authenticate(['basic', 'oauth2-client-password']), show)
        app.post('/unparsed/password', passport.authenticate('oauth2-client-password'), show)

        app.use(
          (error: Error & { status?: number }, _req: unknown, res: express.Response, next: express.NextFunction) => {
            if (res.headersSent) next(error)
            else res.status(299).json({ name: error.name, message: error.message, status: error.status })
          },
        )
      },
    })
    const { body } = await postToken(server, 'grant_type=client_credentials&scope=stock:write')
    token = String(body.access_token)
  })

  const get = (path: string, authorization?: string): request.Test => {
    const test = request(server.http).get(path)
    return authorization === undefined ? test : test.set('Authorization', authorization)
  }

  it('passes a refusal to its own callback', async () => {
    for (const [authorization, ...expected] of [
      [undefined, null, false, bearerChallenge, 401],
      ['Bearer x', null, false, invalidToken, 401],
      [
        'Bearer a b',
        null,
        false,
        `${bearerChallenge}, error="invalid_request", error_description="The Authorization header is malformed"`,
        400,
      ],
    ] as const) {
      const answer = await get('/callback', authorization)
      expect([answer.status, answer.headers['www-authenticate'], answer.body]).toEqual([210, undefined, expected])
    }
  })

  it('passes the user to its own callback', async () => {
    const { body } = await get('/callback', `Bearer ${token}`)
    const auth = { actsFor: 'client', clientId: 'stock-sync', scope: 'stock:write' }
    expect(body).toMatchObject([null, auth, { scope: 'stock:write' }])
  })

  it('keeps the response of its own callback, even in Passport’s words', async () => {
    const answer = await get('/callback/same-words', 'Bearer x')
    expect([answer.status, answer.text, answer.headers['content-type']]).toEqual([401, 'Unauthorized', undefined])
  })

  it('passes on what its own callback throws', async () => {
    expect((await get('/callback/throws', 'Bearer x')).body).toEqual({ name: 'Error', message: 'secret detail' })
  })

  it('starts over if it asks Passport a second time', async () => {
    expect(shown(await get('/callback/then', 'Bearer x'))).toEqual(invalidClient)
    expect(shown(await get('/callback/then'))).toEqual(invalidClient)
    const { status, body } = await get('/callback/then', basic('stock-sync', secretOf('stock-sync')))
    expect([status, body.user.clientId]).toEqual([200, 'stock-sync'])
  })

  it('can get an error instead of a response', async () => {
    const answer = await get('/error', 'Bearer x')
    expect(answer.body).toEqual({ name: 'AuthenticationError', message: 'Unauthorized', status: 401 })
    expect(answer.headers['www-authenticate']).toBe(invalidToken)
    expect((await get('/error/scope', `Bearer ${token}`)).body).toEqual({
      name: 'AuthenticationError',
      message: 'Forbidden',
      status: 403,
    })
  })

  it('can redirect', async () => {
    const answer = await get('/redirect', 'Bearer x')
    expect([answer.status, answer.headers['location']]).toEqual([302, '/login'])
  })

  it('has a session only if it asks for one', async () => {
    expect((await get('/session', `Bearer ${token}`)).body).toMatchObject({
      message: expect.stringMatching(/^Login sessions require session support/),
    })
  })

  it('can have the user in another property', async () => {
    const { body } = await get('/property', `Bearer ${token}`)
    expect(body).toMatchObject({ caller: { clientId: 'stock-sync' }, user: null })
  })

  it('responds with 500 and emits the cause if it requires a scope that no token can have', async () => {
    server.events.length = 0
    expect((await get('/no-such-scope', `Bearer ${token}`)).status).toBe(500)
    expect(server.events).toMatchObject([
      { type: 'failure', cause: { name: 'ConfigurationError', option: 'passport.authenticate.scope' } },
    ])
  })

  it('accepts anonymous requests in a chain, but not because of an outage', async () => {
    expect((await get('/anonymous')).body).toEqual({ user: null, auth: null })
    expect((await get('/anonymous', 'Bearer x')).body).toEqual({ user: null, auth: null })
    expect((await get('/anonymous', `Bearer ${token}`)).body).toMatchObject({ user: { clientId: 'stock-sync' } })
    expect((await get('/anonymous/broken', 'Bearer x')).status).toBe(500)
  })

  it('responds, for a chain, with the refusal that says most and the challenges of all', async () => {
    const both = (first: string, second: string): string => `${first}, ${second}`
    const wrongSecret = basic('stock-sync', 'wrong')
    expect(shown(await get('/bearer-basic'))).toEqual({
      ...invalidClient,
      challenge: both(bearerChallenge, basicChallenge),
    })
    expect(shown(await get('/bearer-basic', wrongSecret))).toEqual({
      ...invalidClient,
      challenge: both(bearerChallenge, basicChallenge),
    })
    const unknownToken = answered(401, {
      error: 'invalid_token',
      error_description: 'The access token is invalid, expired or revoked',
    })
    expect(shown(await get('/bearer-basic', 'Bearer x'))).toEqual({
      ...unknownToken,
      challenge: both(basicChallenge, invalidToken),
    })
    expect(shown(await get('/basic-bearer', 'Bearer x'))).toEqual({
      ...unknownToken,
      challenge: both(basicChallenge, invalidToken),
    })
    const { status, body } = await get('/basic-bearer', `Bearer ${token}`)
    expect([status, body.error]).toEqual([403, 'insufficient_scope'])
  })

  it('emits one refusal for a chain', async () => {
    server.events.length = 0
    await get('/bearer-basic', 'Bearer x')
    expect(server.events).toMatchObject([
      { type: 'unknown_token' },
      { type: 'request_refused', error: 'invalid_token' },
    ])
    server.events.length = 0
    await get('/bearer-basic', basic('stock-sync', secretOf('stock-sync')))
    expect(server.events).toEqual([])
  })

  it('responds in JSON beside strategies of others', async () => {
    for (const path of ['/foreign-bearer', '/bearer-foreign']) {
      const answer = shown(await get(path, 'Bearer x'))
      expect([answer.status, answer.body]).toEqual([
        401,
        { error: 'invalid_token', error_description: 'The access token is invalid, expired or revoked' },
      ])
      expect(answer.challenge).toContain('Foreign')
      expect(answer.challenge).toContain(invalidToken)
    }
  })

  it('leaves the response to a foreign strategy that refuses later', async () => {
    const answer = await get('/bearer-later', 'Bearer x')
    expect([answer.status, answer.text]).toEqual([401, 'Unauthorized'])
  })

  describe('and clients', () => {
    const post = (path: string, form: string, authorization?: string): request.Test => {
      const test = request(server.http).post(path).type('form')
      return (authorization === undefined ? test : test.set('Authorization', authorization)).send(form)
    }
    const postApp = `client_id=post-app&client_secret=${secretOf('post-app')}`

    it('accepts both methods', async () => {
      const byBasic = await post('/parsed/clients', 'x=y', basic('stock-sync', secretOf('stock-sync')))
      expect([byBasic.status, byBasic.body.user.clientId]).toEqual([200, 'stock-sync'])
      const byForm = await post('/parsed/clients', postApp)
      expect([byForm.status, byForm.body.user.clientId]).toEqual([200, 'post-app'])
      expect(byForm.body.user).not.toHaveProperty('secrets')
    })

    it('refuses both methods at once', async () => {
      const answer = await post('/parsed/clients', postApp, basic('stock-sync', secretOf('stock-sync')))
      expect([answer.status, answer.body.error]).toEqual([400, 'invalid_request'])
      expect(answer.headers['www-authenticate']).toBeUndefined()
    })

    it('reports an unread form to the operator, and leaves it unread', async () => {
      server.events.length = 0
      expect((await post('/unparsed/password', postApp)).status).toBe(500)
      expect((await post('/unparsed/clients', postApp)).status).toBe(500)
      const cause = { message: expect.stringContaining('put express.urlencoded() before passport.authenticate()') }
      expect(server.events).toMatchObject([
        { type: 'failure', cause },
        { type: 'failure', cause },
      ])
      const byBasic = await post('/unparsed/clients', postApp, basic('stock-sync', secretOf('stock-sync')))
      expect([byBasic.status, byBasic.body.user.clientId]).toEqual([200, 'stock-sync'])
      expect(shown(await post('/unparsed/clients', 'x=y', basic('stock-sync', 'wrong')))).toEqual(invalidClient)
      expect(shown(await post('/unparsed/password', ''))).toEqual(invalidClient)
    })
  })
})
