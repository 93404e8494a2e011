import {
  clientCredentialsGrant,
  createAuthorizationServer,
  type AuthorizationServer,
  type AuthorizationServerOptions,
} from 'latchkey'
import { createMemoryStores } from 'latchkey/stores/memory'

/** Makes a server with which nothing is wrong but what is given: of whatever type, as JavaScript would have it. */
export function serverWith(given: object): AuthorizationServer {
  const { clients, tokens } = createMemoryStores({ pruneIntervalSeconds: 0 })
  const sound: AuthorizationServerOptions = {
    issuer: 'https://api.example.com',
    clients,
    tokens,
    scopes: ['orders:read', 'orders:write'],
    grants: [clientCredentialsGrant()],
  }
  return createAuthorizationServer({ ...sound, ...given })
}

/** Takes a value for one of any type: what only JavaScript lets somebody write. */
export function untyped(value: unknown): never {
  return value as never
}
