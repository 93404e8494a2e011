import { Cluster, Redis } from 'ioredis'
import { openRedisStores, type RedisHandle, type RedisStores } from 'latchkey/stores/redis'
import { clientStoreContract, keyStoreContract, tokenStoreContract } from 'latchkey/testing'
import { randomUUID } from 'node:crypto'
import { createClient, createClientPool, createCluster } from 'redis'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startRedisCluster } from '../../tools/servers/start-redis-cluster.mjs'
import { startRedis } from '../../tools/servers/start-redis.mjs'
import { newClientTokens } from '../../lib/testing/token-records.js'
import { compileStores, type CompiledStores } from './processes/compile-stores.js'
import { startRotatingProcess, type RotatingProcess } from './processes/rotate-elsewhere.js'

/** What an application has to reach Redis by, and how it ends it. */
interface OpenedHandle {
  readonly handle: RedisHandle
  close(): unknown
}

const server = await startRedis()
const cluster = await startRedisCluster()
let compiled: CompiledStores
let elsewhere: RotatingProcess
beforeAll(() => {
  compiled = compileStores()
  elsewhere = startRotatingProcess(compiled, 'redis')
})
afterAll(async () => {
  await elsewhere.stop()
  compiled.remove()
  await server?.stop()
  await cluster?.stop()
})

describe.skipIf(server === undefined)('Redis', () => {
  const { url = '' } = server ?? {}

  checkContracts(
    'a client of node-redis',
    async () => {
      const client = createClient({ url })
      await client.connect()
      return { handle: client, close: () => client.destroy() }
    },
    url,
  )

  checkContracts('a pool of node-redis', async () => {
    const pool = createClientPool({ url })
    await pool.connect()
    return { handle: pool, close: () => pool.destroy() }
  })

  checkContracts(
    'ioredis',
    () => {
      const client = new Redis(url)
      return { handle: client, close: () => client.disconnect() }
    },
    url,
  )

  checkContracts('ioredis with a key prefix of its own', () => {
    const client = new Redis(url, { keyPrefix: 'shop:', enableAutoPipelining: true, stringNumbers: true })
    return { handle: client, close: () => client.disconnect() }
  })
})

describe.skipIf(cluster === undefined)('Redis Cluster', () => {
  const urls = cluster?.nodes.map(({ url }) => url) ?? []

  checkContracts('a cluster of node-redis', async () => {
    const client = createCluster({ rootNodes: urls.map((url) => ({ url })), useReplicas: true })
    await client.connect()
    return { handle: client, close: () => client.destroy() }
  })

  checkContracts('a cluster of ioredis', () => {
    const client = new Cluster(urls, { scaleReads: 'slave' })
    return { handle: client, close: () => client.disconnect() }
  })
})

/** Registers the contracts; with a URL, another process rotates through its own client of node-redis. */
function checkContracts(name: string, open: () => OpenedHandle | Promise<OpenedHandle>, url?: string): void {
  describe(`through ${name}`, () => {
    tokenStoreContract({
      describe,
      it,
      async create() {
        const { keyPrefix, ...made } = await subject(open, ({ tokens }) => tokens)
        if (url === undefined) return made
        return { ...made, rotateElsewhere: (rotations) => elsewhere.rotate({ url, keyPrefix }, rotations) }
      },
    })
    it('reports the tokens of a revoked client as revoked (A1)', async () => {
      const { store, close } = await subject(open, ({ tokens }) => tokens)
      const [ended, living] = [newClientTokens(), newClientTokens({ clientId: 'other' })]
      for (const tokens of [ended, living]) await store.saveTokens(tokens)
      await store.revokeTokens({ clientId: ended.accessToken.clientId })
      const told = []
      for (const { accessToken } of [ended, living]) told.push(await store.whyNotFound(accessToken.tokenHash))
      expect(told).toEqual(['revoked', undefined])
      close()
    })
    keyStoreContract({ describe, it, create: async () => subject(open, ({ keys }) => keys) })
    clientStoreContract({
      describe,
      it,
      async create(clients) {
        const { store, close } = await subject(open, (stores) => stores.clients)
        for (const client of clients) await store.saveClient(client)
        return { store, close }
      },
    })
  })
}

/** A store on keys that no other test has, and everything that was opened on them. */
async function subject<Store>(
  open: () => OpenedHandle | Promise<OpenedHandle>,
  storeOf: (stores: RedisStores) => Store,
) {
  const keyPrefix = `{${randomUUID()}}:`
  const opened: OpenedHandle[] = []
  async function openStore(): Promise<Store> {
    const handle = await open()
    opened.push(handle)
    return storeOf(openRedisStores(handle.handle, { keyPrefix }))
  }
  function close(): void {
    for (const handle of opened.splice(0)) handle.close()
  }
  return {
    store: await openStore(),
    keyPrefix,
    createAnother: openStore,
    reopen() {
      close()
      return openStore()
    },
    close,
  }
}
