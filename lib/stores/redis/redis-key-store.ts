import { fingerprintOfKeys, type KeyInState, type KeyStore, type StoredSigningKey } from '../key-store.js'
import type { RedisConnection } from './redis-connection.js'
import type { RedisKeys } from './redis-keys.js'
import { numberReply, stringReply, redisScript } from './redis-script.js'

const list = redisScript(stringReply, `return redis.call('HGET', KEYS[1], 'keys')`)

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

  async replaceSigningKeys(expected: readonly KeyInState[], keys: readonly StoredSigningKey[]): Promise<boolean> {
    const values = [fingerprintOfKeys(expected), fingerprintOfKeys(keys), JSON.stringify(keys.map(toStored))]
    return (await this.#connection.run(replace, [this.#keys.signingKeys], values)) === 1
  }
}

function toStored({ keyId, algorithm, state, encryptedPrivateKey, since }: StoredSigningKey): StoredSigningKey {
  return { keyId, algorithm, state, encryptedPrivateKey, since }
}
