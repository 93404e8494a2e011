import { AsyncLocalStorage } from 'node:async_hooks'
import { context, createContextKey, ROOT_CONTEXT, SpanStatusCode, type Context } from '@opentelemetry/api'
import request from 'supertest'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ConfigurationError } from 'latchkey'
import { openTelemetry, type OpenTelemetryOptions } from 'latchkey/opentelemetry'
import { plainServer } from '../fixtures/plain-passwords.js'
import { postToken, signIn } from '../fixtures/post-token.js'
import { recordTelemetry, type RecordedTelemetry } from '../fixtures/recorded-telemetry.js'

let telemetry: RecordedTelemetry
let stop: (() => void) | undefined
const start = (options: OpenTelemetryOptions = {}): void => {
  const { meterProvider, tracerProvider } = telemetry
  stop = openTelemetry({ meterProvider, tracerProvider, ...options })
}

beforeEach(() => {
  telemetry = recordTelemetry()
})
afterEach(() => {
  stop?.()
  stop = undefined
})

describe('the telemetry', () => {
  it('counts what happens, and measures each request', async () => {
    start()
    const server = plainServer()
    const { access_token: token } = await signIn(server)
    await postToken(server, 'grant_type=made-up')
    await postToken(server, 'grant_type=password&username=a&password=x', 'shop-app')
    await request(server.http).get('/orders').auth(token, { type: 'bearer' })
    await request(server.http).get('/orders').auth('made-up', { type: 'bearer' })
    await server.oauth.authorizations.revoke({ everything: true })
    expect([...telemetry.measured].sort()).toEqual([
      ['latchkey.request.duration{latchkey.endpoint=guard,latchkey.outcome=invalid_token}', 1],
      ['latchkey.request.duration{latchkey.endpoint=guard,latchkey.outcome=ok}', 1],
      ['latchkey.request.duration{latchkey.endpoint=token,latchkey.outcome=invalid_grant}', 1],
      ['latchkey.request.duration{latchkey.endpoint=token,latchkey.outcome=ok}', 1],
      ['latchkey.request.duration{latchkey.endpoint=token,latchkey.outcome=unsupported_grant_type}', 1],
      ['latchkey.requests_refused{latchkey.endpoint=guard,latchkey.error=invalid_token,latchkey.reason=unknown}', 1],
      [
        'latchkey.requests_refused{latchkey.endpoint=token,latchkey.error=invalid_grant,latchkey.reason=unknown_user}',
        1,
      ],
      [
        'latchkey.requests_refused{latchkey.endpoint=token,latchkey.error=unsupported_grant_type,latchkey.reason=unsupported_grant_type}',
        1,
      ],
      ['latchkey.revocations{latchkey.selection=everything}', 1],
      ['latchkey.tokens_issued{latchkey.grant_type=password,latchkey.how=new}', 1],
      ['latchkey.unknown_tokens{latchkey.endpoint=guard}', 1],
      ['latchkey.user_authentication_failures{latchkey.reason=unknown_user}', 1],
    ])
    expect(telemetry.scopes).toEqual(['latchkey', 'latchkey'])
  })

  it('separates known clients on request', async () => {
    start({ perClient: true })
    await postToken(plainServer(), 'grant_type=client_credentials')
    expect([...telemetry.measured.keys()]).toContain(
      'latchkey.tokens_issued{latchkey.client_id=stock-sync,latchkey.grant_type=client_credentials,latchkey.how=new}',
    )
  })

  it('has a span for each request; only what is our fault is an error', async () => {
    start()
    const server = plainServer()
    const answers = [
      await postToken(server, 'grant_type=client_credentials'),
      await request(server.http).get('/orders').auth('x', { type: 'bearer' }),
    ]
    server.stores.tokens.saveTokens = () => {
      throw new Error('broken')
    }
    answers.push(await postToken(server, 'grant_type=client_credentials'))
    const [issued, refused, failed] = answers.map(({ headers }) => String(headers['request-id']))
    const error = { code: SpanStatusCode.ERROR, message: 'server_error' }
    expect(telemetry.spans).toEqual([
      span('token', { request_id: issued, outcome: 'ok', grant_type: 'client_credentials' }),
      span('guard', { request_id: refused, outcome: 'invalid_token' }),
      {
        ...span('token', { request_id: failed, outcome: 'server_error', grant_type: 'client_credentials' }),
        status: error,
      },
    ])
  })

  it('puts the span of a request below the one that is active', async () => {
    const active = new AsyncLocalStorage<Context>()
    const manager = {
      active: () => active.getStore() ?? ROOT_CONTEXT,
      with: <T>(_context: Context, run: () => T) => run(),
      bind: <T>(_context: Context, target: T) => target,
      enable: () => manager,
      disable: () => manager,
    }
    context.setGlobalContextManager(manager as never)
    start()
    const http = ROOT_CONTEXT.setValue(createContextKey('the span of the HTTP server'), 1)
    const server = plainServer({ before: (app) => app.use((_req, _res, next) => active.run(http, next)) })
    await postToken(server, 'grant_type=client_credentials')
    context.disable()
    expect(telemetry.spans.map(({ parent }) => parent)).toEqual([http])
  })

  it('records nothing once it is stopped', async () => {
    start()
    stop?.()
    await postToken(plainServer(), 'grant_type=client_credentials')
    expect([telemetry.measured.size, telemetry.spans.length]).toEqual([0, 0])
  })

  it('works without any SDK', async () => {
    const end = openTelemetry()
    expect((await postToken(plainServer(), 'grant_type=client_credentials')).status).toBe(200)
    end()
  })

  it('is harmless when a provider breaks', async () => {
    const { meterProvider, tracerProvider } = telemetry
    const broken = (): never => {
      throw new Error('broken')
    }
    const getMeter = (): never =>
      ({ createCounter: () => ({ add: broken }), createHistogram: () => ({ record: broken }) }) as never
    start({
      meterProvider: { ...meterProvider, getMeter },
      tracerProvider: { ...tracerProvider, getTracer: () => ({ startSpan: broken }) as never },
    })
    expect((await postToken(plainServer(), 'grant_type=client_credentials')).status).toBe(200)
    await new Promise((resolve) => setImmediate(resolve))
  })

  it.each([{ meters: {} }, { meterProvider: {} }, { tracerProvider: {} }, { perClient: 1 }])(
    'refuses %j',
    (options) => {
      expect(() => openTelemetry(options as never)).toThrow(ConfigurationError)
    },
  )

  function span(endpoint: string, attributes: object): object {
    const named = Object.entries({ endpoint, ...attributes }).map(([name, value]) => [`latchkey.${name}`, value])
    return {
      name: `latchkey ${endpoint}`,
      parent: ROOT_CONTEXT,
      attributes: Object.fromEntries(named) as object,
      hasEnded: true,
    }
  }
})
