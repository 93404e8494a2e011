import { AsyncLocalStorage } from 'node:async_hooks'
import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import { connect, type AddressInfo } from 'node:net'
import express5 from 'express'
import express4 from 'express4'
import {
  bcryptHasher,
  clientCredentialsGrant,
  createAuthorizationServer,
  createClient,
  memoryThrottle,
  passwordGrant,
  refreshTokenGrant,
  type AuthorizationServer,
} from 'latchkey'
import { createMemoryStores } from 'latchkey/stores/memory'
import passport from 'passport'
import { afterAll, describe, expect, it } from 'vitest'
import { basicLine, formLine } from '../fixtures/post-token.js'
import { basic } from '../fixtures/test-server.js'

const tenant = new AsyncLocalStorage<string>()
/** Who was called, and in which context. */
type Call = readonly [who: string, tenant: string | undefined]

const hasher = bcryptHasher({ workers: 1 })
afterAll(() => hasher.close())
const passwordHash = await hasher.hash('a long password')
const chosenHash = await hasher.hash('chosen-secret')

interface Observed {
  readonly oauth: AuthorizationServer
  readonly calls: Call[]
  readonly secret: string
}

/** Notes the context of each call of a method, also after a promise, and passes the call on. */
function observed<T extends object>(who: string, target: T, calls: Call[], isAsync: boolean): T {
  return new Proxy(target, {
    get(_target, name) {
      const member: unknown = Reflect.get(target, name)
      if (typeof member !== 'function') return member
      return (...parameters: unknown[]): unknown => {
        calls.push([`${who}.${String(name)}`, tenant.getStore()])
        const result: unknown = Reflect.apply(member, target, parameters)
        return isAsync ? new Promise((resolve) => setImmediate(resolve, result)) : result
      }
    },
  })
}

/** A server that notes the context in which it calls what belongs to the application. */
function observedServer(isAsync: boolean, options: { readonly requestTimeoutSeconds?: number } = {}): Observed {
  const calls: Call[] = []
  const note = (who: string): void => void calls.push([who, tenant.getStore()])
  const { client, clientSecret } = createClient({
    clientId: 'stock-sync',
    grantTypes: ['client_credentials', 'password', 'refresh_token'],
    scopes: ['a'],
    defaultScopes: ['a'],
    mayIntrospect: true,
    firstParty: true,
  })
  const chosen = { ...client, clientId: 'chosen', secrets: [{ digest: chosenHash }] }
  const stores = createMemoryStores({ clients: [client, chosen], pruneIntervalSeconds: 0 })
  const user = { userId: 'user-1', passwordHash }
  const users = { findUserByUsername: (name: string) => (name === 'alice' ? user : undefined), findUser: () => user }
  const ownHasher = observed('hasher', hasher, calls, false)
  const oauth = createAuthorizationServer({
    issuer: 'http://127.0.0.1',
    clients: observed('clients', stores.clients, calls, isAsync),
    tokens: observed('tokens', stores.tokens, calls, isAsync),
    throttle: observed('throttle', memoryThrottle(), calls, isAsync),
    scopes: ['a'],
    grants: [
      clientCredentialsGrant(),
      passwordGrant({ users: observed('users', users, calls, isAsync), hasher: ownHasher }),
      refreshTokenGrant(),
    ],
    secretHasher: ownHasher,
    onEvent: ({ type, endpoint }) => {
      if (endpoint !== undefined) note(`event ${type}`)
    },
    requestId: () => (note('requestId'), undefined),
    clientAddress: () => (note('clientAddress'), undefined),
    ...options,
  })
  // What the server asks when it is made belongs to no request.
  calls.length = 0
  return { oauth, calls, secret: clientSecret }
}

type Mount = readonly [name: string, app: (oauth: AuthorizationServer) => RequestListener]

const inTenant =
  (listener: RequestListener): RequestListener =>
  (req, res) =>
    tenant.run('tenant-7', listener, req, res)
const mounts: readonly Mount[] = [
  ...([5, 4] as const).flatMap((major): Mount[] =>
    [false, true].map((hasParser): Mount => [
      `Express ${major}, ${hasParser ? 'with' : 'without'} a body parser`,
      (oauth) => {
        const express = (major === 4 ? express4 : express5) as typeof express5
        const app = express()
        app.use((_req, _res, next) => tenant.run('tenant-7', next))
        if (hasParser) app.use(express.urlencoded({ extended: false }))
        app.use(oauth.router())
        app.get('/guarded', oauth.requireBearer(), (_req, res) => void res.end(tenant.getStore()))
        app.get(
          '/passport',
          passport.authenticate(oauth.strategies.bearer(), { session: false }),
          (_req, res) => void res.end(tenant.getStore()),
        )
        return app
      },
    ]),
  ),
  ['handler()', (oauth) => inTenant(oauth.handler())],
]

/** Sends a request in these parts, each in a packet of its own, and returns the answer. */
async function send(app: RequestListener, parts: readonly string[]): Promise<string> {
  const http = createServer(app)
  await once(http.listen(0, '127.0.0.1'), 'listening')
  const socket = connect((http.address() as AddressInfo).port, '127.0.0.1')
    .setEncoding('latin1')
    .setNoDelay()
  try {
    for (const part of parts) {
      socket.write(part)
      if (parts.length > 1) await new Promise((resolve) => setTimeout(resolve, 30))
    }
    let answer = ''
    for await (const text of socket) answer += String(text)
    return answer
  } finally {
    socket.destroy()
    await new Promise((resolve) => http.close(resolve))
  }
}

const head = (path: string, line: string, length: number): string =>
  [`POST ${path} HTTP/1.1`, 'Host: x', 'Connection: close', line, formLine, `Content-Length: ${length}`, '', ''].join(
    '\r\n',
  )

async function post(
  app: RequestListener,
  path: string,
  line: string,
  form: string,
  isSplit: boolean,
): Promise<Record<string, string>> {
  const start = head(path, line, form.length)
  const parts = isSplit ? [start, form.slice(0, 3), form.slice(3)] : [start + form]
  const answer = await send(app, parts)
  const [, body] = answer.split('\r\n\r\n')
  return body === '' ? {} : JSON.parse(body!)
}

describe.each(mounts)('the async context of the caller, by %s', (name, appOf) => {
  describe.each([
    ['the body with the headers', false],
    ['the body in later packets', true],
  ])('%s', (_how, isSplit) => {
    it.each([
      ['without promises', false],
      ['with promises', true],
    ])('is seen by stores, hooks, hashers and events, %s (01)', async (_what, isAsync) => {
      const { oauth, calls, secret } = observedServer(isAsync)
      const app = appOf(oauth)
      const own = basicLine('stock-sync', secret)
      const tokens = await post(
        app,
        '/oauth/token',
        own,
        'grant_type=password&username=alice&password=a+long+password',
        isSplit,
      )
      const refresh = `grant_type=refresh_token&refresh_token=${tokens['refresh_token']!}`
      const refreshed = await post(app, '/oauth/token', own, refresh, isSplit)
      expect(refreshed).toHaveProperty('access_token')
      await post(app, '/oauth/introspect', own, `token=${refreshed['access_token']!}`, isSplit)
      // A chosen secret is verified in a worker thread, and its use is noted after the answer.
      await post(app, '/oauth/token', basicLine('chosen', 'chosen-secret'), 'grant_type=client_credentials', isSplit)
      await expect.poll(() => calls.some(([who]) => who === 'clients.replaceClient')).toBe(true)
      // Refusals: an unknown user, a wrong secret, a body that is too large, a made-up token.
      await post(app, '/oauth/token', own, 'grant_type=password&username=nobody&password=x', isSplit)
      await post(app, '/oauth/token', basicLine('chosen', 'wrong'), 'grant_type=client_credentials', isSplit)
      await post(app, '/oauth/token', own, 'grant_type=client_credentials&grant_type=x', isSplit)
      if (name !== 'handler()') {
        for (const path of ['/guarded', '/passport']) {
          const lines = `Host: x\r\nConnection: close\r\nAuthorization: Bearer`
          const good = await send(app, [`GET ${path} HTTP/1.1\r\n${lines} ${refreshed['access_token']!}\r\n\r\n`])
          expect(good.split('\r\n\r\n')[1]).toBe('tenant-7')
          expect(await send(app, [`GET ${path} HTTP/1.1\r\n${lines} made-up\r\n\r\n`])).toMatch(/^HTTP\/1\.1 401/)
        }
      }
      await post(app, '/oauth/revoke', own, `token=${refreshed['refresh_token']!}`, isSplit)

      expect(calls.filter(([, seen]) => seen !== 'tenant-7')).toEqual([])
      expect([...new Set(calls.map(([who]) => who))]).toEqual(
        expect.arrayContaining([
          'clients.findClient',
          'clients.replaceClient',
          'tokens.saveTokens',
          'tokens.findRefreshToken',
          'tokens.rotateRefreshToken',
          'tokens.findAccessToken',
          'tokens.revokeTokens',
          'users.findUserByUsername',
          'hasher.verify',
          'hasher.verifyNobody',
          'throttle.begin',
          'event tokens_issued',
          'event request_refused',
          'event user_authentication_failed',
          'event client_authentication_failed',
          'event tokens_revoked',
          'requestId',
          'clientAddress',
        ]),
      )
    })
  })

  it('is seen by the event of a body that is too large, and of one that comes too late (01)', async () => {
    const { oauth, calls, secret } = observedServer(false, { requestTimeoutSeconds: 1 })
    const app = appOf(oauth)
    const start = head('/oauth/token', basicLine('stock-sync', secret), 10)
    const inChunks = start.replace('Content-Length: 10', 'Transfer-Encoding: chunked')
    const large = await send(app, [inChunks, `${(70_000).toString(16)}\r\n${'x'.repeat(70_000)}\r\n0\r\n\r\n`])
    expect(large).toMatch(/^HTTP\/1\.1 413 /)
    expect(calls.filter(([, seen]) => seen !== 'tenant-7')).toEqual([])
    expect(calls.at(-1)).toEqual(['event request_refused', 'tenant-7'])
    // What the application's own parser waits for is not ours to end.
    if (name.includes(' with a body parser')) return
    calls.length = 0
    expect(await send(app, [start, 'x'])).toMatch(/^HTTP\/1\.1 408 /)
    expect(calls.at(-1)).toEqual(['event request_refused', 'tenant-7'])
    expect(calls.filter(([, seen]) => seen !== 'tenant-7')).toEqual([])
  })
})

describe('two callers at once', () => {
  it('each see their own context, while one worker thread hashes for both and one waits for the other (01)', async () => {
    const { oauth, calls, secret } = observedServer(true)
    const seenBy = new Map<string, Set<string | undefined>>()
    const listener = oauth.handler()
    const http = createServer((req, res) => {
      tenant.run(String(req.headers['x-tenant']), listener, req, res)
    })
    await once(http.listen(0, '127.0.0.1'), 'listening')
    const url = `http://127.0.0.1:${(http.address() as AddressInfo).port}/oauth/token`
    try {
      const names = Array.from({ length: 12 }, (_, index) => `tenant-${index}`)
      await Promise.all(
        names.map(async (tenantName) => {
          const headers = { authorization: basic('stock-sync', secret), 'x-tenant': tenantName }
          const body = new URLSearchParams({ grant_type: 'password', username: 'alice', password: 'wrong' })
          await (await fetch(url, { method: 'POST', headers, body })).text()
        }),
      )
      for (const [who, seen] of calls) seenBy.set(who, (seenBy.get(who) ?? new Set()).add(seen))
      // Those that are throttled do not come so far as the hasher.
      expect([...seenBy.get('clients.findClient')!].sort()).toEqual(names.sort())
      expect([...seenBy.get('throttle.begin')!].sort()).toEqual(names)
      expect(calls.filter(([who]) => who === 'hasher.verify').length).toBe(seenBy.get('hasher.verify')!.size)
      expect(calls.filter(([, seen]) => seen === undefined)).toEqual([])
    } finally {
      http.closeAllConnections()
      http.close()
    }
  })
})
