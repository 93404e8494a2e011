import { memoryThrottle, type PasswordHasher, type ThrottleLimits, type UserStore } from 'latchkey'
import request, { type Response } from 'supertest'
import { describe, expect, it } from 'vitest'
import { plainHasher, plainServer } from '../fixtures/plain-passwords.js'
import { basic, secretOf, type TestServer } from '../fixtures/test-server.js'

const home = '198.51.100.1'

/** A server whose store ignores case; every user has the password `right`. */
function looseServer(
  { maxEntries, limits }: { readonly maxEntries?: number; readonly limits?: ThrottleLimits } = {},
  hasher: PasswordHasher = plainHasher,
): TestServer {
  const clock = (): number => server.now()
  const users: UserStore = {
    findUserByUsername: (name) => ({ userId: `id of ${name.toLowerCase()}`, passwordHash: 'plain:right' }),
    findUser: () => undefined,
  }
  const server: TestServer = plainServer({
    before: (app) => app.set('trust proxy', 1),
    password: { users, hasher },
    server: { throttle: memoryThrottle({ clock, maxEntries, limits }) },
  })
  return server
}

async function signIn({ http }: TestServer, username: string, address: string, password = 'right'): Promise<Response> {
  return request(http)
    .post('/oauth/token')
    .set('Authorization', basic('shop-app', secretOf('shop-app')))
    .set('X-Forwarded-For', address)
    .type('form')
    .send({ grant_type: 'password', username, password })
}

/** The name with the letters of a number in upper case. */
const spelling = (name: string, number: number): string =>
  name.replace(/./g, (letter, i: number) => ((number >> i) & 1 ? letter.toUpperCase() : letter))

const guessAtAlice = async (server: TestServer): Promise<void> => {
  for (let i = 0; i < 6; i += 1) await signIn(server, 'alice', `203.0.113.${i}`, 'wrong')
}

describe('known addresses', () => {
  it('of others stay, whatever spellings of the own name a user signs in with (V8)', async () => {
    const server = looseServer({ maxEntries: 50 })
    await signIn(server, 'alice', home)
    for (let i = 0; i < 200; i += 1) {
      expect((await signIn(server, spelling('mallory', i), `192.0.2.${i}`)).status).toBe(200)
    }
    await guessAtAlice(server)
    expect((await signIn(server, 'alice', home)).status).toBe(200)
    expect((await signIn(server, 'alice', '192.0.2.250')).status).toBe(429)
  })

  it('belong to the user, under any spelling of the name (V8)', async () => {
    const server = looseServer()
    await signIn(server, 'Alice', home)
    await guessAtAlice(server)
    expect((await signIn(server, 'ALICE', home)).status).toBe(200)
  })

  it('are the last twenty of a user (V8)', async () => {
    const server = looseServer()
    for (let i = 0; i < 25; i += 1) await signIn(server, 'alice', `198.51.100.${i}`)
    await guessAtAlice(server)
    const statuses = []
    for (let i = 24; i >= 0; i -= 1) statuses.push((await signIn(server, 'alice', `198.51.100.${i}`)).status)
    expect(statuses).toEqual([...Array<number>(20).fill(200), ...Array<number>(5).fill(429)])
  })
})

describe('the queue of the hasher', () => {
  /** Verifies nothing until it is let go; told for whom the work is. */
  function held(): { readonly hasher: PasswordHasher; readonly waiting: string[]; readonly go: () => void } {
    const waiting: string[] = []
    const resolvers: (() => void)[] = []
    let isOpen = false
    const hasher: PasswordHasher = {
      ...plainHasher,
      async verify(password, passwordHash, party = '') {
        waiting.push(party)
        if (!isOpen) await new Promise<void>((resolve) => resolvers.push(resolve))
        return plainHasher.verify(password, passwordHash)
      },
    }
    return {
      hasher,
      waiting,
      go() {
        isOpen = true
        for (const resolve of resolvers) resolve()
      },
    }
  }

  async function allKnown(names: readonly string[], address: string) {
    const { hasher, waiting, go } = held()
    let isHeld = false
    const server = looseServer(
      {},
      {
        ...hasher,
        verify: (...given) => (isHeld ? hasher.verify(...given) : plainHasher.verify(given[0], given[1])),
      },
    )
    await new Promise<void>((resolve) => server.http.listen(0, '127.0.0.1', resolve))
    for (const name of names) await signIn(server, name, address)
    isHeld = true
    const all = names.flatMap((name) => Array.from({ length: 3 }, () => signIn(server, name, address)))
    await expect.poll(() => waiting.length).toBeGreaterThan(0)
    // All requests are there before somebody else comes.
    await expect.poll(() => connections(server), { timeout: 20_000 }).toBe(all.length)
    const before = waiting.length
    const alice = signIn(server, 'alice', home)
    await expect.poll(() => waiting.length).toBe(before + 1)
    const parties = [...waiting]
    go()
    const statuses = new Set((await Promise.all([...all, alice])).map(({ status }) => status))
    server.http.close()
    return { before, parties, statuses }
  }

  it('has five attempts of one user at most, over all spellings (V7)', async () => {
    const names = Array.from({ length: 20 }, (_, i) => spelling('mallory', i))
    const { before, statuses } = await allKnown(names, '192.0.2.1')
    expect(before).toBe(5)
    expect(statuses).toEqual(new Set([200]))
  })

  it('has twenty attempts from one address at most, of however many users (V7)', async () => {
    const names = Array.from({ length: 20 }, (_, i) => `user-${i}`)
    const { before, parties, statuses } = await allKnown(names, '192.0.2.1')
    expect(before).toBe(20)
    expect(statuses).toEqual(new Set([200]))
    // For whom it is done: the client and the network.
    expect([...new Set(parties)]).toEqual(['["shop-app","192.0.2.1"]', `["shop-app","${home}"]`])
  })

  it('serves an IPv6 site as one party (V7 V16)', async () => {
    const parties = new Set<string | undefined>()
    const server = looseServer(
      {},
      {
        ...plainHasher,
        verify: (password, passwordHash, party) => (parties.add(party), plainHasher.verify(password, passwordHash)),
      },
    )
    for (const address of ['2001:db8:1::1', '2001:db8:1:2::1', '2001:db8:2::1']) await signIn(server, 'alice', address)
    expect([...parties]).toEqual(['["shop-app","2001:db8:1::/48"]', '["shop-app","2001:db8:2::/48"]'])
  })
})

describe('IPv6', () => {
  it('a /48 has ten times the failures of a /64, and no more (V16)', async () => {
    const server = looseServer({ limits: { address: { freeFailures: 5 } } })
    const statuses = []
    for (let i = 0; i < 60; i += 1) {
      statuses.push((await signIn(server, `user-${i}`, `2001:db8:0:${i.toString(16)}::1`, 'wrong')).status)
    }
    expect(statuses).toEqual([...Array<number>(50).fill(400), ...Array<number>(10).fill(429)])
    expect(server.events.findLast(({ type }) => type === 'throttled')).toMatchObject({ kind: 'network' })
    expect((await signIn(server, 'user-1', '2001:db8:1::1', 'wrong')).status).toBe(400)
  })

  it('an unknown token counts for it, too (V16)', async () => {
    const server = looseServer({ limits: { token: { freeFailures: 2 } } })
    const statuses = []
    for (let i = 0; i < 25; i += 1) {
      const get = request(server.http)
        .get('/orders')
        .set('X-Forwarded-For', `2001:db8:0:${i.toString(16)}::1`)
      statuses.push((await get.set('Authorization', `Bearer ${String(i).padStart(43, 'x')}`)).status)
    }
    expect(statuses).toEqual([...Array<number>(20).fill(401), ...Array<number>(5).fill(429)])
  })

  it.each([
    ['6to4', (i: number) => `2002:cb00:7107:${i.toString(16)}::1`],
    ['Teredo', (i: number) => `2001:0:4136:e378:${i.toString(16)}:63bf:34ff:8ef8`],
  ])('%s addresses of one IPv4 address are one (V16)', async (_what, addressOf) => {
    const server = looseServer({ limits: { address: { freeFailures: 3 } } })
    const statuses = []
    for (let i = 0; i < 5; i += 1) statuses.push((await signIn(server, `user-${i}`, addressOf(i), 'wrong')).status)
    expect(statuses).toEqual([400, 400, 400, 429, 429])
    expect((await signIn(server, 'user-9', '203.0.113.7', 'wrong')).status).toBe(429)
  })
})

it('a delay is judged by when the request came, however long the client store takes (09)', async () => {
  const server = looseServer()
  for (let i = 0; i < 5; i += 1) await signIn(server, 'alice', '203.0.113.7', 'wrong')
  const { clients } = server.stores
  const findClient = clients.findClient.bind(clients)
  clients.findClient = (...given) => {
    // The delay of a second ends while the request waits.
    server.advance(5)
    return findClient(...given)
  }
  const answer = await signIn(server, 'alice', '203.0.113.7')
  expect([answer.status, answer.headers['retry-after']]).toEqual([429, '1'])
  clients.findClient = findClient
  expect((await signIn(server, 'alice', '203.0.113.7')).status).toBe(200)
})

function connections({ http }: TestServer): Promise<number> {
  return new Promise((resolve, reject) => {
    http.getConnections((error, count) => {
      if (error) reject(error)
      else resolve(count)
    })
  })
}
