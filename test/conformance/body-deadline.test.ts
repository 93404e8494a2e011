import { once } from 'node:events'
import { createServer } from 'node:http'
import { connect, type AddressInfo } from 'node:net'
import express, { type RequestHandler } from 'express'
import { describe, expect, it } from 'vitest'
import { limitedFetch } from '../../lib/resource-server/limited-fetch.js'
import { basicLine, formLine } from '../fixtures/post-token.js'
import { refused } from '../fixtures/shown-answer.js'
import { testServer } from '../fixtures/test-server.js'

const form = 'grant_type=client_credentials'
const tooSlow = refused(408, 'invalid_request', 'The body did not arrive in time')

interface SentSlowly {
  readonly answer: string
  /** Whether the server has ended the connection by itself. */
  readonly isClosed: boolean
}

/** Sends a request in parts, and reads until the server closes the connection or has answered with so many bytes of JSON. */
async function sendParts(port: number, parts: readonly string[], pause = 0): Promise<SentSlowly> {
  const socket = connect(port, '127.0.0.1').setEncoding('latin1').setNoDelay()
  socket.on('error', () => undefined)
  let answer = ''
  socket.on('data', (text: string) => (answer += text))
  const ended = once(socket, 'end').then(() => true)
  for (const part of parts) {
    socket.write(part)
    await new Promise((resolve) => setTimeout(resolve, pause))
  }
  const answered = expect.poll(() => answer.includes('\r\n\r\n') && answer.endsWith('}')).toBe(true)
  const isClosed = await Promise.race([ended, answered.then(() => false)])
  await answered
  const closedAfterwards = isClosed || (answer.includes('\r\nConnection: close\r\n') && (await ended))
  socket.destroy()
  return { answer, isClosed: closedAfterwards }
}

const head = ['POST /oauth/token HTTP/1.1', 'Host: x', basicLine(), formLine]
const withLength = `${[...head, `Content-Length: ${form.length}`].join('\r\n')}\r\n\r\n`
const inChunks = `${[...head, 'Transfer-Encoding: chunked'].join('\r\n')}\r\n\r\n`

describe.each(['router', 'handler'] as const)('a body that never ends, by %s', (mount) => {
  it.each([
    ['one octet is missing', [withLength, form.slice(0, -1)]],
    ['all of it is missing', [withLength]],
    ['the last chunk is missing', [inChunks, `${form.length.toString(16)}\r\n${form}\r\n`]],
    ['its octets come one by one', [withLength, ...form.slice(0, -1).split('')]],
  ])('is refused with 408 in OAuth JSON, and the connection is closed: %s (V20)', async (_what, parts) => {
    const server = testServer({ server: { requestTimeoutSeconds: 1 } })
    const http = mount === 'router' ? server.http : createServer(server.oauth.handler())
    await once(http.listen(0, '127.0.0.1'), 'listening')
    try {
      const { answer, isClosed } = await sendParts((http.address() as AddressInfo).port, parts, 10)
      expect(answer).toMatch(/^HTTP\/1\.1 408 Request Timeout\r\n/)
      expect(answer).toMatch(/\r\nCache-Control: no-store\r\n/)
      expect(JSON.parse(answer.split('\r\n\r\n')[1]!)).toEqual(tooSlow.body)
      expect(isClosed).toBe(true)
      expect(server.events.slice(1)).toMatchObject([
        { type: 'request_refused', endpoint: 'token', error: 'invalid_request' },
      ])
      await expect.poll(() => new Promise((resolve) => http.getConnections((_error, count) => resolve(count)))).toBe(0)
    } finally {
      http.closeAllConnections()
      http.close()
    }
  })
})

describe('a body in several packets', () => {
  it.each([
    ['by length', [withLength, form.slice(0, 10), form.slice(10)]],
    ['in chunks', [inChunks, ...form.split('').map((octet) => `1\r\n${octet}\r\n`), '0\r\n\r\n']],
  ])('is read when it arrives in time: %s (V20)', async (_what, parts) => {
    const server = testServer({ server: { requestTimeoutSeconds: 600 } })
    await once(server.http.listen(0, '127.0.0.1'), 'listening')
    try {
      const { answer } = await sendParts((server.http.address() as AddressInfo).port, parts, 5)
      expect(answer).toMatch(/^HTTP\/1\.1 200 OK\r\n/)
      expect(JSON.parse(answer.split('\r\n\r\n')[1]!)).toMatchObject({ scope: 'stock:write' })
    } finally {
      server.http.closeAllConnections()
      server.http.close()
    }
  })
})

describe('a middleware that holds the request', () => {
  it('is reported to the operator when the deadline passes (V20, 02)', async () => {
    const holding: RequestHandler = (req, _res, next) => {
      // A `readable` listener that does not read: no data is emitted for anybody.
      req.on('readable', () => undefined)
      next()
    }
    const server = testServer({ server: { requestTimeoutSeconds: 1 }, before: (app) => app.use(holding) })
    await once(server.http.listen(0, '127.0.0.1'), 'listening')
    try {
      const { answer } = await sendParts((server.http.address() as AddressInfo).port, [withLength + form])
      expect(answer).toMatch(/^HTTP\/1\.1 500 /)
      expect(server.events.at(-1)).toMatchObject({
        type: 'failure',
        cause: { message: expect.stringMatching(/^A middleware before latchkey has paused the request\. Mount /) },
      })
    } finally {
      server.http.closeAllConnections()
      server.http.close()
    }
  })
})

describe("an issuer's response that never ends", () => {
  it('is given up after the deadline, however often a part arrives (V1, V20)', async () => {
    const timers: NodeJS.Timeout[] = []
    const app = express().get('/', (_req, res) => {
      res.write('{')
      timers.push(setInterval(() => res.write(' '), 20))
      res.once('close', () => timers.forEach(clearInterval))
    })
    const http = app.listen(0, '127.0.0.1')
    await once(http, 'listening')
    const url = `http://127.0.0.1:${(http.address() as AddressInfo).port}/`
    try {
      const answer = limitedFetch(url, {}, { timeoutMilliseconds: 300, maxOctets: 65_536 })
      await expect(answer).rejects.toMatchObject({ name: 'StoreUnavailableError', cause: { name: 'TimeoutError' } })
      expect(timers).toHaveLength(1)
    } finally {
      timers.forEach(clearInterval)
      http.closeAllConnections()
      http.close()
    }
  })

  it('is read if it comes byte by byte, and refused if it is too large (V1)', async () => {
    const answer = JSON.stringify({ keys: [], filler: 'é'.repeat(900) })
    const app = express().get('/', (_req, res) => {
      for (const octet of Buffer.from(answer)) res.write(Uint8Array.of(octet))
      res.end()
    })
    const http = app.listen(0, '127.0.0.1')
    await once(http, 'listening')
    const url = `http://127.0.0.1:${(http.address() as AddressInfo).port}/`
    const { length } = Buffer.from(answer)
    try {
      const whole = await limitedFetch(url, {}, { timeoutMilliseconds: 20_000, maxOctets: length })
      expect(await whole.text()).toBe(answer)
      const tooLarge = limitedFetch(url, {}, { timeoutMilliseconds: 20_000, maxOctets: length - 1 })
      await expect(tooLarge).rejects.toThrow(`the response has more than ${length - 1} bytes`)
    } finally {
      http.closeAllConnections()
      http.close()
    }
  })
})
