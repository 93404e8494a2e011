import { createPublicKey, generateKeyPairSync } from 'node:crypto'
import { once } from 'node:events'
import { CompactEncrypt } from 'jose'
import request from 'supertest'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { api, clientToken, expectRefused, getOrders, goodClaims, hmac, jws, jwtServer } from '../fixtures/jwt-server.js'
import { privateKeys, segment, signer } from '../fixtures/jwt-server.js'
import { postToken } from '../fixtures/post-token.js'
import { basic, secretOf, type TestServer } from '../fixtures/test-server.js'
import { watchProcess } from './process-watch.js'

watchProcess()

let server: TestServer
let claims: Record<string, unknown>
let head: Record<string, unknown>
let kids: Record<string, string>

beforeAll(async () => {
  server = jwtServer()
  await once(server.http.listen(0, '127.0.0.1'), 'listening')
  claims = await goodClaims(server)
  head = JSON.parse(Buffer.from((await clientToken(server)).split('.')[0]!, 'base64url').toString())
  const { body } = await request(server.http).get('/oauth/jwks')
  kids = Object.fromEntries(body.keys.map(({ alg, kid }: { alg: string; kid: string }) => [alg, kid]))
})

afterAll(async () => {
  expect((await getOrders(server, good())).status).toBe(200)
  server.http.close()
})

const rs256 = signer('RS256')
const good = (more: object = {}, header: object = {}): string =>
  jws({ ...head, ...header }, { ...claims, ...more }, rs256)
const ofText = (payload: string | Buffer): string => jws(head, payload, rs256)
/** The claims as JSON, with one member in the words of the test. */
const withMember = (name: string, json: string): string => {
  const others = Object.entries(claims).filter(([key]) => key !== name)
  return ofText(JSON.stringify(Object.fromEntries(others)).replace(/^\{/, `{"${name}":${json},`))
}
const without = (name: string): string => ofText(JSON.stringify({ ...claims, [name]: undefined }))
const pair = generateKeyPairSync('rsa', { modulusLength: 2048 })
const theirs = signer('RS256', pair.privateKey)
const publicRsa = createPublicKey(privateKeys.RS256)
const now = (): number => server.now()

/** Tokens that are signed by the server's own key unless they say otherwise, and yet are none. */
const rows: readonly [what: string, id: string, tokens: () => string[] | Promise<string[]>][] = [
  [
    'no algorithm, or none that exists',
    'ABU-117',
    () =>
      ['none', 'None', 'nOnE', '', null, 5, ['RS256'], undefined].flatMap((alg) => {
        const input = `${segment({ ...head, alg })}.${segment(claims)}`
        return [
          `${input}.`,
          `${input}.AA`,
          jws({ ...head, alg }, claims, rs256),
          jws({ ...head, alg }, claims, hmac('')),
        ]
      }),
  ],
  [
    'HS256 with what is public',
    'ABU-118',
    () => {
      const jwk = publicRsa.export({ format: 'jwk' })
      const pem = publicRsa.export({ type: 'spki', format: 'pem' })
      const der = publicRsa.export({ type: 'spki', format: 'der' })
      const modulus = Buffer.from(jwk.n!, 'base64url')
      return [pem, der, JSON.stringify(jwk), jwk.n!, modulus].map((secret) =>
        jws({ ...head, alg: 'HS256' }, claims, hmac(secret as string)),
      )
    },
  ],
  [
    'another algorithm than the key is for',
    'ABU-119',
    () => [
      jws({ ...head, alg: 'PS256' }, claims, signer('PS256', privateKeys.RS256)),
      jws({ ...head, alg: 'ES384', kid: kids['ES256'] }, claims, signer('ES256')),
      jws({ ...head, alg: 'RS512' }, claims, rs256),
    ],
  ],
  [
    'the id of a key that is something else',
    'ABU-120',
    () =>
      ['../../../../dev/null', '| whoami', "' UNION SELECT", '__proto__', 'constructor', 5, {}, [], '', null].flatMap(
        (kid) => [good({}, { kid }), jws({ ...head, alg: 'HS256', kid }, claims, hmac(''))],
      ),
  ],
  ['the id of a key of 7 kB', 'ABU-120', () => [good({}, { kid: 'x'.repeat(7000) })]],
  [
    'a key that the token brings along',
    'ABU-121',
    () => {
      const jwk = { ...pair.publicKey.export({ format: 'jwk' }), kid: 'theirs', alg: 'RS256' }
      const x5c = [pair.publicKey.export({ type: 'spki', format: 'der' }).toString('base64')]
      const url = 'http://127.0.0.1:1/keys'
      return [{ jwk }, { x5c }, { jku: url }, { x5u: url }].flatMap((more) => [
        jws({ alg: 'RS256', typ: 'at+jwt', kid: 'theirs', ...more }, claims, theirs),
        jws({ ...head, ...more }, claims, theirs),
      ])
    },
  ],
  [
    'what has to be understood and is not',
    'ABU-122',
    () => [
      ...[['x'], [], 'exp', ['exp'], null].map((crit) => good({}, { crit, x: 1 })),
      good({}, { b64: false }),
      good({}, { b64: false, crit: ['b64'] }),
    ],
  ],
  [
    'JSON that hides three segments',
    'ABU-123',
    () => [Buffer.from(JSON.stringify({ token: good() })).toString('base64url'), `${good()}.${good()}`, `.${good()}`],
  ],
  [
    'a token that is encrypted for the server',
    'ABU-124',
    async () => [
      await new CompactEncrypt(Buffer.from(good()))
        .setProtectedHeader({ alg: 'RSA-OAEP-256', enc: 'A256GCM', cty: 'JWT', kid: kids['RS256']! })
        .encrypt(publicRsa),
    ],
  ],
  [
    'two algorithms',
    'ABU-125',
    () => {
      const kid = String(head['kid'])
      const twice = (first: string, last: string): string =>
        `{"alg":"${first}","typ":"at+jwt","kid":"${kid}","alg":"${last}"}`
      return [
        jws(twice('RS256', 'none'), claims, rs256),
        jws(twice('none', 'RS256'), claims, () => Buffer.alloc(256)),
        `${segment(twice('none', 'RS256'))}.${segment(claims)}.`,
      ]
    },
  ],
  [
    'no end, or no proper one',
    'ABU-127',
    () => [
      without('exp'),
      ...[
        String(now() - 1),
        String(now()),
        `"${String(now() + 60)}"`,
        '1e999',
        '-1',
        '9223372036854775808',
        'null',
      ].map((exp) => withMember('exp', exp)),
    ],
  ],
  ['a beginning that is to come', 'ABU-128', () => [good({ nbf: now() + 3600 }), good({ iat: now() + 3600 })]],
  [
    'another type',
    'ABU-129',
    () => [
      ...[undefined, 'JWT', 'dpop+jwt', 'token-introspection+jwt'].map((typ) => good({}, { typ })),
      jws(
        { ...head, typ: 'JWT' },
        { iss: claims['iss'], sub: 'a', aud: 'shop-app', exp: now() + 60, nonce: 'n' },
        rs256,
      ),
    ],
  ],
  [
    'another issuer',
    'ABU-130',
    () =>
      ['http://127.0.0.1/', 'HTTP://127.0.0.1', 'http://127.0.0.1/tenant', ['http://127.0.0.1'], null].map((iss) =>
        good({ iss }),
      ),
  ],
  [
    'another audience',
    'ABU-131',
    () => [
      without('aud'),
      ...['https://stock.example.com', [], 5, api.slice(0, -1), `${api}/`, 'shop-app', [[api]]].map((aud) =>
        good({ aud }),
      ),
    ],
  ],
  ['a name that is missing', 'ABU-132', () => ['sub', 'client_id', 'jti'].map(without)],
  [
    'claims that are no object',
    'ABU-133',
    () => {
      const text = JSON.stringify(claims)
      const utf16 = Buffer.from(`\uFEFF${text}`, 'utf16le')
      return ['[]', `[${text}]`, '"x"', 'null', '', `\uFEFF${text}`, utf16].map(ofText)
    },
  ],
  [
    'a scope that is no text, or has tabs',
    'BRR-21, ABU-134',
    () => [['orders:read'], { 'orders:read': 1 }, 5, true].map((scope) => good({ scope })),
  ],
]

it.each(rows)('refuses %s (%s)', async (_what, _id, tokens) => {
  for (const token of await tokens()) await expectRefused(server, token)
})

it('a JWS in JSON is not even the form of a token (ABU-123)', async () => {
  const [header, payload, signature] = good().split('.')
  const json = JSON.stringify({ protected: header, payload, signature })
  const answer = await getOrders(server, json)
  expect([answer.status, answer.body.error]).toEqual([400, 'invalid_request'])
})

it('the last of two claims with one name counts, for every reader (ABU-125)', async () => {
  const twice = ofText(JSON.stringify(claims).replace(/^\{/, '{"sub":"root","client_id":"root",'))
  expect((await getOrders(server, twice)).body).toMatchObject({ clientId: 'shop-app', claims: { sub: 'shop-app' } })
})

it('a revoked token stays revoked in every spelling (ABU-126)', async () => {
  const own = jwtServer({}, 'ES256')
  await once(own.http.listen(0, '127.0.0.1'), 'listening')
  const token = await clientToken(own)
  const dot = token.lastIndexOf('.')
  const octets = Buffer.from(token.slice(dot + 1), 'base64url')
  const order = BigInt('0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551')
  const s = order - BigInt(`0x${octets.subarray(32).toString('hex')}`)
  const twin = Buffer.concat([octets.subarray(0, 32), Buffer.from(s.toString(16).padStart(64, '0'), 'hex')])
  const revocation = request(own.http)
    .post('/oauth/revoke')
    .set('Authorization', basic('shop-app', secretOf('shop-app')))
  expect((await revocation.type('form').send({ token })).status).toBe(200)
  const respelled = Array.from('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_').map(
    (last) => token.slice(0, -1) + last,
  )
  const plain = token.replaceAll('-', '+').replaceAll('_', '/')
  for (const other of [token, ...respelled, plain, `${token}=`, `${token.slice(0, dot)}.${twin.toString('base64url')}`])
    await expectRefused(own, other)
  own.http.close()
})

it.each(['orders:read\t', '\torders:read', 'orders:read\u00A0', 'orders:read,profile', ' orders:read '.trim() + 'x'])(
  'the scope %j of a token is not orders:read (ABU-134)',
  async (scope) => {
    const answer = await getOrders(server, good({ scope }))
    expect([answer.status, answer.body.error]).toEqual([403, 'insufficient_scope'])
  },
)

it('a token for another resource is refused, though the server signed it (ABU-131)', async () => {
  const own = jwtServer({ server: { resources: [{ resource: api }, { resource: 'https://stock.example.com' }] } })
  await once(own.http.listen(0, '127.0.0.1'), 'listening')
  const form = 'grant_type=client_credentials&resource=https%3A%2F%2Fstock.example.com'
  const { body } = await postToken(own, form, 'shop-app')
  await expectRefused(own, body.access_token)
  own.http.close()
})
