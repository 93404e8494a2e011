import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { once } from 'node:events'
import { connect, type AddressInfo } from 'node:net'
import request, { type Test } from 'supertest'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { RequestTrace } from 'latchkey'
import { passportApp } from '../fixtures/passport-app.js'
import { plainServer } from '../fixtures/plain-passwords.js'
import { postToken, signIn } from '../fixtures/post-token.js'
import { basic, secretOf, type TestServer } from '../fixtures/test-server.js'

const begun: object[] = []
const ended: RequestTrace[] = []
const begin = (trace: unknown): void => void begun.push({ ...(trace as RequestTrace) })
const end = (trace: unknown): void => void ended.push(trace as RequestTrace)

let server: TestServer
beforeEach(() => {
  server = plainServer()
  subscribe('latchkey:request:start', begin)
  subscribe('latchkey:request:end', end)
})
afterEach(() => {
  unsubscribe('latchkey:request:start', begin)
  unsubscribe('latchkey:request:end', end)
  begun.length = ended.length = 0
})

const login = 'grant_type=password&username=alice&password=alice%27s+password'
const post = (path: string, form: string): Test =>
  request(server.http)
    .post(path)
    .set('Authorization', basic('shop-app', secretOf('shop-app')))
    .type('form')
    .send(form)

describe('the traces of requests', () => {
  it.each<[string, object, () => Test]>([
    [
      'tokens',
      { name: 'token', grantType: 'client_credentials', outcome: 'ok' },
      () => postToken(server, 'grant_type=client_credentials'),
    ],
    ['a sign-in', { name: 'token', grantType: 'password', outcome: 'ok' }, () => postToken(server, login, 'shop-app')],
    [
      'a wrong password',
      { name: 'token', grantType: 'password', outcome: 'invalid_grant' },
      () => postToken(server, `${login}x`, 'shop-app'),
    ],
    [
      'a grant type that somebody made up',
      { name: 'token', grantType: undefined, outcome: 'unsupported_grant_type' },
      () => postToken(server, 'grant_type=made-up'),
    ],
    [
      'a malformed form',
      { name: 'token', grantType: undefined, outcome: 'invalid_request' },
      () => postToken(server, 'a=1&a=2'),
    ],
    [
      'another method',
      { name: 'token', grantType: undefined, outcome: 'invalid_request' },
      () => request(server.http).get('/oauth/token'),
    ],
    [
      'OPTIONS',
      { name: 'token', grantType: undefined, outcome: 'ok' },
      () => request(server.http).options('/oauth/token'),
    ],
    [
      'a revocation',
      { name: 'revoke', grantType: undefined, outcome: 'ok' },
      () => post('/oauth/revoke', 'token=x&grant_type=password'),
    ],
    [
      'an introspection',
      { name: 'introspect', grantType: undefined, outcome: 'unauthorized_client' },
      () => post('/oauth/introspect', 'token=x'),
    ],
    [
      'a guard without a token',
      { name: 'guard', grantType: undefined, outcome: 'anonymous' },
      () => request(server.http).get('/orders'),
    ],
    [
      'a guard with a wrong token',
      { name: 'guard', grantType: undefined, outcome: 'invalid_token' },
      () => request(server.http).get('/orders').auth('x', { type: 'bearer' }),
    ],
  ])('are published for %s', async (_what, expected, send) => {
    await send()
    const { name } = expected as { name: string }
    const requestId = expect.any(String) as string
    const startedAt = expect.any(Number) as number
    const open = { name, requestId, startedAt, grantType: undefined, outcome: undefined, durationSeconds: undefined }
    expect(begun).toEqual([open])
    const durationSeconds = expect.any(Number) as number
    expect(ended.map((trace) => ({ ...trace }))).toEqual([{ ...open, ...expected, durationSeconds }])
    expect(ended[0]!.durationSeconds).toBeGreaterThan(0)
    expect(ended[0]!.durationSeconds).toBeLessThan(10)
  })

  it('have the id of the request', async () => {
    const answer = await postToken(server, 'grant_type=client_credentials')
    expect(ended.map(({ requestId }) => requestId)).toEqual([answer.headers['request-id']])
  })

  it('are the same for a guard and its strategy', async () => {
    const { access_token: token } = await signIn(server)
    const app = passportApp(server.oauth.strategies.bearer())
    const outcomes: (string | undefined)[][] = []
    for (const send of [() => request(server.http).get('/orders'), () => request(app).get('/guarded')]) {
      ended.length = 0
      await send()
      await send().auth('x', { type: 'bearer' })
      await send().auth(token, { type: 'bearer' })
      outcomes.push(ended.map(({ name, outcome }) => `${name} ${String(outcome)}`))
    }
    expect(outcomes[0]).toEqual(['guard anonymous', 'guard invalid_token', 'guard ok'])
    expect(outcomes[1]).toEqual(outcomes[0])
  })

  it('end when the client goes away in the middle of its form', async () => {
    await once(server.http.listen(0, '127.0.0.1'), 'listening')
    const { port } = server.http.address() as AddressInfo
    const socket = connect(port, '127.0.0.1')
    const form = 'Content-Type: application/x-www-form-urlencoded'
    socket.write(`POST /oauth/token HTTP/1.1\r\nHost: x\r\n${form}\r\nContent-Length: 100\r\n\r\ngrant_type=`)
    while (begun.length === 0) await new Promise((resolve) => setTimeout(resolve, 5))
    socket.destroy()
    while (ended.length === 0) await new Promise((resolve) => setTimeout(resolve, 5))
    expect(ended).toMatchObject([{ name: 'token', outcome: 'aborted' }])
    server.http.close()
  })
})

describe('without a listener', () => {
  it('an accepted request has no id, because nothing needs it', async () => {
    unsubscribe('latchkey:request:start', begin)
    unsubscribe('latchkey:request:end', end)
    let named = 0
    server = plainServer({ server: { requestId: () => `request-${++named}`, onEvent: undefined as never } })
    const { access_token: token } = await signIn(server)
    named = 0
    await request(server.http).get('/orders').auth(token, { type: 'bearer' })
    expect(named).toBe(0)
    expect(begun).toEqual([])
  })
})
