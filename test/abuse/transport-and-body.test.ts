import { once } from 'node:events'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { clientLike } from '../fixtures/api-server.js'
import { plainServer } from '../fixtures/plain-passwords.js'
import { basicLine, formLine } from '../fixtures/post-token.js'
import { shown } from '../fixtures/shown-answer.js'
import { secretOf, type TestServer, type TestServerOptions } from '../fixtures/test-server.js'
import { parseForm } from '../../lib/protocol/parameters.js'
import { bodyRows, endpoints, good, type BodyRow, type Endpoint } from './body-rows.js'
import { ask } from './exchange.js'
import { expectHarmless } from './harmless.js'
import { mounts, type Mount } from './mounts.js'
import { watchProcess } from './process-watch.js'

watchProcess()

const secrets = [secretOf('inspector'), "alice's password"]
const create = (options: TestServerOptions): TestServer =>
  plainServer({ ...options, moreClients: [clientLike('inspector', { mayIntrospect: true })] })

describe.each(mounts.map((mount) => [mount.name, mount] as const))('%s', (_name, mount) => {
  let server: TestServer

  beforeAll(async () => {
    server = mount.make(create)
    await once(server.http.listen(0, '127.0.0.1'), 'listening')
  })

  afterAll(() => {
    server.http.closeAllConnections()
    server.http.close()
  })

  it.each(bodyRows.map((row) => [row.what, row.id, row] as const))(
    'every endpoint withstands %s (%s)',
    async (...[, , row]) => {
      for (const endpoint of endpoints) {
        const body = row.body?.(endpoint) ?? ''
        const started = performance.now()
        const answer = await ask(server.http, linesOf(row, endpoint), body)
        expect(performance.now() - started).toBeLessThan(5000)
        if (isByParser(mount, row, answer.status) && answer.headers['content-type'] !== 'application/json') {
          expect(answer.text).not.toMatch(/access_token|\n\s+at /)
        } else {
          const allowed = [row.answer(endpoint)]
          if (row.afterParser && mount.reads.some((reading) => reading !== 'json'))
            allowed.push(row.afterParser(endpoint))
          const { ok } = endpoint
          expect(allowed, endpoint.path).toContainEqual(shown(answer))
          expect(answer.headers['allow']).toBe(answer.status === 405 ? 'POST' : undefined)
          expectHarmless(server, answer, { form: shown(answer).status === ok.status ? '' : body, secrets })
        }
        expect(await next(endpoint)).toEqual(endpoint.ok)
      }
    },
  )

  async function next(endpoint: Endpoint): Promise<unknown> {
    const lines = [`POST ${endpoint.path} HTTP/1.1`, basicLine('inspector'), formLine]
    return shown(await ask(server.http, lines, good(endpoint)))
  }
})

describe('the cost of hostile bodies', () => {
  it('10 000 parameters cost less than 50 ms (ABU-002)', () => {
    const form = Array.from({ length: 10_000 }, (_, index) => `p${String(index)}=1`).join('&')
    expect(() => parseForm(form)).toThrow('invalid_request')
    const started = process.cpuUsage()
    for (let i = 0; i < 10; i++) expect(() => parseForm(form)).toThrow('invalid_request')
    const { user, system } = process.cpuUsage(started)
    expect((user + system) / 10_000).toBeLessThan(50)
  })
})

function linesOf({ method = 'POST', query, lines, anonymous }: BodyRow, endpoint: Endpoint): string[] {
  const target = query === undefined ? endpoint.path : `${endpoint.path}?${query(endpoint)}`
  return [
    `${method} ${target} HTTP/1.1`,
    ...(anonymous === true ? [] : [basicLine('inspector')]),
    ...(lines ?? [formLine]),
  ]
}

function isByParser({ reads }: Mount, { parserRefuses = {} }: BodyRow, status: number): boolean {
  return reads.some((reading) => parserRefuses[reading] === status)
}
