import { setTimeout as sleep } from 'node:timers/promises'
import { Redis } from 'ioredis'
import {
  ConfigurationError,
  memoryThrottle,
  sharedThrottle,
  type RateLimiter,
  type ThrottleKey,
  type ThrottleLimits,
} from 'latchkey'
import { createPool } from 'mysql2'
import { createConnection, createPool as createPromisePool } from 'mysql2/promise'
import pg from 'pg'
import { RateLimiterMemory, RateLimiterMySQL, RateLimiterPostgres, RateLimiterRedis } from 'rate-limiter-flexible'
import { createClient, createClientPool, createCluster } from 'redis'
import { afterAll, describe, expect, it, vi } from 'vitest'
import { startMariadb } from '../../tools/servers/start-mariadb.mjs'
import { startPostgres } from '../../tools/servers/start-postgres.mjs'
import { startRedis } from '../../tools/servers/start-redis.mjs'
import { throttleContract, type ThrottleUnderTest } from './throttle-contract.js'

const redis = await startRedis()
const postgres = await startPostgres()
const mariadb = await startMariadb()
afterAll(async () => {
  await redis?.stop()
  await postgres?.stop()
  await mariadb?.stop()
})

/** Neither matters: every key has its own. */
const unimportant = { points: 1, duration: 0 }

describe('memoryThrottle', () => {
  throttleContract((limits) => {
    let now = 1_800_000_000
    const throttle = memoryThrottle({ limits, clock: () => now })
    return {
      throttles: [throttle, throttle],
      advance(seconds) {
        now += seconds
      },
    }
  })
})

describe('sharedThrottle over RateLimiterMemory', () => {
  checkShared(async () => ({ limiter: new RateLimiterMemory(unimportant) }), { sharesItself: true })
})

describe.skipIf(redis === undefined)('sharedThrottle over RateLimiterRedis', () => {
  describe('with node-redis', () => {
    checkShared(async () => {
      const storeClient = createClient({ url: redis!.url })
      await storeClient.connect()
      const limiter = new RateLimiterRedis({ ...unimportant, storeClient, useRedisPackage: true })
      return { limiter, close: () => storeClient.destroy() }
    })

    it('refuses a limiter that mistakes its client for ioredis, and shows the line to write (F3)', async () => {
      const storeClient = createClient({ url: redis!.url })
      await storeClient.connect()
      const limiter = new RateLimiterRedis({ ...unimportant, storeClient })
      const written = sharedThrottleMessage(limiter)
      // What would happen otherwise.
      await expect(limiter.get('any')).rejects.toThrow('pttl is not a function')
      storeClient.destroy()
      expect(written).toBe(
        'sharedThrottle: is given a RateLimiterRedis without useRedisPackage, but its client is of the package redis: every sign-in would fail. ' +
          "Write new RateLimiterRedis({ storeClient, useRedisPackage: true, keyPrefix: 'latchkey', points: 1, duration: 1 }).",
      )
    })

    it.each([
      ['cluster', () => createCluster({ rootNodes: [{ url: redis!.url }] })],
      ['pool', () => createClientPool({ url: redis!.url })],
    ] as const)('refuses the same over a %s', (_, create) => {
      const limiter = new RateLimiterRedis({ ...unimportant, storeClient: create() })
      expect(sharedThrottleMessage(limiter)).toContain('useRedisPackage: true')
    })
  })

  describe('with ioredis', () => {
    checkShared(async () => {
      const storeClient = new Redis(redis!.url)
      return { limiter: new RateLimiterRedis({ ...unimportant, storeClient }), close: () => storeClient.disconnect() }
    })

    it('refuses a limiter that mistakes its client for the package redis (F3)', () => {
      const storeClient = new Redis(redis!.url, { lazyConnect: true })
      expect(sharedThrottleMessage(new RateLimiterRedis({ ...unimportant, storeClient, useRedisPackage: true }))).toBe(
        'sharedThrottle: is given a RateLimiterRedis with useRedisPackage, but its client is of ioredis: every sign-in would fail. ' +
          "Leave useRedisPackage out: new RateLimiterRedis({ storeClient, keyPrefix: 'latchkey', points: 1, duration: 1 }).",
      )
    })
  })
})

describe.skipIf(postgres === undefined)('sharedThrottle over RateLimiterPostgres', () => {
  let url: Promise<string> | undefined
  checkShared(async () => {
    url ??= postgres!.createDatabase('throttle')
    const storeClient = new pg.Pool({ connectionString: await url })
    const limiter = await ready(
      (done) => new RateLimiterPostgres({ ...unimportant, storeClient, tableName: 'throttle' }, done),
    )
    return { limiter, close: () => storeClient.end() }
  })
})

describe.skipIf(mariadb === undefined)('sharedThrottle over RateLimiterMySQL', () => {
  let url: Promise<string> | undefined
  const open = async () => {
    url ??= mariadb!.createDatabase('throttle')
    const uri = await url
    const storeClient = createPool({ uri })
    const dbName = new URL(uri).pathname.slice(1)
    const limiter = await ready(
      (done) => new RateLimiterMySQL({ ...unimportant, storeClient, dbName, tableName: 'throttle' }, done),
    )
    return { limiter, close: () => storeClient.promise().end() }
  }
  checkShared(open)

  it('refuses a limiter over a pool of mysql2/promise, which would never be answered (F3)', async () => {
    url ??= mariadb!.createDatabase('throttle')
    const storeClient = createPromisePool({ uri: await url })
    const tables = { dbName: 'throttle', tableName: 'throttle', tableCreated: true, storeType: 'pool' }
    expect(sharedThrottleMessage(new RateLimiterMySQL({ ...unimportant, ...tables, storeClient }))).toBe(
      'sharedThrottle: is given a RateLimiterMySQL with a pool of mysql2/promise, which ignores its callbacks: every sign-in would fail. ' +
        'Pass the underlying pool of mysql2: storeClient: pool.pool.',
    )
    await storeClient.end()
  })

  it('counts an attempt once after a deadlock', async () => {
    const { limiter, close } = await open()
    const rival = await createConnection(await url!)
    const penalty = vi.spyOn(limiter, 'penalty')
    const throttle = sharedThrottle(limiter, { timeoutMilliseconds: 60_000 })
    const key: ThrottleKey = { kind: 'account', key: 'deadlocked' }
    const begin = async () => {
      const begun = await throttle.begin([key])
      if (begun.retryAfterSeconds !== undefined) throw new Error('blocked')
      return begun
    }
    await (await begin()).end('failed')
    penalty.mockClear()

    // Whoever changed more rows wins.
    await rival.query('BEGIN')
    await rival.query('INSERT INTO throttle VALUES ?', [
      Array.from({ length: 50 }, (_, i) => [`rival ${String(i)}`, 1, 1]),
    ])
    await rival.query("SELECT * FROM throttle WHERE `key` = 'rlflx:places:deadlocked' LOCK IN SHARE MODE")
    const held = begin()
    const waiting = "SELECT 1 FROM information_schema.innodb_trx WHERE trx_state = 'LOCK WAIT'"
    await expect.poll(async () => (await rival.query(waiting))[0], { interval: 150 }).not.toEqual([])
    await rival.query("SELECT * FROM throttle WHERE `key` = 'rlflx:places:deadlocked' FOR UPDATE")
    await rival.query('COMMIT')
    await held
    expect(penalty).toHaveBeenCalledTimes(2)
    expect(await limiter.get('places:deadlocked')).toMatchObject({ consumedPoints: 2 })
    await rival.end()
    await close()
  })
})

interface OpenedLimiter {
  readonly limiter: RateLimiter
  close?(): unknown
}

function checkShared(open: () => Promise<OpenedLimiter>, options: { readonly sharesItself?: boolean } = {}): void {
  const make = async (limits: ThrottleLimits): Promise<ThrottleUnderTest> => {
    const one = await open()
    const another = options.sharesItself === true ? one : await open()
    const settings = { limits, timeoutMilliseconds: 60_000 }
    return {
      throttles: [sharedThrottle(one.limiter, settings), sharedThrottle(another.limiter, settings)],
      // The clock is the store's. A little more, for it counts milliseconds.
      advance: (seconds) => sleep(seconds * 1000 + 30),
      async close() {
        await one.close?.()
        if (another !== one) await another.close?.()
      },
    }
  }
  // A stall of the machine can be longer than a delay.
  describe('by the clock of its store', { retry: 2 }, () => throttleContract(make))
}

function sharedThrottleMessage(limiter: RateLimiter): string {
  try {
    sharedThrottle(limiter)
  } catch (error) {
    if (error instanceof ConfigurationError) return error.message
  }
  throw new Error('It was not refused')
}

/** Limiters of SQL databases make their table first. */
function ready<Limiter>(make: (done: (error?: Error) => void) => Limiter): Promise<Limiter> {
  return new Promise((resolve, reject) => {
    const limiter = make((error) => {
      if (error) reject(error)
      else setImmediate(() => resolve(limiter))
    })
  })
}
