import type { Client, ClientRegistry } from '../client-store.js'
import { deleteClient, findClient, listClients, toClient, type ClientRow } from '../sql/sql-client-store.js'
import type { SqliteConnection, Statement } from './sqlite-connection.js'

/** Clients in SQLite, each one a JSON document. */
export class SqliteClientStore implements ClientRegistry {
  readonly #find: Statement<ClientRow>
  readonly #save: Statement<never>
  readonly #delete: Statement<never>
  readonly #list: Statement<ClientRow>

  constructor(connection: SqliteConnection) {
    this.#find = connection.prepare(findClient.text)
    this.#save = connection.prepare('INSERT OR REPLACE INTO latchkey_client (client_id, registration) VALUES (?, ?)')
    this.#delete = connection.prepare(deleteClient.text)
    this.#list = connection.prepare(listClients.text)
  }

  findClient(clientId: string): Client | undefined {
    const row = this.#find.get(clientId)
    return row && toClient(row)
  }

  saveClient(client: Client): void {
    this.#save.run(client.clientId, JSON.stringify(client))
  }

  deleteClient(clientId: string): void {
    this.#delete.run(clientId)
  }

  listClients(): readonly Client[] {
    return this.#list.all().map(toClient)
  }
}
