import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import request from 'supertest'
import { afterAll, describe, expect, it } from 'vitest'
import { plainServer } from '../fixtures/plain-passwords.js'
import { postToken } from '../fixtures/post-token.js'

const root = join(import.meta.dirname, '../..')
const page = readFileSync(join(root, 'docs/observability.md'), 'utf8')

mkdirSync(join(root, '.test-results'), { recursive: true })
const folder = mkdtempSync(join(root, '.test-results/observability-'))
const names = [...page.matchAll(/^```js\n(\/\/ (\S+)\n[\s\S]*?)^```$/gm)].map(([, code = '', name = '']) => {
  writeFileSync(join(folder, name), code)
  return name
})
afterAll(() => {
  rmSync(folder, { recursive: true })
})

/** Runs a block as it stands on the page. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- what a block exports is said by the test that uses it
const load = (name: string): Promise<any> => import(join(folder, name))

describe('docs/observability.md', () => {
  it('has these blocks of code, each of which is run below', () => {
    expect(names).toEqual(['gateway.mjs', 'some-events.mjs', 'slow-requests.mjs', 'metrics-route.mjs', 'telemetry.mjs'])
  })

  it('gateway.mjs names requests as a gateway does', async () => {
    const { requestId } = await load('gateway.mjs')
    const server = plainServer({ server: { requestId } })
    const answer = await postToken(server, 'grant_type=client_credentials').set('X-Request-Id', 'gateway-1')
    expect(answer.headers['request-id']).toBe('gateway-1')
  })

  it('some-events.mjs writes the first made-up tokens of a minute, and everything that a stranger cannot cause (Part 2, 14)', async () => {
    const { logSomeEvents } = await load('some-events.mjs')
    const logged: { type: string; notLogged?: number }[] = []
    const server = plainServer({ server: { onEvent: logSomeEvents((event: never) => logged.push(event), 3) } })
    logged.length = 0
    const junk = async (): Promise<unknown> =>
      request(server.http).get('/orders').set('Authorization', 'Bearer made-up')
    for (let i = 0; i < 10; i++) await junk()
    for (let i = 0; i < 5; i++) await postToken(server, 'grant_type=client_credentials')
    const count = (type: string): number => logged.filter((event) => event.type === type).length
    expect([count('unknown_token'), count('request_refused'), count('tokens_issued')]).toEqual([3, 3, 5])
    server.advance(60)
    await junk()
    expect(logged.filter(({ notLogged }) => notLogged !== undefined)).toEqual([
      { type: 'unknown_token', notLogged: 7 },
      { type: 'request_refused', notLogged: 7 },
    ])
    expect(count('unknown_token')).toBe(5)
  })

  it('slow-requests.mjs tells of every request that took long', async () => {
    const { watchSlowRequests } = await load('slow-requests.mjs')
    const told: string[] = []
    watchSlowRequests(0, (line: string) => told.push(line))
    watchSlowRequests(60, (line: string) => told.push(line))
    const answer = await postToken(plainServer(), 'grant_type=client_credentials')
    expect(told).toEqual([
      expect.stringMatching(new RegExp(`^token ${String(answer.headers['request-id'])}: ok after [\\d.e-]+ s$`)),
    ])
  })

  it('metrics-route.mjs serves every metric of the table, with the labels that it says', async () => {
    const { addMetrics } = await load('metrics-route.mjs')
    let stop: (() => void) | undefined
    const server = plainServer({
      before: (app) => {
        stop = addMetrics(app) as () => void
      },
    })
    await postToken(server, 'grant_type=client_credentials')
    const { text, headers } = await request(server.http).get('/metrics')
    stop?.()
    expect(headers['content-type']).toMatch(/^text\/plain; version=0\.0\.4/)
    expect(text).toContain('latchkey_tokens_issued_total{grant_type="client_credentials",how="new"} 1\n')
    const described = [...page.matchAll(/^\| `(latchkey_\w+)` \|/gm)].map(([, name]) => name)
    const served = [...text.matchAll(/^# TYPE (\w+) /gm)].map(([, name]) => name)
    expect(served.sort()).toEqual(described.sort())
  })

  it('telemetry.mjs starts, and stops', async () => {
    const { stop } = await load('telemetry.mjs')
    expect((await postToken(plainServer(), 'grant_type=client_credentials')).status).toBe(200)
    stop()
  })
})
