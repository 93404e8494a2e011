import { once } from 'node:events'
import { createServer, type AddressInfo, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { createPool } from 'mysql2/promise'
import pg from 'pg'
import { createClient } from 'redis'
import type { Response } from 'supertest'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { hashToken, StoreUnavailableError, type ClientRegistry, type TokenStore } from 'latchkey'
import { openMysqlStores } from 'latchkey/stores/mysql'
import { openPostgresStores } from 'latchkey/stores/postgres'
import { openRedisStores } from 'latchkey/stores/redis'
import { databaseApp, unavailable, type DatabaseApp } from '../fixtures/database-app.js'
import { databaseProxy, type DatabaseProxy } from '../fixtures/database-proxy.js'
import {
  startMariadbDatabase,
  startPostgresDatabase,
  startRedisDatabase,
  type StartDatabase,
  type StartedDatabase,
} from '../fixtures/database-servers.js'
import { shown } from '../fixtures/shown-answer.js'

interface Opened {
  readonly clients: ClientRegistry
  readonly tokens: TokenStore
  readonly end: () => Promise<unknown>
}

interface Kind {
  readonly name: string
  readonly start: StartDatabase
  readonly open: (url: string, options: { timeoutMilliseconds: number; keyPrefix?: string }) => Promise<Opened>
  /** Whether this is what the last step of a rotation sends. */
  readonly isLastStep: (chunk: Buffer) => boolean
  /** Finds the ids of the other connections to the database. */
  readonly findConnections?: string
  /** Has the server close a connection. */
  readonly closeConnection?: (id: string) => string
}

const kinds: readonly Kind[] = [
  {
    name: 'PostgreSQL',
    start: startPostgresDatabase,
    async open(url, { timeoutMilliseconds }) {
      const pool = new pg.Pool({ connectionString: url })
      return { ...(await openPostgresStores(pool, { timeoutMilliseconds })), end: () => pool.end() }
    },
    isLastStep: () => true,
    findConnections: `
      SELECT pid AS id FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()
    `,
    closeConnection: (id) => `SELECT pg_terminate_backend(${id})`,
  },
  {
    name: 'MariaDB',
    start: startMariadbDatabase,
    async open(uri, { timeoutMilliseconds }) {
      const pool = createPool({ uri })
      return { ...(await openMysqlStores(pool, { timeoutMilliseconds })), end: () => pool.end() }
    },
    isLastStep: (chunk) => chunk.includes('COMMIT'),
    findConnections: `
      SELECT id FROM information_schema.processlist WHERE db = DATABASE() AND id <> CONNECTION_ID()
    `,
    closeConnection: (id) => `KILL ${id}`,
  },
  {
    name: 'Redis',
    start: startRedisDatabase,
    async open(url, options) {
      const client = createClient({ url })
      const stores = openRedisStores(client, options)
      await client.connect()
      return { ...stores, end: async () => client.destroy() }
    },
    isLastStep: () => true,
  },
]

describe.each(kinds)(
  'through a connection to $name',
  ({ start, open, isLastStep, findConnections, closeConnection }) => {
    let database: StartedDatabase | undefined
    let proxy: DatabaseProxy
    let stores: Opened
    let app: DatabaseApp

    beforeAll(async () => {
      database = await start()
      if (database === undefined) return
      proxy = await databaseProxy(database.settings.url)
      const { keyPrefix } = database.settings
      stores = await open(proxy.url, { timeoutMilliseconds: 2000, ...(keyPrefix !== undefined && { keyPrefix }) })
      app = await databaseApp(stores)
    })
    afterAll(async () => {
      if (database === undefined) return
      await stores.end()
      await proxy.close()
      await database.server.stop()
    })

    it('a rotation whose answer is lost is answered 503, then with the same successors (ORD-05, TOK-24, RTG-15)', async ({
      skip,
    }) => {
      if (database === undefined) return skip()
      const { refresh_token: first } = await app.signIn()
      const presented = String((await app.refresh(first)).body.refresh_token)
      const lost = loseNextRotation()
      expect(shown(await app.refresh(presented))).toEqual(unavailable)
      lost.end()
      expect(lost.answers).toBeGreaterThan(0)

      // It went through: the database knows it, and nobody else does.
      const own = await database.open()
      const record = await own.tokens.findRefreshToken(hashToken(presented), {} as never)
      await own.close()
      expect(record?.spending).toBeDefined()

      app.advance(9)
      const again = await untilServed(() => app.refresh(presented))
      const onceMore = await app.refresh(presented)
      expect(onceMore.body.access_token).toBe(again.body.access_token)
      expect(onceMore.body.refresh_token).toBe(again.body.refresh_token)
      expect((await app.orders(again.body.access_token)).status).toBe(200)
      expect((await app.refresh(again.body.refresh_token)).status).toBe(200)
      expect(app.events.filter(({ type }) => type === 'refresh_token_replayed')).toEqual([])
    })

    /** What the server answers to the last step of the next rotation arrives nowhere, and its connection is gone. */
    function loseNextRotation(): { answers: number; end: () => void } {
      const { tokens } = stores
      const lost = {
        answers: 0,
        end() {
          Object.assign(proxy, { onQuestion: undefined, onAnswer: undefined })
          Reflect.deleteProperty(tokens, 'rotateRefreshToken')
        },
      }
      const rotate = tokens.rotateRefreshToken.bind(tokens)
      tokens.rotateRefreshToken = (...given) => {
        proxy.onQuestion = (chunk) => {
          if (!isLastStep(chunk)) return
          proxy.onAnswer = (_chunk, client) => {
            lost.answers += 1
            client.destroy()
          }
        }
        return rotate(...given)
      }
      return lost
    }

    it('connections that the server closes while idle do no harm: the next request is served', async ({ skip }) => {
      if (database === undefined || findConnections === undefined || closeConnection === undefined) return skip()
      const { access_token: token } = await app.signIn()
      await Promise.all(Array.from({ length: 8 }, () => app.orders(token)))
      const own = await database.open()
      for (let round = 0; round < 3; round++) {
        const connections = await own.query(findConnections)
        expect(connections.length).toBeGreaterThan(0)
        for (const { id } of connections) await own.query(closeConnection(String(id)))
        const ended = new Set(connections.map(({ id }) => id))
        const left = async () => (await own.query(findConnections)).filter(({ id }) => ended.has(id))
        await expect.poll(left).toEqual([])
        await sleep(100)
        expect((await app.orders(token)).status).toBe(200)
        expect((await app.clientToken()).status).toBe(200)
      }
      await own.close()
    })

    it('requests over connections that the server closes under load get 503 or tokens, nothing else', async ({
      skip,
    }) => {
      if (database === undefined || findConnections === undefined || closeConnection === undefined) return skip()
      const { access_token: token, refresh_token: first } = await app.signIn()
      const load = { isOver: false }
      const statuses = new Set<number>()
      const callers = [
        ...Array.from({ length: 4 }, () => async () => statuses.add((await app.orders(token)).status)),
        ...Array.from({ length: 2 }, () => async () => statuses.add((await app.clientToken()).status)),
      ].map(async (call) => {
        while (!load.isOver) await call()
      })
      const chain = (async () => {
        let presented = first
        while (!load.isOver) {
          const { status, body } = await app.refresh(presented)
          statuses.add(status)
          if (status === 200) presented = body.refresh_token
        }
        return presented
      })()
      const own = await database.open()
      for (let round = 0; round < 10; round++) {
        for (const { id } of await own.query(findConnections)) {
          // It may have gone by itself.
          await own.query(closeConnection(String(id))).catch(() => undefined)
        }
        await sleep(50)
      }
      load.isOver = true
      await Promise.all(callers)
      await own.close()
      expect([...statuses].filter((status) => status !== 200 && status !== 503)).toEqual([])
      expect((await untilServed(async () => app.refresh(await chain))).status).toBe(200)
      expect((await app.orders(token)).status).toBe(200)
    })

    it('a server that accepts connections and never responds is noticed in time', async ({ skip }) => {
      if (database === undefined || findConnections === undefined) return skip()
      const silent = await silentServer()
      const url = Object.assign(new URL(database.settings.url), { port: String(silent.port) }).href
      const began = performance.now()
      await expect(open(url, { timeoutMilliseconds: 200 })).rejects.toThrow(StoreUnavailableError)
      expect(performance.now() - began).toBeLessThan(8000)
      await silent.close()
    })
  },
)

describe('PostgreSQL', () => {
  it('an error right behind a response does not end the process', async ({ skip }) => {
    const database = await startPostgresDatabase()
    if (database === undefined) return skip()
    const proxy = await databaseProxy(database.settings.url)
    const pool = new pg.Pool({ connectionString: proxy.url, max: 1 })
    const { clients } = await openPostgresStores(pool)
    const fatal = fatalError('57P01', 'terminating connection due to administrator command')
    const readyForQuery = Buffer.from('Z\0\0\0\x05I', 'latin1')
    let sent = 0
    proxy.onAnswer = (chunk, client) => {
      if (!chunk.subarray(-readyForQuery.length).equals(readyForQuery)) return void client.write(chunk)
      sent += 1
      client.end(Buffer.concat([chunk, fatal]))
    }
    expect(await clients.findClient('nobody')).toBeUndefined()
    proxy.onAnswer = undefined
    expect(sent).toBe(1)
    expect(await clients.findClient('nobody')).toBeUndefined()
    await pool.end()
    await proxy.close()
    await database.server.stop()
  })
})

/** What PostgreSQL sends before it closes a connection. */
function fatalError(code: string, message: string): Buffer {
  const fields = Buffer.from(`SFATAL\0VFATAL\0C${code}\0M${message}\0\0`)
  const head = Buffer.alloc(5, 'E')
  head.writeInt32BE(fields.length + 4, 1)
  return Buffer.concat([head, fields])
}

/** Tries again after a 503, as clients do, but not for ever. */
async function untilServed(send: () => Promise<Response>): Promise<Response> {
  for (let attempt = 1; ; attempt++) {
    const answer = await send()
    if (answer.status === 200 || attempt === 50) return answer
    expect(shown(answer)).toEqual(unavailable)
    await sleep(50)
  }
}

async function silentServer(): Promise<{ readonly port: number; readonly close: () => Promise<void> }> {
  const sockets: Socket[] = []
  const server = createServer((socket) => {
    socket.on('error', () => undefined)
    sockets.push(socket)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    async close() {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}
