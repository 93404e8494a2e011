import { ConfigurationError, storedSigningKeys, type KeyStore, type OAuthEvent, type StoredSigningKeys } from 'latchkey'
import { createMemoryStores } from 'latchkey/stores/memory'
import { beforeEach, describe, expect, it } from 'vitest'

const passphrase = 'correct horse battery staple'
let now: number
let store: KeyStore
let events: OAuthEvent[]

const keysIn = (from = store, more: object = {}): StoredSigningKeys =>
  storedSigningKeys({ store: from, passphrase, clock: () => now, onEvent: (event) => events.push(event), ...more })
const activeId = async (keys: StoredSigningKeys): Promise<string> => (await keys.current()).active().keyId
const isKnown = async (keys: StoredSigningKeys, keyId: string): Promise<boolean> => {
  const set = await keys.current()
  const isPublished = set.published.keys.some(({ kid }) => kid === keyId)
  expect(set.find(keyId) !== undefined).toBe(isPublished)
  return isPublished
}

beforeEach(() => {
  now = 1_800_000_000
  store = createMemoryStores({ pruneIntervalSeconds: 0 }).keys
  events = []
})

describe('a retired signing key', () => {
  it('ends after retainSeconds in each process without another rotation, also between two readings (V2)', async () => {
    let reads = 0
    const counting: KeyStore = {
      listSigningKeys: () => (reads++, store.listSigningKeys()),
      replaceSigningKeys: (...change) => store.replaceSigningKeys(...change),
    }
    const one = keysIn(store, { retainSeconds: 100, publishSeconds: 0 })
    const other = keysIn(counting, { retainSeconds: 100, refreshSeconds: 3600 })
    await one.ensureActive()
    const old = await activeId(one)
    await one.prepareNext()
    await one.activateNext()
    now += 50
    expect([await isKnown(one, old), await isKnown(other, old), reads]).toEqual([true, true, 1])
    now += 49
    expect([await isKnown(one, old), await isKnown(other, old)]).toEqual([true, true])
    now += 1
    expect([await isKnown(one, old), await isKnown(other, old), reads]).toEqual([false, false, 1])
  })

  it('ends after retainSeconds while the store is unreachable (V2)', async () => {
    const keys = keysIn(
      {
        listSigningKeys: () => {
          if (now > 1_800_000_000) throw new Error('out of reach')
          return store.listSigningKeys()
        },
        replaceSigningKeys: (...change) => store.replaceSigningKeys(...change),
      },
      { retainSeconds: 100, publishSeconds: 0 },
    )
    await keys.ensureActive()
    const old = await activeId(keys)
    await keys.prepareNext()
    await keys.activateNext()
    now += 99
    expect(await isKnown(keys, old)).toBe(true)
    now += 1
    expect(await isKnown(keys, old)).toBe(false)
  })

  it('is listed until then, with its end (V2)', async () => {
    const keys = keysIn(store, { retainSeconds: 100, publishSeconds: 0 })
    await keys.ensureActive('EdDSA')
    const old = await activeId(keys)
    const next = await keys.prepareNext()
    now += 10
    await keys.activateNext()
    const retired = { keyId: old, algorithm: 'EdDSA', state: 'retired', since: now, endsAt: now + 100 }
    const active = { keyId: next, algorithm: 'ES256', state: 'active', since: now, endsAt: undefined }
    expect(await keys.list()).toEqual(expect.arrayContaining([retired, active]))
    now += 100
    expect(await keys.list()).toEqual([active])
  })
})

describe('withdrawing a signing key', () => {
  it.each(['ES256', 'EdDSA'] as const)(
    'that signs %s makes a new one at once, with an event (V2)',
    async (algorithm) => {
      const [one, other] = [keysIn(), keysIn(store, { refreshSeconds: 5 })]
      await one.ensureActive(algorithm)
      const leaked = await activeId(one)
      expect(await isKnown(other, leaked)).toBe(true)
      await one.withdraw(leaked)
      expect(await isKnown(one, leaked)).toBe(false)
      const active = (await one.current()).active()
      expect(active.algorithm).toBe(algorithm)
      expect(await store.listSigningKeys()).toMatchObject([{ keyId: active.keyId, algorithm, state: 'active' }])
      now += 4
      expect(await isKnown(other, leaked)).toBe(true)
      now += 1
      expect(await isKnown(other, leaked)).toBe(false)
      expect(await activeId(other)).toBe(active.keyId)
      expect(events).toMatchObject([
        { type: 'signing_key_withdrawn', keyId: leaked, algorithm, state: 'active', activeKeyId: active.keyId },
      ])
    },
  )

  it('activates the prepared one, even if it was just published (V2)', async () => {
    const keys = keysIn()
    await keys.ensureActive()
    const leaked = await activeId(keys)
    const next = await keys.prepareNext('EdDSA')
    await keys.withdraw(leaked)
    expect(await keys.list()).toEqual([
      { keyId: next, algorithm: 'EdDSA', state: 'active', since: now, endsAt: undefined },
    ])
    expect(await activeId(keys)).toBe(next)
  })

  it('that does not sign leaves the others as they are (V2)', async () => {
    const keys = keysIn(store, { publishSeconds: 0 })
    await keys.ensureActive()
    const retired = await activeId(keys)
    const active = await keys.prepareNext()
    await keys.activateNext()
    const next = await keys.prepareNext()
    await keys.withdraw(retired)
    await keys.withdraw(next)
    expect(await store.listSigningKeys()).toMatchObject([{ keyId: active, state: 'active' }])
    expect(events).toMatchObject([
      { keyId: retired, state: 'retired', activeKeyId: active },
      { keyId: next, state: 'next', activeKeyId: active },
    ])
  })

  it('in several processes at once is done once (V2)', async () => {
    const processes = [keysIn(), keysIn(), keysIn(), keysIn()]
    await processes[0]!.ensureActive()
    const leaked = await activeId(processes[0]!)
    const ends = await Promise.allSettled(processes.map((keys) => keys.withdraw(leaked)))
    expect(ends.map(({ status }) => status)).toEqual(Array(4).fill('fulfilled'))
    expect(await store.listSigningKeys()).toMatchObject([{ state: 'active' }])
    expect(await isKnown(processes[0]!, leaked)).toBe(false)
    expect(events.map(({ type }) => type)).toEqual(['signing_key_withdrawn'])
  })

  it('wins over a rotation that another process makes at the same time (V2)', async () => {
    const [one, other] = [keysIn(store, { publishSeconds: 0 }), keysIn()]
    await one.ensureActive()
    const leaked = await activeId(one)
    await Promise.allSettled([one.prepareNext(), other.withdraw(leaked), one.prepareNext()])
    expect((await store.listSigningKeys()).some(({ keyId }) => keyId === leaked)).toBe(false)
  })

  it('is not undone by a reading that began before (V2)', async () => {
    await keysIn().ensureActive()
    let held: Promise<void> | undefined
    const slow: KeyStore = {
      listSigningKeys: async () => {
        const [listed, until] = [await store.listSigningKeys(), held]
        await until
        return listed
      },
      replaceSigningKeys: (...change) => store.replaceSigningKeys(...change),
    }
    const keys = keysIn(slow)
    const leaked = await activeId(keys)
    now += 5
    let release = (): void => undefined
    held = new Promise((resolve) => (release = resolve))
    const before = keys.current()
    // What it read is on its way.
    await new Promise((resolve) => setImmediate(resolve))
    held = undefined
    await keys.withdraw(leaked)
    release()
    expect((await before).find(leaked)).toBeUndefined()
    expect(await isKnown(keys, leaked)).toBe(false)
  })

  it('is noticed after the clock was set back (V2)', async () => {
    const [one, other] = [keysIn(), keysIn()]
    await one.ensureActive()
    const leaked = await activeId(other)
    await one.withdraw(leaked)
    now -= 3600
    expect(await isKnown(other, leaked)).toBe(false)
  })

  it('by hand, in the store, counts as well (V2)', async () => {
    const keys = keysIn()
    await keys.ensureActive()
    const leaked = await activeId(keys)
    await store.replaceSigningKeys(await store.listSigningKeys(), [])
    now += 5
    await expect(async () => keys.current()).rejects.toThrow(ConfigurationError)
    await keys.ensureActive()
    expect(await isKnown(keys, leaked)).toBe(false)
  })

  it('of an unknown id is refused and changes nothing (V2)', async () => {
    const keys = keysIn()
    await keys.ensureActive()
    const before = await store.listSigningKeys()
    await expect(keys.withdraw('unknown')).rejects.toThrow(ConfigurationError)
    expect(await store.listSigningKeys()).toEqual(before)
    expect(events).toEqual([])
  })

  it('keeps what else is in the store, and never publishes it', async () => {
    const keys = keysIn(store, { publishSeconds: 0 })
    const secret = { keyId: 's', algorithm: 'secret', state: 'active', encryptedPrivateKey: 'x', since: 1 } as const
    await store.replaceSigningKeys([], [secret])
    await keys.ensureActive()
    const first = await activeId(keys)
    await keys.prepareNext()
    await keys.activateNext()
    await keys.withdraw(first)
    await keys.withdraw(await activeId(keys))
    expect(await store.listSigningKeys()).toContainEqual(secret)
    expect((await keys.current()).published.keys).toHaveLength(1)
    expect(await keys.list()).toHaveLength(1)
    await expect(keys.withdraw('s')).rejects.toThrow(ConfigurationError)
  })
})
