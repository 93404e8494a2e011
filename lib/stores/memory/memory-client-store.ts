import { checkClientRecord, registrationText } from '../client-record.js'
import type { Client, ClientRegistry } from '../client-store.js'

/** Stores clients in memory. It copies what it stores and freezes what it returns. */
export class MemoryClientStore implements ClientRegistry {
  readonly isVolatile = true as const
  readonly #clients = new Map<string, Client>()

  constructor(clients: Iterable<Client> = []) {
    for (const client of clients) this.saveClient(client)
  }

  findClient(clientId: string): Client | undefined {
    return this.#clients.get(clientId)
  }

  saveClient(client: Client): void {
    checkClientRecord('saveClient', client)
    const copy = structuredClone(client)
    freeze(copy)
    this.#clients.set(copy.clientId, copy)
  }

  replaceClient(current: Client, next: Client): boolean {
    const stored = this.#clients.get(next.clientId)
    if (stored === undefined || registrationText(stored) !== registrationText(current)) return false
    this.saveClient(next)
    return true
  }

  deleteClient(clientId: string): void {
    this.#clients.delete(clientId)
  }

  listClients(): readonly Client[] {
    return [...this.#clients.values()].sort((a, b) => Buffer.compare(Buffer.from(a.clientId), Buffer.from(b.clientId)))
  }
}

function freeze(value: unknown): void {
  if (typeof value !== 'object' || value === null) return
  Object.values(value).forEach(freeze)
  Object.freeze(value)
}
