import type { TokenHash } from '../../crypto/hash.js'
import {
  SPENT_TOKENS_KEPT,
  type NewClientTokens,
  type NewRefreshToken,
  type NewTokens,
  type NewUserTokens,
  type RefreshTokenRotation,
  type RotationOutcome,
  type UserAccessTokenRecord,
} from '../token-store.js'
import { keyPart, type RedisKeys } from './redis-keys.js'
import { listReply, numberReply, redisScript } from './redis-script.js'
import { pastAt, secondsUntil, tokenScript, type TokenScripts } from './token-script.js'
import {
  accessTokenJson,
  authorizationJson,
  refreshTokenValue,
  spendingJson,
  toSpending,
  userTokenValue,
} from './token-values.js'

/** Saves new tokens, and the authorization that they belong to. */
export async function saveTokens(scripts: TokenScripts, tokens: NewTokens): Promise<void> {
  const isClients = tokens.authorization === undefined
  const stored = await (isClients ? saveClientToken(scripts, tokens) : saveAuthorization(scripts, tokens))
  if (stored !== 1) throw new Error('The token hash or the authorization exists already')
}

/** KEYS: the revocations, the token. ARGV: the client, the record, how many seconds it is kept. Replies 0 if the hash exists already. */
const saveClientTokenScript = redisScript(
  numberReply,
  String.raw`
  local client, record, seconds = ARGV[1], ARGV[2], ARGV[3]
  local stamp = redis.call('HGET', KEYS[1], 'stamp') or '0'
  local value = 'c' .. stamp .. ' ' .. client .. '\n' .. record
  return redis.call('SET', KEYS[2], value, 'NX', 'EX', seconds) and 1 or 0
  `,
)

function saveClientToken({ connection, keys, clock }: TokenScripts, { accessToken }: NewClientTokens): Promise<number> {
  const { tokenHash, clientId, expiresAt } = accessToken
  const values = [keyPart(clientId), accessTokenJson(accessToken), secondsUntil(expiresAt, clock())]
  return connection.run(saveClientTokenScript, [keys.revocations, keys.accessToken(tokenHash)], values)
}

/**
 * KEYS: the authorization, its tokens. ARGV: as named in the first lines, then the text and the end of each token. Replies 0 if one of
 * the keys exists already.
 */
const saveAuthorizationScript = tokenScript(
  numberReply,
  String.raw`
  local id, user, client, record, createdAt = unpack(ARGV, 2, 6)
  local accessUntil, usableUntil, expiresAt, accessHash, refreshHash = unpack(ARGV, 7, 11)
  if redis.call('EXISTS', unpack(KEYS, 4)) > 0 then return 0 end
  redis.call('HSET', KEYS[4], 'stamp', redis.call('HGET', revocations, 'stamp') or '0',
    'user', user, 'client', client, 'record', record, 'lastUsedAt', createdAt,
    'accessUntil', accessUntil, 'expiresAt', expiresAt, 'generation', 0)
  noteTokens(KEYS[4], 0, accessHash, refreshHash)
  storeTokens(5, 12, tonumber(expiresAt))
  keepAuthorization(id, user, client, tonumber(usableUntil))
  cleanIndex(root .. 'user:' .. user)
  cleanIndex(root .. 'client:' .. client)
  removeLeftovers(20)
  return 1
  `,
)

function saveAuthorization({ connection, keys, clock }: TokenScripts, saved: NewUserTokens): Promise<number> {
  const { authorization, accessToken, accessTokenExpiresAt, refreshToken } = saved
  const { authorizationId, userId, clientId, createdAt, expiresAt } = authorization
  const usableUntil = Math.min(expiresAt, Math.max(accessTokenExpiresAt, refreshToken?.expiresAt ?? 0))
  const tokens = storedTokens(keys, accessToken, refreshToken)
  return connection.run(saveAuthorizationScript, keys.ofScript(keys.authorization(authorizationId), ...tokens.keys), [
    pastAt(clock()),
    keyPart(authorizationId),
    keyPart(userId),
    keyPart(clientId),
    authorizationJson(authorization),
    createdAt,
    accessTokenExpiresAt,
    usableUntil,
    expiresAt,
    hashOf(accessToken),
    hashOf(refreshToken),
    ...tokens.values,
  ])
}

/**
 * KEYS: the presented token, its successors. ARGV: as named in the first lines, then the text and the end of each successor.
 *
 * Replies the outcome, and if the token was spent already, its spending and its nonce. An authorization has one nonce: so spending a
 * token forgets the nonce of its predecessor. It also adds a line to the predecessor: when its successor was spent.
 */
const rotateScript = tokenScript(
  listReply,
  String.raw`
  local newSpending, spentAt, accessEnd, refreshEnd, presented, receivedAt = unpack(ARGV, 2, 7)
  local nonce, nonceSeconds, spentTokensKept, accessHash, refreshHash = unpack(ARGV, 8, 12)
  local value = redis.call('GET', KEYS[4])
  if not value then return {'gone'} end
  local id, spending = string.match(value, '^([^\n]*)\n[^\n]*\n?(.*)$')
  local authorization = findAuthorization(id, 'user', 'accessUntil', 'expiresAt', 'generation', 'firstRefresh', 'firstAccess')
  if not authorization then return {'gone'} end
  if spending ~= '' then return {'already_spent', spending, findNonce(id, presented)} end
  if redis.call('EXISTS', unpack(KEYS, 5)) > 0 then return {'impossible'} end

  local client, user, expiresAt = authorization[1], authorization[2], tonumber(authorization[4])
  local generation, firstRefresh = tonumber(authorization[5] or 0), tonumber(authorization[6] or 0)
  local firstAccess = tonumber(authorization[7] or 0)
  local key = root .. 'authorization:' .. id
  local accessUntil = math.max(tonumber(authorization[3]), tonumber(accessEnd))
  redis.call('APPEND', KEYS[4], '\n' .. newSpending)
  local before = redis.call('HGET', key, 'r' .. (generation - 1))
  if before and redis.call('EXISTS', root .. 'refresh:' .. before) == 1 then
    redis.call('APPEND', root .. 'refresh:' .. before, '\ns' .. receivedAt)
  end
  if nonce == '' then
    redis.call('UNLINK', root .. 'nonce:' .. id)
  else
    redis.call('SET', root .. 'nonce:' .. id, presented .. '\n' .. nonce, 'EX', nonceSeconds)
  end
  storeTokens(5, 13, expiresAt)

  for _ = 1, 2 do
    if generation + 1 - firstRefresh > tonumber(spentTokensKept) then
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
  redis.call('HSET', key, 'lastUsedAt', spentAt, 'accessUntil', whole(accessUntil), 'generation', generation + 1,
    'firstRefresh', firstRefresh, 'firstAccess', firstAccess, 'r' .. generation, presented)
  noteTokens(key, generation + 1, accessHash, refreshHash)
  keepAuthorization(id, user, client, math.min(expiresAt, math.max(accessUntil, tonumber(refreshEnd))))
  removeLeftovers(20)
  return {'rotated'}
  `,
)

/** Exchanges a refresh token for its successors: one compare-and-set, for any number of processes. */
export async function rotateRefreshToken(
  { connection, keys, clock }: TokenScripts,
  rotation: RefreshTokenRotation,
): Promise<RotationOutcome> {
  const { presented, spending, accessToken, refreshToken, receivedAt = spending.spentAt * 1000 } = rotation
  const { spentAt, successorNonce = '', retryUntil = spentAt + 60 } = spending
  const successors = storedTokens(keys, accessToken, refreshToken)
  const ownKeys = keys.ofScript(keys.refreshToken(presented), ...successors.keys)
  const [outcome, spent, nonce] = await connection.run(rotateScript, ownKeys, [
    pastAt(clock()),
    spendingJson(spending),
    spentAt,
    spending.accessTokenExpiresAt,
    refreshToken.expiresAt,
    keyPart(presented),
    receivedAt,
    successorNonce,
    Math.max(1, Math.ceil(retryUntil - spentAt) + NONCE_SLACK_SECONDS),
    SPENT_TOKENS_KEPT,
    hashOf(accessToken),
    hashOf(refreshToken),
    ...successors.values,
  ])
  if (outcome === 'rotated' || outcome === 'gone') return { outcome }
  if (outcome === 'already_spent' && spent !== undefined) return { outcome, spending: toSpending(spent, nonce) }
  throw new Error('The token hash of a successor exists already')
}

/** How many seconds a nonce is kept after the last retry: the clocks of the processes that share it differ. */
const NONCE_SLACK_SECONDS = 10

/** KEYS: the token. ARGV: its hash, the time. Replies 1 if it noted a late retry, in a line that it adds to the token. */
const claimLateRetryScript = tokenScript(
  numberReply,
  String.raw`
  local hash, time = ARGV[2], ARGV[3]
  local value = redis.call('GET', KEYS[4])
  if not value then return 0 end
  local id, spending = string.match(value, '^([^\n]*)\n[^\n]*\n?(.*)$')
  local authorization = findAuthorization(id, 'generation')
  if not authorization or spending == '' or string.find(value, '\nl', 1, true) then return 0 end
  if findNonce(id, hash) == '' then return 0 end
  local before = redis.call('HGET', root .. 'authorization:' .. id, 'r' .. (tonumber(authorization[2] or 0) - 2))
  local earlier = before and redis.call('GET', root .. 'refresh:' .. before)
  if earlier and string.find(earlier, '\nl', 1, true) then return 0 end
  redis.call('APPEND', KEYS[4], '\nl' .. time)
  return 1
  `,
)

/** Claims the one late retry of a token. */
export async function claimLateRetry(
  { connection, keys }: TokenScripts,
  tokenHash: TokenHash,
  at: number,
): Promise<boolean> {
  const ownKeys = keys.ofScript(keys.refreshToken(tokenHash))
  return (await connection.run(claimLateRetryScript, ownKeys, [0, keyPart(tokenHash), at])) === 1
}

/** Tokens as the scripts expect them: the keys; the text and the end of each. */
interface StoredTokens {
  readonly keys: readonly string[]
  readonly values: readonly (string | number)[]
}

function storedTokens(
  keys: RedisKeys,
  accessToken: UserAccessTokenRecord | undefined,
  refreshToken: NewRefreshToken | undefined,
): StoredTokens {
  const [tokenKeys, values]: [string[], (string | number)[]] = [[], []]
  if (accessToken !== undefined) {
    tokenKeys.push(keys.accessToken(accessToken.tokenHash))
    values.push(userTokenValue(accessToken), accessToken.expiresAt)
  }
  if (refreshToken !== undefined) {
    tokenKeys.push(keys.refreshToken(refreshToken.tokenHash))
    // No end of its own: a replay must be recognized as long as the authorization may be used (RFC 9700 §4.14.2).
    values.push(refreshTokenValue(refreshToken), '')
  }
  return { keys: tokenKeys, values }
}

function hashOf(token: UserAccessTokenRecord | NewRefreshToken | undefined): string {
  return token === undefined ? '' : keyPart(token.tokenHash)
}
