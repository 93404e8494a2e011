import type { Clock } from '../../time/clock.js'
import type { NewClientTokens, NewTokens, NewUserTokens } from '../token-store.js'
import type { RedisConnection } from './redis-connection.js'
import { keyPart, type RedisKeys } from './redis-keys.js'
import { numberReply } from './redis-reply.js'
import { redisScript } from './redis-script.js'
import { storedTokens } from './stored-tokens.js'
import { pastAt, secondsUntil, tokenScript } from './token-script.js'
import { accessTokenJson, authorizationJson } from './token-values.js'

/** Replies how many tokens it has stored: none when there is one by this hash. */
const saveClientToken = redisScript(
  numberReply,
  String.raw`
  local stamp = redis.call('HGET', KEYS[1], 'stamp') or '0'
  local value = 'c' .. stamp .. ' ' .. ARGV[1] .. '\n' .. ARGV[2]
  return redis.call('SET', KEYS[2], value, 'NX', 'EX', ARGV[3]) and 1 or 0
  `,
)

/** Replies how many authorizations it has stored: none when it, or one of its tokens, is there already. */
const saveSignIn = tokenScript(
  numberReply,
  String.raw`
  local id, user, client, record, createdAt = ARGV[2], ARGV[3], ARGV[4], ARGV[5], ARGV[6]
  local accessUntil, usableUntil, expiresAt = ARGV[7], ARGV[8], ARGV[9]
  if redis.call('EXISTS', unpack(KEYS, 4)) > 0 then return 0 end
  redis.call('HSET', KEYS[4], 'stamp', redis.call('HGET', revocations, 'stamp') or '0',
    'user', user, 'client', client, 'record', record, 'lastUsedAt', createdAt,
    'accessUntil', accessUntil, 'expiresAt', expiresAt, 'generation', 0)
  noteTokens(KEYS[4], 0, ARGV[10], ARGV[11])
  storeTokens(5, 12, tonumber(expiresAt))
  keepAuthorization(id, user, client, tonumber(usableUntil))
  cleanIndex(root .. 'user:' .. user)
  cleanIndex(root .. 'client:' .. client)
  removeLeftovers(20)
  return 1
  `,
)

/** Stores new tokens. */
export class SaveTokens {
  readonly #connection: RedisConnection
  readonly #keys: RedisKeys
  readonly #clock: Clock

  constructor(connection: RedisConnection, keys: RedisKeys, clock: Clock) {
    this.#connection = connection
    this.#keys = keys
    this.#clock = clock
  }

  async all(tokens: NewTokens): Promise<void> {
    const stored = await (tokens.authorization === undefined ? this.#clientToken(tokens) : this.#signIn(tokens))
    if (stored !== 1) throw new Error('The token hash or the authorization exists already')
  }

  #clientToken({ accessToken }: NewClientTokens): Promise<number> {
    const { tokenHash, clientId, expiresAt } = accessToken
    const values = [keyPart(clientId), accessTokenJson(accessToken), secondsUntil(expiresAt, this.#clock())]
    return this.#connection.run(saveClientToken, [this.#keys.revocations, this.#keys.accessToken(tokenHash)], values)
  }

  #signIn(signIn: NewUserTokens): Promise<number> {
    const { authorization, accessToken, accessTokenExpiresAt, refreshToken } = signIn
    const { authorizationId, userId, clientId, createdAt, expiresAt } = authorization
    const usableUntil = Math.min(expiresAt, Math.max(accessTokenExpiresAt, refreshToken?.expiresAt ?? 0))
    const tokens = storedTokens(this.#keys, accessToken, refreshToken)
    return this.#connection.run(
      saveSignIn,
      this.#keys.ofScript(this.#keys.authorization(authorizationId), ...tokens.keys),
      [
        pastAt(this.#clock()),
        ...[authorizationId, userId, clientId].map(keyPart),
        authorizationJson(authorization),
        ...[createdAt, accessTokenExpiresAt, usableUntil, expiresAt],
        ...[accessToken, refreshToken].map((token) => (token === undefined ? '' : keyPart(token.tokenHash))),
        ...tokens.values,
      ],
    )
  }
}
