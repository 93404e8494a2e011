import { Cluster, Redis } from 'ioredis'
import { isStoreUnavailableError, type Throttle, type ThrottleLimits } from 'latchkey'
import { createMemoryStores } from 'latchkey/stores/memory'
import { openMysqlStores } from 'latchkey/stores/mysql'
import { openPostgresStores } from 'latchkey/stores/postgres'
import { openRedisStores, type RedisHandle } from 'latchkey/stores/redis'
import { openSqliteStores } from 'latchkey/stores/sqlite'
import { createPool } from 'mysql2/promise'
import { randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { createClient } from 'redis'
import { afterAll, describe, expect, it } from 'vitest'
import { startMariadb } from '../../tools/servers/start-mariadb.mjs'
import { startPostgres } from '../../tools/servers/start-postgres.mjs'
import { startRedisCluster } from '../../tools/servers/start-redis-cluster.mjs'
import { startRedis } from '../../tools/servers/start-redis.mjs'
import { throttleContract } from './throttle-contract.js'

const redis = await startRedis()
const cluster = await startRedisCluster()
const postgres = await startPostgres()
const mariadb = await startMariadb()
const folder = mkdtempSync(join(tmpdir(), 'latchkey-throttle-'))
afterAll(async () => {
  await Promise.all([redis?.stop(), cluster?.stop(), postgres?.stop(), mariadb?.stop()])
  rmSync(folder, { recursive: true })
})

/** A throttle of one of two processes. */
interface Opened {
  readonly throttle: Throttle
  /** Prunes, and returns how many counters are stored then. Absent: they expire by themselves. */
  readonly prune?: (now: number) => Promise<number>
  /** Takes the database away. */
  readonly close: () => unknown
}

function checkThrottle(open: (throttleLimits?: ThrottleLimits) => Promise<Opened>): void {
  // A stall of the machine can be longer than a delay.
  describe('by the clock of its store', { retry: 2 }, () => {
    throttleContract(async (limits) => {
      const [one, another] = [await open(limits), await open(limits)]
      return {
        throttles: [one.throttle, another.throttle],
        advance: (seconds) => sleep(seconds * 1000 + 30),
        close: async () => {
          await one.close()
          await another.close()
        },
      }
    })
  })

  it('is shared, and counts fifty at once in two processes exactly', async () => {
    const [one, another] = [await open(), await open()]
    expect(one.throttle.isShared).toBe(true)
    const key = randomUUID()
    const counts = Array.from({ length: 50 }, async (_, i) => (i % 2 ? one : another).throttle.countInARow?.(key))
    expect((await Promise.all(counts)).sort((a, b) => Number(a) - Number(b))).toEqual(counts.map((_, i) => i + 1))
    await one.close()
    await another.close()
  })

  it('throws StoreUnavailableError while the database is down, so that guessing stops', async () => {
    const { throttle, close } = await open()
    const begun = await throttle.begin([{ kind: 'account', key: randomUUID() }])
    if (begun.retryAfterSeconds === undefined) await begun.end('cancelled')
    await close()
    const error: unknown = await Promise.resolve(throttle.begin([{ kind: 'account', key: randomUUID() }])).catch(
      (thrown: unknown) => thrown,
    )
    expect(isStoreUnavailableError(error)).toBe(true)
  })

  it('pruning removes exactly the expired counters, even if it is given a later time', async (context) => {
    const short = { freeFailures: 3, firstDelaySeconds: 1, longestDelaySeconds: 1, forgetSeconds: 1 }
    const { throttle, prune, close } = await open({ account: short })
    if (prune === undefined) {
      await close()
      return context.skip('counters expire by themselves')
    }
    const now = Math.floor(Date.now() / 1000)
    await prune(now)
    await sleep(1100)
    const before = await prune(now + 10)
    const [account, client] = [randomUUID(), randomUUID()]
    for (const keys of [{ kind: 'account', key: account } as const, { kind: 'client', key: client } as const]) {
      const begun = await throttle.begin([keys])
      if (begun.retryAfterSeconds === undefined) await begun.end('failed')
    }
    // Places and failures, of both.
    expect(await prune(now + 1_000_000)).toBe(before + 4)
    await sleep(1100)
    expect(await prune(now)).toBe(before + 4)
    expect(await prune(now + 1_000_000)).toBe(before + 2)
    await close()
  })
}

describe('SQLite', () => {
  const file = join(folder, 'latchkey.db')
  checkThrottle(async (throttleLimits) => {
    const { default: Database } = await import('better-sqlite3')
    const stores = openSqliteStores(file, { throttleLimits, busyTimeoutMilliseconds: 10_000 })
    return {
      throttle: stores.throttle,
      async prune(now) {
        await stores.tokens.prune(now)
        const database = new Database(file)
        const count = database.prepare('SELECT count(*) FROM latchkey_throttle').pluck().get()
        database.close()
        return Number(count)
      },
      close: () => {
        stores.close()
      },
    }
  })

  it('in memory is not shared', () => {
    const stores = openSqliteStores(':memory:')
    expect(stores.throttle.isShared).toBe(false)
    stores.close()
  })
})

describe.skipIf(postgres === undefined)('PostgreSQL', () => {
  let url: Promise<string> | undefined
  checkThrottle(async (throttleLimits) => {
    url ??= postgres!.createDatabase('store_throttle')
    const pool = new pg.Pool({ connectionString: await url })
    const { throttle, tokens } = await openPostgresStores(pool, { throttleLimits, timeoutMilliseconds: 30_000 })
    return {
      throttle,
      async prune(now) {
        await tokens.prune(now)
        return Number((await pool.query('SELECT count(*) AS count FROM latchkey_throttle')).rows[0].count)
      },
      close: () => pool.end(),
    }
  })
})

describe.skipIf(mariadb === undefined)('MySQL', () => {
  let url: Promise<string> | undefined
  checkThrottle(async (throttleLimits) => {
    url ??= mariadb!.createDatabase('store_throttle')
    const pool = createPool({ uri: await url })
    const { throttle, tokens } = await openMysqlStores(pool, { throttleLimits, timeoutMilliseconds: 30_000 })
    return {
      throttle,
      async prune(now) {
        await tokens.prune(now)
        const [rows] = await pool.query('SELECT count(*) AS count FROM latchkey_throttle')
        return Number((rows as { count: number }[])[0]?.count)
      },
      close: () => pool.end(),
    }
  })
})

describe.skipIf(redis === undefined)('Redis', () => {
  const opens: (() => Promise<{ readonly handle: RedisHandle; readonly close: () => void }>)[] = [
    async () => {
      const client = createClient({ url: redis!.url })
      await client.connect()
      return { handle: client, close: () => client.destroy() }
    },
    async () => {
      const client = new Redis(redis!.url, { stringNumbers: true })
      return Promise.resolve({ handle: client, close: () => client.disconnect() })
    },
  ]
  let opened = 0
  // One process with node-redis, the other one with ioredis.
  checkThrottle(async (throttleLimits) => {
    const { handle, close } = await opens[opened++ % 2]!()
    return { throttle: openRedisStores(handle, { throttleLimits, timeoutMilliseconds: 30_000 }).throttle, close }
  })
})

describe.skipIf(cluster === undefined)('Redis Cluster', () => {
  it('keeps counters on the node of all other keys', async () => {
    const client = new Cluster(cluster!.nodes.map(({ url }) => url))
    const { throttle } = openRedisStores(client)
    const key = randomUUID()
    expect([await throttle.countInARow?.(key), await throttle.countInARow?.(key)]).toEqual([1, 2])
    client.disconnect()
  })
})

it('the throttle of the memory stores counts in this process alone, by their clock', async () => {
  let now = 1_800_000_000
  const limit = { freeFailures: 1, firstDelaySeconds: 60, longestDelaySeconds: 60 }
  const stores = createMemoryStores({ clock: () => now, throttleLimits: { account: limit } })
  const { throttle } = stores
  expect(throttle.isShared).toBe(false)
  const attempt = async () => {
    const begun = await throttle.begin([{ kind: 'account', key: 'a' }])
    if (begun.retryAfterSeconds === undefined) await begun.end('failed')
    return begun.retryAfterSeconds
  }
  expect([await attempt(), await attempt()]).toEqual([undefined, 60])
  now += 60
  expect(await attempt()).toBeUndefined()
  stores.close()
})
