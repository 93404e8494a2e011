import { createClient } from 'latchkey'
import { createMemoryStores } from 'latchkey/stores/memory'
import { openSqliteStores } from 'latchkey/stores/sqlite'
import type { Mistake } from '../mistakes.js'
import { untyped } from './sound-server.js'

const registration = { grantTypes: ['client_credentials'], scopes: ['orders:read'] }
const created = createClient(registration)
const { client } = created
const storesOf = (clients: unknown): unknown =>
  createMemoryStores({ pruneIntervalSeconds: 0, clients: untyped(clients) })
const grantTypes =
  'Write authorization_code, client_credentials, password, refresh_token, or the URI of a grant of your own.'

/** Something in place of a client, or of what is said of one. */
export const wrongClients: readonly Mistake[] = [
  {
    mistake: 'createMemoryStores({ clients: [createClient(…)] }), without .client',
    make: () => storesOf([client, createClient(registration)]),
    says: 'createMemoryStores.clients[1]: is what createClient returns; it must be a client. Write createClient({ ... }).client.',
  },
  {
    mistake: 'createMemoryStores({ clients: [registration] })',
    make: () => storesOf([{ clientId: 'stock-sync', ...registration }]),
    says: 'createMemoryStores.clients[0]: is an object without clientType, authMethods, secrets; it must be a client. Write createClient({ ... }).client.',
  },
  {
    mistake: 'createMemoryStores({ clients: [undefined] })',
    make: () => storesOf([undefined]),
    says: 'createMemoryStores.clients[0]: is undefined; it must be a client. Write createClient({ ... }).client.',
  },
  {
    mistake: 'createMemoryStores({ clients: [promise] })',
    make: () => storesOf([Promise.resolve(client)]),
    says: 'createMemoryStores.clients[0]: is a promise; it must be a client. Await it.',
  },
  {
    mistake: 'createMemoryStores({ clients: client })',
    make: () => storesOf(client),
    says: 'createMemoryStores.clients: is an object; it must be a list of clients. Write clients: [createClient({ ... }).client].',
  },
  {
    mistake: 'createMemoryStores with one client twice',
    make: () => storesOf([client, client]),
    says: 'createMemoryStores.clients[1]: has the clientId of another one. Give each client an id of its own.',
  },
  {
    mistake: 'stores.clients.saveClient(createClient(…)), in memory',
    make: () => createMemoryStores({ pruneIntervalSeconds: 0 }).clients.saveClient(untyped(created)),
    says: 'saveClient: is what createClient returns; it must be a client. Write createClient({ ... }).client.',
  },
  {
    mistake: 'stores.clients.saveClient(createClient(…)), in SQLite',
    make: () => openSqliteStores(':memory:').clients.saveClient(untyped(created)),
    says: 'saveClient: is what createClient returns; it must be a client. Write createClient({ ... }).client.',
  },
  {
    mistake: 'createClient({ clientSecret })',
    make: () => createClient({ ...registration, ...{ clientSecret: 'hunter2' } }),
    says: 'createClient.clientSecret: is not an option: the secret is generated. Leave it out and use the secret that is returned; for a secret of your own see digestClientSecret.',
  },
  {
    mistake: "createClient({ grantTypes: ['passwort'] })",
    make: () => createClient({ ...registration, grantTypes: ['passwort'] }),
    says: `createClient.grantTypes[0]: is 'passwort', a string; must be a grant type. Did you mean password? ${grantTypes}`,
  },
  {
    mistake: "createClient({ grantTypes: ['client_credential'] })",
    make: () => createClient({ ...registration, grantTypes: ['client_credential'] }),
    says: `createClient.grantTypes[0]: is 'client_credential', a string; must be a grant type. Did you mean client_credentials? ${grantTypes}`,
  },
  {
    mistake: "createClient({ scopes: 'orders:read' })",
    make: () => createClient({ ...registration, scopes: untyped('orders:read') }),
    says: "createClient.scopes: is 'orders:read', a string; must be a list of scope tokens. Write one scope token per entry, such as ['orders:read'].",
  },
]
