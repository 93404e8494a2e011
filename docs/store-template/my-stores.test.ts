// Runs the contracts of latchkey on the stores beside it. DATABASE_URL names an empty PostgreSQL database of its own: its tables
// are emptied before each test.
import { readFile } from 'node:fs/promises'
import type { Client, User } from 'latchkey'
import { clientStoreContract, keyStoreContract, tokenStoreContract, userStoreContract } from 'latchkey/testing'
import type { Pool } from 'pg'
import { afterAll, beforeAll, describe, it } from 'vitest'
import { ExistingClientStore } from './existing-client-store.js'
import { MyClientStore } from './my-client-store.js'
import { createPool } from './my-database.js'
import { MyKeyStore } from './my-key-store.js'
import { MyTokenStore } from './my-token-store.js'
import { MyUserStore } from './my-user-store.js'

const url = process.env['DATABASE_URL'] ?? 'postgres://localhost/test'
const pool = createPool(url)

beforeAll(async () => {
  await pool.query(await readFile(new URL('schema.sql', import.meta.url), 'utf8'))
})

afterAll(() => pool.end())

/** Another pool on the same data: what another process has. */
const opened: Pool[] = []
function openAnother(): Pool {
  const another = createPool(url)
  opened.push(another)
  return another
}

async function close(): Promise<void> {
  await Promise.all(opened.splice(0).map((another) => another.end()))
}

async function emptyTables(): Promise<void> {
  await pool.query(
    'TRUNCATE sign_in, access_token, refresh_token, revoked_jwt, oauth_client, oauth_clients, signing_key, app_user',
  )
}

tokenStoreContract({
  describe,
  it,
  async create() {
    await emptyTables()
    return {
      store: new MyTokenStore(pool),
      // Switches on the rules between processes.
      createAnother: () => new MyTokenStore(openAnother()),
      // Switches on the rules about what a restart must not lose.
      reopen: () => new MyTokenStore(openAnother()),
      close,
    }
  },
})

keyStoreContract({
  describe,
  it,
  async create() {
    await emptyTables()
    return {
      store: new MyKeyStore(pool),
      createAnother: () => new MyKeyStore(openAnother()),
      reopen: () => new MyKeyStore(openAnother()),
      close,
    }
  },
})

clientStoreContract({
  describe,
  it,
  async create(clients) {
    await emptyTables()
    const store = new MyClientStore(pool)
    for (const client of clients) await store.saveClient(client)
    return { store }
  },
})

/** What a table can hold that has not all fields of a `Client`. */
const existingClients: readonly [Client, Client] = [
  {
    clientType: 'confidential',
    clientId: 'web-shop',
    authMethods: ['client_secret_basic', 'client_secret_post'],
    secrets: [{ digest: '$2b$10$N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lhWy' }],
    grantTypes: ['password', 'refresh_token'],
    scopes: ['orders:read', 'orders:write'],
  },
  { clientType: 'public', clientId: 'mobile-app', authMethods: ['none'], grantTypes: [], scopes: [] },
]

describe('clients in an existing table', () => {
  clientStoreContract({
    describe,
    it,
    clients: existingClients,
    async create(clients) {
      await emptyTables()
      for (const client of clients) {
        const secret = client.clientType === 'confidential' ? client.secrets[0]?.digest : null
        await pool.query('INSERT INTO oauth_clients (id, secret, grant_types, scope) VALUES ($1, $2, $3, $4)', [
          client.clientId,
          secret,
          client.grantTypes.join(),
          client.scopes.join(' '),
        ])
      }
      return { store: new ExistingClientStore(pool) }
    },
  })
})

userStoreContract({
  describe,
  it,
  async create() {
    await emptyTables()
    const user: User = { userId: 'user-1', passwordHash: '$2b$10$hash of alice', disabled: false }
    const otherUser: User = { userId: 'user-2', passwordHash: '$2b$10$hash of bob', disabled: true }
    await pool.query(
      `INSERT INTO app_user (id, username, password_hash, blocked_at)
       VALUES ($1, 'alice', $2, NULL), ($3, 'bob', $4, now())`,
      [user.userId, user.passwordHash, otherUser.userId, otherUser.passwordHash],
    )
    return { store: new MyUserStore(pool), username: 'Alice', user, otherUser, absentUsername: 'carol' }
  },
})
