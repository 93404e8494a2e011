import { describe, expect, it } from 'vitest'
import { createMemoryStores } from 'latchkey/stores/memory'
import { openSqliteStores } from 'latchkey/stores/sqlite'
import { plainServer } from '../fixtures/plain-passwords.js'
import { postToken } from '../fixtures/post-token.js'
import type { TestServerOptions } from '../fixtures/test-server.js'

const stores = {
  memory: () => createMemoryStores({ pruneIntervalSeconds: 0 }).tokens,
  SQLite: () => openSqliteStores(':memory:').tokens,
}

/** What is stored of a label that comes as a form parameter, as a header, or from a hook of the application. */
async function labelOf(
  open: () => ReturnType<(typeof stores)[keyof typeof stores]>,
  { label, userAgent, hook }: { label?: string; userAgent?: string; hook?: () => unknown },
): Promise<string | undefined> {
  const password = hook === undefined ? {} : { deviceLabel: hook as () => string | undefined }
  const options: TestServerOptions = {
    password,
    server: { tokens: open(), clock: () => Math.floor(Date.now() / 1000) },
  }
  const server = plainServer(options)
  const form = new URLSearchParams({ grant_type: 'password', username: 'alice', password: "alice's password" })
  if (label !== undefined) form.set('device_label', label)
  const sent = postToken(server, form.toString(), 'shop-app')
  const answer = await (userAgent === undefined ? sent.unset('User-Agent') : sent.set('User-Agent', userAgent))
  expect(answer.status).toBe(200)
  const [signIn] = await server.oauth.authorizations.list({ userId: 'user-1' })
  return signIn?.deviceLabel
}

describe.each(Object.entries(stores))('the label of a device in %s', (_store, open) => {
  it.each([
    ['phone\0', 'phone'],
    ['a\u202Egpj.exe\r\n\x1B[2J', 'agpj.exe [2J'],
    [`${'x'.repeat(99)}😀!`, `${'x'.repeat(99)}😀`],
    ['Jürgens 📱', 'Jürgens 📱'],
  ])('is the parameter of the client in one line: %j (07, V19)', async (label, stored) => {
    expect(await labelOf(open, { label })).toBe(stored)
  })

  it('is the User-Agent, treated alike (07, V19)', async () => {
    expect(await labelOf(open, { userAgent: `App/1.0\t(x)${'y'.repeat(200)}` })).toBe(`App/1.0 (x)${'y'.repeat(89)}`)
  })

  it.each([
    ['a\0b\uD83D', 'ab'],
    [`\u2066${'😀'.repeat(500)}`, '😀'.repeat(100)],
    ['\0', undefined],
    [null, undefined],
  ])('is what a hook returns, treated alike: %j (07, V19)', async (label, stored) => {
    expect(await labelOf(open, { hook: () => label })).toBe(stored)
  })

  it('is absent if nothing visible is left, and is not replaced by the User-Agent (07, V19)', async () => {
    expect(await labelOf(open, { label: '\u202E\0', userAgent: 'App/1.0' })).toBeUndefined()
  })
})
