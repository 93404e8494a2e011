import { randomBytes } from 'node:crypto'
import { memoryThrottle, type Client, type ThrottleLimits } from 'latchkey'
import request, { type Response } from 'supertest'
import { describe, expect, it } from 'vitest'
import { apiServer, clientLike } from '../fixtures/api-server.js'
import { plainServer, recordingHasher } from '../fixtures/plain-passwords.js'
import { answered, shown, type ShownAnswer } from '../fixtures/shown-answer.js'
import { basic, secretOf, type TestServer, type TestServerOptions } from '../fixtures/test-server.js'
import { flood } from './throttle-flood.js'

export const home = '198.51.100.1'
export const stranger = '203.0.113.66'
export const tooManyBody = { error: 'temporarily_unavailable', error_description: 'Too many failed attempts' }
export const throttled = (seconds: number): ShownAnswer => answered(429, tooManyBody, { retryAfter: String(seconds) })

export const chosen: Client = clientLike('chosen-app', {
  secrets: [{ digest: 'plain:chosen by a person' }],
  grantTypes: ['client_credentials'],
  mayIntrospect: true,
})
export const disabled: Client = clientLike('disabled-chosen-app', {
  ...chosen,
  clientId: 'disabled-chosen-app',
  disabled: true,
} as never)

/** What the server's hasher for secrets was asked. */
export const hashed: string[] = []

export function guardedServer(
  options: TestServerOptions & { readonly limits?: ThrottleLimits } = {},
  make = plainServer,
) {
  const secretHasher = recordingHasher(hashed)
  const { limits, ...others } = options
  const server: TestServer = make({
    before: (app) => app.set('trust proxy', 1),
    ...others,
    moreClients: [chosen, disabled, ...(others.moreClients ?? [])],
    server: { throttle: memoryThrottle({ clock: () => server.now(), limits }), secretHasher, ...others.server },
  })
  return server
}

/** A token that nobody issued. */
export const unknownToken = (): string => randomBytes(32).toString('base64url')

export type Path = '/oauth/token' | '/oauth/revoke' | '/oauth/introspect'
export const forms: Readonly<Record<Path, string>> = {
  '/oauth/token': 'grant_type=client_credentials',
  '/oauth/revoke': 'token=x',
  '/oauth/introspect': 'token=x',
}

export async function send(
  { http }: Pick<TestServer, 'http'>,
  clientId: string,
  secret: string,
  address = stranger,
  path: Path = '/oauth/token',
): Promise<Response> {
  const post = request(http).post(path).set('Authorization', basic(clientId, secret))
  return post.set('X-Forwarded-For', address).type('form').send(forms[path])
}

/** Guesses the secret of one client so many times, from as many addresses. */
export function describeFloodedClient(guesses: number): void {
  describe(`${guesses} guesses at one client`, () => {
    it.each([
      ['a chosen secret', 'chosen-app', 'chosen by a person'],
      ['a generated secret', 'stock-sync', secretOf('stock-sync')],
    ])(
      'with %s: 429 after the limit, the real client goes on from its address (ABU-049)',
      async (_what, clientId, secret) => {
        const server = guardedServer({ limits: { address: { freeFailures: 1_000_000 } } })
        await new Promise<void>((resolve) => server.http.listen(0, '127.0.0.1', resolve))
        expect((await send(server, clientId, secret, home)).status).toBe(200)
        hashed.length = 0
        const counts = await flood(server.http, guesses, (i) => ({
          path: '/oauth/token',
          authorization: basic(clientId, `guess ${i}`),
          address: `10.0.${i >> 8}.${i & 255}`,
          form: { grant_type: 'client_credentials' },
        }))
        expect(counts).toEqual([
          [401, 10],
          [429, guesses - 10],
        ])
        if (clientId === 'chosen-app') expect(hashed).toHaveLength(10)
        expect((await send(server, clientId, secret, home)).status).toBe(200)
        server.http.close()
      },
    )
  })
}

/** Introspects so many unknown tokens, of which `free` are answered. */
export function describeFloodedIntrospection(tokens: number, free: number): void {
  it(`${tokens} unknown tokens introspected: 429 after the limit, an event, and valid tokens still get their response (INT-15, ABU-108)`, async () => {
    const server = guardedServer({ limits: { token: { freeFailures: free } } }, apiServer)
    await new Promise<void>((resolve) => server.http.listen(0, '127.0.0.1', resolve))
    const ask = (token: string): Promise<Response> =>
      Promise.resolve(
        request(server.http)
          .post('/oauth/introspect')
          .set('Authorization', basic('inspector', secretOf('inspector')))
          .set('X-Forwarded-For', stranger)
          .type('form')
          .send({ token }),
      )
    const good = (await send(server, 'stock-sync', secretOf('stock-sync'), home)).body as { access_token: string }
    const counts = await flood(server.http, tokens, () => ({
      path: '/oauth/introspect',
      authorization: basic('inspector', secretOf('inspector')),
      address: stranger,
      form: { token: unknownToken() },
    }))
    expect(counts).toEqual([
      [200, free],
      [429, tokens - free],
    ])
    expect(server.events.find(({ type }) => type === 'throttled')).toMatchObject({
      kind: 'token',
      clientId: 'inspector',
      address: stranger,
    })
    expect(shown(await ask(unknownToken()))).toEqual(throttled(1))
    expect((await ask(good.access_token)).body).toMatchObject({ active: true })
    server.http.close()
  })
}
