export { openRedisStores, type RedisStores, type RedisStoresOptions } from './open-redis-stores.js'
export type { RedisClientStore } from './redis-client-store.js'
export type {
  IoRedisClient,
  NodeRedisClient,
  NodeRedisCluster,
  NodeRedisCommandOptions,
  NodeRedisSentinel,
  RedisErrorSource,
  RedisHandle,
} from './redis-handle.js'
export type { RedisKeyStore } from './redis-key-store.js'
export type { RedisTokenStore } from './redis-token-store.js'
