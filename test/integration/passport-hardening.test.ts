import { BasicStrategy } from 'passport-http'
import { Strategy as HttpBearerStrategy } from 'passport-http-bearer'
import { ConfigurationError } from 'latchkey'
import type { AuthenticateOptions, Strategy } from 'passport'
import { BearerStrategy, ClientBasicStrategy, ClientPasswordStrategy } from 'latchkey/passport'
import request from 'supertest'
import { beforeEach, describe, expect, it } from 'vitest'
import { passportApp } from '../fixtures/passport-app.js'
import { sendRaw } from '../fixtures/raw-http.js'
import {
  answered,
  basicChallenge,
  bearerChallenge,
  invalidClient,
  refused,
  shown,
  type ShownAnswer,
  repeatedWords,
} from '../fixtures/shown-answer.js'

const realm = '127.0.0.1'

/** What the verify functions below were called with: credentials that were not refused before. */
let seen: string[][] = []

beforeEach(() => {
  seen = []
})

const clientBasic = new ClientBasicStrategy({ realm }, (clientId, clientSecret, done) => {
  seen.push([clientId, clientSecret])
  done(null, { clientId })
})
const clientPassword = new ClientPasswordStrategy({ realm }, (clientId, clientSecret, done) => {
  seen.push([clientId, clientSecret])
  done(null, { clientId })
})
const bearer = new BearerStrategy({ realm }, (token, done) => {
  seen.push([token])
  if (token === 'unknown') done(null, false)
  else done(null, { name: 'alice' }, { scope: 'orders:read profile' })
})

/** Sends a request that may be malformed to a route with one strategy. */
async function ask(
  strategy: Strategy,
  lines: readonly string[],
  { target = '/guarded', method = 'POST', body = '' } = {},
): Promise<ShownAnswer> {
  return shown(await sendRaw(passportApp(strategy), [`${method} ${target} HTTP/1.1`, ...lines], body))
}

const form = 'Content-Type: application/x-www-form-urlencoded'
const base64 = (text: string): string => Buffer.from(text, 'latin1').toString('base64')
const basicLine = (credentials: string): string => `Authorization: Basic ${base64(credentials)}`

describe('ClientBasicStrategy', () => {
  it.each([
    ['the whole secret, colons and all', 'id:se:cr:et', ['id', 'se:cr:et']],
    ['what was form-encoded, decoded', 'my+id%3A1:p%2Bw%25+%26', ['my id:1', 'p+w% &']],
    ['an empty secret, which is for the application to judge', 'id:', ['id', '']],
  ])('hands on %s', async (_what, credentials, expected) => {
    expect(await ask(clientBasic, [basicLine(credentials)])).toMatchObject({ status: 200 })
    expect(seen).toEqual([expected])
  })

  it('accepts several spaces after the scheme, and the scheme in any case', async () => {
    expect(await ask(clientBasic, [`Authorization: BASIC   ${base64('id:secret')}`])).toMatchObject({ status: 200 })
    expect(seen).toEqual([['id', 'secret']])
  })

  it.each([
    ['no credentials', []],
    ['a scheme that contains the name', [`Authorization: NotBasicAtAll ${base64('id:secret')}`]],
    ['something behind the credentials', [`Authorization: Basic ${base64('id:secret')} junk`]],
    ['sloppy Base64', [`Authorization: Basic ${base64('id:secret').slice(0, -1)}!`]],
    ['Base64 for URLs', [`Authorization: Basic ${base64('id:>>>???').replaceAll('/', '_')}`]],
    ['octets that are not ASCII', [basicLine('id:caf\xe9')]],
    ['an encoded octet that is not ASCII', [basicLine('id:caf%C3%A9')]],
    ['a NUL', [basicLine('id:a\0b')]],
    ['an encoded NUL', [basicLine('id:a%00b')]],
    ['no colon', [basicLine('id')]],
    ['no id', [basicLine(':secret')]],
    ['a broken escape', [basicLine('id:100%')]],
    ['another scheme', ['Authorization: Bearer abc']],
  ])('refuses %s, in JSON and with a challenge', async (_what, lines) => {
    expect(await ask(clientBasic, lines)).toEqual(invalidClient)
    expect(seen).toEqual([])
  })

  it('refuses a secret in the form beside the header', async () => {
    const answer = await ask(clientBasic, [basicLine('id:secret'), form], { body: 'client_id=id&client_secret=secret' })
    const severalMethods = 'Only one client authentication method may be used in a request'
    expect(answer).toEqual(refused(400, 'invalid_request', severalMethods))
    expect(seen).toEqual([])
  })

  it('refuses two headers', async () => {
    const answer = await ask(clientBasic, [basicLine('id:secret'), basicLine('id:secret')])
    expect(answer).toEqual(refused(400, 'invalid_request', 'The Authorization header is repeated'))
    expect(seen).toEqual([])
  })

  it('ignores everything else in the form, which belongs to the route', async () => {
    const many = Array.from({ length: 80 }, (_, i) => `field${String(i)}=${'x'.repeat(300)}`).join('&')
    for (const body of ['tag=a&tag=b&tag=c', 'address[city]=x', many, `client_id=id&text=${'x'.repeat(20_000)}`]) {
      expect(await ask(clientBasic, [basicLine('id:secret'), form], { body })).toMatchObject({ status: 200 })
    }
  })
})

describe('ClientPasswordStrategy', () => {
  it('takes the credentials from a form', async () => {
    const answer = await ask(clientPassword, [form], { body: 'client_id=id&client_secret=p%2Bw%25' })
    expect(answer).toMatchObject({ status: 200 })
    expect(seen).toEqual([['id', 'p+w%']])
  })

  it.each([
    ['JSON', { lines: ['Content-Type: application/json'], body: '{"client_id":"id","client_secret":"secret"}' }],
    ['the query', { lines: [form], target: '/guarded?client_id=id&client_secret=secret' }],
    ['HTTP Basic', { lines: [basicLine('id:secret')] }],
    ['a form without a secret', { lines: [form], body: 'client_id=id' }],
    ['a form with an empty secret', { lines: [form], body: 'client_id=id&client_secret=' }],
    ['a form without an id', { lines: [form], body: 'client_secret=secret' }],
  ])('takes none from %s', async (_what, { lines, ...more }) => {
    expect(await ask(clientPassword, lines, more)).toEqual(invalidClient)
    expect(seen).toEqual([])
  })

  it.each([
    ['a repeated id', 'client_id=a&client_id=b&client_secret=x'],
    ['a repeated secret', 'client_id=a&client_secret=x&client_secret=y'],
    ['an object', 'client_id=a&client_secret[$ne]='],
    ['a list', 'client_id[]=a&client_secret=x'],
  ])('refuses %s', async (_what, body) => {
    const description = repeatedWords
    expect(await ask(clientPassword, [form], { body })).toEqual(refused(400, 'invalid_request', description))
    expect(seen).toEqual([])
  })

  it('refuses a header beside the form', async () => {
    const answer = await ask(clientPassword, [basicLine('id:x'), form], { body: 'client_id=id&client_secret=x' })
    const severalMethods = 'Only one client authentication method may be used in a request'
    expect(answer).toEqual(refused(400, 'invalid_request', severalMethods))
    expect(seen).toEqual([])
  })
})

describe('BearerStrategy', () => {
  const anonymous = answered(401, {}, { challenge: bearerChallenge })

  function malformed(description: string): ShownAnswer {
    const challenge = `${bearerChallenge}, error="invalid_request", error_description="${description}"`
    return answered(400, { error: 'invalid_request', error_description: description }, { challenge })
  }

  it('takes a token from the header', async () => {
    const answer = await ask(bearer, ['authorization: bearer  abc-._~+/123=='])
    expect(answer).toMatchObject({
      status: 200,
      body: JSON.stringify({ user: { name: 'alice' }, info: { scope: 'orders:read profile' } }),
    })
    expect(seen).toEqual([['abc-._~+/123==']])
  })

  it.each([
    ['the query', { target: '/guarded?access_token=abc', method: 'GET' }],
    ['a repeated parameter of the query', { target: '/guarded?access_token=a&access_token=b', method: 'GET' }],
    ['a form', { lines: [form], body: 'access_token=abc' }],
    ['a form of a GET', { lines: [form], body: 'access_token=abc', method: 'GET' }],
    ['JSON', { lines: ['Content-Type: application/json'], body: '{"access_token":"abc"}' }],
    ['JSON, as an object', { lines: ['Content-Type: application/json'], body: '{"access_token":{"$ne":""}}' }],
    ['another scheme', { lines: [basicLine('id:secret')] }],
    ['another scheme, beside a form', { lines: [basicLine('a:b'), form], body: 'access_token=abc' }],
    ['a scheme with commas', { lines: ['Authorization: Digest a="b", c="d"'] }],
  ])(
    'takes none from %s',
    async (_what, request: { lines?: readonly string[]; target?: string; method?: string; body?: string }) => {
      const { lines = [], ...more } = request
      expect(await ask(bearer, lines, more)).toEqual(anonymous)
      expect(seen).toEqual([])
    },
  )

  it.each<[string, string, readonly string[], object?]>([
    ['two tokens', 'The Authorization header is malformed', ['Authorization: Bearer a b']],
    ['what is no b64token', 'The Authorization header is malformed', ['Authorization: Bearer a"b']],
    ['octets beyond ASCII', 'The Authorization header is malformed', ['Authorization: Bearer \xe9']],
    ['two headers', 'The Authorization header is repeated', ['Authorization: Bearer a', 'Authorization: Bearer a']],
    [
      'a second token in the query',
      'The access token is sent in more than one way',
      ['Authorization: Bearer a'],
      { target: '/guarded?access_token=a' },
    ],
    [
      'a second token in the form',
      'The access token is sent in more than one way',
      ['Authorization: Bearer a', form],
      { body: 'access_token=a' },
    ],
  ])('refuses %s with invalid_request and a challenge', async (_what, description, lines, more) => {
    expect(await ask(bearer, lines, more)).toEqual(malformed(description))
    expect(seen).toEqual([])
  })

  it('refuses a token that verify does not know', async () => {
    const description = 'The access token is invalid, expired or revoked'
    expect(await ask(bearer, ['Authorization: Bearer unknown'])).toEqual(
      answered(
        401,
        { error: 'invalid_token', error_description: description },
        { challenge: `${bearerChallenge}, error="invalid_token", error_description="${description}"` },
      ),
    )
  })

  const scopeTold = (info: unknown): BearerStrategy =>
    new BearerStrategy({ realm, scope: 'a b' }, (_token, done) => done(null, { name: 'alice' }, info))

  it.each<[string, unknown]>([
    ['a string', { scope: 'b c a' }],
    ['a list', { scope: ['a', 'b'] }],
  ])('accepts a token that has the scope, given as %s', async (_what, info) => {
    expect(await ask(scopeTold(info), ['Authorization: Bearer abc'])).toMatchObject({ status: 200 })
  })

  it.each<[string, unknown]>([
    ['only one of two', { scope: 'a' }],
    ['one that only begins like it', { scope: 'a bc' }],
    ['none', undefined],
    ['what is no list of strings', { scope: { a: true, b: true } }],
    ['a message', 'a b'],
  ])('refuses a token without the scope: %s', async (_what, info) => {
    const description = 'The access token does not have the scope that is needed'
    const error = 'insufficient_scope'
    const challenge = `${bearerChallenge}, error="${error}", error_description="${description}", scope="a b"`
    expect(await ask(scopeTold(info), ['Authorization: Bearer abc'])).toEqual(
      answered(403, { error, error_description: description }, { challenge }),
    )
  })

  it('requires the scope of the route instead of its own', async () => {
    const strategy = new BearerStrategy({ realm, scope: 'admin' }, (_token, done) => done(null, {}, { scope: 'a' }))
    for (const [scope, status] of [
      ['a', 200],
      [['a', 'b'], 403],
      [undefined, 403],
    ] as const) {
      const options = { scope } as AuthenticateOptions
      const answer = await request(passportApp(strategy, { options })).get('/guarded').set('Authorization', 'Bearer x')
      expect(answer.status).toBe(status)
    }
  })
})

describe('all of them', () => {
  it('have the class and name of the strategies that they replace', () => {
    expect(bearer).toBeInstanceOf(HttpBearerStrategy)
    expect(clientBasic).toBeInstanceOf(BasicStrategy)
    expect(clientPassword).toBeInstanceOf(BasicStrategy)
    expect([bearer.name, clientBasic.name, clientPassword.name]).toEqual(['bearer', 'basic', 'oauth2-client-password'])
  })

  it('never run the request handling of their base classes', async () => {
    const bases = [HttpBearerStrategy.prototype, BasicStrategy.prototype]
    const methods = bases.map((base) => Object.getOwnPropertyDescriptor(base, 'authenticate')!)
    const called = (): never => {
      throw new Error('called')
    }
    for (const base of bases) base.authenticate = called
    try {
      expect(await ask(bearer, ['Authorization: Bearer abc'])).toMatchObject({ status: 200 })
      expect(await ask(clientBasic, [basicLine('id:secret')])).toMatchObject({ status: 200 })
      expect(await ask(clientPassword, [form], { body: 'client_id=id&client_secret=x' })).toMatchObject({ status: 200 })
    } finally {
      bases.forEach((base, index) => Object.defineProperty(base, 'authenticate', methods[index]!))
    }
  })

  it('use no sessions by default', async () => {
    for (const [strategy, line] of [
      [bearer, 'Authorization: Bearer abc'],
      [clientBasic, basicLine('id:secret')],
    ] as const) {
      expect(await ask(strategy, [line])).toMatchObject({ status: 200 })
    }
  })

  it('leave the options of the route as they were, for the other strategies of the route', async () => {
    const options = {}
    const answer = await request(passportApp(bearer, { options })).get('/guarded').set('Authorization', 'Bearer abc')
    expect([answer.status, options]).toEqual([200, {}])
  })

  it.each<[string, () => unknown, string]>([
    ['no verify function', () => new BearerStrategy({} as never), 'BearerStrategy.verify'],
    ['something else', () => new BearerStrategy('x' as never, () => false), 'BearerStrategy'],
    [
      'a verify function that leaves out the secret',
      () => new ClientPasswordStrategy((clientId) => clientId),
      'ClientPasswordStrategy.verify',
    ],
    [
      'a verify function that leaves out the request',
      () => new BearerStrategy({ passReqToCallback: true }, (token) => token),
      'BearerStrategy.verify',
    ],
    [
      'a realm that would break the header',
      () => new ClientBasicStrategy({ realm: 'my "API"' }, (id, secret) => id + secret),
      'ClientBasicStrategy.realm',
    ],
    [
      'a realm of another alphabet',
      () => new ClientBasicStrategy({ realm: 'Bücher' }, (id, secret) => id + secret),
      'ClientBasicStrategy.realm',
    ],
    ['a scope that is none', () => new BearerStrategy({ scope: 'a  b' }, (token) => token), 'BearerStrategy.scope[1]'],
    [
      'a misspelt option',
      () => new BearerStrategy({ scopes: 'a' } as never, (token) => token),
      'BearerStrategy.scopes',
    ],
    [
      'a listener that is none',
      () => new BearerStrategy({ onEvent: 'x' } as never, (token) => token),
      'BearerStrategy.onEvent',
    ],
  ])('cannot be made with %s', (_what, make, option) => {
    expect(make).toThrow(ConfigurationError)
    expect(make).toThrow(expect.objectContaining({ option }))
  })

  it('challenge with the given realm, or with the default', async () => {
    expect(await ask(new ClientBasicStrategy((id, secret) => id + secret), [])).toMatchObject({
      challenge: 'Basic realm="Users", charset="UTF-8"',
    })
    expect(await ask(clientBasic, [])).toMatchObject({ challenge: basicChallenge })
  })
})
