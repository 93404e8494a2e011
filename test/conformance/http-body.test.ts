import { once } from 'node:events'
import { connect, type AddressInfo } from 'node:net'
import { gzipSync } from 'node:zlib'
import { clientCredentialsGrant, type GrantRequest } from 'latchkey'
import { beforeEach, describe, expect, it } from 'vitest'
import { basicLine, formLine } from '../fixtures/post-token.js'
import { sendRaw } from '../fixtures/raw-http.js'
import { issued, refused, shown, type ShownAnswer, repeatedWords } from '../fixtures/shown-answer.js'
import { clients, testServer, type TestServer } from '../fixtures/test-server.js'

const good = 'grant_type=client_credentials'
const echo = 'grant_type=urn:example:echo'
const granted = issued('stock:write')
const missing = refused(400, 'invalid_request', 'The parameter grant_type is missing')
const repeated = refused(400, 'invalid_request', repeatedWords)
const malformed = refused(400, 'invalid_request', 'The body is not form-encoded UTF-8')
const notAForm = refused(400, 'invalid_request', 'The body must be application/x-www-form-urlencoded')
const notUtf8 = refused(400, 'invalid_request', 'The body must be UTF-8')
const tooLarge = refused(413, 'invalid_request', 'The body is too large')
const compressed = refused(415, 'invalid_request', 'The body must not be compressed')

const stockSync = clients.find(({ clientId }) => clientId === 'stock-sync')!

describe.each([4, 5] as const)('the body, Express %i', (express) => {
  let server: TestServer
  /** What a grant of the application was given last. */
  let given: GrantRequest

  beforeEach(() => {
    const grantType = 'urn:example:echo'
    const keepGiven = {
      grantType,
      grantAccess: (request: GrantRequest) => {
        given = request
        return { actsFor: 'client', scope: request.grantScope() } as const
      },
    }
    server = testServer({
      express,
      server: { grants: [clientCredentialsGrant(), keepGiven] },
      moreClients: [{ ...stockSync, grantTypes: ['client_credentials', grantType] }],
    })
  })

  async function send(form: string, ...headers: readonly string[]): Promise<ShownAnswer> {
    const lines = ['POST /oauth/token HTTP/1.1', basicLine(), ...(headers.length > 0 ? headers : [formLine])]
    return shown(await sendRaw(server.http, lines, form))
  }

  describe('its content type', () => {
    it.each([
      'application/json',
      'text/plain',
      'multipart/form-data; boundary=x',
      'application/xml',
      'application/x-www-form-urlencodedX',
      'application/x-www-form-urlencoded, text/plain',
      'x-application/x-www-form-urlencoded',
      'application/json; x=application/x-www-form-urlencoded',
      '',
    ])('refuses %j (HTP-04, DEC-07)', async (type) => {
      expect(await send(good, `Content-Type: ${type}`)).toEqual(notAForm)
    })

    it('refuses a body without one, and JSON that claims it (HTP-04)', async () => {
      expect(await send(good, 'Accept: */*')).toEqual(notAForm)
      expect(await send('{"grant_type":"client_credentials"}', 'Content-Type: application/json')).toEqual(notAForm)
    })

    it('uses the first of two, as Node does, and parses once (HTP-04)', async () => {
      expect(await send(good, formLine, 'Content-Type: application/json')).toEqual(granted)
      expect(await send(good, 'Content-Type: application/json', formLine)).toEqual(notAForm)
    })

    it.each([
      'application/x-www-form-urlencoded',
      'APPLICATION/X-WWW-FORM-URLENCODED; Charset=utf-8',
      'application/x-www-form-urlencoded;charset="UTF-8"',
      'application/x-www-form-urlencoded ; charset=utf8',
      'application/x-www-form-urlencoded; boundary=x',
      'application/x-www-form-urlencoded;',
    ])('accepts %j (HTP-05)', async (type) => {
      expect(await send(good, `Content-Type: ${type}`)).toEqual(granted)
    })

    it.each(['iso-8859-1', 'utf-16', 'utf-7', 'us-ascii', '"latin1"', "'utf-8'", ''])(
      'refuses the charset %j (HTP-06)',
      async (charset) => {
        expect(await send(good, `${formLine}; charset=${charset}`)).toEqual(notUtf8)
      },
    )
  })

  describe('its encoding', () => {
    it.each(['gzip', 'deflate', 'br', 'x-gzip', 'foo', 'gzip, identity'])('refuses %s (HTP-28)', async (encoding) => {
      const form = gzipSync(good).toString('latin1')
      expect(await send(form, formLine, `Content-Encoding: ${encoding}`)).toEqual(compressed)
    })

    it.each(['identity', 'Identity'])('accepts %s (HTP-28)', async (encoding) => {
      expect(await send(good, formLine, `Content-Encoding: ${encoding}`)).toEqual(granted)
    })

    it.each([
      ['%FF', 'an octet that is never UTF-8'],
      ['%C3', 'half a character'],
      ['%C0%80', 'an overlong NUL'],
      ['%ED%A0%80', 'a surrogate'],
      ['%F4%90%80%80', 'a character above Unicode'],
      ['%zz', 'no hexadecimal digits'],
      ['%2', 'one digit'],
      ['%', 'no digit'],
      ['%u00E9', 'another language'],
      ['\xFF', 'an octet as it is'],
    ])('refuses %s: %s, in a value and in a name (HTP-08)', async (text) => {
      expect(await send(`${good}&foo=${text}`)).toEqual(malformed)
      expect(await send(`${good}&${text}=foo`)).toEqual(malformed)
    })

    it.each([
      ['%C3%A9', 'é'],
      ['\xC3\xA9', 'é'],
      ['%F0%9F%94%91', '🔑'],
      ['a+b%20c', 'a b c'],
      ['%2B', '+'],
      ['+%25%26%2B%C2%A3%E2%82%AC', ' %&+£€'],
      ['%25zz', '%zz'],
      ['a=b', 'a=b'],
      ['%EF%BB%BFa', '\uFEFFa'],
      ['%00', '\0'],
    ])('decodes %s, in a value and in a name (HTP-06, HTP-07)', async (encoded, text) => {
      expect(await send(`${echo}&foo=${encoded}`)).toEqual(granted)
      expect(given.parameters.get('foo')).toBe(text)
      if (encoded === 'a=b') return
      expect(await send(`${echo}&${encoded}=foo`)).toEqual(granted)
      expect(given.parameters.get(text)).toBe('foo')
    })
  })

  describe('its parameters', () => {
    it.each([
      ['a repeat', 'HTP-09', `${good}&${good}`],
      ['a repeat of an unknown parameter', 'HTP-09, DEC-10', `${good}&foo=1&foo=1`],
      ['twenty-five repeats', 'HTP-09', `${good}${'&scope=stock:write'.repeat(25)}`],
      ['a repeat of an empty parameter', 'HTP-12', `${good}&scope=&scope=stock:write`],
      ['an empty repeat', 'HTP-12', `${good}&scope=stock:write&scope`],
      ['a repeat in another spelling', 'HTP-13', 'grant%5Ftype=x&grant_type=client_credentials'],
    ])('refuses %s (%s)', async (_what, _ids, form) => {
      expect(await send(form)).toEqual(repeated)
    })

    it('treats a parameter without a value as absent (HTP-10)', async () => {
      for (const form of ['', 'grant_type=', 'grant_type', 'grant_type=&scope=x'])
        expect(await send(form)).toEqual(missing)
      expect(await send(`${good}&scope=&client_secret=&client_id=`)).toEqual(granted)
      expect(await send(`${echo}&username=&foo`)).toEqual(granted)
      expect(given.parameters.get('username')).toBeUndefined()
      expect([...given.context.parameters]).toEqual([['grant_type', 'urn:example:echo']])
    })

    it('ignores unknown parameters; names are case-sensitive (HTP-11, HTP-13)', async () => {
      expect(await send(`${good}&foo=bar&Scope=x&SCOPE=y&foo[]=1&bar[x]=2`)).toEqual(granted)
      expect(await send('Grant_Type=client_credentials')).toEqual(missing)
      expect(await send('grant%5Ftype=client%5Fcredentials')).toEqual(granted)
    })

    it('gives no special meaning to names such as __proto__ (HTP-29)', async () => {
      const names = ['__proto__', 'constructor', 'hasOwnProperty', 'toString', 'get', 'size']
      expect(await send(echo + names.map((name) => `&${name}=1`).join(''))).toEqual(granted)
      for (const name of names) expect(given.parameters.get(name)).toBe('1')
      expect(await send(`${echo}&__proto__[isAdmin]=1&constructor[prototype][isAdmin]=1`)).toEqual(granted)
      for (const name of [...names, 'isAdmin']) expect(given.parameters.get(name)).toBeUndefined()
      expect('isAdmin' in {}).toBe(false)
    })

    it('are fifty at most, also when there are ten thousand (HTP-27)', async () => {
      const more = (count: number): string => Array.from({ length: count }, (_, i) => `&p${i}`).join('')
      const tooMany = refused(400, 'invalid_request', 'Too many parameters')
      expect(await send(good + more(49))).toEqual(granted)
      expect(await send(good + more(50))).toEqual(tooMany)
      expect(await send(good + more(10_000))).toEqual(tooMany)
    })
  })

  describe('its size', () => {
    it('is refused from the header, before the body is read (HTP-26)', async () => {
      expect(await send('', formLine, 'Content-Length: 65537')).toEqual(tooLarge)
    })

    it('is refused in chunks, as soon as it is too large, and the connection is closed (HTP-26)', async () => {
      await once(server.http.listen(0, '127.0.0.1'), 'listening')
      const socket = connect((server.http.address() as AddressInfo).port, '127.0.0.1')
      socket.on('error', () => undefined)
      const head = ['POST /oauth/token HTTP/1.1', 'Host: x', basicLine(), formLine, 'Transfer-Encoding: chunked']
      socket.write(`${head.join('\r\n')}\r\n\r\n`)
      // The last chunk never comes.
      socket.write(`10000\r\n${'x'.repeat(65_536)}\r\n${'1\r\nx\r\n'.repeat(9)}`)
      const [answer] = await once(socket, 'data')
      await once(socket, 'close')
      server.http.close()
      expect(String(answer)).toMatch(/^HTTP\/1\.1 413 Payload Too Large\r\n/)
      expect(String(answer)).toMatch(/\r\nConnection: close\r\n/)
      expect(JSON.parse(String(answer).split('\r\n\r\n')[1]!)).toEqual(tooLarge.body)
      expect(server.events.map(({ type }) => type)).toEqual(['request_refused'])
    })

    it('may be 65536 bytes (HTP-26)', async () => {
      const filler = Array.from({ length: 4 }, (_, i) => `&p${i}=${'x'.repeat(16_000)}`).join('')
      const form = `${good}${filler}&last=`
      expect(await send(form.padEnd(65_536, 'x'))).toEqual(granted)
      expect(await send(form.padEnd(65_537, 'x'))).toEqual(tooLarge)
    })
  })
})
