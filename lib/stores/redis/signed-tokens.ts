import type { Clock } from '../../time/clock.js'
import type { SignedTokenId } from '../token-store.js'
import type { RedisConnection } from './redis-connection.js'
import { keyPart, type RedisKeys } from './redis-keys.js'
import { numberReply, textReply } from './redis-reply.js'
import { redisScript } from './redis-script.js'
import { secondsUntil, tokenScript } from './token-script.js'

const revoke = redisScript(textReply, `return redis.call('SET', KEYS[1], '', 'NX', 'EX', ARGV[1])`)

/** Replies 0 for a token that is not revoked; the first value is for the functions alone. */
const isRevoked = tokenScript(
  numberReply,
  String.raw`
  if redis.call('EXISTS', KEYS[4]) == 1 then return 1 end
  if ARGV[2] ~= '' then return findAuthorization(string.sub(ARGV[2], 2)) and 0 or 1 end
  if ARGV[4] == '' then return 0 end
  -- A client's own: of a user's the authorization decides, because one that begins in the same second is not ended.
  local untils = redis.call('HMGET', root .. 'not-before', 'all', ARGV[3])
  local issuedAt = tonumber(ARGV[4])
  if issuedAt <= tonumber(untils[1] or -1) or issuedAt <= tonumber(untils[2] or -1) then return 1 end
  return 0
  `,
)

/** JWTs, of which nothing is kept but that they are revoked. */
export class SignedTokens {
  readonly #connection: RedisConnection
  readonly #keys: RedisKeys
  readonly #clock: Clock

  constructor(connection: RedisConnection, keys: RedisKeys, clock: Clock) {
    this.#connection = connection
    this.#keys = keys
    this.#clock = clock
  }

  async revoke(tokenId: string, expiresAt: number): Promise<void> {
    await this.#connection.run(revoke, [this.#keys.revokedToken(tokenId)], [secondsUntil(expiresAt, this.#clock())])
  }

  async isRevoked({ tokenId, authorizationId, clientId, issuedAt }: SignedTokenId): Promise<boolean> {
    const owner = authorizationId === undefined ? '' : `a${keyPart(authorizationId)}`
    const client = clientId === undefined ? '' : `client:${keyPart(clientId)}`
    const keys = this.#keys.ofScript(this.#keys.revokedToken(tokenId))
    // Only a clear answer makes a token good.
    return (await this.#connection.run(isRevoked, keys, [0, owner, client, issuedAt ?? ''])) !== 0
  }
}
