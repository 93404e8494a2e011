import { checkClientRecord } from '../check-client-record.js'
import { isRegistrationOf, registrationText } from '../client-registration.js'
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
import type { SqliteConnection, Statement } from './sqlite-connection.js'

/** Clients in SQLite, each one a JSON document. */
export class SqliteClientStore implements ClientRegistry {
  readonly #find: Statement<ClientRow>
  readonly #save: Statement<never>
  readonly #replace: Statement<never>
  readonly #delete: Statement<never>
  readonly #list: Statement<ClientRow>

  constructor(connection: SqliteConnection) {
    this.#find = connection.prepare(findClient.text)
    this.#save = connection.prepare('INSERT OR REPLACE INTO latchkey_client (client_id, registration) VALUES (?, ?)')
    this.#replace = connection.prepare(replaceClient.text)
    this.#delete = connection.prepare(deleteClient.text)
    this.#list = connection.prepare(listClients.text)
  }

  findClient(clientId: string): Client | undefined {
    const row = this.#find.get(clientId)
    return row && toClient(row)
  }

  saveClient(client: Client): void {
    checkClientRecord('saveClient', client)
    this.#save.run(client.clientId, registrationText(client))
  }

  replaceClient(current: Client, next: Client): boolean {
    const row = this.#find.get(next.clientId)
    if (row === undefined) return false
    const stored = textOf(row.registration)
    if (!isRegistrationOf(current, stored)) return false
    return this.#replace.run(registrationText(next), next.clientId, stored) === 1
  }

  deleteClient(clientId: string): void {
    this.#delete.run(clientId)
  }

  listClients(): readonly Client[] {
    return this.#list.all().map(toClient)
  }
}
