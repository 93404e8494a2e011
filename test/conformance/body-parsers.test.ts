import express5, { type RequestHandler } from 'express'
import express4 from 'express4'
import { beforeAll, describe, expect, it } from 'vitest'
import { basicLine, formLine } from '../fixtures/post-token.js'
import { sendRaw } from '../fixtures/raw-http.js'
import {
  issued,
  refused,
  shown,
  type ShownAnswer,
  scopeWords,
  repeatedWords,
  tooLongWords,
} from '../fixtures/shown-answer.js'
import { testServer, type TestServer } from '../fixtures/test-server.js'

const good = 'grant_type=client_credentials'
const granted = issued('stock:write')
const malformed = refused(400, 'invalid_request', 'The body is not form-encoded UTF-8')
const repeated = refused(400, 'invalid_request', repeatedWords)
const missing = refused(400, 'invalid_request', 'The parameter grant_type is missing')
const tooLong = refused(400, 'invalid_request', tooLongWords)
const tooMany = refused(400, 'invalid_request', 'Too many parameters')
const tooLarge = refused(413, 'invalid_request', 'The body is too large')
const notAForm = refused(400, 'invalid_request', 'The body must be application/x-www-form-urlencoded')

const numbered = (count: number): string => Array.from({ length: count }, (_, index) => `&p${index}=1`).join('')

/** A good form of exactly so many octets. */
function ofSize(octets: number): string {
  let form = good
  for (let i = 0; form.length < octets; i++) form += `&p${i}=`.padEnd(Math.min(octets - form.length, 16_000), 'x')
  return form
}

const chunk = (form: string): string => `${form.length.toString(16)}\r\n${form}\r\n0\r\n\r\n`
const inChunks = [formLine, 'Transfer-Encoding: chunked']

/** What a client sends, octet by octet, and what it is answered: whatever the application mounted before the router. */
const requests: readonly [what: string, form: string, answer: ShownAnswer, more?: readonly string[]][] = [
  ['a good form', good, granted],
  ['a scope', `${good}&scope=orders:read`, issued('orders:read')],
  ['plus and percent for a space', `${good}&scope=orders:read+stock%3Awrite`, issued('orders:read stock:write')],
  ['encoded names', 'gr%61nt%5Ftype=client_credentials', granted],
  ['unknown parameters', `${good}&foo=bar&Grant_Type=x&f%C3%BC=%E2%82%AC`, granted],
  ['octets above ASCII as they are', `${good}&foo=\xC3\xA9`, granted],
  ['names of Object.prototype', `${good}&__proto__=1&hasOwnProperty=1&toString=x&constructor=x`, granted],
  ['brackets on unknown names', `${good}&foo[]=1&bar[x]=1&__proto__[x]=1&constructor[prototype][x]=1`, granted],
  ['a parameter without a value', `${good}&scope=&foo&bar=`, granted],
  ['values without a name, and nothing at all', `&&=x&=y&&${good}&&`, granted],
  ['a quote, a semicolon, a NUL', `${good}&foo="a";b&bar=%00`, granted],
  ['fifty parameters', good + numbered(49), granted],
  ['an empty body', '', missing],
  ['no name but other ones', 'grant_typ=client_credentials', missing],
  ['an empty value', 'grant_type=', missing],
  ['no value', 'grant_type', missing],
  ['a semicolon for an ampersand', 'a=1;grant_type=client_credentials', missing],
  ['a byte order mark, encoded', `%EF%BB%BF${good}`, missing],
  ['a repeat', `${good}&${good}`, repeated],
  ['a repeat in another spelling', `${good}&grant%5Ftype=x`, repeated],
  ['a repeat of which one is empty', `${good}&scope=&scope=stock:write`, repeated],
  ['a repeat of an unknown parameter', `${good}&foo=1&foo=2`, repeated],
  ['twenty-five repeats', good + '&scope=stock:write'.repeat(25), repeated],
  ['a list of one', 'grant_type[]=client_credentials', repeated],
  ['a list by index', `${good}&scope[0]=stock:write`, repeated],
  ['an object', `${good}&client_id[$ne]=x`, repeated],
  ['a value and a list', `${good}&scope=stock:write&scope[]=orders:read`, repeated],
  ['encoded brackets', `${good}&scope%5B%5D=stock:write`, repeated],
  ['octets that are not UTF-8', `${good}&foo=\xFF`, malformed],
  ['a replacement character', `${good}&foo=%EF%BF%BD`, malformed],
  ['a replacement character in a name', `${good}&%EF%BF%BD=foo`, malformed],
  ['a value of 16384 characters', `${good}&foo=${'x'.repeat(16_384)}`, granted],
  ['a value of 16385 characters', `${good}&foo=${'x'.repeat(16_385)}`, tooLong],
  ['fifty-one parameters', good + numbered(50), tooMany],
  ['65536 octets', ofSize(65_536), granted],
  ['65537 octets', ofSize(65_537), tooLarge],
  ['one chunk', chunk(good), granted, inChunks],
  ['no chunk', '0\r\n\r\n', missing, inChunks],
  ['a chunk of 70000 octets', chunk(ofSize(70_000)), tooLarge, inChunks],
  ['JSON', '{"grant_type":"client_credentials"}', notAForm, ['Content-Type: application/json']],
  ['JSON of lists', '{"grant_type":["client_credentials"]}', notAForm, ['Content-Type: application/json']],
  ['JSON that is a list', '[1,2]', notAForm, ['Content-Type: application/json']],
  ['text', good, notAForm, ['Content-Type: text/plain']],
  ['a form that says multipart', good, notAForm, ['Content-Type: multipart/form-data; boundary=x']],
  ['no content type', good, notAForm, []],
  ['a content type in capitals', good, granted, ['Content-Type: APPLICATION/X-WWW-FORM-URLENCODED; Charset="UTF-8"']],
  ['a longer content type', good, notAForm, ['Content-Type: application/x-www-form-urlencodedx']],
]

const parsers = (express: typeof express5): readonly [name: string, parser: RequestHandler[]][] => [
  ['no parser', []],
  ['urlencoded({ extended: false })', [express.urlencoded({ extended: false })]],
  ['urlencoded({ extended: true })', [express.urlencoded({ extended: true })]],
  ['json()', [express.json()]],
  ['json() and urlencoded() for 50 MB', [express.json(), express.urlencoded({ extended: true, limit: '50mb' })]],
  ["text({ type: '*/*' })", [express.text({ type: '*/*' })]],
  ["raw({ type: '*/*' })", [express.raw({ type: '*/*' })]],
]

describe.each([
  ['Express 4', 4, express4 as unknown as typeof express5],
  ['Express 5', 5, express5],
] as const)('%s', (_name, major, express) => {
  describe.each(parsers(express))('with %s before the router', (_parser, parser) => {
    let server: TestServer

    beforeAll(() => {
      server = testServer({ express: major, before: (app) => parser.forEach((handler) => app.use(handler)) })
    })

    it.each(requests)(
      'responds in the same way to %s (HTP-04, HTP-09)',
      async (_what, form, answer, more = [formLine]) => {
        const lines = ['POST /oauth/token HTTP/1.1', basicLine(), ...more]
        expect(shown(await sendRaw(server.http, lines, form))).toEqual(answer)
      },
    )
  })
})

describe('what the middleware before the router leaves', () => {
  const post = ['POST /oauth/token HTTP/1.1', basicLine(), formLine]

  it.each(['%zz', '%2', '%'])('accepts what a parser made of a broken escape: %s (HTP-08)', async (value) => {
    const parser = express5.urlencoded()
    const server = testServer({ before: (app) => app.use(parser) })
    // The parser's result is the same as for %25zz: nobody can tell any more.
    const answer = await sendRaw(server.http, post, `${good}&scope=${value}`)
    expect(shown(answer)).toEqual(refused(400, 'invalid_scope', scopeWords))
  })

  it.each([
    ['null', null],
    ['a number', 1],
    ['a list', [good]],
    ['a list of pairs', [['grant_type', 'x']]],
  ])('refuses %s (HTP-04)', async (_what, body) => {
    const server = testServer({ before: (app) => app.use(leaving(body)) })
    expect(shown(await sendRaw(server.http, post, good))).toEqual(notAForm)
  })

  it.each([
    ['an object', { grant_type: { $ne: '' } }],
    ['a list', { grant_type: ['client_credentials'] }],
    ['a number', { grant_type: 1 }],
    ['null', { grant_type: null }],
  ])('refuses %s as the value of a parameter (HTP-09)', async (_what, body) => {
    const server = testServer({ before: (app) => app.use(leaving(body)) })
    expect(shown(await sendRaw(server.http, post, good))).toEqual(repeated)
  })

  it('tells the operator, not the client, that the body is gone (ORD-05)', async () => {
    const server = testServer({ before: (app) => app.use(leaving(undefined)) })
    expect(shown(await sendRaw(server.http, post, good))).toEqual(
      refused(500, 'server_error', 'The server met an unexpected condition'),
    )
    expect(server.events.at(-1)).toMatchObject({
      type: 'failure',
      cause: {
        message: expect.stringMatching(
          /^Something read the request body before latchkey and did not leave it in req\.body\. Mount /,
        ),
      },
    })
  })

  it('needs no body from a middleware that waited for the end of an empty one (HTP-04)', async () => {
    const server = testServer({ before: (app) => app.use(leaving(undefined)) })
    expect(shown(await sendRaw(server.http, [...post, 'Content-Length: 0']))).toEqual(missing)
  })
})

/** A middleware that reads the whole body and leaves something else in its place. */
function leaving(body: unknown): RequestHandler {
  return (req, _res, next) => {
    req.resume().on('end', () => {
      req.body = body
      next()
    })
  }
}
