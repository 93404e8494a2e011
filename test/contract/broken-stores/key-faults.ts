import { MemoryKeyStore } from 'latchkey/stores/memory'
import type { KeyStoreUnderTest } from 'latchkey/testing'
import { areSameSigningKeys } from '../../../lib/stores/are-same-signing-keys.js'
import type { KeyStore, StoredSigningKey } from '../../../lib/stores/key-store.js'
import { nothing, tick } from './faulty-token-store.js'
import type { PlantedFault } from './planted-fault.js'

const group = 'key store'

export const keyFaults: readonly PlantedFault<KeyStoreUnderTest>[] = [
  {
    fault: 'a store without keys answers null',
    rule: `${group} > lists nothing when it is new`,
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
    store: listing((key) => ({ ...key, encryptedPrivateKey: key.encryptedPrivateKey.slice(0, 2000) })),
  },
  {
    fault: 'the last line break is trimmed',
    rule: `${group} > lists the keys that were stored, whole and unchanged`,
    store: listing((key) => ({ ...key, encryptedPrivateKey: key.encryptedPrivateKey.trim() })),
  },
  {
    fault: 'the given objects are kept',
    rule: `${group} > keeps a copy of what was stored`,
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
    store: comparing(() => true),
  },
  {
    fault: 'the expected keys are only counted',
    rule: `${group} > changes nothing when the keys are not the expected ones`,
    store: comparing((expected, stored) => expected.length === stored.length),
  },
  {
    fault: 'only the ids of the expected keys are compared',
    rule: `${group} > changes nothing when the keys are not the expected ones`,
    store: comparing(
      (expected, stored) =>
        expected.length === stored.length && stored.every((key) => expected.some(({ keyId }) => keyId === key.keyId)),
    ),
  },
  {
    fault: 'each expected key is looked up, also twice',
    rule: `${group} > changes nothing when the keys are not the expected ones`,
    store: comparing(
      (expected, stored) =>
        expected.length === stored.length &&
        expected.every(({ keyId, state }) => stored.some((key) => key.keyId === keyId && key.state === state)),
    ),
  },
  {
    fault: 'the old keys are deleted although the new ones cannot be stored',
    rule: `${group} > replaces all keys or none`,
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
    store: faulty((sound) => ({
      async replaceSigningKeys(expected, keys) {
        if (!areSameSigningKeys(expected, await sound.listSigningKeys())) return false
        await tick()
        return sound.replaceSigningKeys(await sound.listSigningKeys(), keys)
      },
    })),
  },
  {
    fault: 'each process has its own keys',
    rule: `${group} > is seen by another store on the same data at once`,
    store: () => ({ store: new MemoryKeyStore(), createAnother: () => new MemoryKeyStore() }),
  },
  {
    fault: 'keys are forgotten with the process',
    rule: `${group} > is still there after a restart`,
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
