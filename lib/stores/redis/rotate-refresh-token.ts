import type { Clock } from '../../time/clock.js'
import type { TokenHash } from '../../crypto/hash.js'
import { SPENT_TOKENS_KEPT, type RefreshTokenRotation, type RotationOutcome } from '../token-store.js'
import type { RedisConnection } from './redis-connection.js'
import { keyPart, type RedisKeys } from './redis-keys.js'
import { listReply, numberReply } from './redis-reply.js'
import { storedTokens } from './stored-tokens.js'
import { pastAt, tokenScript } from './token-script.js'
import { spendingJson, toSpending } from './token-values.js'

/**
 * Replies the outcome; when somebody was faster, what was noted, and the nonce. Spending forgets the nonce of the token before: each
 * authorization has one, which the next replaces. And it adds a line to that token: when its successor was spent.
 */
const rotate = tokenScript(
  listReply,
  String.raw`
  local value = redis.call('GET', KEYS[4])
  if not value then return {'gone'} end
  local id, spending = string.match(value, '^([^\n]*)\n[^\n]*\n?(.*)$')
  local authorization = findAuthorization(id, 'user', 'accessUntil', 'expiresAt', 'generation', 'firstRefresh', 'firstAccess')
  if not authorization then return {'gone'} end
  if spending ~= '' then return {'already_spent', spending, findNonce(id, ARGV[6])} end
  if redis.call('EXISTS', unpack(KEYS, 5)) > 0 then return {'impossible'} end

  local client, user, expiresAt = authorization[1], authorization[2], tonumber(authorization[4])
  local generation, firstRefresh = tonumber(authorization[5] or 0), tonumber(authorization[6] or 0)
  local firstAccess = tonumber(authorization[7] or 0)
  local key = root .. 'authorization:' .. id
  local accessUntil = math.max(tonumber(authorization[3]), tonumber(ARGV[4]))
  redis.call('APPEND', KEYS[4], '\n' .. ARGV[2])
  local before = redis.call('HGET', key, 'r' .. (generation - 1))
  if before and redis.call('EXISTS', root .. 'refresh:' .. before) == 1 then
    redis.call('APPEND', root .. 'refresh:' .. before, '\ns' .. ARGV[7])
  end
  if ARGV[8] == '' then
    redis.call('UNLINK', root .. 'nonce:' .. id)
  else
    redis.call('SET', root .. 'nonce:' .. id, ARGV[6] .. '\n' .. ARGV[8], 'EX', ARGV[9])
  end
  storeTokens(5, 12, expiresAt)

  for _ = 1, 2 do
    if generation + 1 - firstRefresh > tonumber(ARGV[10]) then
      local oldest = redis.call('HGET', key, 'r' .. firstRefresh)
      if oldest then redis.call('UNLINK', root .. 'refresh:' .. oldest) end
      redis.call('HDEL', key, 'r' .. firstRefresh)
      firstRefresh = firstRefresh + 1
    end
    if firstAccess <= generation then
      local oldest = redis.call('HGET', key, 'a' .. firstAccess)
      if not oldest or redis.call('EXISTS', root .. 'access:' .. oldest) == 0 then
        redis.call('HDEL', key, 'a' .. firstAccess)
        firstAccess = firstAccess + 1
      end
    end
  end
  redis.call('HSET', key, 'lastUsedAt', ARGV[3], 'accessUntil', whole(accessUntil), 'generation', generation + 1,
    'firstRefresh', firstRefresh, 'firstAccess', firstAccess, 'r' .. generation, ARGV[6])
  noteTokens(key, generation + 1, ARGV[11], ARGV[#ARGV])
  keepAuthorization(id, user, client, math.min(expiresAt, math.max(accessUntil, tonumber(ARGV[5]))))
  removeLeftovers(20)
  return {'rotated'}
  `,
)

/** Replies 1 when it has noted a late retry, in a line that it adds to the token. */
const claim = tokenScript(
  numberReply,
  String.raw`
  local value = redis.call('GET', KEYS[4])
  if not value then return 0 end
  local id, spending = string.match(value, '^([^\n]*)\n[^\n]*\n?(.*)$')
  local authorization = findAuthorization(id, 'generation')
  if not authorization or spending == '' or string.find(value, '\nl', 1, true) then return 0 end
  if findNonce(id, ARGV[2]) == '' then return 0 end
  local before = redis.call('HGET', root .. 'authorization:' .. id, 'r' .. (tonumber(authorization[2] or 0) - 2))
  local earlier = before and redis.call('GET', root .. 'refresh:' .. before)
  if earlier and string.find(earlier, '\nl', 1, true) then return 0 end
  redis.call('APPEND', KEYS[4], '\nl' .. ARGV[3])
  return 1
  `,
)

/** Exchanges refresh tokens: one compare-and-set, for any number of processes. */
export class RotateRefreshToken {
  readonly #connection: RedisConnection
  readonly #keys: RedisKeys
  readonly #clock: Clock

  constructor(connection: RedisConnection, keys: RedisKeys, clock: Clock) {
    this.#connection = connection
    this.#keys = keys
    this.#clock = clock
  }

  async rotate(rotation: RefreshTokenRotation): Promise<RotationOutcome> {
    const { presented, spending, accessToken, refreshToken, receivedAt = spending.spentAt * 1000 } = rotation
    const { spentAt, successorNonce = '', retryUntil = spentAt + 60 } = spending
    const successors = storedTokens(this.#keys, accessToken, refreshToken)
    const [outcome, spent, nonce] = await this.#connection.run(
      rotate,
      this.#keys.ofScript(this.#keys.refreshToken(presented), ...successors.keys),
      [
        pastAt(this.#clock()),
        spendingJson(spending),
        ...[spentAt, spending.accessTokenExpiresAt, refreshToken.expiresAt, keyPart(presented), receivedAt],
        ...[successorNonce, Math.max(1, Math.ceil(retryUntil - spentAt) + NONCE_SLACK_SECONDS), SPENT_TOKENS_KEPT],
        accessToken === undefined ? '' : keyPart(accessToken.tokenHash),
        ...successors.values,
        keyPart(refreshToken.tokenHash),
      ],
    )
    if (outcome === 'rotated' || outcome === 'gone') return { outcome }
    if (outcome === 'already_spent' && spent !== undefined) return { outcome, spending: toSpending(spent, nonce) }
    throw new Error('The token hash of a successor exists already')
  }

  async claimLateRetry(tokenHash: TokenHash, at: number): Promise<boolean> {
    const keys = this.#keys.ofScript(this.#keys.refreshToken(tokenHash))
    return (await this.#connection.run(claim, keys, [0, keyPart(tokenHash), at])) === 1
  }
}

/** How much longer than a retry may come its nonce is kept: the clocks of the processes that share it differ. */
const NONCE_SLACK_SECONDS = 10
