import { StoreUnavailableError, type Client, type TokenStore } from 'latchkey'
import { createMemoryStores } from 'latchkey/stores/memory'
import { beforeEach, describe, expect, it } from 'vitest'
import { apiServer, introspect, signInAt, statusOf, tokenOf } from '../fixtures/api-server.js'
import type { TestServer, TestServerOptions } from '../fixtures/test-server.js'

const apps = ['opaque-app', 'jwt-app'] as const
let server: TestServer
let lookUps: string[]
let broken: boolean

/** Tells which clients, sign-ins and users a server looks up. */
function watched(options: TestServerOptions = {}): TestServer {
  lookUps = []
  broken = false
  const note = (what: string): void => {
    lookUps.push(what)
    if (broken) throw new StoreUnavailableError('out of reach')
  }
  const { tokens } = createMemoryStores({ clock: () => made.now(), pruneIntervalSeconds: 0 })
  const watchedTokens = new Proxy<TokenStore>(tokens, {
    get(target, name) {
      const member: unknown = Reflect.get(target, name, target)
      if (name === 'findAuthorization') note('sign-in')
      return typeof member === 'function' ? (member.bind(target) as unknown) : member
    },
  })
  const made: TestServer = apiServer({ server: { tokens: watchedTokens, ...options.server } })
  lookUps = []
  const { clients } = made.stores
  const findClient = clients.findClient.bind(clients)
  const values = made.users.values.bind(made.users)
  Object.assign(clients, { findClient: (id: string) => (note('client'), findClient(id)) })
  Object.assign(made.users, { values: () => (note('user'), values()) })
  return made
}

/** What was looked up since the last time. */
const looked = (): string[] => lookUps.splice(0)
const guard = (token: string): Promise<number> => statusOf(server, token)
const isActive = async (token: string): Promise<boolean> =>
  ((await introspect(server, token)) as { readonly active: boolean }).active
const disableUser = (disabled: boolean): void => {
  server.users.set('alice', { ...server.users.get('alice')!, disabled })
}
const changeClient = (clientId: string, change: Partial<Client>): void => {
  const client = server.stores.clients.findClient(clientId)
  server.stores.clients.saveClient({ ...client, ...change } as Client)
}

beforeEach(() => {
  server = watched()
})

describe.each(apps)('a token of %s', (app) => {
  it.each<[string, () => unknown, () => unknown]>([
    [
      'user is disabled',
      () => {
        disableUser(true)
      },
      () => {
        disableUser(false)
      },
    ],
    [
      'client is disabled',
      () => {
        changeClient(app, { disabled: true })
      },
      () => {
        changeClient(app, { disabled: false })
      },
    ],
  ])(
    'is refused by the guard within five seconds when its %s directly in the database (V10, 23)',
    async (_, end, begin) => {
      const { access_token: token } = await signInAt(server, app)
      expect(await guard(token)).toBe(200)
      await end()
      server.advance(4)
      expect(await guard(token)).toBe(200)
      server.advance(1)
      expect(await guard(token)).toBe(401)
      expect(await isActive(token)).toBe(false)
      await begin()
      expect(await isActive(token)).toBe(true)
      expect(await guard(token)).toBe(200)
    },
  )

  it.each<[string, () => unknown]>([
    ['user', () => server.users.delete('alice')],
    ['client', () => server.stores.clients.deleteClient(app)],
  ])('is refused within five seconds when its %s is deleted directly in the database (V10, 23)', async (_, end) => {
    const { access_token: token } = await signInAt(server, app)
    expect(await guard(token)).toBe(200)
    await end()
    server.advance(5)
    expect([await guard(token), await isActive(token)]).toEqual([401, false])
  })

  it('gets the same verdict everywhere from the moment of an introspection (V10, 23)', async () => {
    const { access_token: token } = await signInAt(server, app)
    const own = await tokenOf(server, app)
    expect([await guard(token), await guard(own)]).toEqual([200, 200])
    disableUser(true)
    expect([await isActive(token), await guard(token), await guard(own)]).toEqual([false, 401, 200])
    changeClient(app, { disabled: true })
    expect([await isActive(own), await guard(own)]).toEqual([false, 401])
  })

  it('is refused with the reason for the operator (V10)', async () => {
    const { access_token: token } = await signInAt(server, app)
    disableUser(true)
    expect(await guard(token)).toBe(401)
    changeClient(app, { disabled: true })
    server.advance(5)
    expect(await guard(token)).toBe(401)
    const refused = server.events.filter(({ type }) => type === 'request_refused')
    expect(refused).toMatchObject([{ reason: 'user_disabled' }, { reason: 'client_disabled' }])
  })

  it('costs one look-up of client and user in five seconds, over all requests (V10)', async () => {
    const tokens = await Promise.all([signInAt(server, app), signInAt(server, app)])
    looked()
    for (const { access_token: token } of tokens) {
      await Promise.all(Array.from({ length: 5 }, () => guard(token)))
      expect(await guard(token)).toBe(200)
    }
    expect(looked()).toEqual(['client', 'sign-in', 'user', 'sign-in', 'user'])
    server.advance(5)
    // A sign-in stays what it was.
    for (let i = 0; i < 3; i++) expect(await guard(tokens[0].access_token)).toBe(200)
    expect(looked()).toEqual(['client', 'user'])
    const own = await tokenOf(server, app)
    looked()
    expect(await guard(own)).toBe(200)
    expect(looked()).toEqual([])
  })

  it('is accepted for a minute while clients and users cannot be looked up, then gets 503 (V10)', async () => {
    const { access_token: token } = await signInAt(server, app)
    const { access_token: other } = await signInAt(server, app)
    expect(await guard(token)).toBe(200)
    broken = true
    looked()
    for (let second = 0; second < 59; second++) {
      server.advance(1)
      expect(await guard(token)).toBe(200)
    }
    // Each is asked once in five seconds.
    expect(looked()).toHaveLength(2 * 11)
    expect(await guard(other)).toBe(503)
    server.advance(1)
    expect(await guard(token)).toBe(503)
    broken = false
    expect(await guard(token)).toBe(200)
  })

  it('stays refused for a minute if its user was known as disabled (V10)', async () => {
    const { access_token: token } = await signInAt(server, app)
    disableUser(true)
    expect(await guard(token)).toBe(401)
    broken = true
    server.advance(30)
    expect(await guard(token)).toBe(401)
  })

  it('is never checked with partyCheckSeconds: false, and at each request with 0 (V10)', async () => {
    server = watched({ server: { partyCheckSeconds: false } })
    const unchecked = await signInAt(server, app)
    disableUser(true)
    looked()
    expect(await guard(unchecked.access_token)).toBe(200)
    expect(looked()).toEqual([])
    expect(await isActive(unchecked.access_token)).toBe(false)
    expect(await guard(unchecked.access_token)).toBe(200)

    server = watched({ server: { partyCheckSeconds: 0 } })
    const checked = await signInAt(server, app)
    expect(await guard(checked.access_token)).toBe(200)
    disableUser(true)
    expect(await guard(checked.access_token)).toBe(401)
  })
})

describe('what is remembered of clients and users', () => {
  it('is shared by concurrent requests, and forgotten with the client (V10)', async () => {
    server = watched({ server: { partyCheckSeconds: 3600 } })
    const own = await tokenOf(server, 'jwt-app')
    const { clients } = server.stores
    const findClient = clients.findClient.bind(clients)
    let release = (): void => undefined
    const held = new Promise<void>((resolve) => (release = resolve))
    let asked = 0
    Object.assign(clients, {
      findClient: async (id: string) => {
        asked++
        const found = findClient(id)
        await held
        return found
      },
    })
    const waiting = Array.from({ length: 5 }, () => guard(own))
    while (asked === 0) await new Promise((resolve) => setImmediate(resolve))
    Object.assign(clients, { findClient })
    setTimeout(release, 50)
    expect(await Promise.all(waiting)).toEqual([200, 200, 200, 200, 200])
    expect(asked).toBe(1)
    await server.oauth.clients.disable('jwt-app')
    expect(await guard(own)).toBe(401)
  })
})
