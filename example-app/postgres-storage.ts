import { openPostgresStores } from 'latchkey/stores/postgres'
import pg from 'pg'
import type { OpenStores } from './storage.js'

/** Opens latchkey's stores in a PostgreSQL database. Throws when it cannot be reached. */
export async function openPostgres({ href }: URL): Promise<OpenStores> {
  const pool = new pg.Pool({ connectionString: href, connectionTimeoutMillis: 5000 })
  pool.on('error', ({ message }) => console.error(`Lost an idle connection to PostgreSQL: ${message}`))
  return { ...(await openPostgresStores(pool)), close: () => pool.end() }
}
