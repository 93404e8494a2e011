import { MemoryKeyStore } from 'latchkey/stores/memory'
import type { KeyStoreUnderTest } from 'latchkey/testing'
import { fingerprintOfKeys } from '../../../lib/stores/key-store.js'
import type { KeyStore, StoredSigningKey } from '../../../lib/stores/key-store.js'
import { nothing, tick } from './faulty-token-store.js'
import type { PlantedFault } from './planted-fault.js'

const group = 'key store'

export const keyFaults: readonly PlantedFault<KeyStoreUnderTest>[] = [
  {
    fault: 'a store without keys answers null',
    rule: `${group} > lists nothing when it is new`,
    says: 'A store without keys returns an empty list, not undefined',
    store: faulty((sound) => ({
      async listSigningKeys() {
        const keys = await sound.listSigningKeys()
        return keys.length > 0 ? keys : (nothing as unknown as typeof keys)
      },
    })),
  },
  {
    fault: 'private keys are cut at 2000 characters',
    rule: `${group} > lists the keys that were stored, whole and unchanged`,
    says: 'A private key is a text of several lines',
    store: listing((key) => ({ ...key, encryptedPrivateKey: key.encryptedPrivateKey.slice(0, 2000) })),
  },
  {
    fault: 'the last line break is trimmed',
    rule: `${group} > lists the keys that were stored, whole and unchanged`,
    says: 'A private key is a text of several lines',
    store: listing((key) => ({ ...key, encryptedPrivateKey: key.encryptedPrivateKey.trim() })),
  },
  {
    fault: 'the given objects are kept',
    rule: `${group} > keeps a copy of what was stored`,
    says: 'Only `replaceSigningKeys` changes what is stored',
    store: faulty(() => {
      let stored: readonly StoredSigningKey[] = []
      return {
        listSigningKeys: () => stored,
        replaceSigningKeys(_expected, keys) {
          stored = keys
          return true
        },
      }
    }),
  },
  {
    fault: 'keys that are left out stay',
    rule: `${group} > replaces all keys`,
    says: 'A key that is left out is gone: it must not verify anything any more',
    store: faulty((sound) => ({
      async replaceSigningKeys(expected, keys) {
        const ids = new Set(keys.map(({ keyId }) => keyId))
        const left = (await sound.listSigningKeys()).filter(({ keyId }) => !ids.has(keyId))
        return sound.replaceSigningKeys(expected, [...keys, ...left])
      },
    })),
  },
  {
    fault: 'a key that is stored again keeps its state',
    rule: `${group} > replaces all keys`,
    says: 'A key that is stored again has its new state and its new time',
    store: faulty((sound) => ({
      async replaceSigningKeys(expected, keys) {
        const known = new Map((await sound.listSigningKeys()).map((key) => [key.keyId, key]))
        return sound.replaceSigningKeys(
          expected,
          keys.map((key) => known.get(key.keyId) ?? key),
        )
      },
    })),
  },
  {
    fault: 'the expected keys are compared in order',
    rule: `${group} > compares the expected keys in any order, by id and state alone`,
    says: 'When the stored keys are the expected ones they are replaced: `true`',
    store: faulty((sound) => ({
      async replaceSigningKeys(expected, keys) {
        const stored = await sound.listSigningKeys()
        if (stored.some(({ keyId }, index) => keyId !== expected[index]?.keyId)) return false
        return sound.replaceSigningKeys(expected, keys)
      },
    })),
  },
  {
    fault: 'the expected keys are not compared at all',
    rule: `${group} > changes nothing when the keys are not the expected ones`,
    says: 'Another process was faster, and its key would be lost: `false`. Expected keys: none',
    store: comparing(() => true),
  },
  {
    fault: 'the expected keys are only counted',
    rule: `${group} > changes nothing when the keys are not the expected ones`,
    says: 'its key would be lost: `false`. Expected keys: another key',
    store: comparing((expected, stored) => expected.length === stored.length),
  },
  {
    fault: 'only the ids of the expected keys are compared',
    rule: `${group} > changes nothing when the keys are not the expected ones`,
    says: 'its key would be lost: `false`. Expected keys: another state',
    store: comparing(
      (expected, stored) =>
        expected.length === stored.length && stored.every((key) => expected.some(({ keyId }) => keyId === key.keyId)),
    ),
  },
  {
    fault: 'each expected key is looked up, also twice',
    rule: `${group} > changes nothing when the keys are not the expected ones`,
    says: 'its key would be lost: `false`. Expected keys: the same key twice',
    store: comparing(
      (expected, stored) =>
        expected.length === stored.length &&
        expected.every(({ keyId, state }) => stored.some((key) => key.keyId === keyId && key.state === state)),
    ),
  },
  {
    fault: 'the old keys are deleted although the new ones cannot be stored',
    rule: `${group} > replaces all keys or none`,
    says: 'When one key cannot be stored, none is, and the old ones are all there',
    store: faulty((sound) => ({
      async replaceSigningKeys(expected, keys) {
        if (new Set(keys.map(({ keyId }) => keyId)).size === keys.length)
          return sound.replaceSigningKeys(expected, keys)
        await sound.replaceSigningKeys(expected, [])
        throw new Error('UNIQUE constraint failed')
      },
    })),
  },
  {
    fault: 'replacing is a read and then a write',
    rule: `${group} > lets exactly one of twenty concurrent replacements win`,
    says: 'If several processes rotate at once, one wins: otherwise they would sign with keys that are not published',
    store: faulty((sound) => ({
      async replaceSigningKeys(expected, keys) {
        if (fingerprintOfKeys(expected) !== fingerprintOfKeys(await sound.listSigningKeys())) return false
        await tick()
        return sound.replaceSigningKeys(await sound.listSigningKeys(), keys)
      },
    })),
  },
  {
    fault: 'each process has its own keys',
    rule: `${group} > is seen by another store on the same data at once`,
    says: 'Every process must verify what any of them signs',
    store: () => ({ store: new MemoryKeyStore(), createAnother: () => new MemoryKeyStore() }),
  },
  {
    fault: 'keys are forgotten with the process',
    rule: `${group} > is still there after a restart`,
    says: 'Without its key every token that was signed would be dead',
    store: () => ({ store: new MemoryKeyStore(), reopen: () => new MemoryKeyStore() }),
  },
]

function faulty(fault: (sound: KeyStore) => Partial<KeyStore>): () => KeyStoreUnderTest {
  return () => {
    const sound: KeyStore = new MemoryKeyStore()
    const store: KeyStore = {
      listSigningKeys: () => sound.listSigningKeys(),
      replaceSigningKeys: (expected, keys) => sound.replaceSigningKeys(expected, keys),
      ...fault(sound),
    }
    return { store }
  }
}

function listing(change: (key: StoredSigningKey) => StoredSigningKey): () => KeyStoreUnderTest {
  return faulty((sound) => ({ listSigningKeys: async () => (await sound.listSigningKeys()).map(change) }))
}

type KeyInState = Pick<StoredSigningKey, 'keyId' | 'state'>

function comparing(
  areSame: (expected: readonly KeyInState[], stored: readonly KeyInState[]) => boolean,
): () => KeyStoreUnderTest {
  return faulty((sound) => ({
    async replaceSigningKeys(expected, keys) {
      const stored = await sound.listSigningKeys()
      return areSame(expected, stored) && sound.replaceSigningKeys(stored, keys)
    },
  }))
}
