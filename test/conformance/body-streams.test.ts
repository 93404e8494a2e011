import { createHash } from 'node:crypto'
import { PassThrough, Writable } from 'node:stream'
import type { RequestHandler } from 'express'
import { describe, expect, it } from 'vitest'
import { basicLine, formLine } from '../fixtures/post-token.js'
import { sendRaw } from '../fixtures/raw-http.js'
import { issued, refused, shown } from '../fixtures/shown-answer.js'
import { testServer, type TestServer } from '../fixtures/test-server.js'

const post = ['POST /oauth/token HTTP/1.1', basicLine(), formLine]
const good = 'grant_type=client_credentials'
const granted = issued('stock:write')
const unexpected = refused(500, 'server_error', 'The server met an unexpected condition')
const malformed = refused(400, 'invalid_request', 'The body is not form-encoded UTF-8')
const tooLarge = refused(413, 'invalid_request', 'The body is too large')

const behind = (middleware: RequestHandler): TestServer => testServer({ before: (app) => app.use(middleware) })

/** What a middleware does to the stream before it calls `next()` at once. */
const harmless: readonly [what: string, act: (req: Parameters<RequestHandler>[0]) => unknown][] = [
  ...(['utf8', 'latin1', 'binary', 'hex', 'base64', 'base64url'] as const).map(
    (encoding): (typeof harmless)[number] => [`sets the encoding ${encoding}`, (req) => req.setEncoding(encoding)],
  ),
  ['pauses', (req) => req.pause()],
  ['pauses, and sets an encoding', (req) => req.pause().setEncoding('utf8')],
  ['listens to the data', (req) => req.on('data', () => undefined)],
  ['logs the body as text', (req) => req.setEncoding('utf8').on('data', (text: string) => text.length)],
  ['listens to the data, then pauses', (req) => req.on('data', () => undefined).pause()],
  ['pipes it into a hash', (req) => req.pipe(createHash('sha256'))],
  ['pipes it into a stream that is read', (req) => req.pipe(new PassThrough({ highWaterMark: 1 })).resume()],
  ['pipes it into a slow stream', (req) => req.pipe(slowStream())],
  ['reads all of it by itself, event by event', readAll],
  ['resumes', (req) => req.resume()],
]

describe.each([
  ['in one packet', (form: string) => form, [] as string[]],
  [
    'in one-octet chunks',
    (form: string) =>
      `${form
        .split('')
        .map((octet) => `1\r\n${octet}\r\n`)
        .join('')}0\r\n\r\n`,
    ['Transfer-Encoding: chunked'],
  ],
])('a body %s', (_how, framed, headers) => {
  it.each(harmless)('is served behind a middleware that %s (02)', async (_what, act) => {
    const server = behind((req, _res, next) => {
      act(req)
      next()
    })
    const lines = [...post, ...headers]
    expect(shown(await sendRaw(server.http, lines, framed(good)))).toEqual(granted)
    expect(shown(await sendRaw(server.http, lines, framed(`${good}&foo=\xC3\xA9&scope=orders:read`)))).toEqual(
      issued('orders:read'),
    )
    expect(shown(await sendRaw(server.http, lines, framed(`${good}&foo=\xFF`)))).toEqual(malformed)
    const ofSize = (octets: number): string =>
      Array.from({ length: 5 }, (_, i) => `&p${i}=${'x'.repeat(i === 4 ? 0 : 16_000)}`)
        .reduce((form, pair) => form + pair, good)
        .padEnd(octets, 'x')
    if (headers.length > 0) return
    expect(shown(await sendRaw(server.http, lines, ofSize(65_536)))).toEqual(granted)
    expect(shown(await sendRaw(server.http, lines, ofSize(65_537)))).toEqual(tooLarge)
  })
})

/** A body that nobody can give any more, and how the message to the operator begins. */
const lost: readonly [what: string, message: RegExp, middleware: RequestHandler][] = [
  ...(['ascii', 'utf16le', 'ucs2'] as const).map((encoding): (typeof lost)[number] => [
    `set the encoding ${encoding}, which loses octets`,
    /^A middleware before latchkey called req\.setEncoding\('(ascii|utf16le)'\)\. Mount /,
    (req, _res, next) => {
      req.setEncoding(encoding)
      next()
    },
  ]),
  [
    'read a part of it',
    /^Something read the request body before latchkey and did not leave it in req\.body\. Mount /,
    (req, _res, next) => void req.once('readable', () => next(void req.read(5))),
  ],
  [
    'read it as text and keeps it elsewhere',
    /^Something read the request body before latchkey and did not leave it in req\.body\. Mount /,
    (req, _res, next) => {
      let text = ''
      req.setEncoding('utf8').on('data', (part: string) => (text += part))
      req.on('end', () => next(void Object.assign(req, { rawBody: text })))
    },
  ],
  [
    'goes on after the first part',
    /^Something read the request body before latchkey and did not leave it in req\.body\. Mount /,
    (req, _res, next) => void req.once('data', () => next(void req.pause())),
  ],
  [
    'replaced its parts by objects',
    /^The body has parts that are not bytes\. Mount /,
    (req, _res, next) => {
      const emit = req.emit.bind(req)
      req.emit = (event: string, ...values: unknown[]) =>
        event === 'data' ? emit(event, { password: String(values[0]) }) : emit(event, ...values)
      next()
    },
  ],
]

describe('a body that is lost', () => {
  it.each(lost)('leads to one clear error without its content if a middleware %s (02)', async (_what, message, act) => {
    const server = behind(act)
    const form = 'password=Sommer1999&username=alice&grant_type=password'
    expect(shown(await sendRaw(server.http, post, form))).toEqual(unexpected)
    const [failure, ...others] = server.events.filter(({ type }) => type !== 'warning')
    expect(others).toEqual([])
    expect(failure).toMatchObject({
      type: 'failure',
      error: 'server_error',
      cause: { message: expect.stringMatching(message) },
    })
    expect(String((failure as { cause: Error }).cause.stack)).not.toContain('Sommer')
  })
})

describe('a body that a middleware leaves', () => {
  it.each([
    ['a Buffer', (form: string) => Buffer.from(form)],
    ['octets', (form: string) => Uint8Array.from(Buffer.from(form))],
    ['a text', (form: string) => form],
  ])('is read as %s (02)', async (_what, made) => {
    const server = behind((req, _res, next) => {
      req.resume().on('end', () => next(void (req.body = made(good))))
    })
    expect(shown(await sendRaw(server.http, post, good))).toEqual(granted)
  })
})

function slowStream(): Writable {
  return new Writable({ highWaterMark: 1, write: (_chunk, _encoding, done) => void setImmediate(done) })
}

function readAll(req: Parameters<RequestHandler>[0]): void {
  req.on('readable', () => {
    while (req.read() !== null);
  })
}
