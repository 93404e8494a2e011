import { createHash } from 'node:crypto'
import { sharedThrottle, type ClientAuthMethod } from 'latchkey'
import request, { type Response } from 'supertest'
import { beforeEach, describe, expect, it } from 'vitest'
import { apiServer, clientLike } from '../fixtures/api-server.js'
import { sendRaw } from '../fixtures/raw-http.js'
import { answered, invalidClient, issued, shown } from '../fixtures/shown-answer.js'
import { basic, digestOf, secretOf, type TestServer, type TestServerOptions } from '../fixtures/test-server.js'
import {
  chosen,
  describeFloodedClient,
  describeFloodedIntrospection,
  disabled,
  forms,
  guardedServer,
  hashed,
  home,
  send,
  stranger,
  throttled,
  tooManyBody,
  unknownToken,
} from './flooded-clients.js'

beforeEach(() => {
  hashed.length = 0
})

const tooMany = answered(429, tooManyBody, { retryAfter: expect.stringMatching(/^\d+$/) as never })

/** The same, but no client has a secret that somebody chose. */
function generatedServer(options: TestServerOptions = {}): TestServer {
  const server = guardedServer(options)
  for (const { clientId } of [chosen, disabled]) server.stores.clients.deleteClient(clientId)
  return server
}

async function statuses(times: number, send: (i: number) => Promise<Response>): Promise<number[]> {
  const all: number[] = []
  for (let i = 0; i < times; i += 1) all.push((await send(i)).status)
  return all
}

const times = (count: number, status: number): number[] => Array<number>(count).fill(status)

describe.each(['/oauth/token', '/oauth/revoke', '/oauth/introspect'] as const)('guesses at a client, %s', (path) => {
  it('verifies ten for a chosen secret, then responds with 429 in OAuth JSON (CLA-26, DEC-08)', async () => {
    const server = guardedServer()
    const guess = (i: number): Promise<Response> => send(server, 'chosen-app', `guess ${i}`, stranger, path)
    expect(await statuses(10, guess)).toEqual(times(10, 401))
    expect(shown(await guess(10))).toEqual(throttled(1))
    expect(hashed).toHaveLength(10)
    expect(shown(await send(server, 'chosen-app', 'chosen by a person', stranger, path))).toEqual(throttled(1))
    expect(hashed).toHaveLength(10)
    server.advance(1)
    expect((await send(server, 'chosen-app', 'chosen by a person', stranger, path)).status).toBe(200)
  })

  it('responds with 429 to failures after the limit for a generated secret, and never delays the right one (CLA-26)', async () => {
    const server = guardedServer()
    const guess = (i: number): Promise<Response> => send(server, 'stock-sync', `guess ${i}`, stranger, path)
    expect(await statuses(12, guess)).toEqual([...times(10, 401), 429, 429])
    expect(shown(await guess(13))).toEqual(throttled(1))
    const right = await send(server, 'stock-sync', secretOf('stock-sync'), stranger, path)
    expect(right.status).toBe(path === '/oauth/introspect' ? 400 : 200)
  })
})

describeFloodedClient(400)

describe('many requests of one client', () => {
  it('of a service with a chosen secret all succeed, two hundred at once', async () => {
    const server = guardedServer()
    await new Promise<void>((resolve) => server.http.listen(0, '127.0.0.1', resolve))
    const all = await Promise.all(
      Array.from({ length: 200 }, () => send(server, 'chosen-app', 'chosen by a person', home)),
    )
    server.http.close()
    expect(new Set(all.map(({ status }) => status))).toEqual(new Set([200]))
  })
})

describe('a failure reveals nothing', () => {
  const tries: readonly (readonly [what: string, clientId: string, secret: string])[] = [
    ['an unknown client', 'stranger', 'wrong'],
    ['a wrong generated secret', 'stock-sync', 'wrong'],
    ['a wrong chosen secret', 'chosen-app', 'wrong'],
    ['a disabled client with its right generated secret', 'disabled-app', secretOf('disabled-app')],
    ['a disabled client with a wrong secret', 'disabled-app', 'wrong'],
    ['a disabled client with its right chosen secret', 'disabled-chosen-app', 'chosen by a person'],
    ['another method than the registered one', 'post-app', secretOf('post-app')],
  ]
  const octetsOf = async (server: TestServer, clientId: string, secret: string): Promise<string> => {
    const lines = [
      'POST /oauth/token HTTP/1.1',
      'Content-Type: application/x-www-form-urlencoded',
      `Authorization: ${basic(clientId, secret)}`,
      `X-Forwarded-For: ${stranger}`,
    ]
    const { octets } = await sendRaw(server.http, lines, 'grant_type=client_credentials')
    return octets.replace(/\r\nRequest-Id: [^\r]*/i, '')
  }

  it('has the same bytes and the same work, before the limit and after it (ABU-047, ABU-048)', async () => {
    const told = []
    for (const [, clientId, secret] of tries) {
      const server = guardedServer({ limits: { client: { freeFailures: 2 } } })
      // From the first request on, all cost as much (V14).
      hashed.length = 0
      const one = []
      for (let i = 0; i < 4; i += 1) one.push({ octets: await octetsOf(server, clientId, secret), work: hashed.length })
      told.push(one)
    }
    for (const one of told) expect(one).toEqual(told[0])
    expect(told[0]!.map(({ octets, work }) => [octets.slice(9, 12), work])).toEqual([
      ['401', 1],
      ['401', 2],
      ['429', 2],
      ['429', 2],
    ])
  })

  it('computes no slow hash while all secrets are generated (ABU-047)', async () => {
    const server = generatedServer()
    const told = []
    for (const [, clientId, secret] of tries.filter(([what]) => !what.includes('chosen'))) {
      told.push(await octetsOf(server, clientId, secret))
    }
    expect(new Set(told).size).toBe(1)
    expect(hashed).toEqual([])
  })

  it('is the same for a secret of another length (ABU-050)', async () => {
    const server = guardedServer({ limits: { client: { freeFailures: 100 } } })
    for (const clientId of ['stock-sync', 'chosen-app']) {
      for (const length of [1, 7, 42, 43, 44, 64, 1000, 5000]) {
        expect(shown(await send(server, clientId, 'x'.repeat(length)))).toEqual(invalidClient)
      }
    }
    expect(server.events.filter(({ type }) => type === 'failure')).toEqual([])
  })

  it('of a malformed Basic header verifies nothing and is not counted', async () => {
    const server = guardedServer()
    const malformed = ['Basic', 'Basic !', 'Basic Y2hvc2VuLWFwcA==', 'Basic Y2hvc2VuLWFwcDo=', 'Bearer x', 'Basic Og==']
    for (let i = 0; i < 20; i += 1) {
      const post = request(server.http).post('/oauth/token').set('X-Forwarded-For', stranger).type('form')
      const answer = await post.set('Authorization', malformed[i % 3]!).send(forms['/oauth/token'])
      expect(shown(answer)).toEqual(invalidClient)
    }
    expect(hashed).toEqual([])
    expect(shown(await send(server, 'chosen-app', 'chosen by a person'))).toEqual(issued('stock:write'))
  })

  it('does not delay a client that changes from a chosen to a generated secret', async () => {
    const both = clientLike('both-app', {
      secrets: [{ digest: 'plain:the old one' }, { digest: digestOf('the new one') }],
    })
    const server = guardedServer({ moreClients: [both] })
    expect(await statuses(11, () => send(server, 'both-app', 'wrong'))).toEqual([...times(10, 401), 429])
    expect((await send(server, 'both-app', 'the old one')).status).toBe(429)
    expect((await send(server, 'both-app', 'the new one')).status).toBe(200)
  })
})

it('what a method of the application says of its credentials is asked with all that there is to know', async () => {
  const asked: unknown[] = []
  const pin: ClientAuthMethod = {
    name: 'pin',
    readCredentials({ parameters }) {
      const proof = parameters.get('pin')
      return proof === undefined ? undefined : { clientId: parameters.get('client_id') ?? '', proof }
    },
    verifyCredentials: (client, { proof }) => client !== undefined && proof === '1234',
    canBeGuessed(client, { proof }, now) {
      asked.push([client?.clientId, proof, now])
      return true
    },
  }
  const server = guardedServer({
    moreClients: [clientLike('pin-app', { authMethods: ['pin'] as never })],
    server: { clientAuthMethods: [pin] },
    limits: { client: { freeFailures: 2 } },
  })
  const post = async (clientId: string, given: string): Promise<number> =>
    (
      await request(server.http)
        .post('/oauth/token')
        .type('form')
        .send({ ...Object.fromEntries(new URLSearchParams(forms['/oauth/token'])), client_id: clientId, pin: given })
    ).status
  const all = []
  for (const clientId of ['pin-app', 'stranger', 'stock-sync'])
    for (let i = 0; i < 3; i += 1) all.push(await post(clientId, '0000'))
  expect(all).toEqual([401, 401, 429, 401, 401, 429, 401, 401, 429])
  expect(asked.slice(2, 4)).toEqual([
    ['pin-app', '0000', server.now()],
    [undefined, '0000', server.now()],
  ])
})

describe('unreachable counters', () => {
  const refuses = (): Promise<never> => Promise.reject(new Error('connect ECONNREFUSED'))
  const throttle = sharedThrottle({
    penalty: refuses,
    reward: refuses,
    get: refuses,
    set: refuses,
    delete: refuses,
  })
  const unavailable = answered(
    503,
    { error: 'temporarily_unavailable', error_description: 'The server cannot answer right now' },
    { retryAfter: '1' },
  )

  it('verify nothing that could be guessed: 503, right or wrong', async () => {
    const server = guardedServer({ server: { throttle } })
    for (const secret of ['wrong', 'chosen by a person']) {
      expect(shown(await send(server, 'chosen-app', secret))).toEqual(unavailable)
    }
    const user = await request(server.http)
      .post('/oauth/token')
      .set('Authorization', basic('shop-app', secretOf('shop-app')))
      .type('form')
      .send({ grant_type: 'password', username: 'alice', password: "alice's password" })
    expect(shown(user)).toEqual(unavailable)
    expect(hashed).toEqual([])
  })

  it('let everything that cannot be guessed pass, and the operator learns of it', async () => {
    const server = generatedServer({ server: { throttle } })
    expect((await send(server, 'stock-sync', secretOf('stock-sync'))).status).toBe(200)
    expect(shown(await send(server, 'stock-sync', 'wrong'))).toEqual(invalidClient)
    expect((await request(server.http).get('/orders').set('Authorization', 'Bearer unknown')).status).toBe(401)
    expect(server.events.filter(({ type }) => type === 'failure')).toHaveLength(2)
  })
})

describeFloodedIntrospection(200, 20)

describe('unknown tokens', () => {
  const guard = (server: TestServer, token: string, address = stranger): Promise<Response> =>
    Promise.resolve(
      request(server.http).get('/orders').set('X-Forwarded-For', address).set('Authorization', `Bearer ${token}`),
    )

  it('get 429 at a guard after the limit, from that address, while valid tokens pass', async () => {
    const server = guardedServer({ limits: { token: { freeFailures: 10 } } })
    const good = (await send(server, 'stock-sync', secretOf('stock-sync'), home)).body as { access_token: string }
    expect(await statuses(12, () => guard(server, unknownToken()))).toEqual([...times(10, 401), 429, 429])
    const answer = await guard(server, unknownToken())
    expect([answer.status, answer.headers['retry-after'], answer.body]).toEqual([429, '1', tooManyBody])
    expect(answer.headers['cache-control']).toBe('no-store')
    expect((await guard(server, unknownToken(), home)).status).toBe(401)
    expect((await guard(server, good.access_token)).status).not.toBe(429)
    server.advance(1)
    expect((await guard(server, unknownToken())).status).toBe(401)
  })

  it('do not include expired tokens of honest apps, opaque or JWT', async () => {
    const server = guardedServer({ limits: { token: { freeFailures: 2 } } }, apiServer)
    for (const clientId of ['opaque-app', 'jwt-app']) {
      const { access_token: token } = (await send(server, clientId, secretOf(clientId), home)).body as {
        access_token: string
      }
      server.advance(3601)
      expect(await statuses(10, () => guard(server, token))).toEqual(times(10, 401))
      const ask = async (): Promise<Response> =>
        request(server.http)
          .post('/oauth/introspect')
          .set('Authorization', basic('inspector', secretOf('inspector')))
          .type('form')
          .send({ token })
      expect(await statuses(10, ask)).toEqual(times(10, 200))
    }
    const forged = `${createHash('sha256').update('x').digest('base64url')}.e30.x`
    expect(await statuses(3, () => guard(server, forged))).toEqual([401, 401, 429])
    expect(shown(await guard(server, forged))).toMatchObject({ status: 429, retryAfter: tooMany.retryAfter })
  })
})
