import { once } from 'node:events'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { bcryptHasher, type PasswordHasher } from 'latchkey'
import { plainHasher } from '../fixtures/plain-passwords.js'
import { postToken } from '../fixtures/post-token.js'
import { refused, shown } from '../fixtures/shown-answer.js'
import { testServer, type TestServer } from '../fixtures/test-server.js'
import { watchProcess } from './process-watch.js'

watchProcess()

const signIn = (password: string, username = 'alice'): string =>
  new URLSearchParams({ grant_type: 'password', username, password }).toString()
const wrongUser = refused(400, 'invalid_grant', 'The user name or the password is wrong')
const noPassword = refused(
  400,
  'invalid_request',
  'The user name or the password is too long or has control characters',
)
const hasher = bcryptHasher({ workers: 1, queueLimit: 0 })
const longest = 'é'.repeat(36)

/** A server on real bcrypt with one thread and no queue. */
let server: TestServer

beforeAll(async () => {
  server = testServer({ password: { hasher } })
  server.users.set('long', { userId: 'user-long', passwordHash: await hasher.hash(longest) })
  await once(server.http.listen(0, '127.0.0.1'), 'listening')
})
afterAll(async () => {
  server.http.close()
  await hasher.close()
})

/** A server whose hasher notes what it is given. */
function watched(needsRehash = false): TestServer & { readonly given: string[] } {
  const given: string[] = []
  const noting: PasswordHasher = {
    hash: async (password) => (given.push(`hash ${password}`), plainHasher.hash(password)),
    verify: async (password, hash) => (given.push(`verify ${password}`), plainHasher.verify(password, hash)),
    verifyNobody: async (password) => void given.push(`nobody ${password}`),
    needsRehash: () => needsRehash,
  }
  const made = testServer({ password: { hasher: noting } })
  made.users.set('alice', { userId: 'user-1', passwordHash: 'plain:right' })
  return Object.assign(made, { given })
}

describe('the password of a user', () => {
  it('costs the same work for an unknown user (AUT-09)', async () => {
    const own = watched()
    for (const username of ['alice', 'nobody'])
      expect(shown(await postToken(own, signIn('x', username), 'shop-app'))).toEqual(wrongUser)
    expect(own.given).toEqual(['verify x', 'nobody x'])
    const times = { alice: [] as number[], nobody: [] as number[] }
    for (let i = 0; i < 12; i++) {
      for (const username of ['alice', 'nobody'] as const) {
        const before = process.cpuUsage()
        expect((await postToken(server, signIn('wrong', username), 'shop-app')).status).toBe(400)
        const { user, system } = process.cpuUsage(before)
        times[username].push(user + system)
      }
    }
    // The quickest of each, for whatever else the process does only adds. Without a hash it would be a twentieth.
    const ratio = Math.min(...times.nobody) / Math.min(...times.alice)
    expect(ratio).toBeGreaterThan(0.6)
    expect(ratio).toBeLessThan(1.7)
  })

  it('is hashed with bcrypt of cost 10 at least, and not on the main thread (AUT-10)', async () => {
    expect(() => bcryptHasher({ cost: 9 })).toThrow('bcryptHasher.cost')
    expect(await hasher.hash('x')).toMatch(/^\$2b\$10\$/)
    let turns = 0
    const timer = setInterval(() => turns++, 5)
    await Promise.all([hasher.verify('x', await hasher.hash('y')), postToken(server, 'grant_type=x', 'shop-app')])
    clearInterval(timer)
    expect(turns).toBeGreaterThan(2)
  })

  it('does not match by its first 72 bytes alone (ABU-065, AUT-11)', async () => {
    expect(Buffer.byteLength(longest)).toBe(72)
    expect((await postToken(server, signIn(longest, 'long'), 'shop-app')).status).toBe(200)
    for (const more of ['x', 'é', ' '])
      expect(shown(await postToken(server, signIn(longest + more, 'long'), 'shop-app'))).toEqual(wrongUser)
  })

  it.each(['right\0', '\0', 'ri\0ght'])('with a NUL is refused before any work: %j (AUT-12)', async (password) => {
    const own = watched()
    expect(shown(await postToken(own, signIn(password), 'shop-app'))).toEqual(noPassword)
    expect(own.given).toEqual([])
  })

  it('may have 1024 bytes, and a longer one is not looked at (AUT-13)', async () => {
    const own = watched()
    expect(shown(await postToken(own, signIn('x'.repeat(1024)), 'shop-app'))).toEqual(wrongUser)
    expect(own.given).toHaveLength(1)
    for (const username of ['alice', 'nobody'])
      expect(shown(await postToken(own, signIn('é'.repeat(513), username), 'shop-app'))).toEqual(noPassword)
    expect(own.given).toHaveLength(1)
  })

  it('causes events with who, where and why, never the typed name, which may be the password (AUT-17)', async () => {
    const own = watched()
    for (const [username, password] of [
      ['alice', 'right'],
      ['alice', 'wrong-one'],
      ['my-secret-password', 'x'],
    ] as const)
      await postToken(own, signIn(password, username), 'shop-app')
    const base = { clientId: 'shop-app', endpoint: 'token', address: expect.any(String) as unknown }
    expect(own.events.filter(({ type }) => /issued|user_auth/.test(type))).toEqual([
      expect.objectContaining({ type: 'tokens_issued', ...base, userId: 'user-1' }),
      expect.objectContaining({
        type: 'user_authentication_failed',
        ...base,
        userId: 'user-1',
        reason: 'wrong_password',
      }),
      expect.objectContaining({
        type: 'user_authentication_failed',
        ...base,
        userId: undefined,
        reason: 'unknown_user',
      }),
    ])
    expect(JSON.stringify(own.events)).not.toMatch(/wrong-one|my-secret-password/)
  })

  it('waits in a bounded queue; beyond it 503 with Retry-After (AUT-18)', async () => {
    const answers = await Promise.all(Array.from({ length: 6 }, () => postToken(server, signIn('wrong'), 'shop-app')))
    const statuses = answers.map(({ status }) => status)
    expect(statuses.filter((status) => status === 503).length).toBeGreaterThan(0)
    expect(statuses.filter((status) => status === 400).length).toBeGreaterThan(0)
    for (const { status, headers } of answers) expect(headers['retry-after']).toBe(status === 503 ? '1' : undefined)
  })

  it.each(['%ED%A0%80', '%ED%B0%80', '%ED%A0%80%ED%B0%80', '%FF', '%EF%BF%BD'])(
    'is never hashed with invalid characters: %s (AUT-19)',
    async (text) => {
      const own = watched()
      const answer = await postToken(own, `grant_type=password&username=alice&password=right${text}`, 'shop-app')
      expect([answer.status, answer.body.error]).toEqual([400, 'invalid_request'])
      expect(own.given).toEqual([])
    },
  )

  it('is rehashed if its hash is old, after the response was decided (AUT-20)', async () => {
    const updates: unknown[] = []
    const users = {
      findUserByUsername: () => ({ userId: 'user-1', passwordHash: 'plain:right' }),
      findUser: () => undefined,
      updatePasswordHash: (...update: unknown[]) => {
        updates.push(update.slice(0, 3))
        throw new Error('the database is gone')
      },
    }
    const own = testServer({ password: { users, hasher: { ...plainHasher, needsRehash: () => true } } })
    expect((await postToken(own, signIn('wrong'), 'shop-app')).status).toBe(400)
    expect(updates).toEqual([])
    expect((await postToken(own, signIn('right'), 'shop-app')).status).toBe(200)
    expect(updates).toEqual([['user-1', 'plain:right', 'plain:right']])
  })
})
