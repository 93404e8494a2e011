import type { Clock } from '../../time/clock.js'
import type { TokenHash } from '../../crypto/hash.js'
import type { RevocationSelection } from '../token-store.js'
import type { RedisConnection } from './redis-connection.js'
import { keyPart, type RedisKeys } from './redis-keys.js'
import { listReply, numberReply } from './redis-reply.js'
import { redisScript } from './redis-script.js'
import { pastAt, tokenScript } from './token-script.js'

const revokeAccessToken = redisScript(numberReply, `return redis.call('DEL', KEYS[1])`)

/** What the scripts reply that revoke many tokens: how many authorizations that ended, and whether tokens are left to remove. */
const reply = String.raw`
  local function reply(ended)
    removeLeftovers(1000)
    return {whole(ended), whole(redis.call('EXISTS', leftovers))}
  end
`

/** Removes more of them; replies whether there is still something left. */
const removeMore = tokenScript(
  numberReply,
  String.raw`
  removeLeftovers(1000)
  return redis.call('EXISTS', leftovers)
  `,
)

/** How often it is called after a revocation. What is left then goes bit by bit, with later sign-ins, rotations and revocations. */
const CALLS_AFTER_REVOCATION = 100

/** Notes until when JWTs are revoked; a later time stays. */
const revokeUntil = String.raw`
  local function revokeUntil(subject, time)
    if time == '' then return end
    local noted = tonumber(redis.call('HGET', root .. 'not-before', subject) or -1)
    if tonumber(time) > noted then redis.call('HSET', root .. 'not-before', subject, time) end
  end
`

const revokeAuthorization = tokenScript(
  listReply,
  String.raw`${reply}
  local authorization = findAuthorization(ARGV[2], 'user')
  if not authorization then return reply(0) end
  endAuthorization(ARGV[2])
  redis.call('ZREM', root .. 'user:' .. authorization[2], ARGV[2])
  redis.call('ZREM', root .. 'client:' .. authorization[1], ARGV[2])
  return reply(1)
  `,
)

const revokeUser = tokenScript(
  listReply,
  String.raw`${reply}
  local ended = 0
  for _, id in ipairs(redis.call('ZRANGE', KEYS[4], 0, -1)) do
    if id ~= ARGV[2] then
      local authorization = findAuthorization(id)
      if authorization then
        endAuthorization(id)
        redis.call('ZREM', root .. 'client:' .. authorization[1], id)
        ended = ended + 1
      end
      redis.call('ZREM', KEYS[4], id)
    end
  end
  return reply(ended)
  `,
)

// Both begin by removing something: a server whose memory is full lets a script that has begun so write the rest.
const revokeClient = tokenScript(
  listReply,
  String.raw`${reply}${revokeUntil}
  local ended = redis.call('ZCOUNT', KEYS[4], ARGV[1], '+inf')
  redis.call('ZREM', authorizedClients, ARGV[2])
  endIndex(KEYS[4])
  redis.call('HSET', revocations, 'client:' .. ARGV[2], redis.call('HINCRBY', revocations, 'stamp', 1))
  revokeUntil('client:' .. ARGV[2], ARGV[3])
  return reply(ended)
  `,
)

const revokeEverything = tokenScript(
  listReply,
  String.raw`${reply}${revokeUntil}
  local ended = 0
  for _, client in ipairs(redis.call('ZRANGE', authorizedClients, 0, -1)) do
    local index = root .. 'client:' .. client
    ended = ended + redis.call('ZCOUNT', index, ARGV[1], '+inf')
    endIndex(index)
  end
  local stamp = (redis.call('HGET', revocations, 'stamp') or 0) + 1
  redis.call('UNLINK', authorizedClients, revocations)
  redis.call('HSET', revocations, 'stamp', stamp, 'all', stamp)
  revokeUntil('all', ARGV[2])
  return reply(ended)
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
    const [ended, isLeft] = await this.#revoke(selection)
    if (isLeft === '1') await this.#removeLeftovers()
    return Number(ended)
  }

  #revoke(selection: RevocationSelection): Promise<readonly string[]> {
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
      const { clientId, issuedUntil } = selection
      const values = [past, keyPart(clientId), issuedUntil ?? '']
      return this.#connection.run(revokeClient, keys.ofScript(keys.authorizationsOfClient(clientId)), values)
    }
    return this.#connection.run(revokeEverything, keys.ofScript(), [past, selection.issuedUntil ?? ''])
  }

  async #removeLeftovers(): Promise<void> {
    try {
      for (let call = 0; call < CALLS_AFTER_REVOCATION; call++) {
        if ((await this.#connection.run(removeMore, this.#keys.ofScript(), [0])) === 0) return
      }
    } catch {
      // All is revoked, and that must be told. What is left in memory goes with later calls.
    }
  }
}
