import { wrongAnswer } from '../errors/wrong-answer.js'
import type { Client, ConfidentialClient } from '../stores/client-store.js'

/**
 * Refuses what a store returns that is not a client. A string in place of a list is the dangerous case: `orders:readonly` includes
 * `orders:read`. Throws a `TypeError`, which is answered with `server_error`.
 */
export function checkClient(client: Client): Client {
  const { authMethods, grantTypes, scopes, defaultScopes, resources } = client
  if (!Array.isArray(authMethods)) throw noList('authMethods', authMethods)
  if (!Array.isArray(grantTypes)) throw noList('grantTypes', grantTypes)
  if (!Array.isArray(scopes)) throw noList('scopes', scopes)
  if (defaultScopes !== undefined && !Array.isArray(defaultScopes)) throw noList('defaultScopes', defaultScopes)
  if (resources !== undefined && !Array.isArray(resources)) throw noList('resources', resources)
  if (client.clientType === 'confidential') checkSecrets(client)
  return client
}

function checkSecrets({ secrets }: ConfidentialClient): void {
  if (!Array.isArray(secrets)) throw noList('secrets', secrets)
  for (const { digest } of secrets) {
    if (typeof (digest as unknown) !== 'string')
      throw wrongAnswer('ClientStore.findClient', 'a secret with a digest', digest)
  }
}

function noList(member: string, value: unknown): TypeError {
  return wrongAnswer('ClientStore.findClient', `a client with ${member}`, value, 'a list')
}
