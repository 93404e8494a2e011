import { openPostgresStores } from 'latchkey/stores/postgres'
import pg from 'pg'
import { CannotStartError } from './cannot-start-error.js'
import { postgresData } from './postgres-data.js'
import type { ShopStorage } from './storage.js'

/** Opens everything in one PostgreSQL database, with one pool. */
export async function openPostgresStorage(url: URL): Promise<ShopStorage> {
  const place = `PostgreSQL at ${url.host}${url.pathname}`
  const pool = new pg.Pool({ connectionString: url.href, connectionTimeoutMillis: 5000 })
  pool.on('error', ({ message }) => console.error(`Lost an idle connection to PostgreSQL: ${message}`))
  try {
    return { ...(await openPostgresStores(pool)), data: await postgresData(pool), place, close: () => pool.end() }
  } catch (error) {
    await pool.end()
    throw new CannotStartError(`${place}: ${(error as Error).message}`, { cause: error })
  }
}
