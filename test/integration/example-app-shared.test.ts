import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { existsSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import type { Server } from '../../tools/servers/server.d.mts'
import { startPostgres } from '../../tools/servers/start-postgres.mjs'
import { startRedis } from '../../tools/servers/start-redis.mjs'
import { sendRequests } from '../fixtures/example-requests.js'
import { buildExampleApp, ExampleShop, paste, printedCommands } from '../fixtures/example-shop.js'
import { basic } from '../fixtures/test-server.js'

type Environment = Readonly<Record<string, string>>

/** What processes share. */
interface SharedStorage {
  readonly name: string
  /** Absent: a file. */
  readonly server: Server | undefined
  readonly isInstalled: boolean
  /** Settings for an empty one. */
  readonly createEmpty: () => Promise<Environment>
}

const postgres = await startPostgres()
const redis = await startRedis()
let databases = 0

const storages: readonly SharedStorage[] = [
  { name: 'SQLite file', server: undefined, isInstalled: true, createEmpty: async () => ({}) },
  {
    name: 'PostgreSQL',
    server: postgres,
    isInstalled: postgres !== undefined,
    createEmpty: async () => ({ DATABASE_URL: await postgres!.createDatabase(`shop_${String(++databases)}`) }),
  },
  {
    name: 'Redis',
    server: redis,
    isInstalled: redis !== undefined,
    createEmpty: async () => ({ REDIS_URL: redis!.url, REDIS_KEY_PREFIX: `{${randomUUID()}}:` }),
  },
]

const shops: ExampleShop[] = []

beforeAll(() => buildExampleApp())

afterAll(async () => {
  await Promise.all(shops.map((shop) => shop.stop()))
  await Promise.all(shops.map((shop) => shop.remove()))
  await Promise.all([postgres?.stop(), redis?.stop()])
})

async function makeShop(options: Parameters<typeof ExampleShop.make>[0]): Promise<ExampleShop> {
  const shop = await ExampleShop.make(options)
  shops.push(shop)
  return shop
}

interface Answer {
  readonly status: number
  readonly body: any // eslint-disable-line @typescript-eslint/no-explicit-any -- as the bodies of HTTP answers are
}

async function answerTo(url: string, request?: RequestInit): Promise<Answer> {
  const answer = await fetch(url, request)
  const text = await answer.text()
  return { status: answer.status, body: text === '' ? undefined : JSON.parse(text) }
}

function call(shop: ExampleShop, accessToken: string, method: string, path: string, body?: object): Promise<Answer> {
  const headers = { authorization: `Bearer ${accessToken}`, 'content-type': 'application/json' }
  return answerTo(shop.url + path, { method, headers, body: body === undefined ? null : JSON.stringify(body) })
}

const statusOfOrders = async (shop: ExampleShop, accessToken: string): Promise<number> =>
  (await call(shop, accessToken, 'GET', '/orders')).status

interface Secrets {
  readonly clients: Readonly<Record<string, string>>
  readonly users: Readonly<Record<string, string>>
}

const secretsOf = (shop: ExampleShop): Secrets => JSON.parse(shop.read('demo-secrets.json'))

function post(shop: ExampleShop, form: Record<string, string>, client = 'shop-app', path = 'token'): Promise<Answer> {
  const headers = { authorization: basic(client, secretsOf(shop).clients[client]!) }
  return answerTo(`${shop.url}/oauth/${path}`, { method: 'POST', headers, body: new URLSearchParams(form) })
}

const refresh = (shop: ExampleShop, token: string): Promise<Answer> =>
  post(shop, { grant_type: 'refresh_token', refresh_token: token })

interface Tokens {
  readonly access_token: string
  readonly refresh_token: string
}

async function signIn(shop: ExampleShop, username = 'alice'): Promise<Tokens> {
  const password = secretsOf(shop).users[username]!
  const { status, body } = await post(shop, { grant_type: 'password', username, password })
  expect(status).toBe(200)
  return body
}

async function serviceToken(shop: ExampleShop, more: Environment = {}): Promise<string> {
  const { status, body } = await post(shop, { grant_type: 'client_credentials', ...more }, 'stock-sync')
  expect(status).toBe(200)
  return body.access_token
}

/** The ids of the keys that a process publishes. */
async function publishedKeys(shop: ExampleShop): Promise<readonly string[]> {
  const { body } = await answerTo(`${shop.url}/oauth/jwks`)
  return body.keys.map(({ kid }: { kid: string }) => kid)
}

describe('the secrets of the demo', () => {
  it('are made up by one process, and answered to those that come too late', async () => {
    const { folder } = await makeShop({})
    vi.stubEnv('SHOP_DB', join(folder, 'shop.db'))
    const { makeDemoSecrets, readDemoSecrets } = await import('../../example-app/demo-files.js')
    vi.unstubAllEnvs()
    expect(readDemoSecrets()).toBeUndefined()
    const made = makeDemoSecrets()
    expect(makeDemoSecrets()).toMatchObject(made)
    expect(readDemoSecrets()).toMatchObject(made)
    expect(readdirSync(folder)).toEqual(['demo-secrets.json'])
    expect(statSync(join(folder, 'demo-secrets.json')).mode & 0o777).toBe(0o600)
  })
})

describe.each(storages)('processes of the shop with one $name', (storage) => {
  describe.skipIf(!storage.isInstalled)('', () => checkShared(storage))
})

function checkShared({ name, server, createEmpty }: SharedStorage): void {
  let environment: Environment
  let first: ExampleShop
  let second: ExampleShop
  let printed: readonly string[]

  beforeAll(async () => {
    environment = await createEmpty()
    first = await makeShop({ environment })
    second = await makeShop({ of: first })
    printed = [await first.start('--curl'), await second.start('--curl')]
  })

  it('four that start at once on an empty one agree on secrets, keys and what is there', async () => {
    const one = await makeShop({ environment: await createEmpty() })
    const others = await Promise.all(Array.from({ length: 3 }, () => makeShop({ of: one })))
    const all = [one, ...others]
    const said = await Promise.all(all.map((shop) => shop.start()))

    const { alice, bob } = secretsOf(one).users
    for (const text of said)
      expect(text).toMatch(new RegExp(`^  alice +${alice!} .*\n  bob +${bob!} .*\n  carol `, 'm'))
    const keys = await Promise.all(all.map((shop) => publishedKeys(shop)))
    expect(keys[0]).toHaveLength(1)
    for (const other of keys) expect(other).toEqual(keys[0])
    for (const shop of all) {
      const { access_token } = await signIn(shop)
      expect(await call(one, access_token, 'GET', '/orders')).toEqual({
        status: 200,
        body: {
          orders: [
            { orderId: 1, sku: 'mug', quantity: 2 },
            { orderId: 2, sku: 'teapot', quantity: 1 },
          ],
        },
      })
      expect((await call(one, await serviceToken(shop), 'GET', '/stock')).body).toEqual({
        stock: [
          { sku: 'mug', quantity: 12 },
          { sku: 'teapot', quantity: 3 },
        ],
      })
    }
    const files = readdirSync(one.folder).filter((file) => !file.startsWith('shop.db'))
    expect(files).toEqual(['demo-secrets.json'])
    expect(await Promise.all(all.map((shop) => shop.stop()))).toEqual([0, 0, 0, 0])
  })

  it('print commands that answer what is said about them, whichever they are pasted for', () => {
    for (const text of printed) {
      const commands = printedCommands(text)
      const statuses = paste(commands).map((output) => {
        const [, body = '', status] = /^(.*?)(?: (\d{3}))?\n$/.exec(output) ?? []
        // Of a token request only the body is printed.
        return status === undefined && 'access_token' in JSON.parse(body) ? 200 : Number(status)
      })
      expect(statuses).toHaveLength(7)
      expect(statuses).toEqual(commands.map(({ comment }) => Number(/: (\d{3})\b/.exec(comment)?.[1])))
    }
    // Each of them speaks of itself: what is pasted reaches both.
    expect(printed[0]).toMatch(new RegExp(`^The shop +${first.url}$`, 'm'))
    expect(printed[1]).toMatch(new RegExp(`^The shop +${second.url}$`, 'm'))
  })

  it('are one issuer', async () => {
    const metadata = await Promise.all(
      [first, second].map((shop) => answerTo(`${shop.url}/.well-known/oauth-authorization-server`)),
    )
    expect(metadata[0]!.body.issuer).toBe(first.url)
    expect(metadata[1]).toEqual(metadata[0])
  })

  it('take the tokens of each other, and refuse what the other has revoked', async () => {
    const signedIn = await signIn(first)
    expect(await statusOfOrders(second, signedIn.access_token)).toBe(200)

    const { status, body: refreshed } = await refresh(second, signedIn.refresh_token)
    expect(status).toBe(200)
    expect(refreshed.refresh_token).not.toBe(signedIn.refresh_token)
    // A retry that comes to the other one is no replay: within the grace it gets the same refresh token.
    const retried = await refresh(first, signedIn.refresh_token)
    expect(retried).toMatchObject({ status: 200, body: { refresh_token: refreshed.refresh_token } })
    for (const { access_token } of [refreshed, retried.body]) {
      expect(await statusOfOrders(first, access_token)).toBe(200)
      expect(await statusOfOrders(second, access_token)).toBe(200)
    }

    expect(await post(first, { token: refreshed.refresh_token }, 'shop-app', 'revoke')).toMatchObject({ status: 200 })
    for (const { access_token } of [signedIn, refreshed, retried.body]) {
      expect(await statusOfOrders(second, access_token)).toBe(401)
    }
    expect(await refresh(second, refreshed.refresh_token)).toMatchObject({
      status: 400,
      body: { error: 'invalid_grant' },
    })
  })

  it('sign JWTs that the stock services of both take', async () => {
    for (const shop of [first, second]) {
      const jwt = await serviceToken(shop, { scope: 'stock:read', resource: first.stockServiceUrl })
      for (const { stockServiceUrl } of [first, second]) {
        const answer = await answerTo(`${stockServiceUrl}/warehouse`, { headers: { authorization: `Bearer ${jwt}` } })
        expect(answer).toMatchObject({ status: 200, body: { askedBy: 'stock-sync' } })
      }
    }
  })

  it('sell the last items once', async () => {
    const service = await serviceToken(first)
    const users = [await signIn(first, 'alice'), await signIn(second, 'bob')]
    for (const [quantity, expectedSales, left] of [
      [1, 7, 0],
      [3, 2, 1],
    ] as const) {
      await call(first, service, 'PUT', '/stock/last-ones', { quantity: 7 })
      const orders = Array.from({ length: 24 }, (_, turn) => {
        const shop = turn % 2 === 0 ? first : second
        return call(shop, users[turn % 3 === 0 ? 0 : 1]!.access_token, 'POST', '/orders', {
          sku: 'last-ones',
          quantity,
        })
      })
      const statuses = (await Promise.all(orders)).map(({ status }) => status)
      expect(statuses.filter((status) => status === 201)).toHaveLength(expectedSales)
      expect(statuses.filter((status) => status === 409)).toHaveLength(24 - expectedSales)
      const { body } = await call(second, service, 'GET', '/stock')
      expect(body.stock).toContainEqual({ sku: 'last-ones', quantity: left })
    }
    const ordered = await Promise.all(users.map(({ access_token }) => call(second, access_token, 'GET', '/orders')))
    const orders = ordered.flatMap(({ body }) => body.orders as { orderId: number; sku: string }[])
    expect(orders.filter(({ sku }) => sku === 'last-ones')).toHaveLength(9)
    expect(new Set(orders.map(({ orderId }) => orderId)).size).toBe(orders.length)
  })

  it('notice when the signing key is replaced', async () => {
    const before = await publishedKeys(second)
    const secret = secretsOf(second).clients['stock-sync']!
    const rotation = first.run('rotate-signing-key.js')
    // The resources have the names of the first one, which has no other address here.
    const { failures, tokensByKey } = await sendRequests(first, secret, { perSecond: 6, until: rotation })
    const { output, exitCode } = await rotation
    expect(failures, output).toEqual([])
    expect(tokensByKey.size).toBe(2)
    expect(exitCode).toBe(0)
    const after = await publishedKeys(second)
    expect(after).toEqual(expect.arrayContaining([...before]))
    expect(after).toHaveLength(before.length + 1)
  })

  it('keep everything over a restart', async () => {
    const { access_token, refresh_token } = await signIn(second)
    const keys = await publishedKeys(first)
    const stock = await call(first, access_token, 'GET', '/stock')
    const secrets = secretsOf(first)

    expect(await Promise.all([first.stop(), second.stop()])).toEqual([0, 0])
    expect(await Promise.all([first.start('--curl'), second.start('--curl')])).toEqual(printed)

    expect(secretsOf(first)).toEqual(secrets)
    expect(await publishedKeys(first)).toEqual(keys)
    expect(await call(first, access_token, 'GET', '/stock')).toEqual(stock)
    expect(await refresh(first, refresh_token)).toMatchObject({ status: 200 })
  })

  it.skipIf(server === undefined)('refuse to start with secrets of another, and change nothing', async () => {
    const { access_token } = await signIn(first)
    const stranger = await makeShop({ environment })
    const file = join(stranger.folder, 'demo-secrets.json')
    const remedy = `Restore that file, or begin again: empty the database, and delete ${stranger.folder}\n`
    expect(await stranger.run('server.js')).toEqual({
      output: `The shop cannot start. ${file} is gone, without which the database cannot be used. ${remedy}`,
      exitCode: 1,
    })
    expect(existsSync(file)).toBe(false)
    writeFileSync(file, JSON.stringify({ ...secretsOf(first), signingKeyPassphrase: randomUUID() }))
    expect(await stranger.run('server.js')).toEqual({
      output: `The shop cannot start. The database was filled with another demo-secrets.json. ${remedy}`,
      exitCode: 1,
    })
    expect(await statusOfOrders(first, access_token)).toBe(200)
    await signIn(second, 'bob')
    await serviceToken(second)
  })

  it.skipIf(server?.restart === undefined)(
    'go on when the server has been away, and end without it',
    async () => {
      const form = { grant_type: 'password', username: 'alice', password: secretsOf(first).users['alice']! }
      const signInStatus = async (shop: ExampleShop): Promise<number> => (await post(shop, form)).status
      await server!.restart!()
      // This Redis keeps nothing on the disk: it answers again, but knows of no client.
      const expected = name === 'Redis' ? 401 : 200
      for (const shop of [first, second]) {
        await expect.poll(() => signInStatus(shop), { timeout: 10_000 }).toBe(expected)
      }
      await server!.kill!()
      expect(await signInStatus(first)).toBe(503)
      expect(await Promise.all([first.stop(), second.stop()])).toEqual([0, 0])
    },
    60_000,
  )
}

describe('a shop that cannot start says why, and ends', () => {
  it.each<[reason: string, environment: Environment, says: RegExp]>([
    [
      'nothing listens at DATABASE_URL',
      { DATABASE_URL: 'postgres://me:secret@127.0.0.1:1/shop' },
      /^postgres:\/\/127\.0\.0\.1:1\/shop: .*ECONNREFUSED.*\(is it running, and is (?:DATABASE|REDIS)_URL right\?\)$/,
    ],
    [
      'nothing listens at REDIS_URL',
      { REDIS_URL: 'redis://:secret@127.0.0.1:1' },
      /^redis:\/\/127\.0\.0\.1:1: .*ECONNREFUSED.*\(is it running, and is (?:DATABASE|REDIS)_URL right\?\)$/,
    ],
    [
      'DATABASE_URL is of another database',
      { DATABASE_URL: 'mysql://me:secret@127.0.0.1:1/shop' },
      /^DATABASE_URL must be a URL that begins with postgres:\/\/ or postgresql:\/\/$/,
    ],
    [
      'REDIS_URL is no URL',
      { REDIS_URL: 'secret' },
      /^REDIS_URL must be a URL that begins with redis:\/\/ or rediss:\/\/$/,
    ],
    [
      'both are set',
      { REDIS_URL: 'redis://:secret@127.0.0.1:1', DATABASE_URL: 'postgres://me:secret@127.0.0.1:1/shop' },
      /^DATABASE_URL and REDIS_URL are both set: set one of them$/,
    ],
    [
      'a number is none',
      { SHOP_ACCESS_TOKEN_SECONDS: '5s' },
      /^SHOP_ACCESS_TOKEN_SECONDS must be a whole number from 1 to 86400; it is "5s"$/,
    ],
  ])('%s', async (_reason, environment, says) => {
    const shop = await makeShop({ environment })
    const { output, exitCode } = await shop.run('server.js')
    const [line = '', ...rest] = output.split('\n')
    expect(line.startsWith('The shop cannot start. '), output).toBe(true)
    expect(line.slice('The shop cannot start. '.length)).toMatch(says)
    expect(rest).toEqual([''])
    expect(exitCode).toBe(1)
  })

  it.each(['STOCK_PORT', 'WEB_PORT'])('when another process has %s', async (variable) => {
    const taken = createServer().listen(0, '127.0.0.1')
    await once(taken, 'listening')
    const { port } = taken.address() as AddressInfo
    const shop = await makeShop({})
    const { output, exitCode } = await shop.run('server.js', { [variable]: String(port) })
    taken.close()
    expect(output).toContain(
      `The shop cannot start. Port ${port} is already in use. Set ${variable} to another one, or stop the program that uses it\n`,
    )
    expect(output).not.toContain('    at ')
    expect(exitCode).toBe(1)
  })

  it('when another process has its port', async () => {
    const shop = await makeShop({})
    await shop.start()
    const { output, exitCode } = await shop.run('server.js')
    expect(output).toContain(
      `The shop cannot start. Port ${new URL(shop.url).port} is already in use. ` +
        'Set PORT to another one, or stop the program that uses it\n',
    )
    expect(output).not.toContain('    at ')
    expect(exitCode).toBe(1)
    expect(await shop.stop()).toBe(0)
  })
})
