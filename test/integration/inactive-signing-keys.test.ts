import { storedSigningKeys, type OAuthEvent, type StoredSigningKeys } from 'latchkey'
import { createMemoryStores } from 'latchkey/stores/memory'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { postToken } from '../fixtures/post-token.js'
import { testServer, type TestServer } from '../fixtures/test-server.js'

const message =
  'signingKeys: the store has no active key, so no JWT can be signed. Run `await signingKeys.ensureActive()` before the server listens.'

function jwtServer(): { server: TestServer; signingKeys: StoredSigningKeys } {
  const { keys: store } = createMemoryStores({ pruneIntervalSeconds: 0 })
  const signingKeys = storedSigningKeys({ store, passphrase: 'sixteen characters, and more' })
  const resources = [{ resource: 'https://api.example.com' }]
  return { server: testServer({ server: { accessTokenFormat: 'jwt', signingKeys, resources } }), signingKeys }
}

const warnings = (events: readonly OAuthEvent[]): readonly OAuthEvent[] =>
  events.filter((event) => event.type === 'warning' && event.code === 'unusable_signing_keys')

describe('signing keys in a store without an active one', () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setTimeout'] })
  })
  afterEach(() => {
    vi.useRealTimers()
  })

  it('cause a warning five seconds after startup, with the line to write (A5)', async () => {
    const { server } = jwtServer()
    await vi.advanceTimersByTimeAsync(5000)
    expect(warnings(server.events)).toMatchObject([{ type: 'warning', code: 'unusable_signing_keys', message }])
  })

  it('make a token request fail with a cause that has the line to write (A5)', async () => {
    const { server } = jwtServer()
    expect((await postToken(server, 'grant_type=client_credentials')).status).toBe(500)
    const [failure] = server.events.filter((event) => event.type === 'failure')
    expect(String(failure?.cause)).toContain(message)
  })

  it('cause no warning if ensureActive was called meanwhile', async () => {
    const { server, signingKeys } = jwtServer()
    await signingKeys.ensureActive()
    await vi.advanceTimersByTimeAsync(5000)
    expect(warnings(server.events)).toEqual([])
    expect((await postToken(server, 'grant_type=client_credentials')).status).toBe(200)
  })
})
