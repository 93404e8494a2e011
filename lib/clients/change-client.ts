import { setTimeout as sleep } from 'node:timers/promises'
import { StoreUnavailableError } from '../errors/store-unavailable-error.js'
import { wrongAnswer } from '../errors/wrong-answer.js'
import type { RequestContext } from '../request/request-context.js'
import type { Client, ClientRegistry, ClientStore, ConfidentialClient } from '../stores/client-store.js'

const ATTEMPTS = 10
const LONGEST_PAUSE_MILLISECONDS = 50

/** A client store whose clients can be changed. */
export type ChangeableClients = Pick<ClientRegistry, 'findClient' | 'replaceClient'>

/** The outcome of a change. Without `next` the client stays as it is. `result` goes to the caller. */
export interface ClientChange<Result> {
  readonly next?: Client | undefined
  readonly result: Result
}

/** Returns whether the clients of a store can be changed. */
export function isChangeable(clients: ClientStore): clients is ChangeableClients {
  return typeof (clients as Partial<ClientRegistry>).replaceClient === 'function'
}

/** Finds a client with exactly this id; some databases ignore case or trailing spaces. */
export async function findExactClient(
  clients: ClientStore,
  clientId: string,
  context: RequestContext,
): Promise<Client | undefined> {
  const found = await clients.findClient(clientId, context)
  return found?.clientId === clientId ? checkClient(found) : undefined
}

/**
 * Changes a client by compare-and-set. `change` gets the present client, and gets it again if another process was faster. It throws to
 * change nothing. Throws `StoreUnavailableError` if other processes were faster ten times.
 */
export async function changeClient<Result>(
  clients: ChangeableClients,
  clientId: string,
  context: RequestContext,
  change: (client: Client | undefined) => ClientChange<Result>,
): Promise<Result> {
  for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
    const current = await findExactClient(clients, clientId, context)
    const { next, result } = change(current)
    if (current === undefined || next === undefined) return result
    // Only `true` is a success: a store that breaks the contract must not make us lose a secret.
    const replaced: unknown = await clients.replaceClient(current, next)
    if (replaced === true) return result
    // Wait at random, or the competing processes would collide again.
    await sleep(Math.random() * Math.min(2 ** attempt, LONGEST_PAUSE_MILLISECONDS))
  }
  throw new StoreUnavailableError('Other processes keep changing the client')
}

/**
 * Checks a client that a store returned. The dangerous mistake is a string instead of a list: `'orders:readonly'.includes('orders:read')`.
 * Throws a `TypeError`, and the endpoint responds with `server_error`.
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
