import { openRedisStores } from 'latchkey/stores/redis'
import { createClient } from 'redis'
import { CannotStartError } from './cannot-start-error.js'
import { sqliteData } from './sqlite-data.js'
import { openFile } from './sqlite-driver.js'
import type { ShopStorage } from './storage.js'

/** Opens latchkey's stores in Redis, and the shop's own data, which has nothing to do with tokens, in a SQLite file. */
export async function openRedisStorage(url: URL, file: string): Promise<ShopStorage> {
  const place = `Redis at ${url.host}${url.pathname}`
  const { REDIS_KEY_PREFIX: keyPrefix = '{latchkey-shop}:' } = process.env
  let isStarted = false
  const client = createClient({
    url: url.href,
    // A server that was there comes back; one that never was is a mistake, to be told at once.
    socket: { reconnectStrategy: (retries, cause) => (isStarted ? Math.min(100 * retries, 2000) : cause) },
  })
  client.on('error', ({ message }: Error) => isStarted && console.error(`Lost the connection to Redis: ${message}`))
  const stores = openRedisStores(client, { keyPrefix })
  try {
    await client.connect()
  } catch (error) {
    throw new CannotStartError(`${place}: ${(error as Error).message}`, { cause: error })
  }
  isStarted = true
  const database = openFile(file)
  return {
    ...stores,
    data: sqliteData(database),
    place: `${place}, orders and stock in ${file}`,
    async close() {
      await database.close()
      if (client.isReady) await client.close()
      else client.destroy()
    },
  }
}
