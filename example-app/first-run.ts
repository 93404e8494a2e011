import { randomBytes } from 'node:crypto'
import { createClient, type ClientRegistry, type NewClient, type PasswordHasher } from 'latchkey'
import type { ShopDatabase } from './database.js'
import { readDemoSecrets, writeDemoSecrets, type DemoSecrets } from './demo-files.js'

/** The shop's own app: trusted to see a password, once, and to refresh from then on. */
const shopApp = {
  clientId: 'shop-app',
  name: 'The app of the shop',
  grantTypes: ['password', 'refresh_token'],
  firstParty: true,
  scopes: ['orders:read', 'orders:write', 'stock:read'],
  defaultScopes: ['orders:read', 'orders:write', 'stock:read'],
} satisfies NewClient

/** A service: it acts as itself, for no user. */
const stockSync = {
  clientId: 'stock-sync',
  name: 'Reports what arrives at the warehouse',
  grantTypes: ['client_credentials'],
  scopes: ['stock:read', 'stock:write'],
  defaultScopes: ['stock:read', 'stock:write'],
} satisfies NewClient

/** What is written to at the first start. */
export interface FirstRun {
  readonly database: ShopDatabase
  readonly clients: ClientRegistry
  readonly hasher: PasswordHasher
}

/** Fills an empty database with users, orders, stock and clients. Answers the demo's secrets, new ones or those of before. */
export async function firstRun({ database, clients, hasher }: FirstRun): Promise<DemoSecrets> {
  const known = readDemoSecrets()
  if (known !== undefined && (await clients.listClients()).length > 0) return known

  const users = { alice: newPassword(), bob: newPassword() }
  const saveUser = database.prepare(`
    INSERT INTO users (user_id, username, password_hash) VALUES (?, ?, ?)
    ON CONFLICT (user_id) DO UPDATE SET password_hash = excluded.password_hash
  `)
  // The id is not the name: tokens carry the id, and a name may change hands.
  saveUser.run('user-1', 'alice', await hasher.hash(users.alice))
  saveUser.run('user-2', 'bob', await hasher.hash(users.bob))
  database.exec(`
    INSERT OR IGNORE INTO stock VALUES ('mug', 12), ('teapot', 3);
    INSERT OR IGNORE INTO orders VALUES (1, 'user-1', 'mug', 2), (2, 'user-1', 'teapot', 1), (3, 'user-2', 'mug', 6);
  `)

  const secrets = {
    users,
    clients: { 'shop-app': await register(clients, shopApp), 'stock-sync': await register(clients, stockSync) },
    signingKeyPassphrase: randomBytes(32).toString('base64url'),
  }
  writeDemoSecrets(secrets)
  return secrets
}

/** Saves a client, with a digest of its secret; answers the only copy of the secret itself. */
async function register(clients: ClientRegistry, registration: NewClient): Promise<string> {
  const { client, clientSecret } = createClient(registration)
  if (clientSecret === undefined) throw new TypeError('A public client has no secret')
  await clients.saveClient(client)
  return clientSecret
}

function newPassword(): string {
  return randomBytes(9).toString('base64url')
}
