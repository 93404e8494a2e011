import type { Client, ClientStore, UserStore } from 'latchkey'
import { MemoryClientStore, MemoryKeyStore, MemoryTokenStore } from 'latchkey/stores/memory'
import { clientStoreContract, keyStoreContract, tokenStoreContract, userStoreContract } from 'latchkey/testing'
import { expect, it, vi } from 'vitest'
import { registeredRules, type RegisteredRule } from './broken-stores/planted-fault.js'
import { soundUserStore, ada } from './broken-stores/user-faults.js'

const digest = '$2b$10$N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lhWy'
const shop: Client = {
  clientType: 'confidential',
  clientId: 'shop',
  authMethods: ['client_secret_basic'],
  secrets: [{ digest }],
  grantTypes: ['client_credentials', 'refresh_token'],
  scopes: ['orders:read', 'orders:write'],
}
const app: Client = { clientType: 'public', clientId: 'app', authMethods: ['none'], grantTypes: [], scopes: [] }

/** Reads a table with four columns, and answers what else is given. */
function ownTable(clients: readonly Client[], more: object = {}): ClientStore {
  const rows = clients.map((client) => ({
    id: client.clientId,
    secret: client.clientType === 'confidential' ? client.secrets[0]?.digest : undefined,
    grant_types: client.grantTypes.join(),
    scope: client.scopes.join(' '),
  }))
  return {
    findClient(clientId) {
      const row = rows.find(({ id }) => id === clientId)
      if (row === undefined) return undefined
      const list = (text: string, separator: string) => text.split(separator).filter((part) => part !== '')
      const registration = { ...more, clientId, grantTypes: list(row.grant_types, ','), scopes: list(row.scope, ' ') }
      if (row.secret === undefined) return { ...registration, clientType: 'public', authMethods: ['none'] }
      const secrets = [{ digest: row.secret }]
      return { ...registration, clientType: 'confidential', authMethods: ['client_secret_basic'], secrets }
    },
  }
}

async function reports(rules: readonly RegisteredRule[]): Promise<Record<string, unknown>> {
  const entries = await Promise.all(rules.map(async ({ rule, check }) => [rule, (await check()) ?? 'passed'] as const))
  return Object.fromEntries(entries)
}

it('a store over a table of four columns passes with clients that the table can hold, and reports the rest as skipped (F11)', async () => {
  const rules = registeredRules((runner) =>
    clientStoreContract({ ...runner, clients: [shop, app], create: (clients) => ({ store: ownTable(clients) }) }),
  )
  const lookUp = 'client store: look-up >'
  const readOnly = { skipped: 'The store has no saveClient: it is read-only' }
  const found = await reports(rules)
  expect(Object.fromEntries(Object.entries(found).filter(([rule]) => rule.startsWith(lookUp)))).toEqual({
    [`${lookUp} finds a client with every field, whole and unchanged`]: 'passed',
    [`${lookUp} leaves absent what was absent`]: 'passed',
    [`${lookUp} keeps empty and false values`]: 'passed',
    [`${lookUp} returns digests that can be compared with a secret`]: 'passed',
    [`${lookUp} returns undefined for an unknown id`]: 'passed',
    [`${lookUp} returns undefined for names that every object has`]: 'passed',
    [`${lookUp} compares ids byte for byte`]: 'passed',
    [`${lookUp} finds the same client each time`]: 'passed',
    [`${lookUp} finds a client with name, defaultScopes, firstParty, tellsUserAddress, passwordGrantDeprecatedAt, passwordGrantSunsetAt, disabled, accessTokenFormat, resources, mayIntrospect, introspectsFor, accessTokenLifetimeSeconds, refreshTokenLifetimeSeconds, authorizationLifetimeSeconds`]:
      { skipped: 'None of the clients has these fields' },
  })
  const others = Object.entries(found).filter(([rule]) => !rule.startsWith(lookUp))
  expect(others).toHaveLength(14)
  for (const [rule, report] of others) expect([rule, report]).toEqual([rule, readOnly])
})

it.each([
  ['null', { disabled: null }],
  ['an empty list', { resources: [] }],
])('a field that the table does not have must be absent, and not %s (F11)', async (_, more) => {
  const rules = registeredRules((runner) =>
    clientStoreContract({ ...runner, clients: [shop, app], create: (clients) => ({ store: ownTable(clients, more) }) }),
  )
  const found = await reports(rules)
  expect(found['client store: look-up > leaves absent what was absent']).toMatchObject({
    message: expect.stringContaining('Absent means the default of the server'),
  })
})

it('a table with secrets in plain text does not pass, and the message does not show them (F11)', async () => {
  const plain: Client = { ...shop, secrets: [{ digest: 'sunshine-and-rain' }] }
  const rules = registeredRules((runner) =>
    clientStoreContract({ ...runner, clients: [plain, app], create: (clients) => ({ store: ownTable(clients) }) }),
  )
  const found = await reports(rules)
  const { message } = found['client store: look-up > returns digests that can be compared with a secret'] as Error
  expect(message).toBe(
    'client store: look-up > returns digests that can be compared with a secret\n' +
      'Every secret of "shop" would be refused: a digest is sha256: with 43 characters of base64url (digestClientSecret), ' +
      'or a whole bcrypt hash (await bcryptHasher().hash(secret)), without padding, and never the secret itself.\n' +
      "  expected: 'readable'\n  found:    'a text of 17 characters'",
  )
})

it('digests of another hasher pass when the contract is given that hasher', async () => {
  const argon2 = '$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHQ$aGFzaGhhc2g'
  const own: Client = { ...shop, secrets: [{ digest: argon2 }] }
  const rules = registeredRules((runner) =>
    clientStoreContract({
      ...runner,
      clients: [own, app],
      isReadableDigest: (one) => one.startsWith('$argon2id$'),
      create: (clients) => ({ store: ownTable(clients) }),
    }),
  )
  const found = await reports(rules)
  expect(found['client store: look-up > returns digests that can be compared with a secret']).toBe('passed')
})

it('a registry passes with clients of fewer fields, and all its rules are tested', async () => {
  const rules = registeredRules((runner) =>
    clientStoreContract({
      ...runner,
      clients: [shop, app],
      create(clients) {
        const store = new MemoryClientStore()
        for (const client of clients) store.saveClient(client)
        return { store }
      },
    }),
  )
  const found = Object.entries(await reports(rules)).filter(([, report]) => report !== 'passed')
  expect(found).toEqual([
    [expect.stringContaining('look-up > finds a client with name'), { skipped: expect.any(String) }],
  ])
})

it('every contract reports what the adapter cannot show as skipped (F11)', async () => {
  const skipped = async (rules: readonly RegisteredRule[]) => {
    const entries = Object.entries(await reports(rules)).filter(([, report]) => report !== 'passed')
    return entries.filter(([, report]) => !String((report as { skipped?: unknown }).skipped).includes('prune'))
  }
  const create = () => ({ store: new MemoryTokenStore() })
  const tokens = registeredRules((runner) => tokenStoreContract({ ...runner, create }))
  const [another, reopen] = [{ skipped: 'create returns no createAnother' }, { skipped: 'create returns no reopen' }]
  const elsewhere = { skipped: 'create returns no rotateElsewhere' }
  const between = 'token store: rotation between processes >'
  expect(Object.fromEntries(await skipped(tokens))).toEqual({
    'token store: saving and finding > is seen by another store on the same data at once': another,
    'token store: saving and finding > is still there after a restart': reopen,
    [`${between} lets exactly one of fifty rotations win, half of them in another process`]: elsewhere,
    'token store: revocation lasts > is seen by another store on the same data at once': another,
    'token store: signed tokens > is seen by another store on the same data at once': another,
    'token store: signed tokens > is still revoked after a restart': reopen,
    'token store: authorizations > is seen by another store on the same data at once': another,
  })

  const keys = registeredRules((runner) =>
    keyStoreContract({ ...runner, create: () => ({ store: new MemoryKeyStore() }) }),
  )
  expect(Object.fromEntries(await skipped(keys))).toEqual({
    'key store > is seen by another store on the same data at once': another,
    'key store > is still there after a restart': reopen,
  })

  const sound = soundUserStore()
  const store: UserStore = {
    findUser: (userId, context) => sound.findUser(userId, context),
    findUserByUsername: (username, context) => sound.findUserByUsername(username, context),
  }
  const subject = { store, username: 'ada', user: ada, absentUsername: 'nobody' }
  const users = registeredRules((runner) => userStoreContract({ ...runner, create: () => subject }))
  const noUpdate = { skipped: 'The store has no updatePasswordHash' }
  expect(Object.fromEntries(await skipped(users))).toEqual({
    'user store > replaces the password hash of one user, if it can': noUpdate,
    'user store > replaces no password hash that has changed meanwhile': noUpdate,
    'user store > replaces no password hash for an unknown id': noUpdate,
  })
})

it('a runner that cannot skip tests, such as jest, prints what was not tested', async () => {
  const warn = vi.spyOn(console, 'warn').mockImplementation(() => undefined)
  const tests: Promise<void>[] = []
  keyStoreContract({
    describe: (_, define) => define(),
    it: (name, test) => name.includes('restart') && tests.push(test()),
    create: () => ({ store: new MemoryKeyStore() }),
  })
  await Promise.all(tests)
  expect(warn.mock.calls).toEqual([
    ['key store > is still there after a restart: not tested. create returns no reopen'],
  ])
  warn.mockRestore()
})
