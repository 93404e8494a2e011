import {
  createClient,
  digestClientSecret,
  type ConfidentialClient,
  type NewClient,
  type PasswordHasher,
} from 'latchkey'
import type { DemoSecrets } from './demo-files.js'
import type { DemoRows } from './shop-data.js'
import type { ShopStorage } from './storage.js'

/** The shop's own app: trusted to see a password, once, and to refresh from then on. */
const shopApp = {
  clientId: 'shop-app',
  name: 'The app of the shop',
  grantTypes: ['password', 'refresh_token'],
  firstParty: true,
  scopes: ['orders:read', 'orders:write', 'stock:read'],
  defaultScopes: ['orders:read', 'orders:write', 'stock:read'],
} as const satisfies NewClient

/** A service: it acts as itself, for no user. */
const stockSync = {
  clientId: 'stock-sync',
  name: 'Reports what arrives at the warehouse',
  grantTypes: ['client_credentials'],
  scopes: ['stock:read', 'stock:write'],
  defaultScopes: ['stock:read', 'stock:write'],
} as const satisfies NewClient

/** What is written to at the first start, and with which secrets. */
export interface FirstRun {
  readonly storage: Pick<ShopStorage, 'clients' | 'data'>
  readonly hasher: PasswordHasher
  readonly secrets: DemoSecrets
}

/** Registers the clients and fills the shop, where that has not been done. Several processes may do so at once. */
export async function firstRun({ storage: { clients, data }, hasher, secrets }: FirstRun): Promise<void> {
  const registered = (await clients.listClients()).map(({ clientId }) => clientId)
  for (const registration of [shopApp, stockSync]) {
    const { clientId } = registration
    if (!registered.includes(clientId)) await clients.saveClient(withSecret(registration, secrets.clients[clientId]))
  }
  if (await data.isEmpty()) await data.fill(await demoRows(hasher, secrets))
}

/** A real shop saves `client` as it is, and shows `clientSecret` once; here all processes know the secret already. */
function withSecret(registration: NewClient & { clientType?: 'confidential' }, secret: string): ConfidentialClient {
  const { client } = createClient(registration)
  return { ...client, secrets: [{ digest: digestClientSecret(secret) }] }
}

async function demoRows(hasher: PasswordHasher, { users }: DemoSecrets): Promise<DemoRows> {
  return {
    // The id is not the name: tokens carry the id, and a name may change hands.
    users: [
      { userId: 'user-1', username: 'alice', passwordHash: await hasher.hash(users.alice) },
      { userId: 'user-2', username: 'bob', passwordHash: await hasher.hash(users.bob) },
    ],
    stock: [
      { sku: 'mug', quantity: 12 },
      { sku: 'teapot', quantity: 3 },
    ],
    orders: [
      { orderId: 1, userId: 'user-1', sku: 'mug', quantity: 2 },
      { orderId: 2, userId: 'user-1', sku: 'teapot', quantity: 1 },
      { orderId: 3, userId: 'user-2', sku: 'mug', quantity: 6 },
    ],
  }
}
