import { once } from 'node:events'
import type { RequestListener } from 'node:http'
import { createServer, request, type RequestOptions } from 'node:https'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { afterEach, describe, expect, it } from 'vitest'
import { basicLine, formLine } from '../fixtures/post-token.js'
import { sendRaw } from '../fixtures/raw-http.js'
import { issued, refused, shown } from '../fixtures/shown-answer.js'
import { basic, secretOf, testServer, type TestServerOptions } from '../fixtures/test-server.js'

const good = 'grant_type=client_credentials'
const post = ['POST /oauth/token HTTP/1.1', formLine, basicLine()]
const granted = issued('stock:write')
const description = 'TLS is required; behind a TLS proxy, set trust proxy in the application'
const noTls = refused(400, 'invalid_request', description)
const requireTls = { requireTls: true }

describe.each([4, 5] as const)('TLS and proxies, Express %i', (express) => {
  const behindProxy: TestServerOptions = { express, before: (app) => app.set('trust proxy', 'loopback') }

  it.each([
    ['plain HTTP', []],
    ['plain HTTP that calls itself TLS', ['X-Forwarded-Proto: https', 'Forwarded: proto=https']],
  ])('HTP-21 refuses %s: no redirect, no look-up', async (_what, more) => {
    const server = testServer({ express, server: requireTls })
    const answer = await sendRaw(server.http, [...post, ...more], good)
    expect(shown(answer)).toEqual(noTls)
    expect(answer.headers['location']).toBeUndefined()
    const refusals = server.events.filter(({ type }) => type !== 'warning')
    expect(refusals).toMatchObject([{ type: 'request_refused', error: 'invalid_request', description }])
  })

  it('HTP-21 ORD-01 refuses a wrong method before it asks for TLS', async () => {
    const { http } = testServer({ express, server: requireTls })
    const answer = await sendRaw(http, ['GET /oauth/token HTTP/1.1'])
    expect(shown(answer)).toEqual(refused(405, 'invalid_request', 'Only POST is allowed here'))
  })

  it('HTP-21 refuses what a trusted proxy got without TLS, and serves what it got with TLS', async () => {
    const { http } = testServer({ ...behindProxy, server: requireTls })
    expect(shown(await sendRaw(http, [...post, 'X-Forwarded-Proto: http'], good))).toEqual(noTls)
    expect(shown(await sendRaw(http, post, good))).toEqual(noTls)
    expect(shown(await sendRaw(http, [...post, 'X-Forwarded-Proto: https'], good))).toEqual(granted)
  })

  it('HTP-22 tells the address of the peer, not what a stranger says it is', async () => {
    const spoofed = [...post, 'X-Forwarded-For: 203.0.113.9', 'Forwarded: for=203.0.113.9', 'X-Real-IP: 203.0.113.9']
    const server = testServer({ express })
    await sendRaw(server.http, spoofed, good)
    expect(server.events.at(-1)).toMatchObject({ type: 'tokens_issued', address: '127.0.0.1' })
  })

  it('HTP-22 tells the address that a trusted proxy says', async () => {
    const server = testServer(behindProxy)
    await sendRaw(server.http, [...post, 'X-Forwarded-For: 198.51.100.1, 203.0.113.9'], good)
    expect(server.events.at(-1)).toMatchObject({ type: 'tokens_issued', address: '203.0.113.9' })
  })
})

describe('TLS itself', () => {
  it('HTP-21 serves requests over TLS, in front of an app and behind one', async () => {
    const { oauth, http } = testServer({ server: requireTls })
    const [app] = http.listeners('request') as [RequestListener]
    expect(await postOverTls(oauth.handler())).toEqual(granted)
    expect(await postOverTls(app)).toEqual(granted)
  })

  it('HTP-21 refuses plain HTTP in front of an app, whatever its headers say', async () => {
    const { oauth, http } = testServer({ server: requireTls })
    http.removeAllListeners('request').on('request', oauth.handler())
    expect(shown(await sendRaw(http, [...post, 'X-Forwarded-Proto: https'], good))).toEqual(noTls)
  })
})

describe('requireTls', () => {
  const { NODE_ENV } = process.env

  afterEach(() => {
    process.env['NODE_ENV'] = NODE_ENV
  })

  it.each([
    ['production', 'https://api.example.com', noTls],
    ['production', 'http://127.0.0.1', granted],
    ['development', 'https://api.example.com', granted],
  ])('HTP-21 has the right default in %s for %s', async (environment, issuer, answer) => {
    process.env['NODE_ENV'] = environment
    const { http } = testServer({ server: { issuer, realm: '127.0.0.1' } })
    expect(shown(await sendRaw(http, post, good))).toEqual(answer)
  })
})

/** TLS with a key that both sides know: a certificate would have to be renewed. */
async function postOverTls(listener: RequestListener): Promise<unknown> {
  const psk = Buffer.alloc(16, 1)
  const tls = { ciphers: 'PSK', maxVersion: 'TLSv1.2' } as const
  const server = createServer({ ...tls, pskCallback: () => psk }, listener)
  await once(server.listen(0, '127.0.0.1'), 'listening')
  try {
    const { port } = server.address() as AddressInfo
    const headers = {
      authorization: basic('stock-sync', secretOf('stock-sync')),
      'content-type': 'application/x-www-form-urlencoded',
    }
    const options: RequestOptions = { method: 'POST', host: '127.0.0.1', port, path: '/oauth/token', headers, ...tls }
    const client = { pskCallback: () => ({ psk, identity: 'test' }), checkServerIdentity: () => undefined }
    const [answer] = await once(request({ ...options, ...client, agent: false }).end(good), 'response')
    return shown({ status: answer.statusCode, headers: answer.headers, text: await text(answer) })
  } finally {
    server.close()
  }
}
