// Clients in a table of your own. A server needs `findClient` alone; the other methods make it a `ClientRegistry`.
import type { Client, ClientRegistry } from 'latchkey'
import type { Pool } from 'pg'
import { query } from './my-database.js'

export class MyClientStore implements ClientRegistry {
  constructor(private readonly pool: Pool) {}

  /** Rule: by exact, case-sensitive equality (`COLLATE "C"`); `undefined` for an unknown id, and no exception. */
  async findClient(clientId: string): Promise<Client | undefined> {
    const { rows } = await query<ClientRow>(this.pool, 'SELECT registration FROM oauth_client WHERE client_id = $1', [
      clientId,
    ])
    return rows[0]?.registration
  }

  /**
   * Rule: the new registration replaces the old one as a whole, in one write. A field that is merged in from the old one may be
   * a secret that was withdrawn.
   */
  async saveClient(client: Client): Promise<void> {
    await query(
      this.pool,
      `INSERT INTO oauth_client (client_id, registration) VALUES ($1, $2)
       ON CONFLICT (client_id) DO UPDATE SET registration = excluded.registration`,
      [client.clientId, JSON.stringify(client)],
    )
  }

  /**
   * Rule: compare-and-set. Whoever changes the row has won, of any number at once; a deleted client does not come back. `jsonb` compares
   * documents, in whatever order their members are.
   */
  async replaceClient(current: Client, next: Client): Promise<boolean> {
    const { rowCount } = await query(
      this.pool,
      'UPDATE oauth_client SET registration = $2 WHERE client_id = $1 AND registration = $3',
      [next.clientId, JSON.stringify(next), JSON.stringify(current)],
    )
    return rowCount === 1
  }

  /** Rule: nothing happens for an unknown id. Tokens are not touched: revoke them with `authorizations.revoke`. */
  async deleteClient(clientId: string): Promise<void> {
    await query(this.pool, 'DELETE FROM oauth_client WHERE client_id = $1', [clientId])
  }

  /** Rule: ordered by the bytes of the ids, which does not depend on a locale. */
  async listClients(): Promise<readonly Client[]> {
    const { rows } = await query<ClientRow>(this.pool, 'SELECT registration FROM oauth_client ORDER BY client_id')
    return rows.map(({ registration }) => registration)
  }
}

interface ClientRow {
  /** A document, not a column for each field: what is absent stays absent, and a new field needs no new column. */
  readonly registration: Client
}
