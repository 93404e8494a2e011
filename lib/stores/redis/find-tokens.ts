import type { TokenHash } from '../../crypto/hash.js'
import type {
  AccessTokenRecord,
  Authorization,
  ListedAuthorization,
  RefreshTokenRecord,
  SignedTokenId,
} from '../token-store.js'
import { keyPart } from './redis-keys.js'
import { listReply, numberReply, stringReply } from './redis-script.js'
import { tokenScript, type TokenScripts } from './token-script.js'
import { toAccessToken, toAuthorization, toRefreshToken } from './token-values.js'

/** KEYS: the access token. Replies its record. */
const findAccessTokenScript = tokenScript(
  stringReply,
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

/** Finds an access token. A token whose authorization is revoked is not found. */
export async function findAccessToken(
  { connection, keys }: TokenScripts,
  tokenHash: TokenHash,
): Promise<AccessTokenRecord | undefined> {
  const record = await connection.run(findAccessTokenScript, keys.ofScript(keys.accessToken(tokenHash)))
  return record === undefined ? undefined : toAccessToken(tokenHash, record)
}

/** KEYS: the refresh token. ARGV: its hash. Replies its text, the record of its authorization, and the nonce of its spending. */
const findRefreshTokenScript = tokenScript(
  listReply,
  String.raw`
  local hash = ARGV[2]
  local value = redis.call('GET', KEYS[4])
  if not value then return false end
  local id = string.match(value, '^[^\n]*')
  local authorization = findAuthorization(id, 'record')
  if not authorization then return false end
  local isSpent = string.find(value, '\n[^\n]*\n')
  return {value, authorization[2], isSpent and findNonce(id, hash) or ''}
  `,
)

/** Finds a refresh token, spent or not. A token whose authorization is revoked is not found. */
export async function findRefreshToken(
  { connection, keys }: TokenScripts,
  tokenHash: TokenHash,
): Promise<RefreshTokenRecord | undefined> {
  const [value, authorization, nonce] = await connection.run(
    findRefreshTokenScript,
    keys.ofScript(keys.refreshToken(tokenHash)),
    [0, keyPart(tokenHash)],
  )
  if (value === undefined || authorization === undefined) return undefined
  return toRefreshToken(tokenHash, { value, nonce }, toAuthorization(authorization))
}

/** KEYS: the access token, the refresh token by the same hash. Replies 1 if one is still stored, and it or its authorization was revoked. */
const whyNotFoundScript = tokenScript(
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

/**
 * Returns why a token is not found. A revocation of one authorization removes its tokens: so what is still stored are a client's own
 * tokens, and those of a revocation that is too large to remove them at once.
 */
export async function whyNotFound(
  { connection, keys }: TokenScripts,
  tokenHash: TokenHash,
): Promise<'revoked' | undefined> {
  const both = keys.ofScript(keys.accessToken(tokenHash), keys.refreshToken(tokenHash))
  return (await connection.run(whyNotFoundScript, both)) === 1 ? 'revoked' : undefined
}

/** KEYS: the revocation of the JWT. ARGV: its authorization, its client, its time of issue, each empty if absent. Replies 0 if it is not revoked. */
const isRevokedScript = tokenScript(
  numberReply,
  String.raw`
  local owner, client, issuedAt = ARGV[2], ARGV[3], tonumber(ARGV[4])
  if redis.call('EXISTS', KEYS[4]) == 1 then return 1 end
  if owner ~= '' then return findAuthorization(string.sub(owner, 2)) and 0 or 1 end
  if not issuedAt then return 0 end
  -- A client's own JWT. For a user's the authorization decides: one that began in the same second is not revoked.
  local untils = redis.call('HMGET', root .. 'not-before', 'all', client)
  if issuedAt <= tonumber(untils[1] or -1) or issuedAt <= tonumber(untils[2] or -1) then return 1 end
  return 0
  `,
)

/** Returns whether a JWT is revoked. Only a clear 0 makes it valid. */
export async function isSignedTokenRevoked(
  { connection, keys }: TokenScripts,
  { tokenId, authorizationId, clientId, issuedAt }: SignedTokenId,
): Promise<boolean> {
  const owner = authorizationId === undefined ? '' : `a${keyPart(authorizationId)}`
  const client = clientId === undefined ? '' : `client:${keyPart(clientId)}`
  const ownKeys = keys.ofScript(keys.revokedToken(tokenId))
  return (await connection.run(isRevokedScript, ownKeys, [0, owner, client, issuedAt ?? ''])) !== 0
}

/** ARGV: the id. Replies the record of the authorization. */
const findAuthorizationScript = tokenScript(
  stringReply,
  String.raw`
  local id = ARGV[2]
  local authorization = findAuthorization(id, 'record')
  return authorization and authorization[2]
  `,
)

/** Finds an authorization that is not revoked. */
export async function findAuthorization(
  { connection, keys }: TokenScripts,
  authorizationId: string,
): Promise<Authorization | undefined> {
  const ownKeys = keys.ofScript(keys.authorization(authorizationId))
  const record = await connection.run(findAuthorizationScript, ownKeys, [0, keyPart(authorizationId)])
  return record === undefined ? undefined : toAuthorization(record)
}

/** KEYS: the index of the user. Replies the record and the last use of each authorization in turn. */
const listAuthorizationsScript = tokenScript(
  listReply,
  String.raw`
  local listed = {}
  for _, id in ipairs(redis.call('ZRANGE', KEYS[4], 0, -1)) do
    local authorization = findAuthorization(id, 'record', 'lastUsedAt')
    if authorization then
      table.insert(listed, authorization[2])
      table.insert(listed, authorization[3])
    else
      redis.call('ZREM', KEYS[4], id)
    end
  end
  return listed
  `,
)

/** Lists the authorizations of a user that are not revoked, the last used first. */
export async function listAuthorizations(
  { connection, keys }: TokenScripts,
  userId: string,
): Promise<readonly ListedAuthorization[]> {
  const replies = await connection.run(listAuthorizationsScript, keys.ofScript(keys.authorizationsOfUser(userId)))
  const listed: ListedAuthorization[] = []
  for (let index = 0; index < replies.length; index += 2) {
    const [record = '', lastUsedAt] = replies.slice(index, index + 2)
    listed.push({ ...toAuthorization(record), lastUsedAt: Number(lastUsedAt) })
  }
  return listed.sort((a, b) => b.lastUsedAt - a.lastUsedAt)
}
