import type { TokenHash } from '../../crypto/hash.js'
import type { AccessTokenRecord, RefreshTokenRecord } from '../token-store.js'
import type { RedisConnection } from './redis-connection.js'
import { keyPart, type RedisKeys } from './redis-keys.js'
import { listReply, numberReply, textReply } from './redis-reply.js'
import { tokenScript } from './token-script.js'
import { toAccessToken, toAuthorization, toRefreshToken } from './token-values.js'

/** Replies the record of an access token. */
const findAccessToken = tokenScript(
  textReply,
  String.raw`
  local value = redis.call('GET', KEYS[4])
  if not value then return false end
  local owner, record = string.match(value, '^(.-)\n(.*)$')
  local stamp, client = string.match(owner, '^c(%d+) (.*)$')
  if stamp then
    if isRevoked(stamp, client) then return false end
  elseif not findAuthorization(string.sub(owner, 2)) then
    return false
  end
  return record
  `,
)

/** Replies the text of a refresh token, the record of its authorization, and the nonce that was noted when it was spent. */
const findRefreshToken = tokenScript(
  listReply,
  String.raw`
  local value = redis.call('GET', KEYS[4])
  if not value then return false end
  local id = string.match(value, '^[^\n]*')
  local authorization = findAuthorization(id, 'record')
  if not authorization then return false end
  local isSpent = string.find(value, '\n[^\n]*\n')
  return {value, authorization[2], isSpent and findNonce(id, ARGV[2]) or ''}
  `,
)

/** Replies 1 when a token is still there, of either kind, and it or its authorization was revoked. */
const whyNotFound = tokenScript(
  numberReply,
  String.raw`
  local value = redis.call('GET', KEYS[4])
  local owner = value and string.match(value, '^[^\n]*')
  local id
  if owner then
    local stamp, client = string.match(owner, '^c(%d+) (.*)$')
    if stamp then return isRevoked(stamp, client) and 1 or 0 end
    id = string.sub(owner, 2)
  else
    value = redis.call('GET', KEYS[5])
    if not value then return 0 end
    id = string.match(value, '^[^\n]*')
  end
  if redis.call('EXISTS', root .. 'ended:' .. id) == 1 then return 1 end
  local authorization = redis.call('HMGET', root .. 'authorization:' .. id, 'stamp', 'client')
  return authorization[1] and isRevoked(authorization[1], authorization[2]) and 1 or 0
  `,
)

/** Finds tokens by hash. A token of an authorization that is revoked or over is not there. */
export class FindTokens {
  readonly #connection: RedisConnection
  readonly #keys: RedisKeys

  constructor(connection: RedisConnection, keys: RedisKeys) {
    this.#connection = connection
    this.#keys = keys
  }

  async accessToken(tokenHash: TokenHash): Promise<AccessTokenRecord | undefined> {
    const keys = this.#keys.ofScript(this.#keys.accessToken(tokenHash))
    const record = await this.#connection.run(findAccessToken, keys)
    return record === undefined ? undefined : toAccessToken(tokenHash, record)
  }

  async refreshToken(tokenHash: TokenHash): Promise<RefreshTokenRecord | undefined> {
    const keys = this.#keys.ofScript(this.#keys.refreshToken(tokenHash))
    const [value, authorization, nonce] = await this.#connection.run(findRefreshToken, keys, [0, keyPart(tokenHash)])
    if (value === undefined || authorization === undefined) return undefined
    return toRefreshToken(tokenHash, { value, nonce }, toAuthorization(authorization))
  }

  /** Tokens of one sign-in are removed when it is revoked: it is a client's, or those of a large revocation, that are still there. */
  async whyNotFound(tokenHash: TokenHash): Promise<'revoked' | undefined> {
    const keys = this.#keys.ofScript(this.#keys.accessToken(tokenHash), this.#keys.refreshToken(tokenHash))
    return (await this.#connection.run(whyNotFound, keys)) === 1 ? 'revoked' : undefined
  }
}
