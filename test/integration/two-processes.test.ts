import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createClient, type CreatedClient } from 'latchkey'
import { openSqliteStores } from 'latchkey/stores/sqlite'
import { basic, hasher } from '../fixtures/test-server.js'

const directory = mkdtempSync(join(tmpdir(), 'latchkey-'))
const file = join(directory, 'latchkey.db')
const program = join(import.meta.dirname, '../fixtures/sqlite-server.mjs')
const processes: ChildProcess[] = []
let app: CreatedClient
let ports: number[]

beforeAll(async () => {
  const stores = openSqliteStores(file)
  const grantTypes = ['password', 'refresh_token']
  app = createClient({ firstParty: true, grantTypes, scopes: ['orders:read'], defaultScopes: ['orders:read'] })
  stores.clients.saveClient(app.client)
  stores.close()
  const passwordHash = await hasher.hash("alice's password")
  ports = await Promise.all([start(passwordHash), start(passwordHash)])
})

afterAll(async () => {
  const ended = processes.map((child) => once(child, 'exit'))
  for (const child of processes) child.kill()
  await Promise.all(ended)
  rmSync(directory, { recursive: true })
})

async function start(passwordHash: string): Promise<number> {
  const child = fork(program, [file, passwordHash])
  processes.push(child)
  const [port] = (await once(child, 'message')) as [number]
  return port
}

interface Answer {
  readonly status: number
  readonly body: Record<string, unknown>
}

async function post(process: number, form: Record<string, string>): Promise<Answer> {
  const response = await fetch(`http://127.0.0.1:${String(ports[process])}/oauth/token`, {
    method: 'POST',
    headers: { authorization: basic(app.client.clientId, app.clientSecret ?? '') },
    body: new URLSearchParams(form),
  })
  return { status: response.status, body: (await response.json()) as Record<string, unknown> }
}

const refresh = (process: number, token: unknown): Promise<Answer> =>
  post(process, { grant_type: 'refresh_token', refresh_token: String(token) })

async function statusOfOrders(process: number, token: unknown): Promise<number> {
  const headers = { authorization: `Bearer ${String(token)}` }
  return (await fetch(`http://127.0.0.1:${String(ports[process])}/orders`, { headers })).status
}

function unspentRefreshTokens(): unknown {
  const database = new Database(file, { readonly: true })
  const count = database.prepare('SELECT count(*) FROM latchkey_refresh_token WHERE spent_at IS NULL').pluck().get()
  database.close()
  return count
}

describe('two server processes on one SQLite file', () => {
  it('leave one live refresh token of fifty concurrent refreshes, and the user signed in (RTG-14, RTG-15)', async () => {
    const signIn = await post(0, { grant_type: 'password', username: 'alice', password: "alice's password" })
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, index) => refresh(index % 2, signIn.body['refresh_token'])),
    )

    expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 50 }, () => 200))
    const successors = new Set(answers.map(({ body }) => body['refresh_token']))
    expect(successors.size).toBe(1)
    expect(unspentRefreshTokens()).toBe(1)

    const [successor] = successors
    expect(await statusOfOrders(0, answers[1]?.body['access_token'])).toBe(200)
    expect(await statusOfOrders(1, answers[0]?.body['access_token'])).toBe(200)
    expect((await refresh(1, successor)).status).toBe(200)
  })

  it('end the authorization in both processes when a spent token comes back after 11 seconds (RTG-12)', async () => {
    const signIn = await post(0, { grant_type: 'password', username: 'alice', password: "alice's password" })
    const renewed = await refresh(1, signIn.body['refresh_token'])
    expect(renewed.status).toBe(200)
    await Promise.all(
      processes.map(async (child) => {
        child.send(11)
        await once(child, 'message')
      }),
    )

    expect(await refresh(1, signIn.body['refresh_token'])).toMatchObject({
      status: 400,
      body: { error: 'invalid_grant' },
    })
    expect(await refresh(0, renewed.body['refresh_token'])).toMatchObject({
      status: 400,
      body: { error: 'invalid_grant' },
    })
    expect(await statusOfOrders(0, renewed.body['access_token'])).toBe(401)
    expect(await statusOfOrders(0, signIn.body['access_token'])).toBe(401)
  })
})
