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
const rows: readonly [what: string, id: string, lines: string[], answer: ShownAnswer, form?: string][] = [
  ['what is no Base64', 'ABU-033', ['Authorization: Basic !!!not-base64!!!'], invalidClient],
  [
    'the alphabet of base64url',
    'ABU-034',
    [`Authorization: Basic ${url.padEnd(url.length + 3 - ((url.length + 3) % 4), '=')}`],
    invalidClient,
  ],
  ['no padding', 'ABU-034', [right.replace(/=*$/, '')], invalidClient],
  ['a space inside', 'ABU-034', [right.replace(/(Basic .{8})/, '$1 ')], invalidClient],
  ['no colon', 'ABU-035', [header('abc')], invalidClient],
  ['nothing', 'ABU-035', ['Authorization: Basic '], invalidClient],
  ['a colon alone', 'ABU-035', [header(':')], invalidClient],
  ['octets that are no text', 'ABU-036', [header('\xFF\xFE:a')], invalidClient],
  ['a NUL behind the id', 'ABU-037', [header(`odd\0:${secretOf('odd')}`)], invalidClient],
  ['a NUL that is encoded', 'ABU-037', [header(`odd%00x:${secretOf('odd')}`)], invalidClient],
  ['a secret of two lines', 'ABU-037', [header(`odd:a%0D%0Alatchkey: all is well`)], invalidClient],
  ['a secret of two lines as they are', 'ABU-037', [header(`odd:a\r\nlatchkey: all is well`)], invalidClient],
  ['a percent sign alone', 'ABU-038', [header('odd:100%')], invalidClient],
  ['colons in a secret', 'ABU-039', [header('colons:a:b:c-of-256-random-bits')], granted],
  ['a colon in an id', 'ABU-039', [header(`my%3Aapp:${secretOf('my:app')}`)], granted],
  ['a colon in an id that is not encoded', 'ABU-039', [header(`my:app:${secretOf('my:app')}`)], invalidClient],
  ['a Cyrillic letter in the id', 'ABU-040', [basicLine('оdd', secretOf('odd'))], invalidClient],
  ['full width in the id', 'ABU-040', [basicLine('ｏdd', secretOf('odd'))], invalidClient],
  [
    'a Cyrillic letter in the form',
    'ABU-040',
    [],
    invalidClient,
    `${good}&client_id=p%D0%BEst-app&client_secret=${secretOf('post-app')}`,
  ],
  ...['', 'undefined', 'null', '[object Object]', 'true', 'NaN'].map((secret): (typeof rows)[number] => [
    `the secret ${JSON.stringify(secret)}`,
    'ABU-041',
    [basicLine('odd', secret)],
    invalidClient,
  ]),
  ['an empty secret in the form', 'ABU-041', [], invalidClient, `${good}&client_id=post-app&client_secret=`],
  [
    'both ways, both right',
    'ABU-042',
    [basicLine('both')],
    several,
    `${good}&client_id=both&client_secret=${secretOf('both')}`,
  ],
  ['both ways, without an id', 'ABU-042', [basicLine('both')], several, `${good}&client_secret=${secretOf('both')}`],
  ['another client in the form', 'ABU-043', [right], otherNamed, `${good}&client_id=stock-sync`],
  ['two headers, right and wrong', 'ABU-045', [right, basicLine('odd', 'wrong')], repeated],
  ['two headers, wrong and right', 'ABU-045', [basicLine('odd', 'wrong'), right], repeated],
  ['two headers, the same', 'ABU-045', [right, right], repeated],
  ['two headers in odd case', 'ABU-045', [right, right.replace('Authorization', 'aUTHORIZATION')], repeated],
  ['the scheme in capitals', 'ABU-046', [right.replace('Basic', 'BASIC')], granted],
  ['several spaces', 'ABU-046', [right.replace('Basic ', 'Basic   ')], granted],
  ['a tab', 'ABU-046', [right.replace('Basic ', 'Basic\t')], invalidClient],
  ['a secret of a public client', 'ABU-051', [], invalidClient, `${good}&client_id=spa&client_secret=x`],
  ['a secret of a public client in the header', 'ABU-051', [basicLine('spa', 'x')], invalidClient],
  ['15 kB of credentials', 'ABU-007', [`Authorization: Basic ${base64(`odd:${'x'.repeat(11_000)}`)}`], invalidClient],
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

describe('client credentials', () => {
  it.each(rows)('%s (%s)', async (_what, _id, lines, answer, form = good) => {
    await server.attack([...post, ...lines], form, answer)
  })

  it.each(['/oauth/token', '/oauth/revoke', '/oauth/introspect'])(
    'refuses an access token as credentials at %s (ABU-044)',
    async (path) => {
      const token = member(await server.postAs('shop-app', good), 'access_token')
      for (const form of [`${good}&token=x`, `${good}&token=x&client_id=shop-app`, `token=${token}&client_id=spa`]) {
        await server.attack([`POST ${path} HTTP/1.1`, formLine, `Authorization: Bearer ${token}`], form, invalidClient)
      }
    },
  )
})

describe('client assertions, which this server does not support', () => {
  const type = 'client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer'
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const es256 = (input: Buffer): Buffer => sign('sha256', input, { key: privateKey, dsaEncoding: 'ieee-p1363' })
  const pem = publicKey.export({ type: 'spki', format: 'pem' })
  const hs256 = (input: Buffer): Buffer => createHmac('sha256', pem).update(input).digest()
  const claims = { iss: 'odd', sub: 'odd', aud: 'http://127.0.0.1', jti: 'j', iat: 1_800_000_000, exp: 1_800_000_060 }
  const header = { alg: 'ES256', typ: 'JWT' }
  const signed = (more: object, head: object = {}): string => jws({ ...header, ...head }, { ...claims, ...more }, es256)
  const assertions: readonly [what: string, id: string, assertion: string][] = [
    ['not signed', 'ABU-052', jws({ alg: 'none' }, claims, () => Buffer.alloc(0))],
    ['signed with what is public', 'ABU-052', jws({ alg: 'HS256' }, claims, hs256)],
    ['for two audiences', 'ABU-054', signed({ aud: ['http://127.0.0.1', 'https://evil.example'] })],
    ['for ten years', 'ABU-055', signed({ exp: claims.exp + 315_360_000 })],
    ['for ever', 'ABU-055', jws(header, JSON.stringify(claims).replace('1800000060', '1e999'), es256)],
    ['until a text', 'ABU-055', signed({ exp: '9999999999' })],
    ['two in one', 'ABU-058', `${signed({})} ${signed({})}`],
    ['of five segments', 'ABU-058', `${signed({})}.a.b`],
  ]

  it.each(assertions)('%s (%s)', async (_what, _id, assertion) => {
    const form = `${good}&${type}&client_assertion=${encodeURIComponent(assertion)}`
    await server.attack(post, form, invalidClient)
    await server.attack(post, `${form}&client_id=odd`, invalidClient)
  })

  it('an access token of the server itself (ABU-056)', async () => {
    const token = member(await server.postAs('jwt-app', good), 'access_token')
    await server.attack(post, `${good}&${type}&client_assertion=${token}`, invalidClient)
    await server.attack(post, `${good}&${type}&client_assertion=${token}&client_id=jwt-app`, invalidClient)
  })

  it('fetches nothing from a URL in an assertion (ABU-057)', async () => {
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

  it('of 1 MB (ABU-058)', async () => {
    const form = `${good}&${type}&client_assertion=${'a'.repeat(1_000_000)}`
    await server.attack(post, form, refused(413, 'invalid_request', 'The body is too large'))
  })

  it('does not believe a certificate that a header claims (ABU-150)', async () => {
    const certificate = ['X-Client-Cert', 'Client-Cert', 'X-SSL-Client-Verify', 'X-Forwarded-Client-Cert'].map(
      (name) => `${name}: :MIIBqDCCAU6gAwIBAgIBBzAKBggqhkjOPQQDAjA6:`,
    )
    await server.attack([...post, ...certificate], `${good}&client_id=odd`, invalidClient)
    await server.attack([...post, ...certificate, `Authorization: ${basic('odd', 'wrong')}`], good, invalidClient)
    await server.attack([...post, ...certificate, right], good, granted)
  })
})
