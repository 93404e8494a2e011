import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createConnection, type RowDataPacket } from 'mysql2/promise'
import pg from 'pg'
import { createCluster } from 'redis'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { sendToRedis } from '../../../tools/servers/send-to-redis.mjs'
import type { OwnServer } from '../../../tools/servers/server.d.mts'
import { startMariadb } from '../../../tools/servers/start-mariadb.mjs'
import { startPostgres } from '../../../tools/servers/start-postgres.mjs'
import { startRedisCluster } from '../../../tools/servers/start-redis-cluster.mjs'
import { startRedis } from '../../../tools/servers/start-redis.mjs'

const servers = new URL('../../../tools/servers/', import.meta.url)

interface Kind {
  readonly name: string
  readonly start: () => Promise<OwnServer | undefined>
  readonly write: (url: string) => Promise<unknown>
  readonly read: (url: string) => Promise<unknown>
  readonly folder: (url: string) => Promise<unknown>
}

const kinds: Kind[] = [
  {
    name: 'PostgreSQL',
    start: () => startPostgres({ durable: true }),
    write: (url) => postgres(url, "CREATE TABLE kept AS SELECT 'this' AS value"),
    read: (url) => postgres(url, 'SELECT value FROM kept'),
    folder: (url) => postgres(url, "SELECT current_setting('data_directory')"),
  },
  {
    name: 'MariaDB',
    start: () => startMariadb({ durable: true }),
    write: (url) => mariadb(url, "CREATE TABLE kept AS SELECT 'this' AS value"),
    read: (url) => mariadb(url, 'SELECT value FROM kept'),
    folder: (url) => mariadb(url, 'SELECT @@datadir'),
  },
  {
    name: 'Redis',
    start: () => startRedis({ durable: true }),
    write: (url) => sendToRedis(url, ['SET', 'kept', 'this']),
    read: (url) => sendToRedis(url, ['GET', 'kept']),
    folder: async (url) => ((await sendToRedis(url, ['CONFIG', 'GET', 'dir'])) as string[])[1],
  },
]

afterEach(() => {
  vi.unstubAllEnvs()
})

describe.each(kinds)('$name', ({ start, write, read, folder }) => {
  // Skipped, here and below: the server is not installed, which with CI=true is an error and throws.
  it('keeps its data when it is killed and restarted, and leaves nothing when it is stopped', async (test) => {
    const server = (await start()) ?? test.skip()
    try {
      const data = String(await folder(server.url))
      await write(server.url)

      const { pid } = server
      await server.kill()
      expect(await answers(server.url)).toBe(false)
      expect(server.pid).toBeUndefined()

      await server.restart()
      expect(server.pid).not.toBe(pid)
      expect(await read(server.url)).toBe('this')

      expect(existsSync(data)).toBe(true)
      await server.stop()
      expect(await answers(server.url)).toBe(false)
      expect(existsSync(data)).toBe(false)
    } finally {
      await server.stop()
    }
  })
})

describe('createDatabase', () => {
  it.each([
    { name: 'PostgreSQL', start: startPostgres, query: postgres },
    { name: 'MariaDB', start: startMariadb, query: mariadb },
  ])('makes databases that share nothing: $name', async ({ start, query }) => {
    const server = await start()
    if (!server) return
    try {
      const urls = [await server.createDatabase('one'), await server.createDatabase('two')]
      for (const url of urls) await query(url, 'CREATE TABLE mine (id int)')
      expect(await Promise.all(urls.map((url) => query(url, 'SELECT count(*) FROM mine')))).toHaveLength(2)
      await expect(server.createDatabase('one; DROP TABLE two')).rejects.toThrow('is not [a-z][a-z0-9_]*')
    } finally {
      await server.stop()
    }
  })
})

describe('a Redis Cluster', () => {
  it('has all slots, also after it was killed and restarted', async (test) => {
    const cluster = (await startRedisCluster()) ?? test.skip()
    try {
      expect(await throughCluster(cluster.url)).toEqual(['1', '2', '3', '4'])
      await cluster.kill()
      await cluster.restart()
      expect(await throughCluster(cluster.url)).toEqual(['1', '2', '3', '4'])
    } finally {
      await cluster.stop()
    }
    expect(await Promise.all(cluster.nodes.map(({ url }) => answers(url)))).toEqual([false, false, false])
  })
})

describe('a given server', () => {
  it('is used and not ended', async (test) => {
    const other = (await startRedis({ durable: true })) ?? test.skip()
    try {
      vi.stubEnv('TEST_REDIS_URL', other.url)
      const server = await startRedis()
      expect(server).toEqual({ url: other.url, given: true, stop: expect.any(Function) })
      await server!.stop()
      expect(await answers(other.url)).toBe(true)

      const own = await startRedis({ args: ['--maxmemory', '64mb'] })
      expect(own).toMatchObject({ given: false, url: expect.not.stringMatching(other.url) })
      await own!.stop()
    } finally {
      await other.stop()
    }
  })

  it('loses the databases that were created in it, and no others', async (test) => {
    const other = (await startPostgres({ durable: true })) ?? test.skip()
    try {
      const kept = await other.createDatabase('mine')
      vi.stubEnv('TEST_PG_URL', other.url)
      const server = await startPostgres()
      const made = await server!.createDatabase('mine')
      expect(made).not.toBe(kept)
      expect(await postgres(made, 'SELECT 1')).toBe(1)
      await server!.stop()
      await expect(postgres(made, 'SELECT 1')).rejects.toThrow('does not exist')
      expect(await postgres(kept, 'SELECT 1')).toBe(1)
    } finally {
      await other.stop()
    }
  })

  it('must respond', async () => {
    vi.stubEnv('TEST_REDIS_URL', 'redis://127.0.0.1:1')
    await expect(startRedis()).rejects.toThrow('the server that TEST_REDIS_URL names does not answer')
  })
})

describe('an absent server', () => {
  const absent = [
    {
      name: 'PostgreSQL',
      call: "(await import('./start-postgres.mjs')).startPostgres({}, () => undefined)",
      advice: 'set TEST_PG_URL or install it (apt-get install postgresql)',
    },
    {
      name: 'PostgreSQL, durable',
      call: "(await import('./start-postgres.mjs')).startPostgres({ durable: true }, () => undefined)",
      advice: 'install it (apt-get install postgresql)',
    },
    {
      name: 'MariaDB',
      call: "(await import('./start-mariadb.mjs')).startMariadb({}, () => undefined)",
      advice: 'set TEST_MYSQL_URL or install it (apt-get install mariadb-server)',
    },
    {
      name: 'Redis',
      call: "(await import('./start-redis.mjs')).startRedis()",
      advice: 'set TEST_REDIS_URL or install it (apt-get install redis-server)',
    },
    {
      name: 'Redis, a cluster of it',
      call: "(await import('./start-redis-cluster.mjs')).startRedisCluster()",
      advice: 'install it (apt-get install redis-server)',
    },
  ]
  const nowhere = { PATH: '/nonexistent', TEST_PG_URL: '', TEST_MYSQL_URL: '', TEST_REDIS_URL: '' }

  it.each(absent)('is undefined, with a visible line, and an error in CI: $name', async ({ name, call, advice }) => {
    const product = name.split(',')[0]!
    const elsewhere = await evaluate(`console.log(await ${call})`, { ...nowhere, CI: '' })
    expect(elsewhere).toEqual({ output: 'undefined\n', errors: `SKIPPED: no ${product}; ${advice}\n` })

    const code = `await ${call}.then(console.log, (error) => console.log(error.message))`
    const inCi = await evaluate(code, { ...nowhere, CI: 'true' })
    expect(inCi).toEqual({ output: `no ${product}: ${advice}\n`, errors: '' })
  })
})

describe('the package that brings PostgreSQL', () => {
  it('is used where the system has none', async (test) => {
    const { output } = await evaluate(`
      const { embeddedPrograms, startPostgres } = await import('./start-postgres.mjs')
      if (await embeddedPrograms()) {
        const server = await startPostgres({}, embeddedPrograms)
        console.log(server.url)
        await server.stop()
      }
    `)
    test.skip(output === '', 'not installed for this system')
    expect(output).toMatch(/^postgres:\/\/postgres@127\.0\.0\.1:\d+\/postgres\n$/)
  })
})

describe('a server that is never stopped', () => {
  it.each([
    { how: 'has nothing more to do', last: '' },
    { how: 'exits', last: 'process.exit()' },
    { how: 'fails', last: "throw new Error('of a test')" },
    { how: 'is ended', last: "process.kill(process.pid, 'SIGTERM'); setTimeout(() => {}, 60_000)" },
    { how: 'is killed', last: "process.kill(process.pid, 'SIGKILL')" },
  ])('ends when the process that started it $how', async ({ last }) => {
    await expectNothingLeft('await startRedis({ durable: true })', last)
  })

  it('leaves no process of PostgreSQL', async () => {
    await expectNothingLeft('await startPostgres({ durable: true })', "process.kill(process.pid, 'SIGKILL')")
  })

  async function expectNothingLeft(call: string, last: string): Promise<void> {
    const folder = mkdtempSync(join(tmpdir(), 'latchkey-test-'))
    // The servers may run as another user than we do.
    chmodSync(folder, 0o755)
    const code = `
      const { startRedis } = await import('./start-redis.mjs')
      const { startPostgres } = await import('./start-postgres.mjs')
      const server = ${call}
      const { readdirSync, writeSync } = await import('node:fs')
      writeSync(1, JSON.stringify({ url: server?.url, folders: readdirSync(${JSON.stringify(folder)}) }))
      ${last}
    `
    const { output } = await evaluate(code, { TMPDIR: folder })
    const { url, folders } = JSON.parse(output) as { url?: string; folders: string[] }
    if (url !== undefined) {
      expect(folders).toHaveLength(1)
      await expect.poll(() => answers(url), { timeout: 10_000 }).toBe(false)
      await expect.poll(() => readdirSync(folder), { timeout: 10_000 }).toEqual([])
    }
    rmSync(folder, { recursive: true })
  }
})

/** Whether something listens there. */
async function answers(url: string): Promise<boolean> {
  const socket = connect(Number(new URL(url).port), '127.0.0.1')
  const connected = await once(socket, 'connect').then(
    () => true,
    () => false,
  )
  socket.destroy()
  return connected
}

/** The first value of the first row. */
async function postgres(url: string, sql: string): Promise<unknown> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    const { rows } = await client.query<unknown[]>({ text: sql, rowMode: 'array' })
    return rows[0]?.[0]
  } finally {
    await client.end()
  }
}

/** The first value of the first row. */
async function mariadb(url: string, sql: string): Promise<unknown> {
  const connection = await createConnection(url)
  try {
    const [rows] = await connection.query<RowDataPacket[][]>({ sql, rowsAsArray: true })
    return Array.isArray(rows) ? rows[0]?.[0] : undefined
  } finally {
    await connection.end()
  }
}

/** Writes and reads keys of several slots. */
async function throughCluster(url: string): Promise<unknown[]> {
  const client = createCluster({ rootNodes: [{ url }] })
  await client.connect()
  try {
    for (const value of ['1', '2', '3', '4']) await client.set(`key ${value}`, value)
    return await Promise.all(['1', '2', '3', '4'].map((value) => client.get(`key ${value}`)))
  } finally {
    await client.close()
  }
}

/** Runs code in a process of its own, in which `./` is the folder of the servers. */
async function evaluate(code: string, env: Record<string, string> = {}): Promise<{ output: string; errors: string }> {
  const child = spawn(process.execPath, ['--input-type=module', '--eval', code], {
    cwd: servers,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  let errors = ''
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()))
  child.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()))
  await once(child, 'close')
  return { output, errors }
}
