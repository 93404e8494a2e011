import { setTimeout as sleep } from 'node:timers/promises'
import { StoreUnavailableError } from '../errors/store-unavailable-error.js'
import type { RequestContext } from '../request/request-context.js'
import type { Client, ClientRegistry, ClientStore } from '../stores/client-store.js'
import { checkClient } from './check-client.js'

const ATTEMPTS = 10
const LONGEST_PAUSE_MILLISECONDS = 50

/** A client store whose clients can be changed. */
export type ChangeableClients = Pick<ClientRegistry, 'findClient' | 'replaceClient'>

/** What becomes of a client: absent, it stays as it is. The result is for whoever asked. */
export interface ClientChange<Result> {
  readonly next?: Client | undefined
  readonly result: Result
}

/** Whether the clients of a store can be changed. */
export function isChangeable(clients: ClientStore): clients is ChangeableClients {
  return typeof (clients as Partial<ClientRegistry>).replaceClient === 'function'
}

/** Finds a client of exactly this id. */
export async function findExactClient(
  clients: ClientStore,
  clientId: string,
  context: RequestContext,
): Promise<Client | undefined> {
  const found = await clients.findClient(clientId, context)
  return found?.clientId === clientId ? checkClient(found) : undefined
}

/**
 * Changes a client by compare-and-set. `change` is given the client as it is, and again where others were faster; it throws to leave
 * everything as it was. Throws `StoreUnavailableError` when others were faster ten times.
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
    // Only `true` is a success: what a store that breaks the contract answers must not lose a secret.
    const replaced: unknown = await clients.replaceClient(current, next)
    if (replaced === true) return result
    // Not all of them at the same moment again.
    await sleep(Math.random() * Math.min(2 ** attempt, LONGEST_PAUSE_MILLISECONDS))
  }
  throw new StoreUnavailableError('The client is changed by others all the time')
}
