import type { Authorization, ListedAuthorization } from '../token-store.js'
import type { RedisConnection } from './redis-connection.js'
import { keyPart, type RedisKeys } from './redis-keys.js'
import { listReply, textReply } from './redis-reply.js'
import { tokenScript } from './token-script.js'
import { toAuthorization } from './token-values.js'

/** Replies the record of an authorization; the first value is for the functions alone. */
const find = tokenScript(
  textReply,
  String.raw`
  local authorization = findAuthorization(ARGV[2], 'record')
  return authorization and authorization[2]
  `,
)

/** Replies a record and a time of use, again and again. */
const list = tokenScript(
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

/** Finds authorizations that are not revoked. */
export class FindAuthorizations {
  readonly #connection: RedisConnection
  readonly #keys: RedisKeys

  constructor(connection: RedisConnection, keys: RedisKeys) {
    this.#connection = connection
    this.#keys = keys
  }

  async find(authorizationId: string): Promise<Authorization | undefined> {
    const keys = this.#keys.ofScript(this.#keys.authorization(authorizationId))
    const record = await this.#connection.run(find, keys, [0, keyPart(authorizationId)])
    return record === undefined ? undefined : toAuthorization(record)
  }

  async ofUser(userId: string): Promise<readonly ListedAuthorization[]> {
    const keys = this.#keys.ofScript(this.#keys.authorizationsOfUser(userId))
    const replies = await this.#connection.run(list, keys)
    const listed: ListedAuthorization[] = []
    for (let index = 0; index < replies.length; index += 2) {
      const [record = '', lastUsedAt] = replies.slice(index, index + 2)
      listed.push({ ...toAuthorization(record), lastUsedAt: Number(lastUsedAt) })
    }
    return listed.sort((a, b) => b.lastUsedAt - a.lastUsedAt)
  }
}
