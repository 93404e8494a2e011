import { beforeEach, describe, expect, it } from 'vitest'
import { StoreUnavailableError, type RequestContext, type User, type UserStore } from 'latchkey'
import { plainHasher } from '../fixtures/plain-passwords.js'
import { postToken } from '../fixtures/post-token.js'
import { hasher, testServer, type TestServer } from '../fixtures/test-server.js'

/** bcrypt, cost 4, of `alice's password`; the hasher of the tests has cost 10. */
const weakHash = '$2b$04$tO4nvyTTGl8vcEKn9cD1qugWL56AYysCEhJlLu7foneD6m7JjGD..'
const alice = 'grant_type=password&username=alice&password=alice%27s+password'

let server: TestServer
let user: User
let updates: [userId: string, passwordHash: string, replacedHash: string, context: RequestContext][]
let update: NonNullable<UserStore['updatePasswordHash']>
let updated: Promise<void>

beforeEach(() => {
  user = { userId: 'user-1', passwordHash: weakHash }
  updates = []
  let done: () => void
  updated = new Promise((resolve) => (done = resolve))
  update = () => undefined
  const users: UserStore = {
    findUserByUsername: (username) => (username === 'alice' ? user : undefined),
    findUser: () => user,
    updatePasswordHash(...given) {
      updates.push(given)
      done()
      return update(...given)
    },
  }
  server = testServer({ password: { users, hasher } })
})

const failures = (): unknown[] => server.events.filter(({ type }) => type === 'failure')

describe('a sign-in with a hash that is weaker than configured', () => {
  it.each([
    ['with a wrong password', 'grant_type=password&username=alice&password=wrong', {}],
    ['of a disabled user', alice, { disabled: true }],
    ['of an unknown user', 'grant_type=password&username=bob&password=wrong', {}],
  ])('replaces nothing if it fails: %s', async (_what, form, more) => {
    user = { ...user, ...more }
    expect((await postToken(server, form, 'shop-app')).status).toBe(400)
    // As long as a new hash would take.
    await hasher.hash('something else')
    expect(updates).toEqual([])
  })

  it('replaces the hash by a strong one of the same password, once', async () => {
    update = (_userId, passwordHash) => {
      user = { ...user, passwordHash }
    }
    expect((await postToken(server, alice, 'shop-app')).status).toBe(200)
    await updated
    expect(updates).toHaveLength(1)
    const [[userId, passwordHash, replacedHash, context]] = updates as [(typeof updates)[number]]
    expect(userId).toBe('user-1')
    expect(replacedHash).toBe(weakHash)
    expect(passwordHash).toMatch(/^\$2b\$10\$/)
    expect(await hasher.verify("alice's password", passwordHash)).toBe(true)
    expect([...context.parameters.keys()]).toEqual(['grant_type', 'username'])
    expect((await postToken(server, alice, 'shop-app')).status).toBe(200)
    await hasher.hash('something else')
    expect(updates).toHaveLength(1)
    expect(failures()).toEqual([])
  })

  it('does not wait for the store', async () => {
    update = () => new Promise(() => undefined)
    expect((await postToken(server, alice, 'shop-app')).status).toBe(200)
    await updated
  })

  it.each([
    ['throws', 'server_error', new Error('read-only'), false],
    ['rejects', 'server_error', new Error('read-only'), true],
    ['is away', 'temporarily_unavailable', new StoreUnavailableError('away'), true],
  ])('succeeds even if the store %s, and the operator learns of it', async (_what, error, cause, later) => {
    update = () => {
      if (later) return Promise.reject(cause)
      throw cause
    }
    expect((await postToken(server, alice, 'shop-app')).status).toBe(200)
    await updated
    await Promise.resolve()
    await new Promise((resolve) => setImmediate(resolve))
    expect(failures()).toEqual([expect.objectContaining({ type: 'failure', error, cause })])
  })

  it('succeeds even if no new hash can be made', async () => {
    const cause = new StoreUnavailableError('all worker threads are busy')
    const busy = {
      ...plainHasher,
      verify: hasher.verify.bind(hasher),
      needsRehash: () => true,
      hash: () => Promise.reject(cause),
    }
    const users = { findUserByUsername: () => user, findUser: () => user, updatePasswordHash: () => undefined }
    server = testServer({ password: { users, hasher: busy } })
    expect((await postToken(server, alice, 'shop-app')).status).toBe(200)
    expect(failures()).toEqual([expect.objectContaining({ error: 'temporarily_unavailable', cause })])
  })

  it('makes no new hash for a user store that cannot take one', async () => {
    let hashed = 0
    const counting = { ...plainHasher, needsRehash: () => true, hash: async () => `plain:${String(++hashed)}` }
    const users = {
      findUserByUsername: () => ({ userId: 'user-1', passwordHash: "plain:alice's password" }),
      findUser: () => user,
    }
    server = testServer({ password: { users, hasher: counting } })
    expect((await postToken(server, alice, 'shop-app')).status).toBe(200)
    expect(hashed).toBe(0)
  })
})
