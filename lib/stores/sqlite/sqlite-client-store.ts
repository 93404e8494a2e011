import { checkClientRecord, isRegistrationOf, registrationText } from '../client-record.js'
import type { Client, ClientRegistry } from '../client-store.js'
import { textOf } from '../sql/authorization-row.js'
import {
  deleteClient,
  findClient,
  listClients,
  replaceClient,
  toClient,
  type ClientRow,
} from '../sql/sql-client-store.js'
import { statement } from '../sql/sql-connection.js'
import type { SqliteConnection } from './sqlite-connection.js'

/** Values: the id, the document. */
const saveClient = statement(
  'replace_client',
  'INSERT OR REPLACE INTO latchkey_client (client_id, registration) VALUES (?, ?)',
)

/** Stores clients in SQLite, each as a JSON document. */
export class SqliteClientStore implements ClientRegistry {
  readonly #connection: SqliteConnection

  constructor(connection: SqliteConnection) {
    this.#connection = connection
  }

  findClient(clientId: string): Client | undefined {
    const row = this.#connection.row<ClientRow>(findClient, clientId)
    return row && toClient(row)
  }

  saveClient(client: Client): void {
    checkClientRecord('saveClient', client)
    this.#connection.change(saveClient, client.clientId, registrationText(client))
  }

  replaceClient(current: Client, next: Client): boolean {
    const row = this.#connection.row<ClientRow>(findClient, next.clientId)
    if (row === undefined) return false
    const stored = textOf(row.registration)
    if (!isRegistrationOf(current, stored)) return false
    return this.#connection.change(replaceClient, registrationText(next), next.clientId, stored) === 1
  }

  deleteClient(clientId: string): void {
    this.#connection.change(deleteClient, clientId)
  }

  listClients(): readonly Client[] {
    return this.#connection.rows<ClientRow>(listClients).map(toClient)
  }
}
