import { describeOptions } from '../../checks/describe-options.js'
import { checkedBy, clock, storeTimeout } from '../../checks/option-kind.js'
import { nameValue } from '../../checks/kind-of-value.js'
import { ConfigurationError } from '../../errors/configuration-error.js'
import type { Clock } from '../../time/clock.js'
import { limiterThrottle } from '../../throttle/limiter-throttle.js'
import type { Throttle } from '../../throttle/throttle.js'
import { throttleLimits, type ThrottleLimits } from '../../throttle/throttle-limits.js'
import { RedisClientStore } from './redis-client-store.js'
import { RedisConnection } from './redis-connection.js'
import type { RedisHandle } from './redis-handle.js'
import { RedisKeyStore } from './redis-key-store.js'
import { RedisKeys } from './redis-keys.js'
import { redisRateLimiter } from './redis-rate-limiter.js'
import { RedisTokenStore } from './redis-token-store.js'
import { sendCommandOf } from './send-command.js'

/** Options of {@link openRedisStores}. */
export interface RedisStoresOptions {
  /**
   * What all keys begin with. The word in braces is their hash tag: on a cluster it keeps all keys of one installation on one node,
   * because a script reaches no other. Give each installation on one server its own. Default `{latchkey}:`.
   */
  readonly keyPrefix?: string | undefined
  /** Milliseconds after which a call throws `StoreUnavailableError`, connected or not. 10 to 60,000. Default 5000. */
  readonly timeoutMilliseconds?: number | undefined
  /** Default: the clock of the machine. */
  readonly clock?: Clock | undefined
  /** Limits of the stores' `throttle` that differ from the defaults. */
  readonly throttleLimits?: ThrottleLimits | undefined
}

const description = describeOptions<RedisStoresOptions>()('openRedisStores', {
  keyPrefix: checkedBy<string>('a prefix with a word in braces', checkKeyPrefix).or('{latchkey}:'),
  timeoutMilliseconds: storeTimeout(),
  clock: clock(),
  throttleLimits: throttleLimits(),
})

/** Stores in one Redis. */
export interface RedisStores {
  readonly clients: RedisClientStore
  readonly tokens: RedisTokenStore
  readonly keys: RedisKeyStore
  /** Counts failures for all processes: `createAuthorizationServer({ clients, tokens, throttle })`. */
  readonly throttle: Throttle
}

/**
 * Opens stores in Redis, 6.2 or later, or Valkey, over a client, pool, cluster or Sentinel of node-redis (`redis`), or a client or cluster
 * of `ioredis`. Several processes may share it. The application connects and closes the client.
 *
 * Set `maxmemory-policy noeviction`, because a revocation that is evicted would be undone, and `appendonly yes`. The stores listen to
 * `error` of the client, so that a restart of Redis does not end the process; listen to it to log it. With ioredis set
 * `autoResendUnfulfilledCommands: false`: a rotation that is sent again after its request was given up looks like a replay. Throws
 * `ConfigurationError`.
 *
 * @example
 * ```ts
 * import { createClient as createRedis } from 'redis'
 *
 * const redis = createRedis({ url: 'redis://localhost:6379' })
 * await redis.connect()
 * const stores = openRedisStores(redis)
 * ```
 */
export function openRedisStores(client: RedisHandle, options: RedisStoresOptions = {}): RedisStores {
  const { keyPrefix, timeoutMilliseconds, clock, throttleLimits: limits } = description.read(options)
  const connection = new RedisConnection(sendCommandOf(client), timeoutMilliseconds)
  ignoreErrorsOf(client)
  const keys = new RedisKeys(keyPrefix)
  return {
    clients: new RedisClientStore(connection, keys),
    tokens: new RedisTokenStore(connection, keys, clock),
    keys: new RedisKeyStore(connection, keys),
    throttle: limiterThrottle(redisRateLimiter(connection, keys), { limits, timeoutMilliseconds }),
  }
}

function checkKeyPrefix(path: string, keyPrefix: unknown): void {
  // The first opening brace counts, and the first closing one behind it.
  if (typeof keyPrefix === 'string' && /^[^{]*\{[^}]+\}/.test(keyPrefix)) return
  const remedy = 'Put a word in braces, such as {latchkey}:, so that a cluster keeps all keys on one node'
  throw new ConfigurationError(path, `is ${nameValue(keyPrefix)}; must have a hash tag`, remedy)
}

const listenedTo = new WeakSet<RedisHandle>()

/** A client of node-redis ends the process when it loses its server and nobody listens. */
function ignoreErrorsOf(client: RedisHandle): void {
  if (listenedTo.has(client)) return
  listenedTo.add(client)
  client.on?.('error', () => undefined)
}
