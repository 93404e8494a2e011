import { createClient, digestClientSecret, type NewClient, type PasswordHasher } from 'latchkey'
import type { DemoSecrets } from './demo-files.js'
import type { ShopStorage } from './storage.js'

const app = ['orders:read', 'orders:write', 'stock:read']
const service = ['stock:read', 'stock:write']
const grantTypes = ['password', 'refresh_token'] as const
const registrations = [
  // The shop's own app: trusted to see a password once, and to refresh from then on.
  { clientId: 'shop-app', firstParty: true, grantTypes, scopes: app, defaultScopes: app },
  // A service: it acts as itself, for no user.
  { clientId: 'stock-sync', grantTypes: ['client_credentials'], scopes: service, defaultScopes: service },
] as const satisfies NewClient[]

/** Registers the clients and fills the shop, unless that was done before. Several processes may do so at once. */
export async function firstRun(
  { clients, data }: ShopStorage,
  hasher: PasswordHasher,
  secrets: DemoSecrets,
): Promise<void> {
  const registered = (await clients.listClients()).map(({ clientId }) => clientId)
  for (const registration of registrations.filter(({ clientId }) => !registered.includes(clientId))) {
    // A real shop saves `client` as it is, and shows `clientSecret` once; here all processes know the secret already.
    const digest = digestClientSecret(secrets.clients[registration.clientId])
    await clients.saveClient({ ...createClient(registration).client, secrets: [{ digest }] })
  }
  if (data.all('SELECT 1 FROM orders').length > 0) return
  // The id is not the name: tokens carry the id, and a name may be given to another user. The account of carol is locked.
  const users = { alice: ['user-1', 0], bob: ['user-2', 0], carol: ['user-3', 1] } as const
  for (const name of ['alice', 'bob', 'carol'] as const) {
    const [userId, disabled] = users[name]
    const passwordHash = await hasher.hash(secrets.users[name])
    data.run('INSERT OR IGNORE INTO users VALUES (?, ?, ?, ?)', userId, name, passwordHash, disabled)
  }
  data.run(`INSERT OR IGNORE INTO stock VALUES ('mug', 12), ('teapot', 3)`)
  const orders = `(1, 'user-1', 'mug', 2), (2, 'user-1', 'teapot', 1), (3, 'user-2', 'mug', 6)`
  data.run(`INSERT OR IGNORE INTO orders VALUES ${orders}`)
}
