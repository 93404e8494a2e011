import { createServer, type ServerResponse } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { StoreUnavailableError } from 'latchkey'
import { BearerStrategy } from 'latchkey/passport'
import { Passport, Strategy } from 'passport'
import request, { type Response } from 'supertest'
import { describe, expect, it } from 'vitest'
import { passportApp } from '../fixtures/passport-app.js'

const description = 'The access token is invalid, expired or revoked'
const challenge = `Bearer realm="Users", error="invalid_token", error_description="${description}"`
const refusal = [401, challenge, { error: 'invalid_token', error_description: description }]

/** Knows `good`; does not know anything else; is `broken` and `unavailable` by these names. */
async function verify(token: string): Promise<unknown> {
  await sleep(token.endsWith('later') ? 5 : 0)
  if (token === 'broken') throw new Error('secret detail')
  if (token === 'unavailable') throw new StoreUnavailableError('no connection', { retryAfterSeconds: 7 })
  return token === 'good' && { name: 'alice' }
}

const later = new BearerStrategy({ onEvent: () => undefined }, verify)
const atOnce = new BearerStrategy({ onEvent: () => undefined }, (token) => token === 'good')

function whole({ status, headers, body }: Response): unknown[] {
  return [status, headers['www-authenticate'], body]
}

/** What compression and session middleware do: put their own function around `end`. */
function wrapEnd(res: ServerResponse, note: () => void): void {
  const target: { end(...parameters: unknown[]): unknown } = res
  const end = target.end.bind(target)
  target.end = (...parameters) => {
    note()
    return end(...parameters)
  }
}

describe.each([4, 5] as const)('the response of a strategy on Express %i', (major) => {
  it.each([
    ['at once', atOnce],
    ['later', later],
  ])('passes through wrappers of the response’s end: %s', async (_what, strategy) => {
    let ends = 0
    let kept = false
    const http = passportApp(strategy, {
      express: major,
      before: (app) =>
        app.use((_req, res, next) => {
          wrapEnd(res, () => ends++)
          const { end } = Object.getOwnPropertyDescriptors(res)
          res.on('finish', () => (kept = Object.getOwnPropertyDescriptor(res, 'end')?.value === end.value))
          next()
        }),
    })
    expect(whole(await request(http).get('/guarded').set('Authorization', 'Bearer bad'))).toEqual(refusal)
    expect([ends, kept]).toEqual([1, true])
  })

  it('leaves an unwrapped response as it was', async () => {
    let own: boolean | undefined
    const http = passportApp(atOnce, {
      express: major,
      before: (app) =>
        app.use((_req, res, next) => {
          res.on('finish', () => (own = Object.hasOwn(res, 'end')))
          next()
        }),
    })
    expect(whole(await request(http).get('/guarded').set('Authorization', 'Bearer bad'))).toEqual(refusal)
    expect(own).toBe(false)
  })

  it('leaves later wrappers in place when a chain goes on', async () => {
    let ends = 0
    const http = passportApp(atOnce, {
      express: major,
      routes(app, passport) {
        passport.use(new Passing())
        app.get('/chain', passport.authenticate(['bearer', 'passing']), (_req, res) => {
          wrapEnd(res, () => ends++)
          setTimeout(() => res.status(403).end('Forbidden'), 5)
        })
      },
    })
    const answer = await request(http).get('/chain').set('Authorization', 'Bearer bad')
    expect([answer.status, answer.text, ends]).toEqual([403, 'Forbidden', 1])
  })

  it('is ours if a callback of the route throws afterwards', async () => {
    const http = passportApp(later, {
      express: major,
      routes(app, passport) {
        app.get('/callback', (req, res, next) => {
          const decide = (): never => {
            throw new Error('secret detail')
          }
          passport.authenticate('bearer', decide)(req, res, next)
        })
      },
    })
    for (const token of ['bad', 'good']) {
      const { status, body } = await request(http).get('/callback').set('Authorization', `Bearer ${token}`)
      expect([status, body.error]).toEqual([500, 'server_error'])
    }
  })

  it('is dropped if the application has given up waiting', async () => {
    const events: string[] = []
    const http = passportApp(new BearerStrategy({ onEvent: ({ type }) => events.push(type) }, verify), {
      express: major,
      before: (app) =>
        app.use((_req, res, next) => {
          res.status(504).end('Timeout')
          next()
        }),
    })
    for (const token of ['bad-later', 'broken']) {
      const answer = await request(http).get('/guarded').set('Authorization', `Bearer ${token}`)
      expect([answer.status, answer.text]).toEqual([504, 'Timeout'])
      await sleep(10)
    }
    expect(events).toEqual(['request_refused', 'failure'])
  })
})

describe('a strategy without Express', () => {
  const passport = new Passport()
  passport.use(later)
  const http = createServer((req, res) => {
    // Connect and the like: a request does not know its response.
    passport.authenticate('bearer')(req, res, (error?: unknown) => {
      res.statusCode = error === undefined ? 200 : 599
      res.end(error instanceof Error ? String(error) : JSON.stringify((req as { user?: unknown }).user))
    })
  })
  const get = (token: string): request.Test => request(http).get('/').set('Authorization', `Bearer ${token}`)

  it('accepts a request', async () => {
    expect((await get('good')).text).toBe('{"name":"alice"}')
  })

  it('refuses as Passport does', async () => {
    const { status, headers, text } = await get('bad')
    expect([status, headers['www-authenticate'], text]).toEqual([401, challenge, 'Unauthorized'])
  })

  it('passes an error on without its cause', async () => {
    const { status, text } = await get('broken')
    expect([status, text]).toEqual([599, 'OAuthError: server_error: The server met an unexpected condition'])
    expect((await get('unavailable')).text).toContain('temporarily_unavailable')
  })
})

class Passing extends Strategy {
  override name = 'passing'
  override authenticate(): void {
    this.pass()
  }
}
