import request from 'supertest'
import { beforeEach, describe, expect, it } from 'vitest'
import { plainHasher, plainServer, watchedServer, type WatchedServer } from '../fixtures/plain-passwords.js'
import { basicLine, formLine, postToken, signIn } from '../fixtures/post-token.js'
import { sendRaw } from '../fixtures/raw-http.js'
import { refused, shown } from '../fixtures/shown-answer.js'
import { hasher } from '../fixtures/test-server.js'

const alice = 'grant_type=password&username=alice&password=alice%27s+password'
const invalidUser = refused(400, 'invalid_grant', 'The user name or the password is wrong')

let server: WatchedServer

beforeEach(() => {
  server = watchedServer()
})

describe('the user', () => {
  it('a wrong password is invalid_grant with 400 and no challenge (ROP-05)', async () => {
    const form = 'grant_type=password&username=alice&password=wrong'
    expect(shown(await postToken(server, form, 'shop-app'))).toEqual(invalidUser)
    expect(server.lookups).toEqual(['alice'])
  })

  it('unknown, disabled and wrong password: the same response, byte for byte, after the same work (ROP-06)', async () => {
    server.users.set('ex', { userId: 'user-9', passwordHash: 'plain:right', disabled: true })
    const lines = ['POST /oauth/token HTTP/1.1', formLine, basicLine('shop-app')]
    const answers: string[] = []
    for (const form of ['username=nobody', 'username=alice', 'username=ex', 'username=ex&password=right']) {
      const password = form.includes('password=') ? '' : '&password=wrong'
      answers.push((await sendRaw(server.http, lines, `grant_type=password&${form}${password}`)).octets)
    }
    expect(new Set(answers).size).toBe(1)
    expect(answers[0]).toMatch(/^HTTP\/1\.1 400 [^]*"error":"invalid_grant"/)
    expect(server.verified).toEqual([
      ['verifyNobody', 'wrong'],
      ['verify', 'wrong'],
      ['verify', 'wrong'],
      ['verify', 'right'],
    ])
  })

  it.each([1, 'true', 'no', {}])('a user whose disabled is %j is disabled (ROP-06)', async (disabled) => {
    const user = { userId: 'user-1', passwordHash: "plain:alice's password", disabled: disabled as never }
    server.users.set('alice', user)
    expect(shown(await postToken(server, alice, 'shop-app'))).toEqual(invalidUser)
  })

  it.each([
    ['another case', 'Correct Horse'],
    ['a space more', 'correct horse '],
    ['a space before', ' correct horse'],
    ['one character less', 'correct hors'],
  ])('verifies the password as it came: %s does not match (ROP-09)', async (_what, password) => {
    server.users.set('bob', { userId: 'user-2', passwordHash: 'plain:correct horse' })
    const form = new URLSearchParams({ grant_type: 'password', username: 'bob', password }).toString()
    expect(shown(await postToken(server, form, 'shop-app'))).toEqual(invalidUser)
    expect(server.verified).toEqual([['verify', password]])
  })

  it('does not cut a password at the 72 bytes that bcrypt reads (ROP-09)', async () => {
    const real = plainServer({ password: { hasher } })
    const longest = 'é'.repeat(36)
    real.users.set('bob', { userId: 'user-2', passwordHash: await hasher.hash(longest) })
    const tries = [`${longest}x`, `${longest}${longest}`, longest]
    const statuses: number[] = []
    for (const password of tries) {
      const form = new URLSearchParams({ grant_type: 'password', username: 'bob', password }).toString()
      statuses.push((await postToken(real, form, 'shop-app')).status)
    }
    expect(statuses).toEqual([400, 400, 200])
  })

  it('compares passwords byte for byte: another Unicode form of the same letters is another password (ROP-10)', async () => {
    const composed = 'caf\u00E9'
    server.users.set('bob', { userId: 'user-2', passwordHash: `plain:${composed}` })
    const form = (password: string): string =>
      new URLSearchParams({ grant_type: 'password', username: 'bob', password }).toString()
    expect(shown(await postToken(server, form(composed.normalize('NFD')), 'shop-app'))).toEqual(invalidUser)
    expect((await postToken(server, form(composed), 'shop-app')).status).toBe(200)
    expect(server.verified.map(([, password]) => password)).toEqual(['cafe\u0301', 'caf\u00E9'])
  })

  it('the token names the stable id of the user, not the typed name (ROP-16)', async () => {
    const { access_token: token } = await signIn(server)
    const { body } = await request(server.http).get('/orders').set('Authorization', `Bearer ${token}`)
    expect(body).toEqual({
      actsFor: 'user',
      userId: 'user-1',
      clientId: 'shop-app',
      authorizationId: expect.stringMatching(/^[\w-]{22}$/) as string,
      scope: 'orders:read orders:write',
      audience: [],
      claims: {},
      issuedAt: server.now(),
      expiresAt: server.now() + 3600,
    })
  })

  it.each([
    ['true', true],
    ['a number', 1],
    ['a text', 'user-1'],
    ['an empty object', {}],
    ['an empty list', []],
    ['a user without an id', { passwordHash: "plain:alice's password" }],
    ['a user with an empty id', { userId: '', passwordHash: "plain:alice's password" }],
    ['a user with a number for an id', { userId: 7, passwordHash: "plain:alice's password" }],
    ['a user without a password', { userId: 'user-1' }],
    ['a user with a null password', { userId: 'user-1', passwordHash: null }],
  ])('a user store that returns %s signs no user in (ROP-17)', async (_what, answer) => {
    server.users.set('alice', answer as never)
    expect(shown(await postToken(server, alice, 'shop-app'))).toEqual(
      refused(500, 'server_error', 'The server met an unexpected condition'),
    )
    expect(server.verified).toEqual([])
  })

  it.each([1, 'true', {}, [], 'alice', null, undefined])(
    'a hasher that returns %j does not match (ROP-17)',
    async (answer) => {
      const odd = plainServer({ password: { hasher: { ...plainHasher, verify: async () => answer as never } } })
      expect(shown(await postToken(odd, alice, 'shop-app'))).toEqual(invalidUser)
    },
  )
})
