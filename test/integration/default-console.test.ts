import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import request from 'supertest'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { postToken } from '../fixtures/post-token.js'
import { plainServer } from '../fixtures/plain-passwords.js'
import { standardErrorOf } from '../fixtures/standard-error.js'
import { basic } from '../fixtures/test-server.js'

const root = join(import.meta.dirname, '../..')

/** The lines, without the time, that a server without `onEvent` writes. */
async function linesOf(issuer: string, use: (server: ReturnType<typeof plainServer>) => Promise<unknown>) {
  const written = await standardErrorOf(async () => {
    await use(plainServer({ server: { issuer, onEvent: undefined as never } }))
  })
  return written
    .trimEnd()
    .split('\n')
    .map((line) => line.replace(/^\S+Z latchkey /, ''))
}

/** A wrong secret, a wrong password, tokens, a made-up token three times, and a store that breaks twice. */
async function requests(server: ReturnType<typeof plainServer>, trouble = 'out of order'): Promise<void> {
  const form = 'grant_type=client_credentials'
  await request(server.http)
    .post('/oauth/token')
    .set('Authorization', basic('stock-sync', 'wrong'))
    .type('form')
    .send(form)
  await postToken(server, 'grant_type=password&username=alice&password=wrong', 'shop-app')
  await postToken(server, form)
  for (let i = 0; i < 3; i++) await request(server.http).get('/orders').set('Authorization', 'Bearer made-up')
  server.stores.tokens.saveTokens = () => {
    throw new Error(trouble)
  }
  await postToken(server, form)
  await postToken(server, form)
}

const refusal = (error: string, endpoint: string): unknown =>
  expect.stringMatching(
    new RegExp(`^info request_refused ${error} .*endpoint=${endpoint} ".*" address=127\\.0\\.0\\.1 id=\\w{32}$`),
  )
const frames = (lines: readonly string[]): readonly string[] => lines.filter((line) => line.startsWith('    at '))
const failure = [
  expect.stringMatching(/^error failure server_error endpoint=token address=127\.0\.0\.1 id=\w{32}$/),
  '  Error: out of order',
]

describe('without onEvent', () => {
  afterEach(() => {
    vi.unstubAllEnvs()
    vi.resetModules()
  })

  it('development: one line for each refusal, a stack for each failure, and repeats are folded (A3)', async () => {
    vi.stubEnv('NODE_ENV', 'development')
    const lines = await linesOf('http://127.0.0.1', requests)
    expect(frames(lines).length).toBeGreaterThan(0)
    expect(lines.filter((line) => !line.startsWith('    at '))).toEqual([
      expect.stringMatching(/^warn warning password_grant_enabled "The password grant is enabled\. .*RFC 9700/),
      refusal('invalid_client', 'token'),
      refusal('invalid_grant', 'token'),
      refusal('invalid_token', 'guard'),
      ...failure,
    ])
    // A second server says nothing that the first one has said (F18).
    expect(await linesOf('http://127.0.0.1', async () => undefined)).toEqual([''])
  })

  it('production: warnings and failures, without refusals and stacks', async () => {
    vi.stubEnv('NODE_ENV', 'production')
    const lines = await linesOf('https://auth.example.com', async (server) => {
      await requests(server, 'no disk')
    })
    expect(lines.slice(0, 2)).toEqual([
      expect.stringMatching(/^warn warning weak_settings "Weak settings: memory_store/),
      expect.stringMatching(/^ {2}memory_store: Tokens are kept in memory/),
    ])
    expect(lines.slice(-2)).toEqual([failure[0], '  Error: no disk'])
    expect(lines.join('\n')).not.toMatch(/request_refused|^ +at /m)
  })

  it('tests: warnings and failures, but not the warnings of every test server', async () => {
    const lines = await linesOf('http://127.0.0.1:1', (server) => requests(server))
    expect(lines.filter((line) => !line.startsWith('    at '))).toEqual(failure)
  })
})

describe('NODE_DEBUG', () => {
  const script = (onEvent: string): string => `
    import { clientCredentialsGrant, consoleEvents, createAuthorizationServer } from 'latchkey'
    import { createMemoryStores } from 'latchkey/stores/memory'
    const { clients, tokens } = createMemoryStores()
    const oauth = createAuthorizationServer({
      issuer: 'https://auth.example.com', clients, tokens, scopes: ['a'], throttle: false,
      grants: [clientCredentialsGrant()], onEvent: ${onEvent},
    })
    await oauth.authorizations.revoke({ everything: true })
    await oauth.authorizations.revoke({ everything: true })`
  const run = (onEvent: string, debug: string): readonly string[] => {
    const env = { ...process.env, NODE_ENV: 'production', NODE_DEBUG: debug }
    const args = ['--input-type=module', '--eval', script(onEvent)]
    const { stderr } = spawnSync(process.execPath, args, { cwd: root, env, encoding: 'utf8' })
    return stderr
      .split('\n')
      .filter((line) => line.includes(' latchkey '))
      .map((line) => line.split(' ').slice(2, 4).join(' '))
  }
  const all = ['warn warning', 'info tokens_revoked', 'info tokens_revoked']

  it.each(['latchkey', 'net,latchkey', 'LATCH*'])('%s writes every event, even with onEvent', (debug) => {
    expect(run('() => undefined', debug)).toEqual(all)
    expect(run('undefined', debug)).toEqual(all)
    expect(run("consoleEvents({ level: 'error' })", debug)).toEqual(all)
  })

  it.each(['', 'http', 'latch'])('%j changes nothing', (debug) => {
    expect(run('() => undefined', debug)).toEqual([])
    expect(run('undefined', debug)).toEqual(['warn warning'])
    expect(run("consoleEvents({ level: 'error' })", debug)).toEqual([])
  })

  it('the counts of folded lines are written when the process ends', () => {
    expect(run('consoleEvents()', '')).toEqual(['warn warning', 'info tokens_revoked', 'info and'])
  })
})
