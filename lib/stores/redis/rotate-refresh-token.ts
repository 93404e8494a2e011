import type { Clock } from '../../protocol/clock.js'
import type { RefreshTokenRotation, RotationOutcome } from '../token-store.js'
import type { RedisConnection } from './redis-connection.js'
import type { RedisKeys } from './redis-keys.js'
import { listReply } from './redis-reply.js'
import { storedTokens } from './stored-tokens.js'
import { pastAt, tokenScript } from './token-script.js'
import { spendingJson, toSpending } from './token-values.js'

/** Replies the outcome, and the spending when somebody was faster. */
const rotate = tokenScript(
  listReply,
  String.raw`
  local value = redis.call('GET', KEYS[4])
  if not value then return {'gone'} end
  local id, spending = string.match(value, '^([^\n]*)\n[^\n]*\n?(.*)$')
  local authorization = findAuthorization(id, 'user', 'accessUntil', 'expiresAt')
  if not authorization then return {'gone'} end
  if spending ~= '' then return {'already_spent', spending} end
  if redis.call('EXISTS', unpack(KEYS, 5)) > 0 then return {'impossible'} end

  local client, user, expiresAt = authorization[1], authorization[2], tonumber(authorization[4])
  local accessUntil = math.max(tonumber(authorization[3]), tonumber(ARGV[4]))
  redis.call('APPEND', KEYS[4], '\n' .. ARGV[2])
  redis.call('HSET', root .. 'authorization:' .. id, 'lastUsedAt', ARGV[3], 'accessUntil', whole(accessUntil))
  storeTokens(5, 6, expiresAt)
  keepAuthorization(id, user, client, math.min(expiresAt, math.max(accessUntil, tonumber(ARGV[5]))))
  return {'rotated'}
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

  async rotate({ presented, spending, accessToken, refreshToken }: RefreshTokenRotation): Promise<RotationOutcome> {
    const successors = storedTokens(this.#keys, accessToken, refreshToken)
    const [outcome, spent] = await this.#connection.run(
      rotate,
      this.#keys.ofScript(this.#keys.refreshToken(presented), ...successors.keys),
      [
        pastAt(this.#clock()),
        spendingJson(spending),
        ...[spending.spentAt, spending.accessTokenExpiresAt, refreshToken.expiresAt],
        ...successors.values,
      ],
    )
    if (outcome === 'rotated' || outcome === 'gone') return { outcome }
    if (outcome === 'already_spent' && spent !== undefined) return { outcome, spending: toSpending(spent) }
    throw new Error('The token hash of a successor exists already')
  }
}
