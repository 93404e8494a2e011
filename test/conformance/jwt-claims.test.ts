import { once } from 'node:events'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { api, expectRefused, getOrders, goodClaims, jws, jwtServer, segment, signer } from '../fixtures/jwt-server.js'
import { clientToken } from '../fixtures/jwt-server.js'
import { clientLike } from '../fixtures/api-server.js'
import { postToken } from '../fixtures/post-token.js'
import type { TestServer } from '../fixtures/test-server.js'

let server: TestServer
let claims: Record<string, unknown>
let kid: string
let now: number

/** A token with a signature that is right, by the server's own key, whatever is in it. */
const signed = (payload: object | string, header: object = {}): string =>
  jws({ alg: 'RS256', typ: 'at+jwt', kid, ...header }, payload, signer('RS256'))
const refuse = (payload: object | string, header?: object): Promise<void> =>
  expectRefused(server, signed(payload, header), `${JSON.stringify(payload)} ${JSON.stringify(header)}`)
const accepts = async (payload: object | string, header?: object): Promise<boolean> =>
  (await getOrders(server, signed(payload, header))).status === 200
/** The claims as JSON, with a member in the words of the test. */
const withMember = (member: string): string => JSON.stringify(claims).replace(/^\{/, `{${member},`)
const without = (name: string): object => Object.fromEntries(Object.entries(claims).filter(([key]) => key !== name))

beforeAll(async () => {
  server = jwtServer()
  await once(server.http.listen(0, '127.0.0.1'), 'listening')
  claims = await goodClaims(server)
  kid = keyIdOf(await clientToken(server))
  now = server.now()
  expect(await accepts(claims)).toBe(true)
})

afterAll(async () => {
  // Nothing of what came before has shaken the server.
  expect(await accepts(claims)).toBe(true)
  server.http.close()
})

function keyIdOf(token: string): string {
  return JSON.parse(Buffer.from(token.split('.')[0]!, 'base64url').toString()).kid
}

describe('claims of a token with a valid signature', () => {
  it.each([
    undefined,
    '',
    'JWT',
    'jwt',
    'dpop+jwt',
    'token-introspection+jwt',
    'at',
    'at+jwt;v=1',
    'text/at+jwt',
    5,
    null,
  ])('of the type %s are refused (JAT-09, JAT-16, JWT-15)', async (typ) => {
    await refuse(claims, { typ })
  })

  it.each(['at+jwt', 'AT+JWT', 'application/at+jwt', 'application/AT+jwt'])(
    'of the type %s are accepted (JAT-09)',
    async (typ) => {
      expect(await accepts(claims, { typ })).toBe(true)
    },
  )

  it('of an ID token by the same key are refused (JAT-09, JAT-16)', async () => {
    const { iss, sub, iat, exp } = claims
    await refuse({ iss, sub, iat, exp, aud: 'shop-app', nonce: 'n' }, { typ: 'JWT' })
    await refuse({ ...claims, aud: 'shop-app' })
  })

  it.each([
    'http://127.0.0.1/',
    'HTTP://127.0.0.1',
    'http://127.0.0.1:80',
    'http://127.0.0.1/tenant',
    'https://127.0.0.1',
    '127.0.0.1',
    '',
    ['http://127.0.0.1'],
    null,
    undefined,
  ])('by the issuer %j are refused (JAT-10, JWT-14)', async (iss) => {
    await refuse({ ...claims, iss })
  })

  it.each([
    'https://stock.example.com',
    `${api}/`,
    `${api}/v2`,
    api.slice(0, -1),
    api.toUpperCase(),
    'shop-app',
    'http://127.0.0.1',
    '',
    [],
    [[api]],
    ['https://stock.example.com'],
    [api, 5],
    { [api]: true },
    5,
    null,
    undefined,
  ])('for the audience %j are refused (JAT-11, JWT-14)', async (aud) => {
    await refuse({ ...claims, aud })
  })

  it('for several audiences are accepted if the guard is one of them (JAT-11)', async () => {
    expect(await accepts({ ...claims, aud: ['https://stock.example.com', api] })).toBe(true)
  })

  it.each(['sub', 'client_id', 'jti', 'iss', 'aud', 'exp', 'iat'])('without %s are refused (JAT-04)', async (name) => {
    await refuse(without(name))
  })

  it.each(['sub', 'client_id', 'jti'])('with an invalid %s are refused (JAT-04)', async (name) => {
    for (const value of ['', 5, null, true, ['shop-app'], { a: 1 }]) await refuse({ ...claims, [name]: value })
  })

  it('are refused from the second of exp on (JAT-13)', async () => {
    expect(await accepts({ ...claims, exp: now + 1 })).toBe(true)
    for (const exp of [now, now - 1, now - 3600, 0]) await refuse({ ...claims, exp })
  })

  it.each(['exp', 'iat', 'nbf'])('with a fractional time in %s are refused (JAT-19)', async (name) => {
    const time = name === 'exp' ? now + 60 : now - 60
    const withTime = (text: string): string =>
      withMember(`"${name}!":${text}`)
        .replace(new RegExp(`"${name}":\\d+,`), '')
        .replace(`"${name}!"`, `"${name}"`)
    expect(await accepts(withTime(String(time)))).toBe(true)
    const odd = [`"${time}"`, `${time}.5`, '1e999', '-1', '-1e999', '9223372036854775808', '9007199254740992']
    for (const text of [...odd, 'null', 'true', `[${time}]`, '{}', '""']) {
      await refuse(withTime(text))
    }
  })

  it('that begin in the future are refused (JAT-20, JAT-21)', async () => {
    for (const name of ['nbf', 'iat']) {
      await refuse({ ...claims, [name]: now + 3600 })
      expect(await accepts({ ...claims, [name]: now }), name).toBe(true)
    }
  })

  it('from the clock of another process, which may be some seconds ahead, are accepted (JAT-21)', async () => {
    expect(await accepts({ ...claims, iat: now + 5 })).toBe(true)
    expect(await accepts({ ...claims, iat: now + 60, nbf: now + 60 })).toBe(true)
    await refuse({ ...claims, iat: now + 61 })
    await refuse({ ...claims, nbf: now + 61 })
  })

  it('keep working after a clock was set back, JWT and opaque alike, until they expire (11) (JAT-21)', async () => {
    for (const format of ['jwt', 'opaque'] as const) {
      const other = jwtServer({ server: { accessTokenFormat: format } })
      const token = await clientToken(other)
      other.advance(-30)
      expect((await getOrders(other, token)).status, format).toBe(200)
      other.advance(30 + 3599)
      expect((await getOrders(other, token)).status, format).toBe(200)
      other.advance(1)
      await expectRefused(other, token)
    }
  })

  it('may be as far in the future as clockSkewSeconds says (11) (JAT-21)', async () => {
    const strict = jwtServer({ server: { clockSkewSeconds: 0 } })
    const token = await clientToken(strict)
    strict.advance(-1)
    await expectRefused(strict, token)
    const patient = jwtServer({ server: { clockSkewSeconds: 300 } })
    const other = await clientToken(patient)
    patient.advance(-300)
    expect((await getOrders(patient, other)).status).toBe(200)
    patient.advance(-1)
    await expectRefused(patient, other)
  })

  it('that claim to live for decades are refused, and not issued', async () => {
    await refuse({ ...claims, exp: 4_102_444_800 })
    expect(await accepts({ ...claims, exp: Number(claims['iat']) + 31_536_000 })).toBe(true)
    const brief = jwtServer({
      server: { longestAccessTokenSeconds: 7200 },
      moreClients: [clientLike('lasting', { scopes: ['orders:read'], accessTokenLifetimeSeconds: 7201 })],
    })
    expect((await getOrders(brief, await clientToken(brief))).status).toBe(200)
    const answer = await postToken(brief, 'grant_type=client_credentials&scope=orders%3Aread', 'lasting')
    expect([answer.status, answer.body.error]).toEqual([500, 'server_error'])
    const failure = brief.events.find(({ type }) => type === 'failure')
    expect(failure).toMatchObject({ cause: { message: expect.stringContaining('longestAccessTokenSeconds') } })
  })

  it('with a scope that is not a string are refused (JAT-06)', async () => {
    for (const scope of [['orders:read'], { 'orders:read': true }, 5, null]) await refuse({ ...claims, scope })
    await refuse({ ...claims, sid: 5 })
  })

  it('bound to a key that the guard does not check are refused (JAT-14)', async () => {
    for (const cnf of [{ jkt: 'x' }, { 'x5t#S256': 'x' }, {}, null]) await refuse({ ...claims, cnf })
  })
})

describe('a token that is not made of objects', () => {
  const utf16 = (text: string): Buffer => Buffer.from(`\uFEFF${text}`, 'utf16le')

  it('is refused: claims that are anything else than a JSON object in UTF-8 (JWT-12, JAT-14)', async () => {
    const text = JSON.stringify(claims)
    const odd = ['[]', `[${text}]`, '"x"', 'null', '5', 'true', '', '{', `${text},`, `${text}\0`, `\uFEFF${text}`]
    for (const payload of odd) await refuse(payload)
    await refuse(utf16(text))
    await refuse(Buffer.from(text, 'utf16le'))
    await refuse(Buffer.concat([Buffer.from(text.slice(0, -1)), Buffer.from(',"x":"\xFF"}', 'latin1')]))
  })

  it('is refused: a header that is anything else than a JSON object in UTF-8 (JWT-12, JAT-14)', async () => {
    const text = JSON.stringify({ alg: 'RS256', typ: 'at+jwt', kid })
    expect((await getOrders(server, jws(text, claims, signer('RS256')))).status).toBe(200)
    for (const header of ['[]', `[${text}]`, '"x"', 'null', '5', '{', `\uFEFF${text}`, utf16(text)]) {
      await expectRefused(server, jws(header, claims, signer('RS256')), String(header))
    }
  })

  it('has the last of two members with one name, for every reader (JWT-13)', async () => {
    expect(await accepts(withMember(`"sub":"nobody"`))).toBe(true)
    expect((await getOrders(server, signed(withMember(`"sub":"nobody"`)))).body).toMatchObject({
      actsFor: 'client',
      clientId: 'shop-app',
      claims: { sub: 'shop-app' },
    })
    const twice = (first: string, last: string): string =>
      `{"alg":"${first}","typ":"at+jwt","kid":"${kid}","alg":"${last}"}`
    await expectRefused(server, jws(twice('RS256', 'none'), claims, signer('RS256')))
    await expectRefused(server, `${segment(twice('none', 'RS256'))}.${segment(claims)}.`)
    await expectRefused(
      server,
      jws(twice('none', 'RS256'), claims, () => Buffer.alloc(256)),
    )
  })

  it('is refused at once however deep or long it is (JWT-20, JWT-21)', async () => {
    const started = performance.now()
    const deep = `${'['.repeat(5000)}${']'.repeat(5000)}`
    await expectRefused(server, jws(deep, claims, signer('RS256')))
    await expectRefused(server, jws({ alg: 'RS256', typ: 'at+jwt', kid }, deep, signer('RS256')))
    await expectRefused(server, `${segment(`{"alg":${'{"a":'.repeat(1600)}1${'}'.repeat(1600)}}`)}.e30.AA`)
    await expectRefused(server, '.'.repeat(10_000))
    await expectRefused(server, 'a.'.repeat(7500))
    await expectRefused(
      server,
      jws({ alg: 'RS256', typ: 'at+jwt', kid, x: 'x'.repeat(10_000) }, claims, () => Buffer.alloc(9)),
    )
    await expectRefused(server, `${segment({ alg: 'RS256', typ: 'at+jwt' })}.${'A'.repeat(15_000)}.AA`)
    expect(performance.now() - started).toBeLessThan(15_000)
  })
})
