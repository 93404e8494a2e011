import { randomUUID } from 'node:crypto'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Throttle } from 'latchkey'
import { afterAll, describe, expect, it } from 'vitest'
import { startMariadb } from '../../tools/servers/start-mariadb.mjs'
import { startPostgres } from '../../tools/servers/start-postgres.mjs'
import { startRedis } from '../../tools/servers/start-redis.mjs'

const root = join(import.meta.dirname, '../..')
const text = readFileSync(join(root, 'docs/throttle.md'), 'utf8')
const blocks = new Map(
  [...text.matchAll(/^```js\n(\/\/ (\S+)\n[\s\S]*?)^```$/gm)].map(([, code = '', name = '']) => [name, code]),
)

const [postgres, mariadb, redis] = await Promise.all([startPostgres(), startMariadb(), startRedis()])
mkdirSync(join(root, '.test-results'), { recursive: true })
const folder = mkdtempSync(join(root, '.test-results/throttle-'))
afterAll(async () => {
  await Promise.all([postgres?.stop(), mariadb?.stop(), redis?.stop()])
  rmSync(folder, { recursive: true })
})

/** Runs a block of the page as it stands. */
async function run(name: string): Promise<Record<string, unknown>> {
  const file = join(folder, name)
  writeFileSync(file, blocks.get(name) ?? 'throw new Error("There is no such block")')
  return (await import(file)) as Record<string, unknown>
}

async function holdsUpAfterFive(throttle: Throttle): Promise<void> {
  await throttle.check?.()
  const [key, outcomes] = [randomUUID(), [] as unknown[]]
  for (let i = 0; i < 6; i += 1) {
    const begun = await throttle.begin([{ kind: 'account', key }])
    if (begun.retryAfterSeconds === undefined) await begun.end('failed')
    outcomes.push(begun.retryAfterSeconds)
  }
  expect(outcomes.slice(0, 5)).toEqual(Array(5).fill(undefined))
  expect(outcomes[5]).toBeGreaterThan(0)
}

describe('docs/throttle.md', () => {
  it('has no block that is not executed here', () => {
    const run = ['sqlite', 'redis', 'postgres', 'mysql', 'limits'].map((kind) => `${kind}-throttle.js`)
    const limiters = ['redis', 'ioredis', 'pg', 'mysql2'].map((kind) => `limiter-${kind}.js`)
    expect([...blocks.keys()].sort()).toEqual([...run, ...limiters].sort())
  })

  it('sqlite-throttle.js: the server counts in the file', async () => {
    process.env['SQLITE_FILE'] = join(folder, 'latchkey.db')
    const { oauth } = (await run('sqlite-throttle.js')) as { readonly oauth: { posture(): readonly unknown[] } }
    expect(JSON.stringify(oauth.posture())).not.toContain('throttle')
  })

  it('limits-throttle.js', async () => {
    const { throttle } = (await run('limits-throttle.js')) as { readonly throttle: Throttle }
    expect(throttle.isShared).toBe(false)
  })

  it.skipIf(redis === undefined).each(['redis-throttle.js', 'limiter-redis.js', 'limiter-ioredis.js'])(
    '%s',
    async (name) => {
      process.env['REDIS_URL'] = redis!.url
      const { throttle, client, storeClient = client } = await run(name)
      await holdsUpAfterFive(throttle as Throttle)
      ;(storeClient as { disconnect(): unknown }).disconnect()
    },
  )

  it.skipIf(postgres === undefined).each(['postgres-throttle.js', 'limiter-pg.js'])('%s', async (name) => {
    process.env['POSTGRES_URL'] ??= await postgres!.createDatabase('throttle_page')
    const { throttle, pool, storeClient = pool } = await run(name)
    await holdsUpAfterFive(throttle as Throttle)
    await (storeClient as { end(): Promise<void> }).end()
  })

  it.skipIf(mariadb === undefined).each(['mysql-throttle.js', 'limiter-mysql2.js'])('%s', async (name) => {
    process.env['MYSQL_URL'] ??= await mariadb!.createDatabase('throttle_page')
    const { throttle, pool, storeClient = pool } = await run(name)
    await holdsUpAfterFive(throttle as Throttle)
    void (storeClient as { end(): unknown }).end()
  })
})
