import { createHmac, generateKeyPairSync, sign } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { digestClientSecret } from 'latchkey'
import { beforeAll, describe, expect, it } from 'vitest'
import { clientLike } from '../fixtures/api-server.js'
import { jws } from '../fixtures/jwt-server.js'
import { basicLine, formLine } from '../fixtures/post-token.js'
import { invalidClient, issued, refused, type ShownAnswer } from '../fixtures/shown-answer.js'
import { basic, secretOf } from '../fixtures/test-server.js'
import { attackedServer, member, type AttackedServer } from './attacked.js'
import { watchProcess } from './process-watch.js'

watchProcess()

const good = 'grant_type=client_credentials'
const post = ['POST /oauth/token HTTP/1.1', formLine]
const several = refused(400, 'invalid_request', 'Only one client authentication method may be used in a request')
const otherNamed = refused(400, 'invalid_request', 'The parameter client_id names another client than the credentials')
const repeated = refused(400, 'invalid_request', 'The Authorization header is repeated')
const granted = issued('stock:write')
const base64 = (octets: string): string => Buffer.from(octets, 'latin1').toString('base64')
const header = (credentials: string): string => `Authorization: Basic ${base64(credentials)}`
const right = basicLine('odd')
/** With a `?` in it where Base64 and base64url differ. */
const url = Buffer.from(`odd:${'?'.repeat(8)}`).toString('base64url')

/** Headers, a form, and the answer. */
const rows: readonly [id: string, what: string, lines: string[], answer: ShownAnswer, form?: string][] = [
  ['ABU-033', 'what is no Base64', ['Authorization: Basic !!!not-base64!!!'], invalidClient],
  [
    'ABU-034',
    'the alphabet of base64url',
    [`Authorization: Basic ${url.padEnd(url.length + 3 - ((url.length + 3) % 4), '=')}`],
    invalidClient,
  ],
  ['ABU-034', 'no padding', [right.replace(/=*$/, '')], invalidClient],
  ['ABU-034', 'a space inside', [right.replace(/(Basic .{8})/, '$1 ')], invalidClient],
  ['ABU-035', 'no colon', [header('abc')], invalidClient],
  ['ABU-035', 'nothing', ['Authorization: Basic '], invalidClient],
  ['ABU-035', 'a colon alone', [header(':')], invalidClient],
  ['ABU-036', 'octets that are no text', [header('\xFF\xFE:a')], invalidClient],
  ['ABU-037', 'a NUL behind the id', [header(`odd\0:${secretOf('odd')}`)], invalidClient],
  ['ABU-037', 'a NUL that is encoded', [header(`odd%00x:${secretOf('odd')}`)], invalidClient],
  ['ABU-037', 'a secret of two lines', [header(`odd:a%0D%0Alatchkey: all is well`)], invalidClient],
  ['ABU-037', 'a secret of two lines as they are', [header(`odd:a\r\nlatchkey: all is well`)], invalidClient],
  ['ABU-038', 'a percent sign alone', [header('odd:100%')], invalidClient],
  ['ABU-039', 'colons in a secret', [header('colons:a:b:c-of-256-random-bits')], granted],
  ['ABU-039', 'a colon in an id', [header(`my%3Aapp:${secretOf('my:app')}`)], granted],
  ['ABU-039', 'a colon in an id that is not encoded', [header(`my:app:${secretOf('my:app')}`)], invalidClient],
  ['ABU-040', 'a Cyrillic letter in the id', [basicLine('оdd', secretOf('odd'))], invalidClient],
  ['ABU-040', 'full width in the id', [basicLine('ｏdd', secretOf('odd'))], invalidClient],
  [
    'ABU-040',
    'a Cyrillic letter in the form',
    [],
    invalidClient,
    `${good}&client_id=p%D0%BEst-app&client_secret=${secretOf('post-app')}`,
  ],
  ...['', 'undefined', 'null', '[object Object]', 'true', 'NaN'].map((secret): (typeof rows)[number] => [
    'ABU-041',
    `the secret ${JSON.stringify(secret)}`,
    [basicLine('odd', secret)],
    invalidClient,
  ]),
  ['ABU-041', 'an empty secret in the form', [], invalidClient, `${good}&client_id=post-app&client_secret=`],
  [
    'ABU-042',
    'both ways, both right',
    [basicLine('both')],
    several,
    `${good}&client_id=both&client_secret=${secretOf('both')}`,
  ],
  ['ABU-042', 'both ways, without an id', [basicLine('both')], several, `${good}&client_secret=${secretOf('both')}`],
  ['ABU-043', 'another client in the form', [right], otherNamed, `${good}&client_id=stock-sync`],
  ['ABU-045', 'two headers, right and wrong', [right, basicLine('odd', 'wrong')], repeated],
  ['ABU-045', 'two headers, wrong and right', [basicLine('odd', 'wrong'), right], repeated],
  ['ABU-045', 'two headers, the same', [right, right], repeated],
  ['ABU-045', 'two headers in odd case', [right, right.replace('Authorization', 'aUTHORIZATION')], repeated],
  ['ABU-046', 'the scheme in capitals', [right.replace('Basic', 'BASIC')], granted],
  ['ABU-046', 'several spaces', [right.replace('Basic ', 'Basic   ')], granted],
  ['ABU-046', 'a tab', [right.replace('Basic ', 'Basic\t')], invalidClient],
  ['ABU-051', 'a secret of a public client', [], invalidClient, `${good}&client_id=spa&client_secret=x`],
  ['ABU-051', 'a secret of a public client in the header', [basicLine('spa', 'x')], invalidClient],
  ['ABU-007', '15 kB of credentials', [`Authorization: Basic ${base64(`odd:${'x'.repeat(11_000)}`)}`], invalidClient],
]

let server: AttackedServer

beforeAll(async () => {
  server = await attackedServer({
    moreClients: [
      clientLike('odd', {}),
      clientLike('my:app', {}),
      clientLike('both', { authMethods: ['client_secret_basic', 'client_secret_post'] }),
      clientLike('colons', { secrets: [{ digest: digestClientSecret('a:b:c-of-256-random-bits') }] }),
    ],
  })
})

describe('credentials of a client', () => {
  it.each(rows)('%s %s', async (_id, _what, lines, answer, form = good) => {
    await server.attack([...post, ...lines], form, answer)
  })

  it.each(['/oauth/token', '/oauth/revoke', '/oauth/introspect'])(
    'ABU-044 an access token is none at %s',
    async (path) => {
      const token = member(await server.postAs('shop-app', good), 'access_token')
      for (const form of [`${good}&token=x`, `${good}&token=x&client_id=shop-app`, `token=${token}&client_id=spa`]) {
        await server.attack([`POST ${path} HTTP/1.1`, formLine, `Authorization: Bearer ${token}`], form, invalidClient)
      }
    },
  )
})

describe('assertions of a client, which this server does not take', () => {
  const type = 'client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer'
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const es256 = (input: Buffer): Buffer => sign('sha256', input, { key: privateKey, dsaEncoding: 'ieee-p1363' })
  const pem = publicKey.export({ type: 'spki', format: 'pem' })
  const hs256 = (input: Buffer): Buffer => createHmac('sha256', pem).update(input).digest()
  const claims = { iss: 'odd', sub: 'odd', aud: 'http://127.0.0.1', jti: 'j', iat: 1_800_000_000, exp: 1_800_000_060 }
  const header = { alg: 'ES256', typ: 'JWT' }
  const signed = (more: object, head: object = {}): string => jws({ ...header, ...head }, { ...claims, ...more }, es256)
  const assertions: readonly [id: string, what: string, assertion: string][] = [
    ['ABU-052', 'not signed', jws({ alg: 'none' }, claims, () => Buffer.alloc(0))],
    ['ABU-052', 'signed with what is public', jws({ alg: 'HS256' }, claims, hs256)],
    ['ABU-054', 'for two audiences', signed({ aud: ['http://127.0.0.1', 'https://evil.example'] })],
    ['ABU-055', 'for ten years', signed({ exp: claims.exp + 315_360_000 })],
    ['ABU-055', 'for ever', jws(header, JSON.stringify(claims).replace('1800000060', '1e999'), es256)],
    ['ABU-055', 'until a text', signed({ exp: '9999999999' })],
    ['ABU-058', 'two in one', `${signed({})} ${signed({})}`],
    ['ABU-058', 'of five segments', `${signed({})}.a.b`],
  ]

  it.each(assertions)('%s %s', async (_id, _what, assertion) => {
    const form = `${good}&${type}&client_assertion=${encodeURIComponent(assertion)}`
    await server.attack(post, form, invalidClient)
    await server.attack(post, `${form}&client_id=odd`, invalidClient)
  })

  it('ABU-056 an access token of the server itself', async () => {
    const token = member(await server.postAs('jwt-app', good), 'access_token')
    await server.attack(post, `${good}&${type}&client_assertion=${token}`, invalidClient)
    await server.attack(post, `${good}&${type}&client_assertion=${token}&client_id=jwt-app`, invalidClient)
  })

  it('ABU-057 nothing is fetched from where an assertion says', async () => {
    let requests = 0
    const host = createServer((_, res) => {
      requests++
      res.end('{"keys":[]}')
    })
    await once(host.listen(0, '127.0.0.1'), 'listening')
    const at = `http://127.0.0.1:${String((host.address() as AddressInfo).port)}/keys`
    const assertion = signed({}, { jku: at, x5u: at, kid: 'k' })
    await server.attack(post, `${good}&${type}&client_assertion=${assertion}&client_id=odd`, invalidClient)
    host.close()
    expect(requests).toBe(0)
  })

  it('ABU-058 of 1 MB', async () => {
    const form = `${good}&${type}&client_assertion=${'a'.repeat(1_000_000)}`
    await server.attack(post, form, refused(413, 'invalid_request', 'The body is too large'))
  })

  it('ABU-150 a certificate that a header claims is none', async () => {
    const certificate = ['X-Client-Cert', 'Client-Cert', 'X-SSL-Client-Verify', 'X-Forwarded-Client-Cert'].map(
      (name) => `${name}: :MIIBqDCCAU6gAwIBAgIBBzAKBggqhkjOPQQDAjA6:`,
    )
    await server.attack([...post, ...certificate], `${good}&client_id=odd`, invalidClient)
    await server.attack([...post, ...certificate, `Authorization: ${basic('odd', 'wrong')}`], good, invalidClient)
    await server.attack([...post, ...certificate, right], good, granted)
  })
})
