import { existsSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import Database from 'better-sqlite3'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { hashToken } from 'latchkey'
import { userStoreContract } from 'latchkey/testing'
import { sqliteData } from '../../example-app/sqlite-data.js'
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
  printed = await shop.start()
  secrets = JSON.parse(shop.read('demo-secrets.json'))
}, 60_000)

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
  it('answer what is said about them, pasted into bash one after the other', () => {
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
      { status: 201, body: { orderId: 4, sku: 'mug', quantity: 1 } },
      { status: 200, body: userTokens },
      { status: 200, body: { orders: [...seeded, { orderId: 4, sku: 'mug', quantity: 1 }] } },
      {
        status: 200,
        body: { access_token: token, token_type: 'Bearer', expires_in: 3600, scope: 'stock:read stock:write' },
      },
      { status: 200, body: { sku: 'mug', quantity: 40, reportedBy: 'stock-sync' } },
      {
        status: 403,
        body: {
          error: 'insufficient_scope',
          error_description: 'The access token does not have the scope that is needed',
        },
      },
      {
        status: 400,
        body: {
          error: 'invalid_scope',
          error_description: 'The scope is missing, malformed, or more than this client may have',
        },
      },
      {
        status: 200,
        body: { access_token: jwt, token_type: 'Bearer', expires_in: 3600, scope: 'stock:read' },
      },
      { status: 200, body: { shelves: { mug: 'A1', teapot: 'B2' }, askedBy: 'stock-sync' } },
      { status: 401, body: { error: 'invalid_token', error_description: expect.any(String) } },
    ])
    expect(commands.map(({ comment }) => Number(/: (\d{3})\b/.exec(comment)?.[1]))).toEqual(
      answers.map(({ status }) => status),
    )
    expect(answers[3]!.body.refresh_token).not.toBe(answers[0]!.body.refresh_token)
  })

  it('have comments that no shell trips over', () => {
    for (const { comment } of printedCommands(printed)) expect(comment).toMatch(/^[\w :,-]+$/)
  })
})

describe('the routes', () => {
  it('refuse a body that is no order, and change nothing', async () => {
    const { body } = await signIn('bob')
    const before = await call('GET', '/stock', body.access_token)
    const notOrders = ['[]', '{}', '{"sku":"mug"}', '{"sku":"mug","quantity":0}', '{"sku":"mug","quantity":"2"}']
    for (const order of [...notOrders, '{"sku":"mug\\u0000","quantity":1}']) {
      expect(await call('POST', '/orders', body.access_token, order)).toEqual({
        status: 400,
        body: { error: 'invalid_order', message: 'Send {"sku": "mug", "quantity": 2}' },
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

  it('refuse a user where a service is needed', async () => {
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
        body: { error: 'invalid_stock', message: 'Send {"quantity": 40}' },
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
    expect(await shop.start()).toBe(printed)

    expect(await call('GET', '/stock', body.access_token)).toMatchObject({ status: 200 })
    expect(await post({ grant_type: 'refresh_token', refresh_token: body.refresh_token })).toEqual({
      status: 200,
      body: userTokens,
    })
  })
})

describe('the first-party client', () => {
  const orders = /GET \/orders: 200 \{"orders":\[\{"orderId":1,"sku":"mug","quantity":2\}.*\]\}\n$/

  it('says when the password is wrong, and keeps nothing', async () => {
    expect(await shop.run('first-party-client.js', 'alice\nwrong\n')).toEqual({
      output:
        'There are no tokens yet: asking for name and password, this once.\n' +
        'The shop refused: invalid_grant: The user name or the password is wrong\n',
      exitCode: 1,
    })
    expect(existsSync(join(shop.folder, 'first-party-tokens.json'))).toBe(false)
  })

  it('asks for the password once: the second run needs none', async () => {
    const file = join(shop.folder, 'first-party-tokens.json')
    const first = await shop.run('first-party-client.js', `alice\n${secrets.users['alice']!}\n`)
    expect(first.output.split('\n').slice(0, 2)).toEqual([
      'There are no tokens yet: asking for name and password, this once.',
      `Signed in. The tokens are in ${file}; the password is nowhere.`,
    ])
    expect(first.output).toMatch(orders)
    expect(first.exitCode).toBe(0)

    const saved = shop.read('first-party-tokens.json')
    collectTokens(saved)
    expect(JSON.parse(saved)).toEqual({ accessToken: token, refreshToken: token, expiresAt: expect.any(Number) })
    expect(statSync(file).mode & 0o777).toBe(0o600)

    const second = await shop.run('first-party-client.js')
    expect(second.output.split('\n')[0]).toBe(`Using the tokens in ${file}: no password is needed.`)
    expect(second.output).toMatch(orders)
    expect(second.exitCode).toBe(0)
    expect(shop.read('first-party-tokens.json')).toBe(saved)
  })
})

describe('the first-party client of a shop with short lifetimes', () => {
  const renewed = 'Renewed it with the refresh token, and saved the new pair.'
  let short: ExampleShop

  beforeAll(async () => {
    short = await makeShop({ accessTokenSeconds: 3 })
    await short.start()
    const { users } = JSON.parse(short.read('demo-secrets.json')) as Secrets
    await short.run('first-party-client.js', `alice\n${users['alice']!}\n`)
  })

  const saved = (): Record<string, unknown> => JSON.parse(short.read('first-party-tokens.json'))
  const save = (tokens: object): void =>
    writeFileSync(join(short.folder, 'first-party-tokens.json'), JSON.stringify(tokens))

  it('renews by itself when the access token has run out', async () => {
    const before = saved()
    await sleep(3100)
    const { output, exitCode } = await short.run('first-party-client.js')
    expect(output.split('\n').slice(1, 3)).toEqual(['The access token has run out.', renewed])
    expect(output).toContain('GET /orders: 200 ')
    expect(exitCode).toBe(0)
    expect(saved()['refreshToken']).toEqual(token)
    expect(saved()['refreshToken']).not.toBe(before['refreshToken'])
  })

  it('renews by itself when the shop does not take the access token any more', async () => {
    save({ ...saved(), accessToken: 'revoked-meanwhile', expiresAt: Date.now() + 3_600_000 })
    const { output, exitCode } = await short.run('first-party-client.js')
    expect(output.split('\n').slice(1, 3)).toEqual([
      'The shop says that the access token is not valid any more.',
      renewed,
    ])
    expect(output).toContain('GET /orders: 200 ')
    expect(exitCode).toBe(0)
  })

  it('says when the sign-in is over, and forgets it', async () => {
    save({ ...saved(), refreshToken: 'revoked-meanwhile', expiresAt: 0 })
    const { output, exitCode } = await short.run('first-party-client.js')
    expect(output).toContain('The sign-in is over. The tokens are gone; run this again to sign in.')
    expect(exitCode).toBe(1)
    expect(existsSync(join(short.folder, 'first-party-tokens.json'))).toBe(false)
  })
})

describe('the service client', () => {
  it('gets one token for itself, reports stock with it, and is refused the orders', async () => {
    expect(await shop.run('service-client.js')).toEqual({
      output: [
        'Got a token for stock:read stock:write, good for 3600 seconds.',
        'PUT /stock/mug: 200 {"sku":"mug","quantity":40,"reportedBy":"stock-sync"}',
        'The token at hand is still good.',
        'PUT /stock/teapot: 200 {"sku":"teapot","quantity":7,"reportedBy":"stock-sync"}',
        'The token at hand is still good.',
        'GET /orders: 403 {"error":"insufficient_scope","error_description":"The access token does not have the scope that is needed"}',
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

  it('takes a token for itself, and the shop does not', async () => {
    const { body } = await post({ ...request, resource: shop.stockServiceUrl }, 'stock-sync')
    const answer = await warehouse(body.access_token)
    expect({ status: answer.status, body: await answer.json() }).toEqual({
      status: 200,
      body: { shelves: { mug: 'A1', teapot: 'B2' }, askedBy: 'stock-sync' },
    })
    expect(await call('GET', '/stock', body.access_token)).toMatchObject({ status: 401 })
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
      .poll(
        () =>
          warehouse(body.access_token).then(
            () => 'up',
            () => 'down',
          ),
        { timeout: 5000 },
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
    const { output, exitCode } = await shop.run('rotate-signing-key.js', '', '200')
    const lines = output.trimEnd().split('\n')

    expect(lines.at(-1), output).toBe('200 requests, 0 failures')
    expect(exitCode).toBe(0)
    const after = await published()
    expect(before.length).toBe(1)
    expect(after.length).toBe(2)
    const [next = ''] = after.filter((keyId) => !before.includes(keyId))
    // 40 token requests, some of them signed by each.
    const [, old, fresh] = /^Tokens signed: (\d+) by \S+, (\d+) by \S+\.$/.exec(lines.at(-2)!) ?? []
    expect(lines.at(-2)).toContain(`${fresh!} by ${next}.`)
    expect(Number(old) + Number(fresh)).toBe(40)
  }, 60_000)

  it('counts what fails, and says so by its exit code', async () => {
    const wrong = await makeShop()
    await wrong.start()
    // A client secret that the shop does not know: every token request fails, and every route behind it.
    const secretsFile = join(wrong.folder, 'demo-secrets.json')
    const known = JSON.parse(wrong.read('demo-secrets.json')) as Secrets
    writeFileSync(secretsFile, JSON.stringify({ ...known, clients: { ...known.clients, 'stock-sync': 'wrong' } }))
    const { output, exitCode } = await wrong.run('rotate-signing-key.js', '', '20')
    expect(output.trimEnd().split('\n').at(-1)).toBe('20 requests, 20 failures')
    expect(exitCode).toBe(1)
  }, 60_000)
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
    expect(stopped.get('shop.db')).toContain('BEGIN ENCRYPTED PRIVATE KEY')
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
      const { users } = sqliteData(database)
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
