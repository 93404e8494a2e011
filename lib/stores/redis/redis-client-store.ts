import { checkClientRecord, isRegistrationOf, registrationText } from '../client-record.js'
import type { Client, ClientRegistry } from '../client-store.js'
import type { RedisConnection } from './redis-connection.js'
import { keyPart, type RedisKeys } from './redis-keys.js'
import { listReply, numberReply, stringReply, redisScript } from './redis-script.js'

// Scripts, also for what is one command: some clients ask a replica where a command only reads.
const find = redisScript(stringReply, `return redis.call('HGET', KEYS[1], ARGV[1])`)
const save = redisScript(numberReply, `return redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])`)
/** Replies whether the registration was the expected one, byte for byte. */
const replace = redisScript(
  numberReply,
  `
  if redis.call('HGET', KEYS[1], ARGV[1]) ~= ARGV[2] then return 0 end
  redis.call('HSET', KEYS[1], ARGV[1], ARGV[3])
  return 1
  `,
)
const remove = redisScript(numberReply, `return redis.call('HDEL', KEYS[1], ARGV[1])`)
const list = redisScript(listReply, `return redis.call('HVALS', KEYS[1])`)

/** Clients in Redis, each one a JSON document. */
export class RedisClientStore implements ClientRegistry {
  readonly #connection: RedisConnection
  readonly #keys: RedisKeys

  constructor(connection: RedisConnection, keys: RedisKeys) {
    this.#connection = connection
    this.#keys = keys
  }

  async findClient(clientId: string): Promise<Client | undefined> {
    const registration = await this.#find(clientId)
    return registration === undefined ? undefined : toClient(registration)
  }

  async saveClient(client: Client): Promise<void> {
    checkClientRecord('saveClient', client)
    await this.#connection.run(save, [this.#keys.clients], [keyPart(client.clientId), registrationText(client)])
  }

  async replaceClient(current: Client, next: Client): Promise<boolean> {
    const stored = await this.#find(next.clientId)
    if (stored === undefined || !isRegistrationOf(current, stored)) return false
    const values = [keyPart(next.clientId), stored, registrationText(next)]
    return (await this.#connection.run(replace, [this.#keys.clients], values)) === 1
  }

  async deleteClient(clientId: string): Promise<void> {
    await this.#connection.run(remove, [this.#keys.clients], [keyPart(clientId)])
  }

  async listClients(): Promise<readonly Client[]> {
    const clients = (await this.#connection.run(list, [this.#keys.clients])).map(toClient)
    return clients.sort((a, b) => Buffer.compare(Buffer.from(a.clientId), Buffer.from(b.clientId)))
  }

  #find(clientId: string): Promise<string | undefined> {
    return this.#connection.run(find, [this.#keys.clients], [keyPart(clientId)])
  }
}

function toClient(registration: string): Client {
  return JSON.parse(registration) as Client
}
