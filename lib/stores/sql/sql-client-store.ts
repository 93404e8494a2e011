import { checkClientRecord, isRegistrationOf, registrationText } from '../client-record.js'
import type { Client, ClientRegistry } from '../client-store.js'
import { textOf, type SqlText } from './authorization-row.js'
import { statement, type SqlConnection, type SqlStatement } from './sql-connection.js'

/** A row of `latchkey_client` without its key. */
export interface ClientRow {
  readonly registration: SqlText
}

/** Value: the id. */
export const findClient: SqlStatement = statement(
  'find_client',
  'SELECT registration FROM latchkey_client WHERE client_id = ?',
)
/** Values: the new document, the id, the document that is replaced, byte for byte. */
export const replaceClient: SqlStatement = statement(
  'replace_current_client',
  'UPDATE latchkey_client SET registration = ? WHERE client_id = ? AND registration = ?',
)
/** Value: the id. */
export const deleteClient: SqlStatement = statement('delete_client', 'DELETE FROM latchkey_client WHERE client_id = ?')
/** All of them, in the order of the octets of their ids. */
export const listClients: SqlStatement = statement(
  'list_clients',
  'SELECT registration FROM latchkey_client ORDER BY client_id',
)

/** Stores clients in a database with an asynchronous driver, each as a JSON document. */
export class SqlClientStore implements ClientRegistry {
  readonly #connection: SqlConnection
  readonly #saveClient: SqlStatement

  /** `saveClient` inserts a row or replaces it as a whole; its values are the id and the document. */
  constructor(connection: SqlConnection, saveClient: SqlStatement) {
    this.#connection = connection
    this.#saveClient = saveClient
  }

  async findClient(clientId: string): Promise<Client | undefined> {
    const [row] = await this.#connection.rows<ClientRow>(findClient, [clientId])
    return row && toClient(row)
  }

  async saveClient(client: Client): Promise<void> {
    checkClientRecord('saveClient', client)
    await this.#connection.change(this.#saveClient, [client.clientId, registrationText(client)])
  }

  async replaceClient(current: Client, next: Client): Promise<boolean> {
    const [row] = await this.#connection.rows<ClientRow>(findClient, [next.clientId])
    if (row === undefined) return false
    const stored = textOf(row.registration)
    if (!isRegistrationOf(current, stored)) return false
    const text = registrationText(next)
    // A driver may count changed rows, not found rows.
    if (text === stored) return true
    return (await this.#connection.change(replaceClient, [text, next.clientId, stored])) === 1
  }

  async deleteClient(clientId: string): Promise<void> {
    await this.#connection.change(deleteClient, [clientId])
  }

  async listClients(): Promise<readonly Client[]> {
    return (await this.#connection.rows<ClientRow>(listClients, [])).map(toClient)
  }
}

/** Makes a client from its row. */
export function toClient({ registration }: ClientRow): Client {
  return JSON.parse(textOf(registration)) as Client
}
