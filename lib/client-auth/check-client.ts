import type { Client } from '../stores/client-store.js'

/**
 * Refuses what a store answers that is no client. A text in place of a list is the dangerous case: `orders:readonly` includes
 * `orders:read`. Throws a `TypeError`, which is answered with `server_error`.
 */
export function checkClient(client: Client): Client {
  const { authMethods, grantTypes, scopes } = client
  if (Array.isArray(authMethods) && Array.isArray(grantTypes) && Array.isArray(scopes)) return client
  throw new TypeError('The ClientStore answered a client whose authMethods, grantTypes and scopes are not all lists')
}
