// Clients in a table that an application has already, with bcrypt hashes of their secrets. Read-only: one method is enough for a server.
import type { Client, ClientStore } from 'latchkey'
import type { Pool } from 'pg'
import { query } from './my-database.js'

export class ExistingClientStore implements ClientStore {
  constructor(private readonly pool: Pool) {}

  async findClient(clientId: string): Promise<Client | undefined> {
    const { rows } = await query<ExistingClientRow>(
      this.pool,
      'SELECT id, secret, grant_types, scope FROM oauth_clients WHERE id = $1',
      [clientId],
    )
    return rows[0] && clientOf(rows[0])
  }
}

interface ExistingClientRow {
  readonly id: string
  /** The whole bcrypt hash, as it is stored: `$2b$10$…`, 60 characters. */
  readonly secret: string | null
  readonly grant_types: string
  readonly scope: string
}

/** Fields that the table does not have stay absent: no `null`, and no empty list. */
function clientOf({ id, secret, grant_types, scope }: ExistingClientRow): Client {
  const registration = { clientId: id, grantTypes: list(grant_types, ','), scopes: list(scope, ' ') }
  // An app on a device or in a browser has no secret.
  if (secret === null) return { ...registration, clientType: 'public', authMethods: ['none'] }
  const authMethods = ['client_secret_basic', 'client_secret_post']
  return { ...registration, clientType: 'confidential', authMethods, secrets: [{ digest: secret }] }
}

function list(text: string, separator: string): string[] {
  return text.split(separator).filter((part) => part !== '')
}
