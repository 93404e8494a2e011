import { statSync } from 'node:fs'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { hashToken } from 'latchkey'
import { userStoreContract } from 'latchkey/testing'
import { shopData } from '../../example-app/shop-data.js'
import { sendRequests } from '../fixtures/example-requests.js'
import {
  buildExampleApp,
  ExampleShop,
  paste,
  printedCommands,
  type ExampleShopOptions,
} from '../fixtures/example-shop.js'
import { basic } from '../fixtures/test-server.js'

const token = expect.stringMatching(/^[\w-]{43}$/)
const jwt = expect.stringMatching(/^[\w-]+\.[\w-]+\.[\w-]+$/)
const userScope = 'orders:read orders:write stock:read'
const userTokens = {
  access_token: token,
  token_type: 'Bearer',
  expires_in: 3600,
  scope: userScope,
  refresh_token: token,
}
const seeded = [
  { orderId: 1, sku: 'mug', quantity: 2 },
  { orderId: 2, sku: 'teapot', quantity: 1 },
]

interface Secrets {
  readonly clients: Readonly<Record<string, string>>
  readonly users: Readonly<Record<string, string>>
  readonly signingKeyPassphrase: string
}

let shop: ExampleShop
let printed: string
let secrets: Secrets
const shops: ExampleShop[] = []
/** Every token that anybody got in this file. */
const issued = new Set<string>()

beforeAll(async () => {
  buildExampleApp()
  shop = await makeShop()
  printed = await shop.start('--curl')
  secrets = JSON.parse(shop.read('demo-secrets.json'))
})

afterAll(async () => {
  await Promise.all(shops.map((made) => made.remove()))
})

async function makeShop(options?: ExampleShopOptions): Promise<ExampleShop> {
  const made = await ExampleShop.make(options)
  shops.push(made)
  return made
}

function collectTokens(text: string): void {
  for (const [, found = ''] of text.matchAll(/"(?:access_token|refresh_token|accessToken|refreshToken)":"([^"]+)"/g)) {
    issued.add(found)
  }
}

interface TokenAnswer {
  readonly status: number
  readonly body: { readonly access_token: string; readonly refresh_token: string }
}

async function post(form: Record<string, string>, client = 'shop-app'): Promise<TokenAnswer> {
  const answer = await fetch(`${shop.url}/oauth/token`, {
    method: 'POST',
    headers: { authorization: basic(client, secrets.clients[client]!) },
    body: new URLSearchParams(form),
  })
  const text = await answer.text()
  collectTokens(text)
  return { status: answer.status, body: JSON.parse(text) }
}

const signIn = (username = 'alice'): Promise<TokenAnswer> =>
  post({ grant_type: 'password', username, password: secrets.users[username]! })

async function call(method: string, path: string, accessToken: string, body?: string): Promise<unknown> {
  const answer = await fetch(shop.url + path, {
    method,
    headers: { authorization: `Bearer ${accessToken}`, 'content-type': 'application/json' },
    body: body ?? null,
  })
  return { status: answer.status, body: await answer.json() }
}

describe('the printed commands', () => {
  it('work as printed, pasted into bash one after the other', () => {
    const commands = printedCommands(printed)
    const answers = paste(commands).map((output) => {
      collectTokens(output)
      const [, body = '', status] = /^(.*?)(?: (\d{3}))?\n$/.exec(output) ?? []
      // Of a token request only the body is printed.
      return { status: Number(status ?? 200), body: JSON.parse(body) }
    })

    expect(answers).toEqual([
      { status: 200, body: userTokens },
      { status: 200, body: { orders: seeded } },
      { status: 200, body: userTokens },
      {
        status: 200,
        body: { access_token: token, token_type: 'Bearer', expires_in: 3600, scope: 'stock:read stock:write' },
      },
      { status: 200, body: { sku: 'mug', quantity: 40, reportedBy: 'stock-sync' } },
      { status: 200, body: { access_token: jwt, token_type: 'Bearer', expires_in: 3600, scope: 'stock:read' } },
      { status: 200, body: { shelves: { mug: 'A1', teapot: 'B2' }, askedBy: 'stock-sync' } },
    ])
    expect(commands.map(({ comment }) => Number(/: (\d{3})\b/.exec(comment)?.[1]))).toEqual(
      answers.map(({ status }) => status),
    )
    expect(answers[2]!.body.refresh_token).not.toBe(answers[0]!.body.refresh_token)
  })

  it('have comments that every shell accepts', () => {
    for (const { comment } of printedCommands(printed)) expect(comment).toMatch(/^[\w :,-]+$/)
  })
})

describe('the routes', () => {
  it('accept an order, and show it to its user', async () => {
    const { body } = await signIn()
    expect(await call('POST', '/orders', body.access_token, '{"sku":"mug","quantity":1}')).toEqual({
      status: 201,
      body: { orderId: 4, sku: 'mug', quantity: 1 },
    })
    expect(await call('GET', '/orders', body.access_token)).toEqual({
      status: 200,
      body: { orders: [...seeded, { orderId: 4, sku: 'mug', quantity: 1 }] },
    })
  })

  it('and the token endpoint refuse services what belongs to users', async () => {
    const form = { grant_type: 'client_credentials', scope: 'orders:read' }
    expect(await post(form, 'stock-sync')).toMatchObject({ status: 400, body: { error: 'invalid_scope' } })
    const { body } = await post({ grant_type: 'client_credentials' }, 'stock-sync')
    expect(await call('GET', '/orders', body.access_token)).toEqual({
      status: 403,
      body: {
        error: 'insufficient_scope',
        error_description: 'The access token does not have the scope that is needed',
      },
    })
    for (const path of ['/devices', '/devices/any']) {
      expect(await call('DELETE', path, body.access_token)).toMatchObject({
        status: 403,
        body: { error: 'access_denied' },
      })
    }
  })

  it('refuse a body that is not an order, and change nothing', async () => {
    const { body } = await signIn('bob')
    const before = await call('GET', '/stock', body.access_token)
    const notOrders = ['[]', '{}', '{"sku":"mug"}', '{"sku":"mug","quantity":0}', '{"sku":"mug","quantity":"2"}']
    for (const order of [...notOrders, '{"sku":"mug\\u0000","quantity":1}']) {
      expect(await call('POST', '/orders', body.access_token, order)).toEqual({
        status: 400,
        body: { error: 'invalid_order', expected: { sku: 'mug', quantity: 2 } },
      })
    }
    expect(await call('POST', '/orders', body.access_token, '{"sku"')).toEqual({
      status: 400,
      body: { error: 'invalid_body' },
    })
    expect(await call('POST', '/orders', body.access_token, '{"sku":"mug","quantity":100000}')).toEqual({
      status: 409,
      body: { error: 'out_of_stock' },
    })
    expect(await call('GET', '/stock', body.access_token)).toEqual(before)
    expect(await call('GET', '/orders', body.access_token)).toEqual({
      status: 200,
      body: { orders: [{ orderId: 3, sku: 'mug', quantity: 6 }] },
    })
  })

  it('refuse a user if a service is required', async () => {
    const { body } = await signIn('bob')
    expect(await call('PUT', '/stock/mug', body.access_token, '{"quantity":1}')).toMatchObject({
      status: 403,
      body: { error: 'insufficient_scope' },
    })
  })

  it('refuse a service that reports nonsense', async () => {
    const { body } = await post({ grant_type: 'client_credentials' }, 'stock-sync')
    for (const report of ['{"quantity":-1}', '{"quantity":1.5}', '{}', '[]']) {
      expect(await call('PUT', '/stock/mug', body.access_token, report)).toEqual({
        status: 400,
        body: { error: 'invalid_stock', expected: { quantity: 40 } },
      })
    }
    expect(await call('PUT', '/stock/mug%00', body.access_token, '{"quantity":1}')).toMatchObject({ status: 400 })
  })
})

describe('a restart', () => {
  it('ends the process cleanly and leaves sign-ins, secrets and printed commands as they were', async () => {
    const { body } = await signIn()

    expect(await shop.stop()).toBe(0)
    // Only a database that was closed has no write-ahead log left.
    expect([...shop.databaseFiles().keys()]).toEqual(['shop.db'])
    expect(await shop.start('--curl')).toBe(printed)

    expect(await call('GET', '/stock', body.access_token)).toMatchObject({ status: 200 })
    expect(await post({ grant_type: 'refresh_token', refresh_token: body.refresh_token })).toEqual({
      status: 200,
      body: userTokens,
    })
  })
})

describe('the service, run by hand', () => {
  it('gets a token for itself, reports stock with it, is refused the orders, and shows a JWT to the other API', async () => {
    expect(await shop.run('stock-sync.js')).toEqual({
      output: [
        'Gets a token as itself (RFC 6749 §4.4.2): POST /oauth/token 200',
        'Reports what has arrived (RFC 6750 §2.1): PUT /stock/mug 200',
        'Asks for the orders of users, and is refused (RFC 6750 §3.1): GET /orders 403 insufficient_scope',
        'Gets a token as itself (RFC 6749 §4.4.2, RFC 8707 §2): POST /oauth/token 200',
        'Shows a JWT to another API (RFC 9068 §4): GET /warehouse 200',
        '',
      ].join('\n'),
      exitCode: 0,
    })
  })
})

describe('the stock service', () => {
  const warehouse = (accessToken: string): Promise<Response> =>
    fetch(`${shop.stockServiceUrl}/warehouse`, { headers: { authorization: `Bearer ${accessToken}` } })
  const request = { grant_type: 'client_credentials', scope: 'stock:read' }

  it('accepts a token for itself, and the shop does not', async () => {
    const { body } = await post({ ...request, resource: shop.stockServiceUrl }, 'stock-sync')
    const answer = await warehouse(body.access_token)
    expect({ status: answer.status, body: await answer.json() }).toEqual({
      status: 200,
      body: { shelves: { mug: 'A1', teapot: 'B2' }, askedBy: 'stock-sync' },
    })
    expect(await call('GET', '/stock', body.access_token)).toMatchObject({ status: 401 })
    const { body: opaque } = await post({ grant_type: 'client_credentials' }, 'stock-sync')
    expect((await warehouse(opaque.access_token)).status).toBe(401)
  })

  it('points strangers to the issuer', async () => {
    const answer = await fetch(`${shop.stockServiceUrl}/warehouse`)
    const [, metadata = ''] = /resource_metadata="([^"]+)"/.exec(answer.headers.get('WWW-Authenticate')!) ?? []
    expect(answer.status).toBe(401)
    expect(await (await fetch(metadata)).json()).toEqual({
      resource: shop.stockServiceUrl,
      authorization_servers: [shop.url],
      scopes_supported: ['stock:read'],
      bearer_methods_supported: ['header'],
    })
  })

  it('ends with the shop', async () => {
    const { body } = await post({ ...request, resource: shop.stockServiceUrl }, 'stock-sync')
    expect((await warehouse(body.access_token)).status).toBe(200)
    await shop.stop()
    await expect
      .poll(() =>
        warehouse(body.access_token).then(
          () => 'up',
          () => 'down',
        ),
      )
      .toBe('down')
    await shop.start()
    // Its key was stored: a token of before the restart is still good.
    expect((await warehouse(body.access_token)).status).toBe(200)
  })
})

describe('a rotation of the signing key', () => {
  it('fails no request, and is noticed by both processes', async () => {
    const published = async (): Promise<string[]> => {
      const answer = await fetch(`${shop.url}/oauth/jwks`)
      return ((await answer.json()) as { keys: { kid: string }[] }).keys.map(({ kid }) => kid)
    }
    const before = await published()
    const rotation = shop.run('rotate-signing-key.js')
    const secret = secrets.clients['stock-sync']!
    const { requests, failures, tokensByKey } = await sendRequests(shop, secret, { perSecond: 18, until: rotation })
    const { output, exitCode } = await rotation

    expect(failures, output).toEqual([])
    expect(requests).toBeGreaterThan(50)
    expect(exitCode).toBe(0)
    const after = await published()
    expect(before.length).toBe(1)
    expect(after.length).toBe(2)
    const [next = ''] = after.filter((keyId) => !before.includes(keyId))
    // Every fifth is for a token; some of them are signed by each.
    expect([...tokensByKey.keys()]).toEqual([...before, next])
    expect(output).toContain(`Signing with ${next} now.`)
  })
})

describe('the database files', () => {
  it('hold no token, no secret and no password, while the shop runs and after it', async () => {
    const { body } = await signIn()
    await post({ grant_type: 'refresh_token', refresh_token: body.refresh_token })
    await post({ grant_type: 'client_credentials' }, 'stock-sync')
    const plain = [
      ...issued,
      ...Object.values(secrets.clients),
      ...Object.values(secrets.users),
      secrets.signingKeyPassphrase,
    ]
    // Five tokens of this test, two secrets, two passwords, a passphrase, and whatever the other tests got.
    expect(plain.length).toBeGreaterThanOrEqual(10)

    const running = shop.databaseFiles()
    await shop.stop()
    const stopped = shop.databaseFiles()
    expect([...running.keys(), ...stopped.keys()]).toEqual(['shop.db', 'shop.db-shm', 'shop.db-wal', 'shop.db'])
    for (const [file, content] of [...running, ...stopped]) {
      for (const secret of plain) expect(content.includes(secret), `${secret} in ${file}`).toBe(false)
    }
    // What stands there of a token is its hash: this is where tokens would have been found.
    const opaque = [...issued].filter((one) => !one.includes('.'))
    for (const one of opaque) expect(stopped.get('shop.db'), one).toContain(hashToken(one))
    expect(stopped.get('shop.db')).toContain('latchkey-key:1:')
    expect(stopped.get('shop.db')).not.toContain('BEGIN PRIVATE KEY')
  })

  it('and the secrets can be read by their owner only', () => {
    for (const file of ['shop.db', 'demo-secrets.json']) {
      expect(statSync(join(shop.folder, file)).mode & 0o777, file).toBe(0o600)
    }
  })
})

describe('the UserStore of the shop', () => {
  userStoreContract({
    describe,
    it,
    create: () => {
      const database = new Database(':memory:')
      const { users } = shopData(database)
      database.exec(
        `INSERT INTO users VALUES ('user-1', 'alice', '$2b$10$hash', 0), ('user-2', 'bob', '$2b$10$bob', 1)`,
      )
      return {
        store: users,
        username: 'alice',
        user: { userId: 'user-1', passwordHash: '$2b$10$hash' },
        otherUser: { userId: 'user-2', passwordHash: '$2b$10$bob', disabled: true },
        absentUsername: 'carol',
        close: () => void database.close(),
      }
    },
  })
})
