import type { Clock } from '../../protocol/clock.js'
import type { TokenHash } from '../../protocol/token-hash.js'
import type { RevocationSelection } from '../token-store.js'
import type { RedisConnection } from './redis-connection.js'
import { keyPart, type RedisKeys } from './redis-keys.js'
import { numberReply } from './redis-reply.js'
import { redisScript } from './redis-script.js'
import { pastAt, tokenScript } from './token-script.js'

const revokeAccessToken = redisScript(numberReply, `return redis.call('DEL', KEYS[1])`)

/** Each of these replies how many authorizations it ended. */
const revokeAuthorization = tokenScript(
  numberReply,
  String.raw`
  local authorization = findAuthorization(ARGV[2], 'user')
  if not authorization then return 0 end
  redis.call('DEL', KEYS[4])
  redis.call('ZREM', root .. 'user:' .. authorization[2], ARGV[2])
  redis.call('ZREM', root .. 'client:' .. authorization[1], ARGV[2])
  return 1
  `,
)

const revokeUser = tokenScript(
  numberReply,
  String.raw`
  local ended = 0
  for _, id in ipairs(redis.call('ZRANGE', KEYS[4], 0, -1)) do
    if id ~= ARGV[2] then
      local authorization = findAuthorization(id)
      if authorization then
        redis.call('DEL', root .. 'authorization:' .. id)
        redis.call('ZREM', root .. 'client:' .. authorization[1], id)
        ended = ended + 1
      end
      redis.call('ZREM', KEYS[4], id)
    end
  end
  return ended
  `,
)

// Both begin by removing something: a server whose memory is full lets a script that has begun so write the rest.
const revokeClient = tokenScript(
  numberReply,
  String.raw`
  local ended = redis.call('ZCOUNT', KEYS[4], ARGV[1], '+inf')
  redis.call('UNLINK', KEYS[4])
  redis.call('ZREM', authorizedClients, ARGV[2])
  redis.call('HSET', revocations, 'client:' .. ARGV[2], redis.call('HINCRBY', revocations, 'stamp', 1))
  return ended
  `,
)

const revokeEverything = tokenScript(
  numberReply,
  String.raw`
  local ended = 0
  for _, client in ipairs(redis.call('ZRANGE', authorizedClients, 0, -1)) do
    local index = root .. 'client:' .. client
    ended = ended + redis.call('ZCOUNT', index, ARGV[1], '+inf')
    redis.call('UNLINK', index)
  end
  local stamp = (redis.call('HGET', revocations, 'stamp') or 0) + 1
  redis.call('UNLINK', authorizedClients, revocations)
  redis.call('HSET', revocations, 'stamp', stamp, 'all', stamp)
  return ended
  `,
)

/** Revokes tokens, at once and for ever. What a client or everything loses takes as long for a million tokens as for one. */
export class RevokeTokens {
  readonly #connection: RedisConnection
  readonly #keys: RedisKeys
  readonly #clock: Clock

  constructor(connection: RedisConnection, keys: RedisKeys, clock: Clock) {
    this.#connection = connection
    this.#keys = keys
    this.#clock = clock
  }

  async accessToken(tokenHash: TokenHash): Promise<void> {
    await this.#connection.run(revokeAccessToken, [this.#keys.accessToken(tokenHash)])
  }

  async selected(selection: RevocationSelection): Promise<number> {
    const [keys, past] = [this.#keys, pastAt(this.#clock())]
    if ('authorizationId' in selection) {
      const { authorizationId } = selection
      const values = [past, keyPart(authorizationId)]
      return this.#connection.run(revokeAuthorization, keys.ofScript(keys.authorization(authorizationId)), values)
    }
    if ('userId' in selection) {
      const { userId, exceptAuthorizationId } = selection
      const values = exceptAuthorizationId === undefined ? [past] : [past, keyPart(exceptAuthorizationId)]
      return this.#connection.run(revokeUser, keys.ofScript(keys.authorizationsOfUser(userId)), values)
    }
    if ('clientId' in selection) {
      const { clientId } = selection
      const values = [past, keyPart(clientId)]
      return this.#connection.run(revokeClient, keys.ofScript(keys.authorizationsOfClient(clientId)), values)
    }
    return this.#connection.run(revokeEverything, keys.ofScript(), [past])
  }
}
