import type { LimiterState, RateLimiter } from '../../throttle/rate-limiter.js'
import type { RedisConnection } from './redis-connection.js'
import type { RedisKeys } from './redis-keys.js'
import { numberReply, redisScript } from './redis-script.js'

/** A counter and for how many milliseconds it is kept. Values: the points to add, for how long a new one is kept. */
const add = redisScript(
  stateReply,
  `
  local remaining = redis.call('PTTL', KEYS[1])
  if remaining > 0 then return {redis.call('INCRBY', KEYS[1], ARGV[1]), remaining} end
  redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
  return {tonumber(ARGV[1]), tonumber(ARGV[2])}
  `,
)

const find = redisScript(
  stateReply,
  `
  local remaining = redis.call('PTTL', KEYS[1])
  if remaining <= 0 then return {} end
  return {tonumber(redis.call('GET', KEYS[1])), remaining}
  `,
)

/** Values: the points, for how long they are kept. */
const replace = redisScript(ignored, `redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])`)

const remove = redisScript(ignored, `redis.call('DEL', KEYS[1])`)

/** Counters in Redis, which expire by themselves. */
export function redisRateLimiter(connection: RedisConnection, keys: RedisKeys): RateLimiter {
  async function change(name: string, points: number, seconds: number): Promise<LimiterState> {
    const state = await connection.run(add, [keys.counter(name)], [points, seconds * 1000])
    if (state === undefined) throw new Error('Redis did not reply with the counter')
    return state
  }
  return {
    penalty: (name, points, { customDuration }) => change(name, points, customDuration),
    reward: (name, points, { customDuration }) => change(name, -points, customDuration),
    get: async (name) => (await connection.run(find, [keys.counter(name)])) ?? null,
    set: (name, points, seconds) => connection.run(replace, [keys.counter(name)], [points, seconds * 1000]),
    delete: (name) => connection.run(remove, [keys.counter(name)]),
  }
}

function stateReply(reply: unknown): LimiterState | undefined {
  const [points, remaining] = (Array.isArray(reply) ? reply : []) as readonly unknown[]
  return points === undefined
    ? undefined
    : { consumedPoints: numberReply(points), msBeforeNext: numberReply(remaining) }
}

function ignored(): void {
  // Nothing is replied.
}
