import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { blocksOf } from '../fixtures/doc-blocks.js'
import { secretOf, testServer, type TestServer } from '../fixtures/test-server.js'

interface Tokens {
  readonly accessToken: string
  readonly refreshToken: string
  readonly expiresAt: number
}
interface ApiClient {
  tokens(rejected?: string): Promise<Tokens>
  signIn(username: string, password: string): Promise<Tokens>
  fetch(url: string, init?: RequestInit): Promise<Response>
  signOut(): Promise<void>
}
interface Page {
  createApiClient(options: Record<string, unknown>): ApiClient
  readonly SignedOut: new () => Error
  readonly TryLater: new () => Error
}
interface AxiosPage {
  addTokens(http: unknown, client: ApiClient): void
}

const results = join(import.meta.dirname, '../../.test-results')
mkdirSync(results, { recursive: true })
const folder = mkdtempSync(join(results, 'client-developers-'))
afterAll(() => rmSync(folder, { recursive: true }))

/** The code of the page as it stands. */
let page: Page
let axiosPage: AxiosPage
beforeAll(async () => {
  const blocks = blocksOf('docs/client-developers.md').filter(({ name }) => name !== undefined)
  for (const { name, code } of blocks) writeFileSync(join(folder, name!), code)
  page = (await import(join(folder, 'api-client.ts'))) as Page
  axiosPage = (await import(join(folder, 'axios-tokens.ts'))) as AxiosPage
})

let server: TestServer
let front: Server
let base: string
/** Answers in place of the server while it is set. */
let instead: RequestListener | undefined
let stored: Tokens | undefined
let posts: number

beforeEach(async () => {
  ;[instead, stored, posts] = [undefined, undefined, 0]
  server = testServer()
  front = createServer((req, res) => {
    if (req.url === '/oauth/token') posts += 1
    if (instead === undefined) server.http.emit('request', req, res)
    else instead(req, res)
  }).listen(0, '127.0.0.1')
  await once(front, 'listening')
  base = `http://127.0.0.1:${String((front.address() as AddressInfo).port)}`
})
afterEach(() => {
  front.closeAllConnections()
  front.close()
})

const storage = {
  load: async () => stored,
  save: async (tokens: Tokens | undefined) => void (stored = tokens),
}

function apiClient(more: Record<string, unknown> = {}): ApiClient {
  const credentials = { clientId: 'shop-app', clientSecret: secretOf('shop-app') }
  return page.createApiClient({ issuer: base, ...credentials, storage, ...more })
}

async function signedIn(): Promise<ApiClient> {
  const client = apiClient()
  await client.signIn('alice', "alice's password")
  posts = 0
  return client
}

/** As if the access token had expired by the clock of the device. */
const expire = (): void => void (stored = { ...stored!, expiresAt: Date.now() })

describe('the fetch of docs/client-developers.md', () => {
  it('calls the API with the access token of the sign-in', async () => {
    const client = await signedIn()
    expect((await client.fetch(`${base}/orders`)).status).toBe(200)
    expect(posts).toBe(0)
  })

  it('refreshes an access token that expires soon before it calls', async () => {
    const client = await signedIn()
    const before = stored!
    expire()
    expect((await client.fetch(`${base}/orders`)).status).toBe(200)
    expect(posts).toBe(1)
    expect(stored).not.toEqual(before)
  })

  it('refreshes and calls once more when the API rejects the token', async () => {
    const client = await signedIn()
    server.advance(3601)
    expect((await client.fetch(`${base}/orders`)).status).toBe(200)
    expect(posts).toBe(1)
  })

  it('refreshes once for twenty concurrent calls', async () => {
    const client = await signedIn()
    server.advance(3601)
    const responses = await Promise.all(Array.from({ length: 20 }, () => client.fetch(`${base}/orders`)))
    expect(responses.map(({ status }) => status)).toEqual(Array(20).fill(200))
    expect(posts).toBe(1)
  })

  it('refreshes once for two processes that share storage and a lock', async () => {
    await signedIn()
    expire()
    let last: Promise<unknown> = Promise.resolve()
    const alone = (run: () => Promise<Tokens>): Promise<Tokens> => {
      const next = last.then(run)
      last = next
      return next
    }
    const obtained = await Promise.all([apiClient({ alone }), apiClient({ alone })].map((client) => client.tokens()))
    expect(obtained[0]).toEqual(obtained[1])
    expect(posts).toBe(1)
  })

  it('repeats a refresh that was answered 503', async () => {
    const client = await signedIn()
    expire()
    instead = (_req, res) => {
      instead = undefined
      res.writeHead(503, { 'retry-after': '0' }).end('{}')
    }
    expect((await client.fetch(`${base}/orders`)).status).toBe(200)
    expect(posts).toBe(2)
  })

  it('gets the same tokens when the response to a refresh was lost', async () => {
    const client = await signedIn()
    expire()
    instead = (req, res) => {
      instead = undefined
      // The server has done its work when the connection breaks.
      res.end = () => res.destroy()
      server.http.emit('request', req, res)
    }
    expect((await client.fetch(`${base}/orders`)).status).toBe(200)
    expect(posts).toBe(2)
    expect(server.events.some(({ type }) => type === 'refresh_token_replayed')).toBe(false)
  })

  it('tells how long to wait after 429, and keeps the tokens', async () => {
    const client = await signedIn()
    expire()
    const before = stored
    instead = (_req, res) => void res.writeHead(429, { 'retry-after': '7' }).end('{}')
    await expect(client.tokens()).rejects.toMatchObject({ retryAfterSeconds: 7 })
    expect([posts, stored]).toEqual([1, before])
  })

  it('is signed out by a replayed refresh token', async () => {
    const client = await signedIn()
    const spent = stored!
    expire()
    await client.tokens()
    server.advance(60)
    stored = { ...spent, expiresAt: 0 }
    await expect(client.fetch(`${base}/orders`)).rejects.toBeInstanceOf(page.SignedOut)
    expect(stored).toBeUndefined()
  })

  it('ends the sign-in at the server when it signs out', async () => {
    const client = await signedIn()
    const { accessToken } = stored!
    await client.signOut()
    const response = await fetch(`${base}/orders`, { headers: { authorization: `Bearer ${accessToken}` } })
    expect([response.status, stored]).toEqual([401, undefined])
  })

  it('form-encodes a secret', async () => {
    let authorization = ''
    instead = (req, res) => {
      authorization = String(req.headers.authorization)
      res.writeHead(400).end('{"error":"invalid_grant"}')
    }
    await expect(apiClient({ clientSecret: 'a+b%c' }).signIn('alice', 'x')).rejects.toBeInstanceOf(page.SignedOut)
    expect(Buffer.from(authorization.slice(6), 'base64').toString()).toBe('shop-app:a%2Bb%25c')
  })
})

describe('the axios interceptor of docs/client-developers.md', () => {
  it('adds the access token, refreshes after a 401 and tries once more', async () => {
    const client = await signedIn()
    const http = likeAxios()
    axiosPage.addTokens(http, client)
    expect(await http.request({ headers: new Headers() })).toBe(200)
    server.advance(3601)
    expect(await http.request({ headers: new Headers() })).toBe(200)
    expect(posts).toBe(1)
    server.advance(90 * 86_400)
    await expect(http.request({ headers: new Headers() })).rejects.toBeInstanceOf(page.SignedOut)
  })
})

/** Does with interceptors what an `AxiosInstance` does with them. */
function likeAxios() {
  interface Config {
    headers: Headers
  }
  let onRequest: (config: Config) => Promise<Config>
  let onError: (error: Error) => Promise<unknown>
  return {
    interceptors: {
      request: { use: (one: typeof onRequest) => void (onRequest = one) },
      response: { use: (_fulfilled: undefined, one: typeof onError) => void (onError = one) },
    },
    async request(given: Config): Promise<unknown> {
      const config = await onRequest({ ...given })
      const { status } = await fetch(`${base}/orders`, config)
      return status === 200 ? status : onError(Object.assign(new Error(), { config, response: { status } }))
    },
  }
}
