import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import request from 'supertest'
import { afterAll, describe, expect, it } from 'vitest'
import { eventLevels } from '../../lib/telemetry/events.js'
import { plainServer } from '../fixtures/plain-passwords.js'
import { postToken } from '../fixtures/post-token.js'
import { standardErrorOf } from '../fixtures/standard-error.js'

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
    expect(names).toEqual([
      'gateway.mjs',
      'console-events.mjs',
      'pino-events.mjs',
      'slow-requests.mjs',
      'metrics-route.mjs',
      'telemetry.mjs',
    ])
  })

  it('gateway.mjs names requests as a gateway does', async () => {
    const { requestId } = await load('gateway.mjs')
    const server = plainServer({ server: { requestId } })
    const answer = await postToken(server, 'grant_type=client_credentials').set('X-Request-Id', 'gateway-1')
    expect(answer.headers['request-id']).toBe('gateway-1')
  })

  it('has the level of each type of event', () => {
    const rows = [...page.matchAll(/^\| `(error|warn|info|debug)` \| (.*) \|$/gm)]
    const described = rows.flatMap(([, level, types = '']) =>
      [...types.replace(' of the same request', '').matchAll(/`(\w+)`/g)].map(([, type]) => [type, level]),
    )
    // `request_refused` stands in the row of `debug` once more.
    const levels = new Map(described.reverse().map(([type, level]) => [type, level]))
    expect(Object.fromEntries(levels)).toEqual(eventLevels)
  })

  it('console-events.mjs writes events', async () => {
    const { onEvent } = await load('console-events.mjs')
    const written = await standardErrorOf(async () => {
      const server = plainServer({ server: { onEvent } })
      await postToken(server, 'grant_type=client_credentials&scope=x')
    })
    expect(JSON.parse(written.trim().split('\n').at(-1) ?? '')).toMatchObject({
      type: 'request_refused',
      level: 'info',
      error: 'invalid_scope',
    })
  })

  it('pino-events.mjs gives pino a level, a message, and errors where it looks for them', async () => {
    const { pinoEvents } = await load('pino-events.mjs')
    const lines: unknown[] = []
    const method = (level: string) => (members: object, message: string) => lines.push({ ...members, level, message })
    const logger = { error: method('error'), warn: method('warn'), info: method('info'), debug: method('debug') }
    const server = plainServer({ server: { onEvent: pinoEvents(logger) } })
    server.stores.tokens.saveTokens = () => {
      throw new Error('out of order')
    }
    lines.length = 0
    await postToken(server, 'grant_type=client_credentials')
    await postToken(server, 'grant_type=x')
    expect(lines).toMatchObject([
      { level: 'error', message: 'failure', error: 'server_error', err: { message: 'out of order' } },
      { level: 'info', message: 'request_refused', error: 'unsupported_grant_type' },
    ])
  })

  it('slow-requests.mjs reports every slow request', async () => {
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
