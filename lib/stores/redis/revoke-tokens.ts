import type { TokenHash } from '../../crypto/hash.js'
import type { RevocationSelection } from '../token-store.js'
import { keyPart } from './redis-keys.js'
import { listReply, numberReply, redisScript, stringReply } from './redis-script.js'
import { pastAt, secondsUntil, tokenScript, type TokenScripts } from './token-script.js'

/** KEYS: the access token. */
const revokeAccessTokenScript = redisScript(numberReply, `return redis.call('DEL', KEYS[1])`)

/** Revokes one access token. */
export async function revokeAccessToken({ connection, keys }: TokenScripts, tokenHash: TokenHash): Promise<void> {
  await connection.run(revokeAccessTokenScript, [keys.accessToken(tokenHash)])
}

/** KEYS: the revocation of the JWT. ARGV: how many seconds it is kept. */
const revokeSignedTokenScript = redisScript(stringReply, `return redis.call('SET', KEYS[1], '', 'NX', 'EX', ARGV[1])`)

/** Revokes one JWT. Nothing else is stored of JWTs. */
export async function revokeSignedToken(
  { connection, keys, clock }: TokenScripts,
  tokenId: string,
  expiresAt: number,
): Promise<void> {
  await connection.run(revokeSignedTokenScript, [keys.revokedToken(tokenId)], [secondsUntil(expiresAt, clock())])
}

/** The reply of the scripts that revoke many tokens: how many authorizations they ended, and whether tokens are left to remove. */
const reply = String.raw`
  local function reply(ended)
    removeLeftovers(1000)
    return {whole(ended), whole(redis.call('EXISTS', leftovers))}
  end
`

/** Notes up to when JWTs are revoked; a later time stays. */
const revokeUntil = String.raw`
  local function revokeUntil(subject, time)
    if time == '' then return end
    local noted = tonumber(redis.call('HGET', root .. 'not-before', subject) or -1)
    if tonumber(time) > noted then redis.call('HSET', root .. 'not-before', subject, time) end
  end
`

/** KEYS: the authorization. ARGV: its id. */
const revokeAuthorizationScript = tokenScript(
  listReply,
  String.raw`${reply}
  local id = ARGV[2]
  local authorization = findAuthorization(id, 'user')
  if not authorization then return reply(0) end
  endAuthorization(id)
  redis.call('ZREM', root .. 'user:' .. authorization[2], id)
  redis.call('ZREM', root .. 'client:' .. authorization[1], id)
  return reply(1)
  `,
)

/** KEYS: the index of the user. ARGV: the authorization that stays, if any. */
const revokeUserScript = tokenScript(
  listReply,
  String.raw`${reply}
  local except = ARGV[2]
  local ended = 0
  for _, id in ipairs(redis.call('ZRANGE', KEYS[4], 0, -1)) do
    if id ~= except then
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

/**
 * KEYS: the index of the client. ARGV: the client, the time up to which JWTs are revoked.
 *
 * This script and the next one begin by removing something: then Redis lets a script write the rest even if its memory is full.
 */
const revokeClientScript = tokenScript(
  listReply,
  String.raw`${reply}${revokeUntil}
  local client, issuedUntil = ARGV[2], ARGV[3]
  local ended = redis.call('ZCOUNT', KEYS[4], ARGV[1], '+inf')
  redis.call('ZREM', authorizedClients, client)
  endIndex(KEYS[4])
  redis.call('HSET', revocations, 'client:' .. client, redis.call('HINCRBY', revocations, 'stamp', 1))
  revokeUntil('client:' .. client, issuedUntil)
  return reply(ended)
  `,
)

/** ARGV: the time up to which JWTs are revoked. */
const revokeEverythingScript = tokenScript(
  listReply,
  String.raw`${reply}${revokeUntil}
  local issuedUntil = ARGV[2]
  local ended = 0
  for _, client in ipairs(redis.call('ZRANGE', authorizedClients, 0, -1)) do
    local index = root .. 'client:' .. client
    ended = ended + redis.call('ZCOUNT', index, ARGV[1], '+inf')
    endIndex(index)
  end
  local stamp = (redis.call('HGET', revocations, 'stamp') or 0) + 1
  redis.call('UNLINK', authorizedClients, revocations)
  redis.call('HSET', revocations, 'stamp', stamp, 'all', stamp)
  revokeUntil('all', issuedUntil)
  return reply(ended)
  `,
)

/**
 * Revokes the selected tokens, at once and for ever, and returns how many authorizations that ended. A client, or everything, takes no
 * longer for a million tokens than for one.
 */
export async function revokeTokens(scripts: TokenScripts, selection: RevocationSelection): Promise<number> {
  const [ended, isLeft] = await revokeSelected(scripts, selection)
  if (isLeft === '1') await removeLeftovers(scripts)
  return Number(ended)
}

function revokeSelected(
  { connection, keys, clock }: TokenScripts,
  selection: RevocationSelection,
): Promise<readonly string[]> {
  const past = pastAt(clock())
  if ('authorizationId' in selection) {
    const { authorizationId } = selection
    const ownKeys = keys.ofScript(keys.authorization(authorizationId))
    return connection.run(revokeAuthorizationScript, ownKeys, [past, keyPart(authorizationId)])
  }
  if ('userId' in selection) {
    const { userId, exceptAuthorizationId } = selection
    const except = exceptAuthorizationId === undefined ? [] : [keyPart(exceptAuthorizationId)]
    return connection.run(revokeUserScript, keys.ofScript(keys.authorizationsOfUser(userId)), [past, ...except])
  }
  if ('clientId' in selection) {
    const { clientId, issuedUntil } = selection
    const ownKeys = keys.ofScript(keys.authorizationsOfClient(clientId))
    return connection.run(revokeClientScript, ownKeys, [past, keyPart(clientId), issuedUntil ?? ''])
  }
  return connection.run(revokeEverythingScript, keys.ofScript(), [past, selection.issuedUntil ?? ''])
}

/** Replies whether there is still something left to remove. */
const removeLeftoversScript = tokenScript(
  numberReply,
  String.raw`
  removeLeftovers(1000)
  return redis.call('EXISTS', leftovers)
  `,
)

/** How often it is run after a revocation. Later sign-ins, rotations and revocations remove what is left then, bit by bit. */
const CALLS_AFTER_REVOCATION = 100

async function removeLeftovers({ connection, keys }: TokenScripts): Promise<void> {
  try {
    for (let call = 0; call < CALLS_AFTER_REVOCATION; call++) {
      if ((await connection.run(removeLeftoversScript, keys.ofScript(), [0])) === 0) return
    }
  } catch {
    // Everything is revoked, and the caller must learn that. Later calls free the memory.
  }
}
