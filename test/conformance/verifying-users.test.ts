import { memoryThrottle, type PasswordHasher, type UserAuthentication, type VerifyingUserStore } from 'latchkey'
import { beforeEach, describe, expect, it } from 'vitest'
import { plainHasher, plainServer } from '../fixtures/plain-passwords.js'
import { basicLine, formLine, postToken, signIn } from '../fixtures/post-token.js'
import { sendRaw } from '../fixtures/raw-http.js'
import { issued, refused, shown } from '../fixtures/shown-answer.js'
import type { TestServer } from '../fixtures/test-server.js'

const invalidUser = refused(400, 'invalid_grant', 'The user name or the password is wrong')
const challenged = refused(400, 'invalid_grant', 'The sign-in needs another step, which this grant does not have')
const serverError = refused(500, 'server_error', 'The server met an unexpected condition')
const aRefreshToken = { refresh_token: expect.stringMatching(/^[\w-]{43}$/) as string }
const alice = 'grant_type=password&username=alice&password=right'

/** What `authenticateUser` was asked. */
let asked: [username: string, password: string][]
let answer: (username: string, password: string) => unknown
let known: unknown
let server: TestServer

/** Must not be used with a store that verifies by itself. */
const untouched: PasswordHasher = {
  ...plainHasher,
  verify: () => Promise.reject(new Error('hashed')),
  verifyNobody: () => Promise.reject(new Error('hashed')),
  needsRehash() {
    throw new Error('hashed')
  },
}

const users: VerifyingUserStore = {
  authenticateUser(username, password) {
    asked.push([username, password])
    return answer(username, password) as UserAuthentication
  },
  findUser: () => known as never,
}

beforeEach(() => {
  asked = []
  known = { userId: 'user-1' }
  answer = (_username, password) =>
    password === 'right' ? { outcome: 'ok', userId: 'user-1' } : { outcome: 'denied', userId: 'user-1' }
  server = plainServer({ password: { users, hasher: untouched } })
})

const reasons = (): readonly unknown[] =>
  server.events.flatMap((event) => (event.type === 'user_authentication_failed' ? [[event.userId, event.reason]] : []))

describe('users whose store verifies passwords', () => {
  it('get the same response if denied, locked, wrong or unknown, byte for byte (ROP-05, ROP-06, ABU-069)', async () => {
    const lines = ['POST /oauth/token HTTP/1.1', formLine, basicLine('shop-app')]
    const outcomes: UserAuthentication[] = [
      { outcome: 'denied' },
      { outcome: 'denied', userId: 'user-1' },
      { outcome: 'locked' },
      { outcome: 'locked', userId: 'user-1' },
    ]
    const octets: string[] = []
    for (const outcome of outcomes) {
      answer = () => outcome
      octets.push((await sendRaw(server.http, lines, alice)).octets)
    }
    // As the library itself answers.
    octets.push((await sendRaw(plainServer().http, lines, alice)).octets)
    expect(new Set(octets).size).toBe(1)
    expect(octets[0]).toMatch(/^HTTP\/1\.1 400 [^]*"error":"invalid_grant"/)
    expect(reasons()).toEqual([
      [undefined, 'denied'],
      ['user-1', 'denied'],
      [undefined, 'user_locked'],
      ['user-1', 'user_locked'],
    ])
  })

  it('with a right password that is not enough get invalid_grant with its own description, and no token (ROP-15, ROP-02)', async () => {
    answer = () => ({ outcome: 'challenge', userId: 'user-1' })
    expect(shown(await postToken(server, alice, 'shop-app'))).toEqual(challenged)
    expect(reasons()).toEqual([['user-1', 'challenged']])
    expect(server.stores.tokens.listAuthorizations('user-1')).toEqual([])
  })

  it('see the password as it came, and give the token its subject (ROP-09, ROP-16)', async () => {
    answer = () => Promise.resolve({ outcome: 'ok', userId: 'user-7' })
    const form = new URLSearchParams({ grant_type: 'password', username: ' Ada ', password: ' naïve\t+% ' })
    const scope = 'orders:read orders:write'
    expect(shown(await postToken(server, form.toString(), 'shop-app'))).toEqual(issued(scope, aRefreshToken))
    expect(asked).toEqual([[' Ada ', ' naïve\t+% ']])
    expect(server.stores.tokens.listAuthorizations('user-7')).toMatchObject([{ userId: 'user-7' }])
  })

  it('see nothing of a request that is refused before (ROP-04, ROP-08)', async () => {
    await postToken(server, `${alice}%00`, 'shop-app')
    await postToken(server, alice, 'stock-sync')
    const lines = ['POST /oauth/token HTTP/1.1', formLine, basicLine('shop-app', 'wrong')]
    await sendRaw(server.http, lines, alice)
    expect(asked).toEqual([])
  })

  it.each([
    ['nothing', undefined],
    ['null', null],
    ['true', true],
    ['false', false],
    ['a number', 1],
    ['the word ok', 'ok'],
    ['an empty object', {}],
    ['a list', ['ok', 'user-1']],
    ['a function', () => ({ outcome: 'ok', userId: 'user-1' })],
    ['an unknown outcome', { outcome: 'okay', userId: 'user-1' }],
    ['an outcome in capitals', { outcome: 'OK', userId: 'user-1' }],
    ['an outcome that is a list', { outcome: ['ok'], userId: 'user-1' }],
    ['true for an outcome', { outcome: true, userId: 'user-1' }],
    ['ok without an id', { outcome: 'ok' }],
    ['ok with an empty id', { outcome: 'ok', userId: '' }],
    ['ok with a number for an id', { outcome: 'ok', userId: 7 }],
    ['ok with a null id', { outcome: 'ok', userId: null }],
    ['ok with a text object for an id', { outcome: 'ok', userId: new String('user-1') }],
    ['a user, as another store does', { userId: 'user-1', passwordHash: 'plain:right' }],
  ])('are not signed in if the store returns %s (ROP-17, ABU-073)', async (_what, answered) => {
    for (const given of [answered, Promise.resolve(answered)]) {
      answer = () => given
      expect(shown(await postToken(server, alice, 'shop-app'))).toEqual(serverError)
    }
    expect(server.events.filter(({ type }) => type === 'tokens_issued')).toEqual([])
    expect(server.stores.tokens.listAuthorizations('user-1')).toEqual([])
  })

  it('are not signed in if the store throws or rejects (ROP-17, ABU-073)', async () => {
    answer = () => {
      throw new Error('the directory says: password right')
    }
    expect(shown(await postToken(server, alice, 'shop-app'))).toEqual(serverError)
    answer = () => Promise.reject(new Error('the directory says: password right'))
    expect(shown(await postToken(server, alice, 'shop-app'))).toEqual(serverError)
  })

  it('the password is in no event, and not in the context (ROP-14)', async () => {
    const contexts: unknown[] = []
    server = plainServer({
      password: {
        users: {
          authenticateUser(username, password, context) {
            contexts.push([...context.parameters])
            return users.authenticateUser(username, password, context)
          },
          findUser: () => undefined,
        },
      },
    })
    for (const password of ['right', 'hunter2']) {
      const form = new URLSearchParams({ grant_type: 'password', username: 'alice', password }).toString()
      await postToken(server, form, 'shop-app')
    }
    expect(asked).toHaveLength(2)
    expect(contexts).toHaveLength(2)
    for (const password of ['"right"', 'hunter2'])
      expect(JSON.stringify([server.events, contexts])).not.toContain(password)
  })

  it.each([
    ['who is known', { userId: 'user-1' }, true],
    ['who is not disabled', { userId: 'user-1', disabled: false }, true],
    ['who is disabled', { userId: 'user-1', disabled: true }, false],
    ['who is gone', undefined, false],
    ['who is null', null, false],
    ['who is somebody else', { userId: 'user-2' }, false],
  ])('are looked up at a refresh: one %s', async (_what, user, isGranted) => {
    const { refresh_token: refreshToken } = await signIn(server, 'right')
    known = user
    const { status } = await postToken(server, `grant_type=refresh_token&refresh_token=${refreshToken}`, 'shop-app')
    expect(status).toBe(isGranted ? 200 : 400)
  })

  it.each([true, {}, 'user-1', { userId: '' }])('cannot refresh if the store finds %j (ROP-17)', async (user) => {
    const { refresh_token: refreshToken } = await signIn(server, 'right')
    known = user
    const form = `grant_type=refresh_token&refresh_token=${refreshToken}`
    expect(shown(await postToken(server, form, 'shop-app'))).toEqual(serverError)
  })

  describe('under a throttle', () => {
    beforeEach(() => {
      const throttle = memoryThrottle({ clock: () => 1_800_000_000, limits: { account: { freeFailures: 3 } } })
      server = plainServer({ password: { users, hasher: untouched }, server: { throttle } })
    })

    const statuses = async (times: number): Promise<number[]> => {
      const seen: number[] = []
      for (let i = 0; i < times; i++) seen.push((await postToken(server, alice, 'shop-app')).status)
      return seen
    }

    it.each(['denied', 'locked'])('are not asked again after too many that were %s (ROP-07)', async (outcome) => {
      answer = () => ({ outcome })
      expect(await statuses(5)).toEqual([400, 400, 400, 429, 429])
      expect(asked).toHaveLength(3)
    })

    it('do not fail by a right password that is not enough, or by an outage (ROP-07)', async () => {
      answer = () => ({ outcome: 'challenge' })
      expect(await statuses(5)).toEqual([400, 400, 400, 400, 400])
      answer = () => 'rubbish'
      expect(await statuses(5)).toEqual([500, 500, 500, 500, 500])
    })
  })

  it('are verified by the store if it does both', async () => {
    const both = { ...users, findUserByUsername: () => Promise.reject(new Error('looked up')) }
    server = plainServer({ password: { users: both, hasher: untouched } })
    expect((await postToken(server, alice, 'shop-app')).status).toBe(200)
  })
})

describe('a locked user of a store that finds', () => {
  beforeEach(() => {
    server = plainServer()
  })

  it('gets the response for a wrong password, byte for byte, and can still refresh (ROP-06, ABU-069)', async () => {
    const { refresh_token: refreshToken } = await signIn(server)
    const form = (password: string): string =>
      new URLSearchParams({ grant_type: 'password', username: 'alice', password }).toString()
    const lines = ['POST /oauth/token HTTP/1.1', formLine, basicLine('shop-app')]
    const wrong = await sendRaw(server.http, lines, form('wrong'))
    server.users.set('alice', { userId: 'user-1', passwordHash: "plain:alice's password", locked: true })
    const right = await sendRaw(server.http, lines, form("alice's password"))
    expect(shown(right)).toEqual(invalidUser)
    expect(right.octets).toBe(wrong.octets)
    expect(reasons()).toEqual([
      ['user-1', 'wrong_password'],
      ['user-1', 'user_locked'],
    ])
    const refresh = `grant_type=refresh_token&refresh_token=${refreshToken}`
    expect((await postToken(server, refresh, 'shop-app')).status).toBe(200)
  })

  it.each([1, 'yes', {}])('whose locked is %j is locked (ROP-06)', async (locked) => {
    server.users.set('alice', { userId: 'user-1', passwordHash: 'plain:right', locked: locked as never })
    expect(shown(await postToken(server, alice, 'shop-app'))).toEqual(invalidUser)
  })
})
