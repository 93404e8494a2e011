import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Client, ClientSecret, OAuthEvent, PasswordHasher } from 'latchkey'
import { beforeEach, describe, expect, it } from 'vitest'
import type { ChangeableClients } from '../../../lib/clients/change-client.js'
import { secretUseNotes } from '../../../lib/clients/note-secret-use.js'
import { applicationContext } from '../../../lib/request/request-context.js'
import { clientWith } from '../../fixtures/service-client.js'

const now = 1_800_000_000
const context = applicationContext()
const hasher: PasswordHasher = {
  hash: async (secret) => `strong:${secret}`,
  verify: async () => true,
  verifyNobody: async () => undefined,
  needsRehash: (hash) => hash.startsWith('weak:'),
}

describe('secretUseNotes', () => {
  let stored: Client | undefined
  let finds: number
  let events: OAuthEvent[]
  let clients: ChangeableClients

  beforeEach(() => {
    finds = 0
    events = []
    clients = {
      findClient() {
        finds += 1
        return stored
      },
      replaceClient(_current, next) {
        stored = next
        return true
      },
    }
  })

  /** Notes uses at these times, one after the other. */
  async function use(secret: ClientSecret, isChosen: boolean, ...times: readonly number[]): Promise<void> {
    const note = secretUseNotes({ clients, hasher, emit: (_context, event) => void events.push(event as OAuthEvent) })
    for (const time of times) {
      note?.({ clientId: 'service', secret, proof: 'secret', isChosen, now: time, context })
      for (let turn = 0; turn < 5; turn += 1) await nextTurn()
    }
  }

  const secretNow = (): ClientSecret | undefined =>
    stored?.clientType === 'confidential' ? stored.secrets[0] : undefined

  it('is undefined if clients cannot be changed', () => {
    expect(secretUseNotes({ clients: { findClient: () => undefined }, hasher, emit: () => undefined })).toBeUndefined()
  })

  it('writes the first use, and then one an hour, even if a cached client does not show it', async () => {
    const secret = { digest: 'sha256:x' }
    stored = clientWith(secret)
    await use(secret, false, now, now + 3599)
    expect(secretNow()).toMatchObject({ digest: 'sha256:x', lastUsedAt: now })
    await use(secret, false, now + 3600)
    expect(secretNow()).toMatchObject({ digest: 'sha256:x', lastUsedAt: now + 3600 })
    expect(finds).toBe(2)
  })

  it.each([now, now - 3599, now + 3599])('asks nothing of the store where it was used at %d', async (lastUsedAt) => {
    const secret = { digest: 'sha256:x', lastUsedAt }
    stored = clientWith(secret)
    await use(secret, false, now)
    expect(finds).toBe(0)
  })

  it('leaves it to another process that has noted the use meanwhile', async () => {
    const secret = { digest: 'sha256:x' }
    stored = clientWith({ ...secret, lastUsedAt: now - 1 })
    const before = stored
    await use(secret, false, now)
    expect(finds).toBe(1)
    expect(stored).toBe(before)
  })

  it('rehashes a weak secret, even if it was just used, and a generated one never', async () => {
    const secret = { digest: 'weak:secret', lastUsedAt: now - 1 }
    stored = clientWith(secret)
    await use(secret, false, now)
    expect(secretNow()).toMatchObject(secret)
    await use(secret, true, now)
    expect(secretNow()).toMatchObject({ digest: 'strong:secret', lastUsedAt: now })
    const known = secretNow()?.secretId
    expect(known).toMatch(/^[0-9a-f]{8}$/)
  })

  it.each([
    ['is gone', undefined],
    ['is public now', { ...clientWith(), clientType: 'public', authMethods: ['none'] } as never],
    ['has another secret', clientWith({ digest: 'sha256:y' })],
  ])('changes nothing of a client that %s', async (_what, client) => {
    stored = client
    await use({ digest: 'sha256:x' }, false, now)
    expect(finds).toBe(1)
    expect(stored).toBe(client)
    expect(events).toEqual([])
  })

  it('notes each of many secrets once', async () => {
    const secrets = Array.from({ length: 20 }, (_, i) => ({ digest: `sha256:${i}` }))
    stored = clientWith(...secrets)
    const note = secretUseNotes({ clients, hasher, emit: () => undefined })
    for (const time of [now, now + 1])
      for (const secret of secrets)
        note?.({ clientId: 'service', secret, proof: 's', isChosen: false, now: time, context })
    for (let turn = 0; turn < 50; turn += 1) await nextTurn()
    expect(finds).toBe(20)
  })

  it('reports a hasher that returns a promise where it must not, and one that throws', async () => {
    const secret = { digest: 'weak:secret' }
    stored = clientWith(secret)
    const late = { ...hasher, needsRehash: () => Promise.reject(new Error('late')) as never }
    const throwing = {
      ...hasher,
      needsRehash: () => {
        throw new Error('broken')
      },
    }
    for (const bad of [late, throwing]) {
      const note = secretUseNotes({ clients, hasher: bad, emit: (_c, event) => void events.push(event as OAuthEvent) })
      note?.({ clientId: 'service', secret, proof: 'secret', isChosen: true, now, context })
      for (let turn = 0; turn < 5; turn += 1) await nextTurn()
    }
    expect(secretNow()).toMatchObject({ digest: 'weak:secret', lastUsedAt: now })
    expect(events.map(({ type }) => type)).toEqual(['failure'])
  })
})
