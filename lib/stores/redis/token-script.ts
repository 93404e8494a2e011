import type { Clock } from '../../time/clock.js'
import type { RedisConnection } from './redis-connection.js'
import type { RedisKeys } from './redis-keys.js'
import { redisScript, type RedisScript } from './redis-script.js'

/** What the scripts on tokens run with. */
export interface TokenScripts {
  readonly connection: RedisConnection
  readonly keys: RedisKeys
  readonly clock: Clock
}

/**
 * What the scripts on tokens share. KEYS[1] is the root of all keys, KEYS[2] the revocations, KEYS[3] the clients that have
 * authorizations. ARGV[1] is the time before which everything that ended may be forgotten; 0 where nothing is. A script's own keys begin
 * at KEYS[4], its own values at ARGV[2].
 *
 * A revocation of a client, or of everything, gets the next number. Each authorization and each token of a client has the number of the
 * last revocation before it: it is revoked if there is a later one of its client or of everything.
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

-- What has been revoked is gone at once. Its tokens go in batches: a list names what is left of it, the next comes first.
local leftovers = root .. 'leftovers'

local function remember(push, entry, seconds)
  redis.call(push, leftovers, entry)
  if tonumber(redis.call('TTL', leftovers)) < seconds then redis.call('EXPIRE', leftovers, whole(seconds)) end
end

-- Ends an authorization. Its hash has the hashes of its tokens, by generation.
local function endAuthorization(id, push)
  local key, rest = root .. 'authorization:' .. id, root .. 'ended:' .. id
  redis.call('RENAME', key, rest)
  redis.call('UNLINK', root .. 'nonce:' .. id)
  remember(push or 'RPUSH', 'a' .. id, tonumber(redis.call('TTL', rest)))
end

-- Ends a sorted set of authorizations whose client was revoked.
local function endIndex(index)
  if redis.call('EXISTS', index) == 0 then return end
  local name = (redis.call('HGET', revocations, 'stamp') or '0') .. ':' .. index
  redis.call('RENAME', index, root .. 'ended-index:' .. name)
  remember('RPUSH', 'i' .. name, tonumber(redis.call('TTL', root .. 'ended-index:' .. name)))
end

-- Removes tokens of an authorization that has ended, so many at most. Returns how many steps that took.
local function removeTokens(id, most)
  local key = root .. 'ended:' .. id
  local fields = redis.call('HMGET', key, 'generation', 'firstRefresh', 'firstAccess')
  local last, removed = tonumber(fields[1] or -1), 1
  for position, kind in ipairs({'refresh', 'access'}) do
    local first = tonumber(fields[position + 1] or 0)
    while first <= last and removed < most do
      local hash = redis.call('HGET', key, string.sub(kind, 1, 1) .. first)
      if hash then redis.call('UNLINK', root .. kind .. ':' .. hash) end
      first, removed = first + 1, removed + 1
    end
    if first <= last then
      redis.call('HSET', key, position == 1 and 'firstRefresh' or 'firstAccess', first)
      return removed
    end
    redis.call('HSET', key, position == 1 and 'firstRefresh' or 'firstAccess', first)
  end
  redis.call('UNLINK', key)
  redis.call('LPOP', leftovers)
  return removed
end

-- Removes some of what was revoked.
local function removeLeftovers(most)
  while most > 0 do
    local entry = redis.call('LINDEX', leftovers, 0)
    if not entry then return end
    local kind, name = string.sub(entry, 1, 1), string.sub(entry, 2)
    if kind == 'a' then
      most = most - removeTokens(name, most)
    else
      local index = root .. 'ended-index:' .. name
      local id = redis.call('ZRANGE', index, 0, 0)[1]
      most = most - 1
      if id then
        redis.call('ZREM', index, id)
        local owner = redis.call('HMGET', root .. 'authorization:' .. id, 'stamp', 'client')
        if owner[1] and isRevoked(owner[1], owner[2]) then endAuthorization(id, 'LPUSH') end
      else
        redis.call('LPOP', leftovers)
      end
    end
  end
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

-- The hashes of tokens by generation: what a revocation removes.
local function noteTokens(key, generation, access, refresh)
  if access ~= '' then redis.call('HSET', key, 'a' .. generation, access) end
  if refresh ~= '' then redis.call('HSET', key, 'r' .. generation, refresh) end
end

-- The nonce of a token, which is that of the token spent last; an empty text where it is forgotten.
local function findNonce(id, hash)
  local owner, nonce = string.match(redis.call('GET', root .. 'nonce:' .. id) or '', '^([^\n]*)\n(.*)$')
  return owner == hash and nonce or ''
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

/** Creates a script on tokens. */
export function tokenScript<Reply>(parse: (reply: unknown) => Reply, text: string): RedisScript<Reply> {
  return redisScript(parse, functions + text)
}

/** Seconds by which a record outlives its end: the clocks of the processes that share it differ. */
const AFTERLIFE_SECONDS = 60

/** Returns the time before which everything that ended may be forgotten. */
export function pastAt(now: number): number {
  return Math.floor(now) - AFTERLIFE_SECONDS
}

/** Returns for how many seconds a record that ends at a time is kept: at least one, because Redis accepts no fewer. */
export function secondsUntil(time: number, now: number): number {
  return Math.max(1, Math.ceil(time) - pastAt(now))
}
