import { register as globalRegistry, Registry } from 'prom-client'
import request from 'supertest'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ConfigurationError } from 'latchkey'
import { prometheusMetrics, type PrometheusMetricsOptions } from 'latchkey/prometheus'
import { plainServer } from '../fixtures/plain-passwords.js'
import { postToken, signIn } from '../fixtures/post-token.js'
import { basic, secretOf, type TestServer } from '../fixtures/test-server.js'

const refreshOf = (token: string): string => `grant_type=refresh_token&refresh_token=${token}`

let register: Registry
let stop: (() => void) | undefined
const start = (options: PrometheusMetricsOptions = {}): void => {
  stop = prometheusMetrics({ register, ...options })
}

beforeEach(() => {
  register = new Registry()
})
afterEach(() => {
  stop?.()
  stop = undefined
})

/** The series as Prometheus reads them, without descriptions and without how long anything took. */
async function series(): Promise<string[]> {
  const lines = (await register.metrics()).split('\n')
  return lines.filter((line) => line !== '' && !/^#|_bucket\{|_sum\{/.test(line)).sort()
}

/** Something of everything: right, wrong, late, broken, and with whatever a stranger may send. */
async function aFullRun(server: TestServer): Promise<void> {
  const { access_token: access, refresh_token: token } = await signIn(server)
  await postToken(server, 'grant_type=client_credentials')
  await postToken(server, refreshOf(token), 'shop-app')
  await postToken(server, refreshOf(token), 'shop-app')
  await postToken(server, refreshOf(token), 'other-app')
  await postToken(server, 'grant_type=made-up-by-a-client&scope=made-up-by-a-client')
  await postToken(server, 'grant_type=password&username=made-up-by-a-client&password=x', 'shop-app')
  await request(server.http).post('/oauth/token').auth('made-up-by-a-client', 'x').send('grant_type=password')
  const revoke = request(server.http)
    .post('/oauth/revoke')
    .set('Authorization', basic('shop-app', secretOf('shop-app')))
  await revoke.send('token=made-up-by-a-client')
  await request(server.http).get('/orders')
  await request(server.http).get('/orders').auth(access, { type: 'bearer' })
  await request(server.http).get('/orders').auth('made-up-by-a-client', { type: 'bearer' })
  server.advance(60)
  await postToken(server, refreshOf(token), 'shop-app')
  await server.oauth.authorizations.revoke({ userId: 'user-1' })
  server.stores.tokens.saveTokens = () => {
    throw new Error('broken')
  }
  await postToken(server, 'grant_type=client_credentials')
}

describe('the metrics for Prometheus', () => {
  it('count events by labels that callers cannot invent', async () => {
    start()
    await aFullRun(plainServer())
    expect(await series()).toEqual([
      'latchkey_account_failures_total 0',
      'latchkey_client_authentication_failures_total{reason="unknown_client"} 1',
      'latchkey_client_secrets_retired_total 0',
      'latchkey_client_secrets_rotated_total 0',
      'latchkey_failures_total{endpoint="token",error="server_error"} 1',
      'latchkey_refresh_tokens_misused_total 1',
      'latchkey_refresh_tokens_replayed_total 1',
      'latchkey_refresh_tokens_retried_late_total 0',
      'latchkey_request_duration_seconds_count{endpoint="guard",outcome="anonymous"} 1',
      'latchkey_request_duration_seconds_count{endpoint="guard",outcome="invalid_token"} 1',
      'latchkey_request_duration_seconds_count{endpoint="guard",outcome="ok"} 1',
      'latchkey_request_duration_seconds_count{endpoint="revoke",outcome="ok"} 1',
      'latchkey_request_duration_seconds_count{endpoint="token",outcome="invalid_client"} 1',
      'latchkey_request_duration_seconds_count{endpoint="token",outcome="invalid_grant"} 3',
      'latchkey_request_duration_seconds_count{endpoint="token",outcome="ok"} 4',
      'latchkey_request_duration_seconds_count{endpoint="token",outcome="server_error"} 1',
      'latchkey_request_duration_seconds_count{endpoint="token",outcome="unsupported_grant_type"} 1',
      'latchkey_requests_refused_total{endpoint="guard",error="invalid_token",reason="unknown"} 1',
      'latchkey_requests_refused_total{endpoint="guard",error="none",reason="no_credentials"} 1',
      'latchkey_requests_refused_total{endpoint="token",error="invalid_client",reason="unknown_client"} 1',
      'latchkey_requests_refused_total{endpoint="token",error="invalid_grant",reason="foreign_token"} 1',
      'latchkey_requests_refused_total{endpoint="token",error="invalid_grant",reason="replayed"} 1',
      'latchkey_requests_refused_total{endpoint="token",error="invalid_grant",reason="unknown_user"} 1',
      'latchkey_requests_refused_total{endpoint="token",error="unsupported_grant_type",reason="unsupported_grant_type"} 1',
      'latchkey_revocations_total{selection="user"} 1',
      'latchkey_signing_keys_withdrawn_total 0',
      'latchkey_tokens_issued_total{grant_type="client_credentials",how="new"} 1',
      'latchkey_tokens_issued_total{grant_type="password",how="new"} 1',
      'latchkey_tokens_issued_total{grant_type="refresh_token",how="refreshed"} 1',
      'latchkey_tokens_issued_total{grant_type="refresh_token",how="retry"} 1',
      'latchkey_unknown_tokens_total{endpoint="guard"} 1',
      'latchkey_unknown_tokens_total{endpoint="revoke"} 1',
      'latchkey_user_authentication_failures_total{reason="unknown_user"} 1',
    ])
    const text = await register.metrics()
    for (const never of ['made-up-by-a-client', 'user-1', 'shop-app', 'stock-sync', '127.0.0.1']) {
      expect(text).not.toContain(never)
    }
    expect(text).toContain('# TYPE latchkey_tokens_issued_total counter')
    expect(text).toContain('# TYPE latchkey_request_duration_seconds histogram')
  })

  it('count delayed attempts by the kind of the counter', async () => {
    start()
    const server = plainServer({ server: { throttle: undefined as never } })
    for (let i = 0; i < 6; i++) await postToken(server, 'grant_type=password&username=a&password=x', 'shop-app')
    expect(await series()).toContain('latchkey_throttled_total{kind="account"} 1')
  })

  it('separate known clients on request', async () => {
    start({ perClient: true })
    await aFullRun(plainServer())
    const lines = (await series()).filter((line) => line.includes('client_id'))
    expect(lines).toContain(
      'latchkey_tokens_issued_total{grant_type="client_credentials",how="new",client_id="stock-sync"} 1',
    )
    expect(lines).toContain('latchkey_refresh_tokens_replayed_total{client_id="shop-app"} 1')
    expect(lines.join('\n')).not.toContain('made-up-by-a-client')
  })

  it('go into the global registry under the given names, and leave it when they are stopped', async () => {
    const end = prometheusMetrics({ prefix: 'auth_' })
    await postToken(plainServer(), 'grant_type=client_credentials')
    expect(await globalRegistry.metrics()).toContain(
      'auth_tokens_issued_total{grant_type="client_credentials",how="new"} 1',
    )
    end()
    expect(await globalRegistry.metrics()).not.toContain('auth_')
    prometheusMetrics({ prefix: 'auth_' })()
  })

  it('count nothing more once they are stopped', async () => {
    start()
    stop?.()
    await postToken(plainServer(), 'grant_type=client_credentials')
    expect(await series()).toEqual([])
  })

  it.each([{ registry: new Registry() }, { register: {} }, { prefix: 'auth-' }, { prefix: '' }, { perClient: 'yes' }])(
    'refuse %j',
    (options) => {
      expect(() => prometheusMetrics(options as never)).toThrow(ConfigurationError)
    },
  )
})
