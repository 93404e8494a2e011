import type { KeyStore, StoredSigningKey } from '../key-store.js'
import type { RedisConnection } from './redis-connection.js'
import type { RedisKeys } from './redis-keys.js'
import { numberReply, textReply } from './redis-reply.js'
import { redisScript } from './redis-script.js'

const list = redisScript(textReply, `return redis.call('HGET', KEYS[1], 'keys')`)

/** Replies whether the keys were the expected ones. */
const replace = redisScript(
  numberReply,
  `
  if (redis.call('HGET', KEYS[1], 'states') or '[]') ~= ARGV[1] then return 0 end
  redis.call('HSET', KEYS[1], 'states', ARGV[2], 'keys', ARGV[3])
  return 1
  `,
)

/** Signing keys in Redis, private keys encrypted. All are one text: they are read and replaced as a whole. */
export class RedisKeyStore implements KeyStore {
  readonly #connection: RedisConnection
  readonly #keys: RedisKeys

  constructor(connection: RedisConnection, keys: RedisKeys) {
    this.#connection = connection
    this.#keys = keys
  }

  async listSigningKeys(): Promise<readonly StoredSigningKey[]> {
    const keys = await this.#connection.run(list, [this.#keys.signingKeys])
    return keys === undefined ? [] : (JSON.parse(keys) as StoredSigningKey[])
  }

  async replaceSigningKeys(
    expected: readonly Pick<StoredSigningKey, 'keyId' | 'state'>[],
    keys: readonly StoredSigningKey[],
  ): Promise<boolean> {
    const values = [statesOf(expected), statesOf(keys), JSON.stringify(keys.map(toStored))]
    return (await this.#connection.run(replace, [this.#keys.signingKeys], values)) === 1
  }
}

/** The same text for the same keys in the same states, in whatever order they come. */
function statesOf(keys: readonly Pick<StoredSigningKey, 'keyId' | 'state'>[]): string {
  return JSON.stringify(keys.map(({ keyId, state }) => JSON.stringify([keyId, state])).sort())
}

function toStored({ keyId, algorithm, state, encryptedPrivateKey, since }: StoredSigningKey): StoredSigningKey {
  return { keyId, algorithm, state, encryptedPrivateKey, since }
}
