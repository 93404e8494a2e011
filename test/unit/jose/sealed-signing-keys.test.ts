import { createDecipheriv, createPrivateKey, generateKeyPairSync, scryptSync } from 'node:crypto'
import { ConfigurationError, storedSigningKeys } from 'latchkey'
import type { KeyStore, OAuthEvent, StoredSigningKey, StoredSigningKeys } from 'latchkey'
import { createMemoryStores } from 'latchkey/stores/memory'
import { beforeEach, describe, expect, it } from 'vitest'
import { signingKey } from '../../../lib/jose/signing-key.js'

const [present, former] = ['correct horse battery staple', 'a former passphrase, long enough']
const since = 1_800_000_000
let store: KeyStore
let events: OAuthEvent[]

const keysUnder = (passphrase: string | readonly string[], more: object = {}): StoredSigningKeys =>
  storedSigningKeys({ store, passphrase, clock: () => since, onEvent: (event) => events.push(event), ...more })
const stored = async (): Promise<StoredSigningKey> => (await store.listSigningKeys())[0]!
const replaceBy = async (...keys: StoredSigningKey[]): Promise<void> => {
  await store.replaceSigningKeys(await store.listSigningKeys(), keys)
}
const opens = async (passphrase: string): Promise<boolean> => {
  try {
    await storedSigningKeys({ store, passphrase, clock: () => since }).current()
    return true
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigurationError)
    return false
  }
}

/** As an earlier version stored it. */
function pemKey(passphrase = present): StoredSigningKey {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const { keyId } = signingKey(privateKey, 'active')
  const cipher = { cipher: 'aes-256-cbc', passphrase }
  const encryptedPrivateKey = privateKey.export({ type: 'pkcs8', format: 'pem', ...cipher }).toString()
  return { keyId, algorithm: 'ES256', state: 'active', encryptedPrivateKey, since }
}

beforeEach(() => {
  store = createMemoryStores({ pruneIntervalSeconds: 0 }).keys
  events = []
})

describe('a stored signing key', () => {
  it('is encrypted and authenticated under scrypt with N = 2^17 (V13)', async () => {
    await keysUnder(present).ensureActive()
    const { keyId, encryptedPrivateKey } = await stored()
    const [, version, cost, salt, nonce, sealed] = encryptedPrivateKey.split(':')
    expect([version, cost]).toEqual(['1', '17.8.1'])
    const bytes = (text = ''): Buffer => Buffer.from(text, 'base64url')
    const derived = scryptSync(present, bytes(salt), 32, { N: 2 ** 17, r: 8, p: 1, maxmem: 2 ** 28 })
    const decipher = createDecipheriv('aes-256-gcm', derived, bytes(nonce))
    decipher.setAAD(Buffer.from(`${keyId}|ES256`)).setAuthTag(bytes(sealed).subarray(-16))
    const plain = Buffer.concat([decipher.update(bytes(sealed).subarray(0, -16)), decipher.final()])
    const key = createPrivateKey({ key: plain, format: 'der', type: 'pkcs8' })
    expect(signingKey(key, 'active').keyId).toBe(keyId)
  })

  it('shares its salt with the next one, and its nonce with none: one derivation opens all (V13)', async () => {
    const keys = keysUnder(present)
    await keys.ensureActive()
    await keys.prepareNext()
    const parts = (await store.listSigningKeys()).map((key) => key.encryptedPrivateKey.split(':'))
    expect(new Set(parts.map(([, , , salt]) => salt)).size).toBe(1)
    expect(new Set(parts.map(([, , , , nonce]) => nonce)).size).toBe(2)
  })

  it.each<[string, (key: StoredSigningKey, other: StoredSigningKey) => StoredSigningKey]>([
    ['another algorithm', (key) => ({ ...key, algorithm: 'PS256' })],
    ['another id', (key, { keyId }) => ({ ...key, keyId })],
    ['the private key of another', (key, { encryptedPrivateKey }) => ({ ...key, encryptedPrivateKey })],
    ['a changed bit', (key) => ({ ...key, encryptedPrivateKey: flipped(key.encryptedPrivateKey, -3) })],
    ['a changed nonce', (key) => ({ ...key, encryptedPrivateKey: flipped(key.encryptedPrivateKey, 45) })],
    ['a cut end', (key) => ({ ...key, encryptedPrivateKey: key.encryptedPrivateKey.slice(0, -4) })],
    ['a cheaper derivation', (key) => ({ ...key, encryptedPrivateKey: key.encryptedPrivateKey.replace('17.', '14.') })],
    [
      'an exorbitant derivation',
      (key) => ({ ...key, encryptedPrivateKey: key.encryptedPrivateKey.replace('17.', '30.') }),
    ],
    ['another version', (key) => ({ ...key, encryptedPrivateKey: key.encryptedPrivateKey.replace(':1:', ':2:') })],
    ['nothing', (key) => ({ ...key, encryptedPrivateKey: '' })],
  ])('cannot be decrypted with %s (V13)', async (_, change) => {
    const keys = keysUnder(present)
    await keys.ensureActive('RS256')
    const next = await keys.prepareNext('RS256')
    const [one, other] = await store.listSigningKeys()
    const [active, prepared] = one!.keyId === next ? [other!, one!] : [one!, other!]
    await replaceBy(change(active, prepared))
    expect(await opens(present)).toBe(false)
    await expect(keysUnder(present).ensureActive()).rejects.toThrow('storedSigningKeys.passphrase')
  })

  it('that is not encrypted is refused, so that write access to the database is not enough to add a key (V13)', async () => {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    const { keyId } = signingKey(privateKey, 'active')
    const pem = pemKey().encryptedPrivateKey
    for (const type of ['pkcs8', 'sec1'] as const) {
      const plain = privateKey.export({ type, format: 'pem' }).toString()
      for (const encryptedPrivateKey of [plain, `\n${plain}`, pem.slice(0, 60) + plain, plain + pem, pem + plain]) {
        await replaceBy({ keyId, algorithm: 'ES256', state: 'active', encryptedPrivateKey, since })
        expect(await opens(present)).toBe(false)
      }
    }
  })

  it('of an earlier version is refused under the id of another (V13)', async () => {
    const [one, other] = [pemKey(), pemKey()]
    await replaceBy({ ...one, encryptedPrivateKey: other.encryptedPrivateKey })
    expect(await opens(present)).toBe(false)
  })

  it('that cannot be decrypted does not stop the active one, and is reported once (V13)', async () => {
    const keys = keysUnder(present)
    await keys.ensureActive()
    const active = await stored()
    const broken: StoredSigningKey = { ...pemKey(former), state: 'retired' }
    await replaceBy(active, broken)
    const other = keysUnder(present, { refreshSeconds: 0 })
    for (let i = 0; i < 3; i++) expect((await other.current()).published.keys).toHaveLength(1)
    expect(events).toMatchObject([{ type: 'failure', cause: { name: 'ConfigurationError' } }])
    expect(JSON.stringify(events)).not.toContain(present)
    await other.withdraw(broken.keyId)
    expect(await store.listSigningKeys()).toEqual([active])
  })
})

describe('the passphrase of stored signing keys', () => {
  it('decrypts what an earlier version stored, and re-encrypts it at startup (V13)', async () => {
    const old = pemKey()
    await replaceBy(old)
    const keys = keysUnder(present)
    expect((await keys.current()).active().keyId).toBe(old.keyId)
    expect((await stored()).encryptedPrivateKey).toBe(old.encryptedPrivateKey)
    await keys.ensureActive()
    const { encryptedPrivateKey, ...rest } = await stored()
    expect(encryptedPrivateKey).toMatch(/^latchkey-key:1:/)
    expect({ ...rest, encryptedPrivateKey: old.encryptedPrivateKey }).toEqual(old)
    expect(await opens(present)).toBe(true)
    await keys.ensureActive()
    expect((await stored()).encryptedPrivateKey).toBe(encryptedPrivateKey)
  })

  it('is replaced by a list, whose first one re-encrypts everything (V13)', async () => {
    const keys = keysUnder(former)
    await keys.ensureActive()
    await keys.prepareNext()
    const ids = (await keys.list()).map(({ keyId }) => keyId)
    const both = keysUnder([present, former])
    expect((await both.current()).published.keys.map(({ kid }) => kid)).toEqual(ids)
    expect([await opens(present), await opens(former)]).toEqual([false, true])
    await both.ensureActive()
    expect([await opens(present), await opens(former)]).toEqual([true, false])
    const only = keysUnder(present)
    expect((await only.list()).map(({ keyId }) => keyId)).toEqual(ids)
    expect((await only.current()).published.keys.map(({ kid }) => kid)).toEqual(ids)
    // A process that runs on with the former one keeps what it has opened.
    expect((await keys.current()).published.keys.map(({ kid }) => kid)).toEqual(ids)
  })

  it.each(['prepareNext', 'withdraw'] as const)('stays replaced beside %s in another process (V13)', async (change) => {
    await keysUnder(former).ensureActive()
    const retired: StoredSigningKey = { ...pemKey(former), state: 'retired' }
    await replaceBy(await stored(), retired)
    const [one, other] = [keysUnder([present, former]), keysUnder([present, former])]
    await Promise.all([
      one.ensureActive(),
      change === 'withdraw' ? other.withdraw(retired.keyId) : other.prepareNext().catch(() => undefined),
      one.ensureActive(),
    ])
    const now = keysUnder(present)
    expect((await now.current()).published.keys).toHaveLength((await store.listSigningKeys()).length)
    for (const { encryptedPrivateKey } of await store.listSigningKeys()) {
      expect(encryptedPrivateKey).toMatch(/^latchkey-key:1:/)
    }
    expect(await opens(former)).toBe(false)
  })
})

function flipped(text: string, at: number): string {
  const index = at < 0 ? text.length + at : at
  return text.slice(0, index) + (text[index] === 'A' ? 'B' : 'A') + text.slice(index + 1)
}
