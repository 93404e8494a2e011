import { afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { PasswordHasher, UserStore } from 'latchkey'
import { plainHasher } from '../fixtures/plain-passwords.js'
import { basicLine, formLine } from '../fixtures/post-token.js'
import {
  invalidClient,
  issued,
  refused,
  type ShownAnswer,
  scopeWords,
  repeatedWords,
  tooLongWords,
  unsupportedWords,
} from '../fixtures/shown-answer.js'
import { secretOf } from '../fixtures/test-server.js'
import { shopApi } from '../fixtures/api-server.js'
import { attackedServer, type AttackedServer } from './attacked.js'
import { watchProcess } from './process-watch.js'

watchProcess()

const unsupported = refused(400, 'unsupported_grant_type', unsupportedWords)
const malformed = refused(400, 'invalid_request', 'The body is not form-encoded UTF-8')
const repeated = refused(400, 'invalid_request', repeatedWords)
const noPassword = refused(
  400,
  'invalid_request',
  'The user name or the password is too long or has control characters',
)
const tooLong = refused(400, 'invalid_request', tooLongWords)
const tooLarge = refused(413, 'invalid_request', 'The body is too large')
const wrongUser = refused(400, 'invalid_grant', 'The user name or the password is wrong')
const wrongScope = refused(400, 'invalid_scope', scopeWords)
const wrongTarget = refused(400, 'invalid_target', 'The resource is unknown, malformed, or not for this client')
const notThisClient = refused(400, 'unauthorized_client', 'A public client may not use this grant type')

const own = 'grant_type=client_credentials'
const signIn = 'grant_type=password'
const alice = 'username=alice&password=alice%27s+password'
const kilobytes = (count: number): string => 'x'.repeat(count * 1000)

/** A form that `shop-app` sends, and the answer. */
const rows: readonly [what: string, id: string, form: string, answer: ShownAnswer][] = [
  ...['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'valueOf', 'then'].map(
    (name): (typeof rows)[number] => [`the grant type ${name}`, 'ABU-060', `grant_type=${name}`, unsupported],
  ),
  ...['Password', 'PASSWORD', 'password%20', '%20password', 'password%00', 'passw%D0%BErd'].map(
    (name): (typeof rows)[number] => [`the grant type ${name}`, 'ABU-061', `grant_type=${name}&${alice}`, unsupported],
  ),
  ['a grant type of 10 kB', 'ABU-062', `grant_type=${kilobytes(10)}`, unsupported],
  ['a grant type of 17 kB', 'ABU-062', `grant_type=${kilobytes(17)}`, tooLong],
  ['a grant type of 1 MB', 'ABU-062', `grant_type=${kilobytes(1000)}`, tooLarge],
  ...['authorization_code', 'implicit', 'urn:ietf:params:oauth:grant-type:device_code'].map(
    (name): (typeof rows)[number] => [`the grant type ${name}`, 'ABU-063', `grant_type=${name}&code=x`, unsupported],
  ),
  ['a password of 1 MB', 'ABU-064', `${signIn}&username=alice&password=${kilobytes(1000)}`, tooLarge],
  ['a password of 15 kB', 'ABU-064', `${signIn}&username=alice&password=${kilobytes(15)}`, noPassword],
  ...['%00', 'alice%00', '%0D', 'alice%0Aadmin', '%1B[2J'].flatMap((text): (typeof rows)[number][] => [
    [`the user name ${text}`, 'ABU-066', `${signIn}&username=${text}&password=x`, noPassword],
    [`the password ${text}`, 'ABU-066', `${signIn}&username=alice&password=${text}`, noPassword],
  ]),
  ['half a character in a password', 'ABU-067', `${signIn}&username=alice&password=%ED%A0%80`, malformed],
  ['half a character in a user name', 'ABU-067', `${signIn}&username=%ED%B0%80&password=x`, malformed],
  ...['+alice%27s+password', 'alice%27s+password+', 'alice%27s++password', 'alice%27s+password%09'].map(
    (password): (typeof rows)[number] => [
      `the password ${password}`,
      'ABU-068',
      `${signIn}&username=alice&password=${password}`,
      wrongUser,
    ],
  ),
  ['two user names', 'ABU-074', `${signIn}&username=alice&username=bob&password=x`, repeated],
  ...['a%22b', 'a%5Cb', 'a%0Ab', 'a%09b', '%C3%A9', 'orders:read%0D%0ASet-Cookie:+a%3Db', 'orders:read%00'].map(
    (scope): (typeof rows)[number] => [`the scope ${scope}`, 'ABU-077', `${own}&scope=${scope}`, wrongScope],
  ),
  ...['%20', 'orders:read%20%20profile', '%20orders:read', 'orders:read+'].map((scope): (typeof rows)[number] => [
    `the scope ${scope}`,
    'ABU-078',
    `${own}&scope=${scope}`,
    wrongScope,
  ]),
  ['100 000 scopes', 'ABU-079', `${own}&scope=${'a+'.repeat(100_000)}`, tooLarge],
  ['8 000 scopes', 'ABU-079', `${own}&scope=${'a+'.repeat(8000)}`, wrongScope],
  ...['__proto__', 'constructor', 'toString', 'has', 'size'].map((scope): (typeof rows)[number] => [
    `the scope ${scope}`,
    'ABU-080',
    `${own}&scope=${scope}`,
    wrongScope,
  ]),
  ...['/relative', 'https://x%23f', `${shopApi}%23f`, 'javascript:1', 'x', '%00', `${shopApi}%20`, kilobytes(10)].map(
    (resource): (typeof rows)[number] => [
      `the resource ${resource.slice(0, 30)}`,
      'ABU-081',
      `${own}&resource=${resource}`,
      wrongTarget,
    ],
  ),
  ['an empty resource, which is none', 'ABU-081', `${own}&resource=`, issued('orders:read orders:write')],
  ...[
    'http://127.0.0.1.evil/shop',
    'http://127.0.0.1@evil/shop',
    'HTTP://127.0.0.1/shop',
    'https://STOCK.example.com/v1',
    'http://127.0.0.1/%2573hop',
    'http://127.0.0.1/x/%252e%252e/shop',
    'http://127.0.0.1/x/../shop',
    `${shopApi}/`,
    `${shopApi}?`,
  ].map((resource): (typeof rows)[number] => [
    `the resource ${resource}`,
    'ABU-082',
    `${own}&resource=${resource}`,
    wrongTarget,
  ]),
]

const looked: string[] = []
const hashed: string[] = []
const users = {
  findUserByUsername: (username: string) => {
    looked.push(username)
    return server.users.get(username)
  },
  findUser: (id: string) => [...server.users.values()].find(({ userId }) => userId === id),
}
const hasher: PasswordHasher = {
  ...plainHasher,
  verify(password, hash) {
    hashed.push(password)
    return plainHasher.verify(password, hash)
  },
}
let server: AttackedServer

beforeAll(async () => {
  server = await attackedServer({ password: { users, hasher } })
})

describe('a grant request with', () => {
  it.each(rows)('%s (%s)', async (_what, id, form, answer) => {
    looked.length = hashed.length = 0
    const started = performance.now()
    await server.attackForm(form, answer)
    expect(performance.now() - started).toBeLessThan(5000)
    // Only one whose name and password can be one is looked up.
    expect([looked.length, hashed.length]).toEqual(id === 'ABU-068' ? [1, 1] : [0, 0])
  })

  it('long values are shortened in events (ABU-062)', () => {
    for (const event of server.events) expect(JSON.stringify(event).length).toBeLessThan(1500)
  })

  it.each(['other-app', 'post-app', 'shop-app'])('the id of %s without its secret (ABU-075)', async (clientId) => {
    const lines = ['POST /oauth/token HTTP/1.1', formLine]
    await server.attack(lines, `${signIn}&${alice}&client_id=${clientId}`, invalidClient)
  })

  it('a public client has nothing to authenticate with (ABU-076)', async () => {
    const lines = ['POST /oauth/token HTTP/1.1', formLine]
    await server.attack(lines, `${own}&client_id=spa`, notThisClient)
  })

  it('a secret in the URL appears in no event (ABU-083)', async () => {
    const lines = [`POST /oauth/token?client_secret=${secretOf('shop-app')} HTTP/1.1`, formLine, basicLine('shop-app')]
    const refusal = refused(400, 'invalid_request', 'Credentials and tokens must not be sent in the query')
    await server.attack(lines, own, refusal)
  })
})

describe('a user store that returns (ABU-073)', () => {
  const find = users.findUserByUsername
  afterEach(() => void (users.findUserByUsername = find))
  const serverError = { status: 500, error: 'server_error' }
  const answers: readonly [what: string, answered: unknown][] = [
    ['true', true],
    ['an empty object', {}],
    ['the id 0', { userId: 0, passwordHash: "plain:alice's password" }],
    ['an empty id', { userId: '', passwordHash: "plain:alice's password" }],
    ['a list', []],
    ['an id and no hash', { userId: 'user-1' }],
    ['a text', 'alice'],
    ['a function', () => ({ userId: 'user-1', passwordHash: "plain:alice's password" })],
  ]

  it.each(answers)('%s signs no user in', async (_what, answered) => {
    for (const answer of [answered, Promise.resolve(answered)]) {
      users.findUserByUsername = () => answer as ReturnType<UserStore['findUserByUsername']> as never
      const given = await server.postAs('shop-app', `${signIn}&${alice}`)
      expect([given.status, JSON.parse(given.text).error]).toEqual(Object.values(serverError))
      expect(given.headers['cache-control']).toBe('no-store')
    }
  })

  it('with an exception signs no user in', async () => {
    users.findUserByUsername = () => {
      throw new Error('secret cause')
    }
    const given = await server.postAs('shop-app', `${signIn}&${alice}`)
    expect([given.status, JSON.parse(given.text).error]).toEqual(Object.values(serverError))
    expect(given.octets).not.toContain('secret cause')
  })

  it('nothing at all leads to 503, and a late result issues nothing', async () => {
    let finish: (user: unknown) => void = () => undefined
    const slow = await attackedServer({
      password: {
        hasher,
        users: { ...users, findUserByUsername: () => new Promise((resolve) => (finish = resolve as typeof finish)) },
      },
      server: { requestTimeoutSeconds: 1 },
    })
    const given = await slow.postAs('shop-app', `${signIn}&${alice}`)
    expect([given.status, JSON.parse(given.text).error]).toEqual([503, 'temporarily_unavailable'])
    expect(given.headers['retry-after']).toMatch(/^\d+$/)
    finish({ userId: 'user-1', passwordHash: "plain:alice's password" })
    await new Promise((resolve) => setTimeout(resolve, 50))
    expect(slow.events.filter(({ type }) => type === 'tokens_issued')).toEqual([])
    expect(slow.stores.tokens.listAuthorizations('user-1')).toEqual([])
  })
})
