import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createClient, type CreatedConfidentialClient } from 'latchkey'
import { openSqliteStores } from 'latchkey/stores/sqlite'
import { basic } from '../fixtures/test-server.js'

const directory = mkdtempSync(join(tmpdir(), 'latchkey-'))
const file = join(directory, 'latchkey.db')
const processes: ChildProcess[] = []
let service: CreatedConfidentialClient
let issuer: ChildProcess
let issuerPort: number
let resourcePort: number

beforeAll(async () => {
  const stores = openSqliteStores(file)
  const scopes = ['orders:read']
  const options = { grantTypes: ['client_credentials'], scopes, defaultScopes: scopes, mayIntrospect: true }
  service = createClient(options)
  stores.clients.saveClient(service.client)
  stores.close()
  await startIssuer(0)
  const { clientId } = service.client
  const resource = await start('resource-process.mjs', [
    `http://127.0.0.1:${String(issuerPort)}`,
    clientId,
    service.clientSecret,
  ])
  resourcePort = resource.port
})

afterAll(async () => {
  const running = processes.filter(({ exitCode, signalCode }) => exitCode === null && signalCode === null)
  const ended = running.map((child) => once(child, 'exit'))
  for (const child of running) child.kill()
  await Promise.all(ended)
  rmSync(directory, { recursive: true })
})

async function start(program: string, given: readonly string[]): Promise<{ child: ChildProcess; port: number }> {
  const child = fork(join(import.meta.dirname, '../fixtures', program), given)
  processes.push(child)
  const ended = once(child, 'exit').then(([code]) => Promise.reject(new Error(`${program} ended with ${String(code)}`)))
  // Later it may.
  ended.catch(() => undefined)
  const [{ port }] = (await Promise.race([once(child, 'message'), ended])) as [{ port: number }]
  return { child, port }
}

async function startIssuer(port: number): Promise<void> {
  const started = await start('issuer-process.mjs', [file, String(port)])
  issuer = started.child
  issuerPort = started.port
}

async function tell(command: 'prepareNext' | 'activateNext'): Promise<unknown> {
  const answer = once(issuer, 'message')
  issuer.send(command)
  return (await answer)[0]
}

async function newToken(): Promise<string> {
  const response = await fetch(`http://127.0.0.1:${String(issuerPort)}/oauth/token`, {
    method: 'POST',
    headers: { authorization: basic(service.client.clientId, service.clientSecret) },
    body: new URLSearchParams({ grant_type: 'client_credentials' }),
  })
  const { access_token: token } = (await response.json()) as { access_token?: string }
  if (token === undefined) throw new Error(`No token: ${String(response.status)}`)
  return token
}

async function statusOf(port: number, path: string, token: string): Promise<number> {
  const response = await fetch(`http://127.0.0.1:${String(port)}${path}`, {
    headers: { authorization: `Bearer ${token}` },
  })
  await response.arrayBuffer()
  return response.status
}

/** What the issuer's own guard, published keys and introspection say. */
function statusesOf(token: string): Promise<number[]> {
  return Promise.all([
    statusOf(issuerPort, '/api', token),
    statusOf(resourcePort, '/jwks', token),
    statusOf(resourcePort, '/introspection', token),
  ])
}

const pause = (milliseconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, milliseconds))
const keyIdOf = (token: string): unknown =>
  (JSON.parse(Buffer.from(token.split('.')[0] ?? '', 'base64url').toString()) as { kid: unknown }).kid

describe('an issuer and a resource server in two processes', () => {
  it('lose no token while the signing key is rotated under load', async () => {
    const first = await newToken()
    const failures: unknown[] = []
    const keyIds = new Set<unknown>()
    let [running, requests] = [true, 0]
    const load = (async () => {
      while (running) {
        const token = await newToken()
        keyIds.add(keyIdOf(token))
        for (const statuses of [await statusesOf(token), await statusesOf(first)]) {
          requests += statuses.length
          if (statuses.some((status) => status !== 200)) failures.push([keyIdOf(token), statuses])
        }
        await pause(20)
      }
    })()

    expect(await tell('prepareNext')).toEqual({ done: expect.any(String) as unknown })
    expect(await tell('activateNext')).toEqual({ failed: expect.stringContaining('must be published for') as unknown })
    await pause(4100)
    const activated = await tell('activateNext')
    await pause(1500)
    running = false
    await load

    expect(failures).toEqual([])
    expect([...keyIds]).toEqual([keyIdOf(first), (activated as { done: string }).done])
    expect(requests).toBeGreaterThan(30)
  })

  it('work with cached keys when the issuer is killed, then refuse, and recover when it is back', async () => {
    const token = await newToken()
    expect(await statusesOf(token)).toEqual([200, 200, 200])
    const ended = once(issuer, 'exit')
    issuer.kill('SIGKILL')
    await ended
    const askResource = (path: string): Promise<number> => statusOf(resourcePort, path, token)
    expect([await askResource('/jwks'), await askResource('/introspection')]).toEqual([200, 503])

    await startIssuer(issuerPort)
    expect(await statusesOf(token)).toEqual([200, 200, 200])
    expect(await statusesOf(await newToken())).toEqual([200, 200, 200])
  })
})
