import { createPublicKey, generateKeyPairSync, sign, type JsonWebKey, type KeyObject } from 'node:crypto'
import { calculateJwkThumbprint, SignJWT } from 'jose'
import { createServer, type RequestListener } from 'node:http'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { loadSigningKeys } from 'latchkey'
import type { RemoteKeysOptions } from 'latchkey/resource-server'
import { claimsOf, signingKey, tokenOf } from '../fixtures/api-server.js'
import { sendRaw } from '../fixtures/raw-http.js'
import {
  guardedApp,
  resourceServer,
  runningIssuer,
  type GuardAnswer,
  type GuardedApp,
  type RunningIssuer,
} from '../fixtures/running-issuer.js'

const metadata = 'GET /.well-known/oauth-authorization-server'
const jwks = 'GET /oauth/jwks'
let issuer: RunningIssuer
const apps: GuardedApp[] = []

// Keys are cached by the clock of the machine, which stands still here: only `pass` moves it.
beforeEach(async () => {
  vi.useFakeTimers({ toFake: ['Date'] })
  issuer = await runningIssuer()
})

afterEach(async () => {
  vi.useRealTimers()
  await Promise.all([issuer, ...apps.splice(0)].map((server) => server.close()))
})

function pass(seconds: number): void {
  vi.setSystemTime(Date.now() + seconds * 1000)
}

async function guard(options: RemoteKeysOptions | true = true, leewaySeconds = 5): Promise<GuardedApp> {
  const app = await guardedApp(resourceServer(issuer, { jwks: options, leewaySeconds }))
  apps.push(app)
  return app
}

/** A JWT as the issuer would sign it, but for what is given. */
async function signed(
  claims: object = {},
  header: object = {},
  key: KeyObject | Uint8Array = signingKey,
): Promise<string> {
  const kid = key === signingKey ? await keyIdOf(signingKey) : undefined
  const now = issuer.now()
  const { issuer: iss, api: aud } = issuer
  const all = { iss, aud, sub: 'a', client_id: 'a', jti: 'j', scope: '', iat: now, exp: now + 60, ...claims }
  return new SignJWT(all).setProtectedHeader({ alg: 'ES256', typ: 'at+jwt', ...(kid && { kid }), ...header }).sign(key)
}

function publicJwk(key: KeyObject): JsonWebKey {
  return createPublicKey(key).export({ format: 'jwk' })
}

function keyIdOf(key: KeyObject): Promise<string> {
  return calculateJwkThumbprint(publicJwk(key))
}

/** Signed with a key that jose refuses to sign with. */
async function weaklySigned(key: KeyObject, kid: string): Promise<string> {
  const [, payload = ''] = (await signed()).split('.')
  const input = `${Buffer.from(JSON.stringify({ alg: 'RS256', typ: 'at+jwt', kid })).toString('base64url')}.${payload}`
  return `${input}.${sign('sha256', Buffer.from(input), key).toString('base64url')}`
}

/** Publishes these keys in place of the issuer's. */
function publish(keys: unknown): void {
  issuer.instead = (req, res) => {
    res.setHeader('Content-Type', 'application/json')
    res.end(JSON.stringify(req.url === '/oauth/jwks' ? keys : { issuer: issuer.issuer, jwks_uri: jwksUri() }))
  }
}

const jwksUri = (): string => `${issuer.issuer}/oauth/jwks`

const invalid = (): GuardAnswer => {
  const body = { error: 'invalid_token', error_description: 'The access token is invalid, expired or revoked' }
  const resource = `resource_metadata="${issuer.issuer}/.well-known/oauth-protected-resource/api"`
  const challenge = `Bearer realm="127.0.0.1", ${resource}, error="${body.error}", error_description="${body.error_description}"`
  return { status: 401, challenge, retryAfter: null, body }
}

/** No time mends it: whoever waits waits in vain. */
const misconfigured: GuardAnswer = {
  status: 500,
  challenge: null,
  retryAfter: null,
  body: { error: 'server_error', error_description: 'The server met an unexpected condition' },
}

const unavailable: GuardAnswer = {
  status: 503,
  challenge: null,
  retryAfter: '1',
  body: {
    error: 'temporarily_unavailable',
    error_description: 'The server cannot answer right now',
  },
}

describe('the keys of an issuer', () => {
  it('are fetched with the first JWT, once for twenty concurrent requests', async () => {
    const app = await guard()
    expect((await app.get('opaque')).status).toBe(401)
    expect((await app.get('not.a.jwt')).status).toBe(401)
    expect(issuer.asked).toEqual([])

    const token = await tokenOf(issuer, 'jwt-app')
    const answers = await Promise.all(Array.from({ length: 20 }, () => app.get(token)))
    expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 20 }, () => 200))
    expect(issuer.asked).toEqual([metadata, jwks])
  })

  it('are fetched from the configured address, without metadata', async () => {
    const app = await guard({ uri: jwksUri() })
    const token = await tokenOf(issuer, 'jwt-app')
    expect(await app.get(token)).toEqual({
      status: 200,
      challenge: null,
      retryAfter: null,
      body: {
        actsFor: 'client',
        clientId: 'jwt-app',
        scope: 'orders:read profile',
        audience: [issuer.api],
        issuedAt: issuer.now(),
        expiresAt: issuer.now() + 3600,
        claims: claimsOf(token),
      },
    })
    expect(issuer.asked).toEqual([jwks])
  })

  it('are found below the path of an issuer that has one', async () => {
    const path = `${issuer.issuer}/tenant`
    const app = await guardedApp(resourceServer(issuer, { issuer: path, jwks: true }))
    apps.push(app)
    issuer.instead = (req, res) => {
      res.end(
        JSON.stringify(
          req.url === '/keys' ? { keys: [publicJwk(signingKey)] } : { issuer: path, jwks_uri: `${issuer.issuer}/keys` },
        ),
      )
    }
    expect((await app.get(await signed({ iss: path }, { kid: undefined }))).status).toBe(200)
    expect((await app.get(await signed({}, { kid: undefined }))).status).toBe(401)
    expect(issuer.asked).toEqual([`${metadata}/tenant`, 'GET /keys'])
  })

  it('are fetched again at most once a cool-down, however many unknown keys are named', async () => {
    const app = await guard()
    const good = await signed()
    const strangers = await Promise.all(
      Array.from({ length: 500 }, (_, n) => signed({}, { kid: `random-${String(n)}` })),
    )
    const statuses = new Set<number>()
    const flood = async (): Promise<void> => {
      for (let n = 0; n < strangers.length; n += 50) {
        const answers = await Promise.all(strangers.slice(n, n + 50).map((token) => app.get(token)))
        for (const { status } of answers) statuses.add(status)
      }
    }
    await flood()
    expect(issuer.asked).toEqual([metadata, jwks])
    pass(29)
    await flood()
    expect(issuer.asked).toEqual([metadata, jwks])
    pass(1)
    await flood()
    expect(issuer.asked).toEqual([metadata, jwks, jwks])
    expect([...statuses]).toEqual([401])
    expect((await app.get(good)).status).toBe(200)
  })

  it('are fetched at most once a second while the issuer fails, despite a flood of unknown keys', async () => {
    const app = await guard()
    const good = await signed()
    expect((await app.get(good)).status).toBe(200)
    issuer.asked.length = 0
    issuer.instead = (_, res) => res.writeHead(500).end()
    pass(30)
    for (let n = 0; n < 20; n += 1) expect(await app.get(await signed({}, { kid: 'x' }))).toEqual(unavailable)
    expect(issuer.asked).toEqual([jwks])
    expect((await app.get(good)).status).toBe(200)
    pass(1)
    for (let n = 0; n < 20; n += 1) expect((await app.get(await signed({}, { kid: 'x' }))).status).toBe(503)
    expect(issuer.asked).toEqual([jwks, jwks])
  })

  it('are accepted when they are new, and refused when they are no longer published', async () => {
    const next = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey
    const app = await guard({ cooldownSeconds: 10, cacheSeconds: 100 })
    const old = await signed()
    const fresh = await signed({}, { kid: await keyIdOf(next) }, next)
    expect((await app.get(old)).status).toBe(200)
    publish((await loadSigningKeys([next]).current()).published)
    expect((await app.get(fresh)).status).toBe(401)
    pass(10)
    expect((await app.get(fresh)).status).toBe(200)
    expect((await app.get(old)).status).toBe(401)
  })

  it('are used for the cache time, even while the issuer is unreachable, and no longer', async () => {
    const app = await guard({ cacheSeconds: 100 })
    const token = await signed()
    expect((await app.get(token)).status).toBe(200)
    issuer.asked.length = 0
    issuer.instead = (_, res) => res.writeHead(500).end()
    pass(99)
    expect((await app.get(token)).status).toBe(200)
    expect(issuer.asked).toEqual([])
    pass(1)
    expect(await app.get(token)).toEqual(unavailable)
    issuer.instead = undefined
    pass(1)
    expect((await app.get(token)).status).toBe(200)
    expect(issuer.asked).toEqual([jwks, jwks])
  })
})

const json =
  (value: unknown): RequestListener =>
  (_, res) =>
    res.end(JSON.stringify(value))
const failures: readonly [what: string, answer: RequestListener][] = [
  ['500', (_, res) => res.writeHead(500).end('{"keys":[]}')],
  ['404 with HTML', (_, res) => res.writeHead(404, { 'Content-Type': 'text/html' }).end('<h1>Not found</h1>')],
  ['200 with HTML', (_, res) => res.writeHead(200, { 'Content-Type': 'text/html' }).end('<h1>Welcome</h1>')],
  ['204', (_, res) => res.writeHead(204).end()],
  ['JSON that is cut off', (_, res) => res.end('{"keys":[')],
  ['null', json(null)],
  ['a list', json([])],
  ['a text', json('keys')],
  ['an object without anything', json({})],
  ['keys that are no list', json({ keys: {} })],
  ['more octets than allowed', (_, res) => res.end(JSON.stringify({ keys: [], more: 'x'.repeat(5000) }))],
  ['octets without end', (_, res) => void res.write('{"keys":[{"k":"', () => res.write('x'.repeat(100_000)))],
  ['nothing at all', () => undefined],
  ['half of it', (_, res) => void res.write('{"keys":')],
  ['a closed connection', (req) => void req.socket.destroy()],
  ['a redirect', (_, res) => res.writeHead(302, { Location: '/elsewhere' }).end()],
]

describe('a guard whose issuer responds to a request for keys with', () => {
  it.each(failures)('%s responds with 503, and recovers', async (what, answer) => {
    // Only these end by it; the requests that are served then must not.
    const timeoutMilliseconds = ['nothing at all', 'half of it'].includes(what) ? 1500 : 20_000
    const limits = { timeoutMilliseconds, maxOctets: 4096 }
    const [byMetadata, byUri] = [await guard(limits), await guard({ ...limits, uri: jwksUri() })]
    const token = await signed()
    issuer.instead = answer
    expect(await byMetadata.get(token)).toEqual(unavailable)
    expect(await byUri.get(token)).toEqual(unavailable)
    // A redirect is not followed.
    expect(issuer.asked).toEqual([metadata, jwks])
    issuer.instead = undefined
    pass(1)
    expect((await byMetadata.get(token)).status).toBe(200)
    expect((await byUri.get(token)).status).toBe(200)
  })

  it.each([
    ['another issuer', () => ({ issuer: 'https://evil.example.com', jwks_uri: jwksUri() })],
    ['the issuer with a slash', () => ({ issuer: `${issuer.issuer}/`, jwks_uri: jwksUri() })],
    ['no place of keys', () => ({ issuer: issuer.issuer })],
    ['a place that is no URL', () => ({ issuer: issuer.issuer, jwks_uri: '/oauth/jwks' })],
    ['a place without TLS', () => ({ issuer: issuer.issuer, jwks_uri: 'http://keys.example.com/jwks' })],
    ['a file', () => ({ issuer: issuer.issuer, jwks_uri: 'file:///etc/passwd' })],
  ])('metadata that names %s leads to 500, and it recovers', async (_, wrong) => {
    const app = await guard()
    issuer.instead = json(wrong())
    expect(await app.get(await signed())).toEqual(misconfigured)
    expect(issuer.asked).toEqual([metadata])
    issuer.instead = undefined
    pass(1)
    expect((await app.get(await signed())).status).toBe(200)
  })
})

describe('a set of keys', () => {
  it('is used without its unusable keys', async () => {
    const good = { ...publicJwk(signingKey), kid: await keyIdOf(signingKey), alg: 'ES256', use: 'sig' }
    const weak = generateKeyPairSync('rsa', { modulusLength: 1024 }).privateKey
    const leaked = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey
    publish({
      keys: [
        { kty: 'PQ', kid: 'unknown-kty' },
        { kid: 'no-kty' },
        { kty: 'EC', kid: 'no-curve' },
        { kty: 'EC', crv: 'P-256', kid: 'no-coordinates' },
        { ...good, kid: 'not-on-the-curve', y: good.x },
        { kty: 'oct', kid: 'secret', k: Buffer.alloc(32, 1).toString('base64url'), alg: 'HS256' },
        { ...publicJwk(weak), kid: 'weak' },
        { ...leaked.export({ format: 'jwk' }), kid: 'leaked' },
        { ...good, kid: 'for-encryption', use: 'enc' },
        { ...good, kid: 'for-something-else', alg: 'ES384' },
        null,
        7,
        good,
      ],
    })
    const app = await guard()
    expect((await app.get(await signed())).status).toBe(200)
    for (const kid of ['unknown-kty', 'no-kty', 'no-curve', 'no-coordinates', 'not-on-the-curve', 'for-encryption']) {
      expect(await app.get(await signed({}, { kid }))).toEqual(invalid())
    }
    expect(await app.get(await signed({}, { kid: 'for-something-else' }))).toEqual(invalid())
    expect(await app.get(await signed({}, { kid: 'leaked' }, leaked))).toEqual(invalid())
    expect(await app.get(await weaklySigned(weak, 'weak'))).toEqual(invalid())
    expect(await app.get(await signed({}, { alg: 'HS256', kid: 'secret' }, Buffer.alloc(32, 1)))).toEqual(invalid())
  })

  it.each(['RS256', 'PS256', 'ES256', 'EdDSA'])('verifies %s', async (alg) => {
    const { privateKey } =
      alg === 'ES256'
        ? generateKeyPairSync('ec', { namedCurve: 'P-256' })
        : alg === 'EdDSA'
          ? generateKeyPairSync('ed25519')
          : generateKeyPairSync('rsa', { modulusLength: 2048 })
    const kid = await keyIdOf(privateKey)
    publish({ keys: [{ ...publicJwk(privateKey), kid }] })
    const app = await guard()
    expect((await app.get(await signed({}, { alg, kid }, privateKey))).status).toBe(200)
    const other = alg === 'RS256' ? 'PS256' : 'RS256'
    const [, ...rest] = (await signed({}, { alg, kid }, privateKey)).split('.')
    const header = Buffer.from(JSON.stringify({ alg: other, typ: 'at+jwt', kid })).toString('base64url')
    expect(await app.get([header, ...rest].join('.'))).toEqual(invalid())
  })
})

describe('a JWT', () => {
  it('is refused unless all of it is right', async () => {
    const app = await guard()
    const kid = await keyIdOf(signingKey)
    const secret = Buffer.from(createPublicKey(signingKey).export({ type: 'spki', format: 'pem' }))
    const stranger = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey
    const [header = '', payload = '', signature = ''] = (await signed()).split('.')
    const none = Buffer.from(JSON.stringify({ alg: 'none', typ: 'at+jwt', kid })).toString('base64url')
    for (const token of [
      `${none}.${payload}.`,
      `${none}.${payload}.${signature}`,
      `${header}.${payload}.`,
      await signed({}, { alg: 'HS256', kid }, secret),
      await signed({}, { alg: 'HS256' }, secret),
      await signed({}, { kid }, stranger),
      await signed({}, { typ: 'JWT' }),
      await signed({}, { typ: undefined }),
      await signed({ aud: issuer.otherApi }),
      await signed({ aud: `${issuer.api}/` }),
      await signed({ aud: [] }),
      await signed({ iss: `${issuer.issuer}/` }),
      await signed({ iss: 'https://evil.example.com' }),
      await signed({ cnf: { jkt: 'x' } }),
      await signed({ exp: undefined }),
      await tokenOf(issuer, 'jwt-app', { resource: issuer.otherApi }),
    ]) {
      expect(await app.get(token)).toEqual(invalid())
    }
    expect((await app.get(await signed({ aud: [issuer.otherApi, issuer.api] }))).status).toBe(200)
  })

  it.each([0, 5, 300])('may be off by %i seconds, and no more', async (leeway) => {
    const app = await guard(true, leeway)
    const now = issuer.now()
    const expired = async (seconds: number): Promise<number> =>
      (await app.get(await signed({ iat: now - 600, exp: now - seconds }))).status
    const early = async (claim: 'iat' | 'nbf', seconds: number): Promise<number> =>
      (await app.get(await signed({ [claim]: now + seconds, exp: now + 900 }))).status
    expect([await expired(leeway - 1), await expired(leeway)]).toEqual([200, 401])
    expect([await early('iat', leeway), await early('iat', leeway + 1)]).toEqual([200, 401])
    expect([await early('nbf', leeway), await early('nbf', leeway + 1)]).toEqual([200, 401])
  })

  it('may be issued a minute in the future by default, but not expired (11)', async () => {
    const app = await guardedApp(resourceServer(issuer, { jwks: true }))
    apps.push(app)
    const now = issuer.now()
    const statusOf = async (claims: object): Promise<number> => (await app.get(await signed(claims))).status
    expect([await statusOf({ iat: now + 60 }), await statusOf({ iat: now + 61 })]).toEqual([200, 401])
    expect([await statusOf({ nbf: now + 60 }), await statusOf({ nbf: now + 61 })]).toEqual([200, 401])
    expect([await statusOf({ exp: now - 4 }), await statusOf({ exp: now - 5 })]).toEqual([200, 401])
    const strict = await guardedApp(resourceServer(issuer, { jwks: true, clockSkewSeconds: 0 }))
    apps.push(strict)
    expect((await strict.get(await signed({ iat: now + 1 }))).status).toBe(401)
    expect((await strict.get(await signed({ exp: now }))).status).toBe(401)
  })

  it('may not claim to live for decades', async () => {
    const app = await guardedApp(resourceServer(issuer, { jwks: true }))
    apps.push(app)
    const now = issuer.now()
    expect((await app.get(await signed({ exp: now + 31_536_000 }))).status).toBe(200)
    expect((await app.get(await signed({ exp: now + 31_536_001 }))).status).toBe(401)
    const brief = await guardedApp(resourceServer(issuer, { jwks: true, longestAccessTokenSeconds: 60 }))
    apps.push(brief)
    expect([
      (await brief.get(await signed())).status,
      (await brief.get(await signed({ exp: now + 61 }))).status,
    ]).toEqual([200, 401])
  })
})

describe('where the keys are', () => {
  it('is not a port of this machine, unless the issuer is one', async () => {
    const elsewhere = 'https://issuer.example.com'
    const real = globalThis.fetch
    const asked: string[] = []
    // The issuer is on another host: only what it says is put in its place.
    globalThis.fetch = async (input, options) => {
      const url = input instanceof Request ? input.url : input.toString()
      asked.push(url)
      if (!url.startsWith(elsewhere)) return real(input, options)
      return Response.json({ issuer: elsewhere, jwks_uri: jwksUri() })
    }
    try {
      const server = resourceServer(issuer, { issuer: elsewhere, jwks: true })
      const guardOf = server.requireBearer()
      const http = createServer((req, res) => guardOf(req, res, () => res.end()))
      const lines = ['GET / HTTP/1.1', `Authorization: Bearer ${await signed({ iss: elsewhere })}`]
      expect((await sendRaw(http, lines)).status).toBe(500)
      expect(asked).toEqual([`${elsewhere}/.well-known/oauth-authorization-server`])
      expect(issuer.asked).toEqual([])
    } finally {
      globalThis.fetch = real
    }
  })
})
