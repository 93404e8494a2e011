import { bcryptHasher, memoryThrottle, type PasswordHasher, type User, type UserStore } from 'latchkey'
import { createPool, type RowDataPacket } from 'mysql2/promise'
import request, { type Response } from 'supertest'
import { afterAll, describe, expect, it } from 'vitest'
import { comparableName } from '../../lib/throttle/comparable-name.js'
import { plainHasher, plainServer } from '../fixtures/plain-passwords.js'
import { basic, secretOf } from '../fixtures/test-server.js'
import { startMariadb } from '../../tools/servers/start-mariadb.mjs'

const mariadb = await startMariadb()
const pool = mariadb && createPool({ uri: await mariadb.createDatabase('spellings'), charset: 'utf8mb4' })
afterAll(async () => {
  await pool?.end()
  await mariadb?.stop()
})

const collations = ['utf8mb4_general_ci', 'utf8mb4_unicode_ci', 'utf8mb4_unicode_520_ci'] as const

/** What a user name can have: no controls and no surrogates. */
function* characters(): Generator<number> {
  for (let n = 0x20; n < 0x30000; n += 1) if (!/[\p{Cs}\x7F\uFFFD-\uFFFF]/u.test(String.fromCodePoint(n))) yield n
  for (let n = 0xe0000; n < 0xe0200; n += 1) yield n
}

describe.skipIf(pool === undefined)('names in MariaDB', () => {
  it.each(collations)('fold each character that %s ignores at the end of a name (V3)', async (collation) => {
    await pool!.query('CREATE OR REPLACE TABLE characters (n INT PRIMARY KEY, s VARCHAR(8) COLLATE utf8mb4_bin)')
    const rows = [...characters()].map((n) => [n, String.fromCodePoint(n)])
    for (let i = 0; i < rows.length; i += 20_000) {
      await pool!.query('INSERT INTO characters VALUES ?', [rows.slice(i, i + 20_000)])
    }
    const equal = `CONCAT('bob', s) COLLATE ${collation} = 'bob' COLLATE ${collation}`
    const [ignored] = await pool!.query<RowDataPacket[]>(`SELECT n FROM characters WHERE ${equal}`)
    expect(ignored.length).toBeGreaterThan(0)
    const apart = ignored.filter(({ n }) => comparableName(`bob${String.fromCodePoint(Number(n))}`) !== 'bob')
    expect(apart).toEqual([])
  })

  describe.each(['utf8mb4_unicode_ci', 'utf8mb4_unicode_520_ci'] as const)('compared by %s', (collation) => {
    const table = `users_${collation}`
    const usersOf = (select: string): UserStore => {
      const find = async (sql: string, value: string): Promise<User | undefined> =>
        (await pool!.query<(User & RowDataPacket)[]>(sql, [value]))[0][0]
      return {
        findUserByUsername: (name) => find(`SELECT ${select} FROM ${table} WHERE username = ?`, name),
        findUser: (id) => find(`SELECT ${select} FROM ${table} WHERE id = ?`, id),
      }
    }
    const fields = 'id AS userId, hash AS passwordHash'

    it('allow no more guesses with combining marks: five over all spellings, of a four-digit password too (V3)', async () => {
      await fill(table, collation)
      const marks = [0x488, 0x489, 0x610, 0x611, 0x612, 0x613, 0x614, 0x615, 0x653, 0x654]
      const spell = (pin: string): string =>
        `bob${pin
          .split('')
          .map((d) => String.fromCodePoint(marks[Number(d)]!))
          .join('')}`
      const server = guessedServer(usersOf(fields))
      const statuses = []
      for (let i = 400; i < 430; i += 1) {
        const pin = String(i).padStart(4, '0')
        statuses.push((await guess(server, spell(pin), pin, `2001:db8:${i.toString(16)}::1`)).status)
      }
      expect(statuses).toEqual([...Array<number>(5).fill(400), ...Array<number>(25).fill(429)])
      expect(server.verified).toHaveLength(5)
    })

    it('a spelling that is not folded finds no user if the store returns the name (V3)', async () => {
      await fill(table, collation)
      const server = guessedServer(usersOf(`${fields}, username`))
      const [one] = await pool!.query<RowDataPacket[]>(`SELECT id FROM ${table} WHERE username = ?`, ['bob❶'])
      expect(one).toHaveLength(1)
      expect((await guess(server, 'bob❶', 'right')).status).toBe(400)
      expect((await guess(server, 'bob1', 'right')).status).toBe(200)
      expect((await guess(server, 'BOB１', 'right')).status).toBe(200)
      expect(server.verified).toEqual(['right', 'right'])
    })

    it('and is counted for the user if the store does not: ten guesses over all spellings, never 429 (V3)', async () => {
      await fill(table, collation)
      const server = guessedServer(usersOf(fields))
      // Several signs for the one, each a name of its own to the counters.
      const ones = ['❶', '➀', '➊', '⓵', '፩', '༪', '〡', '៱']
      const statuses = []
      for (const one of ones)
        for (let i = 0; i < 3; i += 1) statuses.push((await guess(server, `bob${one}`, 'x')).status)
      expect(statuses).toEqual(Array(24).fill(400))
      expect(server.verified).toHaveLength(10)
      // The password is not looked at any more, right or wrong.
      expect((await guess(server, 'bob➀', 'right')).status).toBe(400)
      server.advance(1)
      expect((await guess(server, 'bob❶', 'right')).status).toBe(200)
    })
  })
})

async function fill(table: string, collation: string): Promise<void> {
  await pool!.query(
    `CREATE OR REPLACE TABLE ${table} (id VARCHAR(40), username VARCHAR(190) COLLATE ${collation}, hash VARCHAR(80))`,
  )
  await pool!.query(`INSERT INTO ${table} VALUES ('user-1', 'bob', 'plain:0417'), ('user-2', 'bob1', 'plain:right')`)
}

/** A server with the throttle as it is by default, and the passwords that were verified for users who exist. */
function guessedServer(users: UserStore) {
  const verified: string[] = []
  const hasher: PasswordHasher = {
    ...plainHasher,
    verify(password, passwordHash) {
      verified.push(password)
      return plainHasher.verify(password, passwordHash)
    },
  }
  const clock = (): number => server.now()
  const server: ReturnType<typeof plainServer> = plainServer({
    before: (app) => app.set('trust proxy', 1),
    password: { users, hasher },
    server: { throttle: memoryThrottle({ clock }) },
  })
  return Object.assign(server, { verified })
}

async function guess(
  { http }: ReturnType<typeof guessedServer>,
  username: string,
  password: string,
  address = '203.0.113.66',
): Promise<Response> {
  return request(http)
    .post('/oauth/token')
    .set('Authorization', basic('shop-app', secretOf('shop-app')))
    .set('X-Forwarded-For', address)
    .type('form')
    .send({ grant_type: 'password', username, password })
}

describe('a store that strips all marks', () => {
  const strip = (name: string): string => name.normalize('NFD').replace(/\p{M}/gu, '').toLowerCase()
  const users: UserStore = {
    findUserByUsername: (name) =>
      strip(name) === 'bob' ? { userId: 'user-1', passwordHash: 'plain:0417' } : undefined,
    findUser: () => undefined,
  }

  it('allows five guesses over all spellings, with any mark (V3)', async () => {
    const server = guessedServer(users)
    const marks = [0x301, 0x363, 0x488, 0x610, 0x903, 0x93e, 0x1abe, 0x20dd, 0x302e, 0xfe20, 0x1d165, 0x1e8d0]
    const statuses = []
    for (const mark of marks) statuses.push((await guess(server, `bob${String.fromCodePoint(mark)}`, 'wrong')).status)
    expect(statuses).toEqual([...Array<number>(5).fill(400), ...Array<number>(7).fill(429)])
    expect(server.verified).toHaveLength(5)
  })

  it('and does not reveal who exists: the responses for an unknown user are the same (V3)', async () => {
    const told = []
    for (const name of ['bob', 'eve']) {
      const server = guessedServer(users)
      const statuses = []
      for (let i = 0; i < 40; i += 1) {
        if (i % 9 === 8) server.advance(2)
        const spelling = name + ['', '\u0363', '\u0364', '\u0488', '\u0610'][i % 5]!
        statuses.push((await guess(server, spelling, 'wrong', `2001:db8:${i.toString(16)}::1`)).text)
      }
      told.push(statuses)
    }
    expect(told[0]).toEqual(told[1])
  })
})

it('bcrypt computes as many hashes for an unknown user as for a throttled one (V3)', async () => {
  const hasher = bcryptHasher({ workers: 1 })
  const passwordHash = await hasher.hash('right')
  const asked: string[] = []
  const counting: PasswordHasher = {
    ...hasher,
    verify: (...given) => (asked.push('verify'), hasher.verify(...given)),
    verifyNobody: (...given) => (asked.push('nobody'), hasher.verifyNobody(...given)),
  }
  const users: UserStore = {
    findUserByUsername: (name) => (name.startsWith('bob') ? { userId: 'user-1', passwordHash } : undefined),
    findUser: () => undefined,
  }
  const server = plainServer({
    password: { users, hasher: counting },
    server: { throttle: memoryThrottle({ limits: { user: { freeFailures: 1 } } }) },
  })
  const guessed = { ...server, verified: asked } as ReturnType<typeof guessedServer>
  for (const username of ['bobx', 'boby', 'evex', 'evey']) {
    expect((await guess(guessed, username, 'wrong')).status).toBe(400)
  }
  expect(asked).toEqual(['verify', 'nobody', 'nobody', 'nobody'])
  await hasher.close()
})
