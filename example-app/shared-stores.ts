import type { ClientRegistry, KeyStore, Throttle, TokenStore } from 'latchkey'
import { openPostgresStores } from 'latchkey/stores/postgres'
import { openRedisStores } from 'latchkey/stores/redis'
import pg from 'pg'
import { createClient } from 'redis'

/** Ten times the default, so that one can watch it: after five wrong passwords the next attempt has to wait this long. */
const slower = { firstDelaySeconds: 10 }

/** Options of the stores of every database. */
export const storesOptions = { throttleLimits: { account: slower, known_account: slower } }

/** What latchkey stores in a database. */
export interface OpenStores {
  readonly clients: ClientRegistry
  readonly tokens: TokenStore
  readonly keys: KeyStore
  readonly throttle: Throttle
  close(): unknown
}

/** Opens latchkey's stores in a PostgreSQL database. Throws when it cannot be reached. */
export async function openPostgres({ href }: URL): Promise<OpenStores> {
  const pool = new pg.Pool({ connectionString: href, connectionTimeoutMillis: 5000 })
  pool.on('error', ({ message }) => console.error(`Lost an idle connection to PostgreSQL: ${message}`))
  return { ...(await openPostgresStores(pool, storesOptions)), close: () => pool.end() }
}

/** Opens latchkey's stores in Redis. Throws when it cannot be reached. */
export async function openRedis({ href }: URL): Promise<OpenStores> {
  const { REDIS_KEY_PREFIX: keyPrefix = '{latchkey-shop}:' } = process.env
  let isStarted = false
  const client = createClient({
    url: href,
    // A server that was there comes back. One that never was is a mistake, which is reported at once.
    socket: { reconnectStrategy: (retries, cause) => (isStarted ? Math.min(100 * retries, 2000) : cause) },
  })
  client.on('error', ({ message }: Error) => isStarted && console.error(`Lost the connection to Redis: ${message}`))
  await client.connect()
  isStarted = true
  const close = (): unknown => (client.isReady ? client.close() : client.destroy())
  return { ...openRedisStores(client, { keyPrefix, ...storesOptions }), close }
}
