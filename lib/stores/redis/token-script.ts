import { redisScript, type RedisScript } from './redis-script.js'

/**
 * What the scripts on tokens have in common. The first key is the root of all keys, the second one the revocations, the third one the
 * clients that have authorizations; the first value is the time before which all that ended may be forgotten.
 *
 * A revocation of a client, or of everything, gets the next number. Each authorization and each token of a client bears the number of
 * the last revocation before it: when its client, or everything, has a later one, it is revoked.
 */
const functions = String.raw`
local root, revocations, authorizedClients = KEYS[1], KEYS[2], KEYS[3]
local past = tonumber(ARGV[1])

local function isRevoked(stamp, client)
  local latest = redis.call('HMGET', revocations, 'all', 'client:' .. client)
  stamp = tonumber(stamp)
  return stamp < tonumber(latest[1] or 0) or stamp < tonumber(latest[2] or 0)
end

-- The client, and the fields that are asked for, of an authorization that is there and not revoked.
local function findAuthorization(id, ...)
  local fields = redis.call('HMGET', root .. 'authorization:' .. id, 'stamp', 'client', ...)
  if not fields[1] or isRevoked(fields[1], fields[2]) then return nil end
  table.remove(fields, 1)
  return fields
end

local function whole(number)
  return string.format('%.0f', number)
end

local function secondsUntil(time)
  return whole(math.max(1, time - past))
end

-- Tokens are keys from a position on, and values: the text and the end of each; without an end it stays as long as its authorization may.
local function storeTokens(firstKey, firstValue, lastEnd)
  for key = firstKey, #KEYS do
    local value = firstValue + 2 * (key - firstKey)
    redis.call('SET', KEYS[key], ARGV[value], 'EX', secondsUntil(tonumber(ARGV[value + 1]) or lastEnd))
  end
end

-- An index is kept as long as the last that it leads to.
local function addToIndex(index, member, time)
  redis.call('ZADD', index, time, member)
  local last = tonumber(redis.call('ZRANGE', index, -1, -1, 'WITHSCORES')[2])
  redis.call('EXPIRE', index, secondsUntil(last))
  return last
end

-- Removes a few of those that ended: more than are added, and never so many that others have to wait.
local function cleanIndex(index)
  local ended = redis.call('ZRANGEBYSCORE', index, '-inf', '(' .. ARGV[1], 'LIMIT', 0, 10)
  if #ended > 0 then redis.call('ZREM', index, unpack(ended)) end
end

local function keepAuthorization(id, user, client, time)
  redis.call('EXPIRE', root .. 'authorization:' .. id, secondsUntil(time))
  addToIndex(root .. 'user:' .. user, id, time)
  local last = addToIndex(root .. 'client:' .. client, id, time)
  if last > tonumber(redis.call('ZSCORE', authorizedClients, client) or 0) then
    addToIndex(authorizedClients, client, last)
    cleanIndex(authorizedClients)
  end
end
`

/** Makes a script on tokens. */
export function tokenScript<Reply>(parse: (reply: unknown) => Reply, text: string): RedisScript<Reply> {
  return redisScript(parse, functions + text)
}

/** Seconds by which a record outlives its end: the clocks of the processes that share it differ. */
const AFTERLIFE_SECONDS = 60

/** The time before which all that ended may be forgotten. */
export function pastAt(now: number): number {
  return Math.floor(now) - AFTERLIFE_SECONDS
}

/** How long a record is kept that ends at a time: at least a second, because Redis takes nothing for less. */
export function secondsUntil(time: number, now: number): number {
  return Math.max(1, Math.ceil(time) - pastAt(now))
}
