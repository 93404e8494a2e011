// Compiled, never run: what the Redis stores take, of the packages themselves.
import { Cluster, Redis } from 'ioredis'
import { openRedisStores, type RedisStores } from 'latchkey/stores/redis'
import { createClient, createClientPool, createCluster, createSentinel, RESP_TYPES } from 'redis'

export const stores: readonly RedisStores[] = [
  openRedisStores(createClient()),
  openRedisStores(createClient({ url: 'redis://127.0.0.1', RESP: 2 }), { keyPrefix: '{shop}:' }),
  openRedisStores(createClient({ commandOptions: { typeMapping: { [RESP_TYPES.BLOB_STRING]: Buffer } } })),
  openRedisStores(createClient().withTypeMapping({ [RESP_TYPES.NUMBER]: String })),
  openRedisStores(createClientPool()),
  openRedisStores(createCluster({ rootNodes: [{ url: 'redis://127.0.0.1' }] })),
  openRedisStores(createSentinel({ name: 'mymaster', sentinelRootNodes: [{ host: '127.0.0.1', port: 26379 }] })),
  openRedisStores(new Redis()),
  openRedisStores(new Redis('redis://127.0.0.1', { lazyConnect: true }), { timeoutMilliseconds: 500 }),
  openRedisStores(new Cluster(['redis://127.0.0.1'])),
]

export async function connected(): Promise<RedisStores> {
  return openRedisStores(await createClient().connect())
}

// @ts-expect-error an address is no client
openRedisStores('redis://127.0.0.1')
// @ts-expect-error nor is a promise of one
openRedisStores(createClient().connect())
// @ts-expect-error an option that there is not
openRedisStores(createClient(), { prefix: '{shop}:' })
// @ts-expect-error there is nothing to prune
void openRedisStores(createClient()).tokens.prune(0)
