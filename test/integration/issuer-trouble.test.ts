import { createServer, type RequestListener } from 'node:http'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { consoleEvents, type OAuthEvent } from 'latchkey'
import type { ResourceServerOptions } from 'latchkey/resource-server'
import { tokenOf } from '../fixtures/api-server.js'
import {
  close,
  guardedApp,
  inspection,
  listen,
  resourceServer,
  runningIssuer,
  type GuardAnswer,
  type RunningIssuer,
} from '../fixtures/running-issuer.js'

let issuer: RunningIssuer
beforeEach(async () => {
  vi.useFakeTimers({ toFake: ['Date'] })
  issuer = await runningIssuer()
})
afterEach(async () => {
  vi.useRealTimers()
  await issuer.close()
})

const metadata = (): string => `${issuer.issuer}/.well-known/oauth-authorization-server`
const introspect = (): string => `${issuer.issuer}/oauth/introspect`

/** What a caller gets, and what the operator is told of it. */
async function trouble(options: Partial<ResourceServerOptions>): Promise<{ answer: GuardAnswer; told: unknown }> {
  const events: OAuthEvent[] = []
  const token = await tokenOf(issuer, 'jwt-app')
  const app = await guardedApp(resourceServer(issuer, { onEvent: (event) => events.push(event), ...options }))
  try {
    const answer = await app.get(token)
    const told = events.map((event) => (event.type === 'failure' ? [event.error, String(event.cause)] : event.type))
    return { answer, told }
  } finally {
    await app.close()
  }
}

const broken = {
  status: 500,
  challenge: null,
  retryAfter: null,
  body: { error: 'server_error', error_description: 'The server met an unexpected condition' },
}
const away = {
  status: 503,
  challenge: null,
  retryAfter: '1',
  body: { error: 'temporarily_unavailable', error_description: 'The server cannot answer right now' },
}
const mistake = (message: string): object => ({
  answer: broken,
  told: [['server_error', `ConfigurationError: ${message}`]],
})
const outage = (message: string): object => ({
  answer: away,
  told: [['temporarily_unavailable', `StoreUnavailableError: ${message}`]],
})
const json =
  (value: unknown): RequestListener =>
  (_, res) =>
    res.setHeader('Content-Type', 'application/json').end(JSON.stringify(value))

describe('an issuer that is not what the options say', () => {
  it('has another name: the failure has both names, and is no outage (A16)', async () => {
    for (const [named, shown] of [
      [`${issuer.issuer}/`, `${issuer.issuer}/`],
      ['https://auth.example.com\n', 'https://auth.example.com\\u000a'],
    ]) {
      issuer.instead = json({ issuer: named, jwks_uri: `${issuer.issuer}/oauth/jwks` })
      expect(await trouble({ jwks: true })).toEqual(
        mistake(
          `issuer: the issuer at ${metadata()} calls itself ${shown}, and this resource server expects ${issuer.issuer}. ` +
            `If it is the right one, write issuer: '${shown}'.`,
        ),
      )
    }
  })

  it('does not name the address of its keys', async () => {
    for (const [uri, said] of [
      [undefined, 'no jwks_uri'],
      ['http://keys.example.com/jwks', 'jwks_uri http://keys.example.com/jwks, which is not an https URL'],
    ]) {
      issuer.instead = json({ issuer: issuer.issuer, jwks_uri: uri })
      expect(await trouble({ jwks: true })).toEqual(
        mistake(`jwks: the metadata at ${metadata()} has ${said}. Set jwks: { uri } to the URL of the keys.`),
      )
    }
  })

  it('refuses the resource server: the failure names the client and not its secret, and requests pause for a second', async () => {
    const wrong = { ...inspection(issuer), clientSecret: 'not-the-secret-of-the-inspector' }
    const expected = mistake(
      `introspection: ${introspect()} refused client inspector with 401. Give clientId and clientSecret of a client ` +
        'that the issuer knows, that is registered for client_secret_basic, and may introspect.',
    )
    expect(await trouble({ introspection: wrong })).toEqual(expected)
    issuer.asked.length = 0
    const app = await guardedApp(resourceServer(issuer, { introspection: wrong }))
    for (let i = 0; i < 5; i++) expect((await app.get(`made-up-${String(i)}`)).status).toBe(500)
    expect(issuer.asked).toHaveLength(1)
    vi.setSystemTime(Date.now() + 1000)
    await app.get('made-up')
    expect(issuer.asked).toHaveLength(2)
    await app.close()
  })

  it('is written once to the console, without a stack', async () => {
    issuer.instead = json({ issuer: 'https://other.example.com' })
    const texts: string[] = []
    const onEvent = consoleEvents({ write: (text) => texts.push(text) })
    const app = await guardedApp(resourceServer(issuer, { jwks: true, onEvent }))
    const token = await tokenOf({ ...issuer, instead: undefined } as RunningIssuer, 'jwt-app')
    for (let i = 0; i < 10; i++) expect((await app.get(token)).status).toBe(500)
    await app.close()
    expect(texts).toEqual([
      expect.stringMatching(
        /^\S+ latchkey error failure server_error endpoint=guard address=\S+ id=\w+\n {2}ConfigurationError: issuer: the issuer at .* calls itself https:\/\/other\.example\.com, [^\n]*$/,
      ),
    ])
  })
})

describe('the failure about an unreachable issuer has its URL and the cause:', () => {
  it.each<[what: string, answer: RequestListener, message: string]>([
    ['a status', (_, res) => res.writeHead(404, { 'Content-Type': 'text/html' }).end('<h1>'), ' responded with 404'],
    [
      'HTML',
      (_, res) => res.writeHead(200, { 'Content-Type': 'text/html' }).end('<h1>Welcome</h1>'),
      ' responded with something that is not a JSON object (text/html)',
    ],
    ['a list', json([]), ' responded with something that is not a JSON object (application/json)'],
    [
      'a redirect',
      (_, res) => res.writeHead(302, { Location: 'https://me:secret@login.example.com/a?b=c' }).end(),
      ' redirects to https://login.example.com/a, and redirects are not followed',
    ],
  ])('%s', async (_what, answer, message) => {
    issuer.instead = answer
    expect(await trouble({ jwks: true })).toEqual(outage(`${metadata()}${message}`))
    const uri = `${issuer.issuer}/keys?key=secret`
    expect(await trouble({ jwks: { uri } })).toEqual(outage(`${issuer.issuer}/keys${message}`))
    expect(await trouble({ introspection: inspection(issuer) })).toEqual(outage(`${introspect()}${message}`))
  })

  it.each<[what: string, answer: RequestListener, limits: object, why: string]>([
    ['nothing', () => undefined, { timeoutMilliseconds: 300 }, 'no response within 300 ms'],
    ['too much', (_, res) => res.end('x'.repeat(5000)), { maxOctets: 4096 }, 'the response has more than 4096 bytes'],
    ['a closed connection', (req) => void req.socket.destroy(), {}, 'UND_ERR_SOCKET'],
  ])('%s', async (_what, answer, limits, why) => {
    issuer.instead = answer
    expect(await trouble({ jwks: limits })).toEqual(outage(`The issuer cannot be reached at ${metadata()}: ${why}`))
    expect(await trouble({ introspection: { ...inspection(issuer), ...limits } })).toEqual(
      outage(`The issuer cannot be reached at ${introspect()}: ${why}`),
    )
  })

  it('JSON of something else', async () => {
    issuer.instead = json({ status: 'maintenance' })
    expect(await trouble({ jwks: true })).toEqual(outage(`${metadata()} responded without an issuer`))
    const uri = `${issuer.issuer}/keys`
    expect(await trouble({ jwks: { uri } })).toEqual(outage(`${uri} responded without a list of keys`))
  })

  it('no connection, no TLS, no such name', async () => {
    const at = (uri: string, why: string): object => outage(`The issuer cannot be reached at ${uri}: ${why}`)
    const server = createServer()
    const uri = `${await listen(server)}/jwks`
    await close(server)
    expect(await trouble({ jwks: { uri } })).toEqual(at(uri, 'ECONNREFUSED'))
    const tls = `${issuer.issuer.replace('http:', 'https:')}/jwks`
    expect((await trouble({ jwks: { uri: tls } })).told).toEqual([
      [
        'temporarily_unavailable',
        expect.stringMatching(/^StoreUnavailableError: The issuer cannot be reached at https:\S+: ERR_SSL_\w+$/),
      ],
    ])
    expect((await trouble({ jwks: { uri: 'https://auth.invalid/jwks' } })).told).toEqual([
      ['temporarily_unavailable', expect.stringMatching(/ at https:\/\/auth\.invalid\/jwks: (?:ENOTFOUND|EAI_AGAIN)$/)],
    ])
  })
})
