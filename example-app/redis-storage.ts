import { openRedisStores } from 'latchkey/stores/redis'
import { createClient } from 'redis'
import type { OpenStores } from './storage.js'

/** Opens latchkey's stores in Redis. Throws when it cannot be reached. */
export async function openRedis({ href }: URL): Promise<OpenStores> {
  const { REDIS_KEY_PREFIX: keyPrefix = '{latchkey-shop}:' } = process.env
  let isStarted = false
  const client = createClient({
    url: href,
    // A server that was there comes back; one that never was is a mistake, to be told at once.
    socket: { reconnectStrategy: (retries, cause) => (isStarted ? Math.min(100 * retries, 2000) : cause) },
  })
  client.on('error', ({ message }: Error) => isStarted && console.error(`Lost the connection to Redis: ${message}`))
  await client.connect()
  isStarted = true
  const close = (): unknown => (client.isReady ? client.close() : client.destroy())
  return { ...openRedisStores(client, { keyPrefix }), close }
}
