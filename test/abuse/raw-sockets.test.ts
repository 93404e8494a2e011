import { once } from 'node:events'
import { createServer } from 'node:http'
import { beforeAll, describe, expect, it } from 'vitest'
import type { PasswordHasher } from 'latchkey'
import { plainHasher } from '../fixtures/plain-passwords.js'
import { basicLine, formLine } from '../fixtures/post-token.js'
import { shown } from '../fixtures/shown-answer.js'
import { attackedServer, member, type AttackedServer } from './attacked.js'
import { answersIn, ask, exchange, open, requestOctets } from './exchange.js'
import { watchProcess } from './process-watch.js'

watchProcess()

const post = 'POST /oauth/token HTTP/1.1'
const own = 'grant_type=client_credentials'
const signIn = 'grant_type=password&username=alice&password=alice%27s+password'
const authenticated = [formLine, basicLine()]

/** Octets of a request that stays open for the next one. */
function keptOpen(requestLine: string, lines: readonly string[], body: string): string {
  return [requestLine, 'Host: 127.0.0.1', ...lines, `Content-Length: ${String(body.length)}`, '', body].join('\r\n')
}

let server: AttackedServer
/** Ends the hash that has begun. */
let finishHash: () => void = () => undefined

/** Waits at every password `slow`. */
const hasher: PasswordHasher = {
  ...plainHasher,
  async verify(password, hash) {
    if (password.startsWith('slow')) await new Promise<void>((resolve) => (finishHash = resolve))
    return plainHasher.verify(password, hash)
  },
}

beforeAll(async () => {
  server = await attackedServer({ password: { hasher } })
  server.http.requestTimeout = 1000
  server.http.headersTimeout = 500
  server.http.keepAliveTimeout = 500
})

/** How many tokens were issued while something was done; the server is as good as before. */
async function issuedBy(act: () => Promise<unknown>): Promise<number> {
  server.events.length = 0
  await act()
  await new Promise((resolve) => setTimeout(resolve, 20))
  const issued = server.events.filter(({ type }) => type === 'tokens_issued').length
  expect((await server.postAs('stock-sync', own)).status).toBe(200)
  return issued
}

/** Sends these octets alone and answers the statuses that came back. */
async function statusesOf(octets: string, piece?: number): Promise<number[]> {
  return answersIn(await exchange(server.http, octets, { ...(piece && { piece }) })).map(({ status }) => status)
}

describe('requests that Node itself refuses', () => {
  const rows: readonly [what: string, id: string, octets: string, status: number][] = [
    [
      'a length and chunks',
      'ABU-006',
      requestOctets(
        [post, ...authenticated, `Content-Length: ${String(own.length)}`, 'Transfer-Encoding: chunked'],
        own,
      ),
      400,
    ],
    [
      'two lengths',
      'ABU-006',
      requestOctets([post, ...authenticated, 'Content-Length: 5', 'Content-Length: 29'], own),
      400,
    ],
    [
      'a length that is no number',
      'ABU-006',
      requestOctets([post, ...authenticated, 'Content-Length: 0x1d'], own),
      400,
    ],
    [
      'chunks that are not the last encoding',
      'ABU-006',
      requestOctets([post, ...authenticated, 'Transfer-Encoding: chunked, gzip'], own),
      400,
    ],
    [
      'a chunk of a length that is none',
      'ABU-006',
      requestOctets([post, ...authenticated, 'Transfer-Encoding: chunked'], `zz\r\n${own}\r\n0\r\n\r\n`),
      400,
    ],
    [
      '17 kB of credentials',
      'ABU-007',
      requestOctets([post, formLine, `Authorization: Basic ${'a'.repeat(17_000)}`], own),
      431,
    ],
    [
      '2 000 headers',
      'ABU-007',
      requestOctets([post, ...authenticated, ...Array.from({ length: 2000 }, (_, n) => `X-${String(n)}: xxxxxx`)], own),
      431,
    ],
    ['a NUL in a header', 'ABU-008', requestOctets([post, formLine, `${basicLine()}\0`], own), 400],
    ['a CR in a header', 'ABU-008', requestOctets([post, formLine, `${basicLine()}\rX: y`], own), 400],
    [
      'a LF that makes a line without a colon',
      'ABU-008',
      requestOctets([post, formLine, `${basicLine()}\nX`], own),
      400,
    ],
    ['a NUL in the target', 'ABU-008', requestOctets(['POST /oauth/token\0 HTTP/1.1', ...authenticated], own), 400],
    ['a space in a header name', 'ABU-008', requestOctets([post, formLine, `Authorization : Basic x`], own), 400],
  ]

  it.each(rows)('%s (%s)', async (_what, _id, octets, status) => {
    expect(await issuedBy(async () => expect(await statusesOf(octets)).toEqual([status]))).toBe(0)
  })
})

describe('slow and missing bodies', () => {
  it('a body that stops half-way gets no token, and its connection is closed (ABU-005)', async () => {
    // Node looks for requests that take too long every 30 s by default.
    const limits = { requestTimeout: 1000, headersTimeout: 500, connectionsCheckingInterval: 100 }
    const impatient = createServer(limits, (req, res) => server.http.emit('request', req, res))
    await once(impatient.listen(0, '127.0.0.1'), 'listening')
    const octets = keptOpen(post, authenticated, own).replace(`: ${String(own.length)}`, ': 100')
    const issued = await issuedBy(async () => {
      const started = performance.now()
      const answer = await exchange(impatient, octets)
      expect(answer === '' || answersIn(answer)[0]?.status === 408).toBe(true)
      expect(performance.now() - started).toBeLessThan(45_000)
    })
    impatient.close()
    expect(issued).toBe(0)
  })

  it('a body that comes byte by byte is read', async () => {
    const octets = requestOctets([post, ...authenticated], own)
    expect(await issuedBy(async () => expect(await statusesOf(octets, 1)).toEqual([200]))).toBe(1)
  })

  it('chunks of one byte are read', async () => {
    const chunks = Array.from(own, (octet) => `1\r\n${octet}\r\n`).join('') + '0\r\n\r\n'
    const octets = requestOctets([post, ...authenticated, 'Transfer-Encoding: chunked'], chunks)
    expect(await issuedBy(async () => expect(await statusesOf(octets, 7)).toEqual([200]))).toBe(1)
  })

  it('a body that is too large is refused before it arrives (ABU-001)', async () => {
    const head = [post, ...authenticated, 'Content-Length: 5000000']
    const answer = await ask(server.http, head)
    expect(answer.status).toBe(413)
    const chunk = `${(70_000).toString(16)}\r\n${'x'.repeat(70_000)}\r\n`
    const octets = requestOctets([post, ...authenticated, 'Transfer-Encoding: chunked'], chunk)
    // The end of the body never comes.
    expect(await statusesOf(octets)).toEqual([413])
  })

  it('Expect: 100-continue gets one, and then the response', async () => {
    const octets = requestOctets([post, ...authenticated, 'Expect: 100-continue'], own)
    const answer = await exchange(server.http, octets.slice(0, -own.length), {
      isEnough: (text) => text.includes('100 Continue'),
    })
    expect(answer).toMatch(/^HTTP\/1\.1 100 Continue\r\n\r\n/)
    expect(await issuedBy(() => exchange(server.http, octets))).toBe(1)
    expect((await ask(server.http, [post, ...authenticated, 'Expect: a-miracle'], own)).status).toBe(417)
  })
})

describe('clients that disconnect', () => {
  it.each([5, 60, 200])('after %i bytes (ABU-032)', async (octets) => {
    const issued = await issuedBy(async () => {
      const socket = await open(server.http)
      socket.end(requestOctets([post, ...authenticated, 'Content-Length: 9999'], own).slice(0, octets), 'latin1')
      await once(socket.resume(), 'close')
    })
    expect(issued).toBe(0)
  })

  it('in the middle of a body, with a reset (ABU-032)', async () => {
    const issued = await issuedBy(async () => {
      const socket = await open(server.http)
      socket.write(requestOctets([post, ...authenticated, 'Content-Length: 9999'], own), 'latin1')
      await new Promise((resolve) => setTimeout(resolve, 20))
      socket.resetAndDestroy()
    })
    expect(issued).toBe(0)
  })

  it.each(['slow-wrong', "slow alice's password"])('after hashing has begun: %s (ABU-032)', async (password) => {
    server.users.set('slow', { userId: 'user-slow', passwordHash: "plain:slow alice's password" })
    const form = new URLSearchParams({ grant_type: 'password', username: 'slow', password }).toString()
    const before = finishHash
    const socket = await open(server.http)
    socket.write(requestOctets([post, formLine, basicLine('shop-app')], form), 'latin1')
    while (finishHash === before) await new Promise((resolve) => setTimeout(resolve, 5))
    socket.resetAndDestroy()
    await new Promise((resolve) => setTimeout(resolve, 20))
    finishHash()
    await new Promise((resolve) => setTimeout(resolve, 20))
    // What was issued for somebody who is gone is known to nobody; it is a sign-in like any other that was never used.
    const kept = server.stores.tokens.listAuthorizations('user-slow')
    expect(kept.length).toBe(password === 'slow-wrong' ? 0 : 1)
    await server.oauth.authorizations.revoke({ userId: 'user-slow' })
    expect((await server.postAs('stock-sync', own)).status).toBe(200)
  })

  it('a half-closed connection gets its response', async () => {
    const socket = await open(server.http)
    socket.end(keptOpen(post, authenticated, own), 'latin1')
    let answer = ''
    socket.on('data', (chunk: string) => (answer += chunk))
    await once(socket, 'close')
    // Node may take the half for a whole: then there is no answer, and nothing worse.
    expect(answersIn(answer).map(({ status }) => status)).toEqual(answer === '' ? [] : [200])
  })
})

describe('many requests on one connection', () => {
  it('get responses in order, each for its own client', async () => {
    const wrong = [formLine, basicLine('stock-sync', 'wrong')]
    const requests = [
      keptOpen(post, authenticated, own),
      keptOpen(post, wrong, own),
      keptOpen(post, [formLine, basicLine('shop-app')], signIn),
      keptOpen(post, [formLine], own),
      requestOctets([post, ...authenticated], `${own}&scope=orders:read`),
    ]
    const issued = await issuedBy(async () => {
      const answers = answersIn(await exchange(server.http, requests.join('')))
      expect(answers.map(({ status }) => status)).toEqual([200, 401, 200, 401, 200])
      expect([0, 2, 4].map((n) => member(answers[n]!, 'scope'))).toEqual([
        'stock:write',
        'orders:read orders:write',
        'orders:read',
      ])
      expect(new Set([0, 2, 4].map((n) => member(answers[n]!, 'access_token'))).size).toBe(3)
    })
    expect(issued).toBe(3)
  })

  it('a request inside a body is not executed', async () => {
    const inner = keptOpen(post, authenticated, own)
    const outer = keptOpen(post, [formLine], inner) + requestOctets(['GET /orders HTTP/1.1'])
    const issued = await issuedBy(async () => expect(await statusesOf(outer)).toEqual([401, 401]))
    expect(issued).toBe(0)
  })

  it('a request behind a body that is too large gets no response', async () => {
    const large = keptOpen(post, authenticated, 'x'.repeat(70_000)) + requestOctets([post, ...authenticated], own)
    // Node hands on what it has read already, although the connection is to be closed.
    expect(await issuedBy(async () => expect(await statusesOf(large)).toEqual([413]))).toBeLessThanOrEqual(1)
  })
})

describe('odd requests', () => {
  const granted = 200
  const rows: readonly [what: string, lines: string[], body: string, status: number][] = [
    ['HTTP/1.0', ['POST /oauth/token HTTP/1.0', ...authenticated], own, granted],
    [
      'a target with scheme and host',
      ['POST http://evil.example/oauth/token HTTP/1.1', ...authenticated],
      own,
      granted,
    ],
    ['an upgrade', [post, ...authenticated, 'Connection: Upgrade', 'Upgrade: websocket'], own, granted],
    [
      'an upgrade to HTTP/2',
      [post, ...authenticated, 'Connection: Upgrade, HTTP2-Settings', 'Upgrade: h2c'],
      own,
      granted,
    ],
    ['GET with a body', ['GET /oauth/token HTTP/1.1', ...authenticated], own, 405],
    ['DELETE with a body', ['DELETE /oauth/token HTTP/1.1', ...authenticated], own, 405],
    ['TRACE', ['TRACE /oauth/token HTTP/1.1', ...authenticated], '', 405],
    ['two targets', ['POST /oauth/token /x HTTP/1.1', ...authenticated], own, 400],
    ['HTTP/3.0', ['POST /oauth/token HTTP/3.0', ...authenticated], own, 400],
    ['two content types (ABU-024)', [post, formLine, 'Content-Type: application/json', basicLine()], own, granted],
    [
      'two content types, JSON first (ABU-024)',
      [post, 'Content-Type: application/json', formLine, basicLine()],
      own,
      400,
    ],
    ['two credentials (ABU-045)', [post, ...authenticated, basicLine('shop-app')], own, 400],
  ]

  it.each(rows)('%s', async (_what, lines, body, status) => {
    const issued = await issuedBy(async () => expect(await statusesOf(requestOctets(lines, body))).toEqual([status]))
    expect(issued).toBe(status === granted ? 1 : 0)
  })
})

describe('TLS', () => {
  it.each(['X-Forwarded-Proto: https', 'Forwarded: proto=https', 'X-Forwarded-Ssl: on', 'X-Url-Scheme: https'])(
    'is not believed because of a header: %s (ABU-030)',
    async (line) => {
      const secure = await attackedServer({ server: { requireTls: true } })
      for (const path of ['/oauth/token', '/oauth/revoke', '/oauth/introspect']) {
        const answer = await ask(secure.http, [`POST ${path} HTTP/1.1`, ...authenticated, line], own)
        expect(shown(answer)).toMatchObject({
          status: 400,
          cacheControl: 'no-store',
          body: { error: 'invalid_request' },
        })
      }
      expect(secure.events.filter(({ type }) => type === 'tokens_issued')).toEqual([])
    },
  )
})
