import type { KeyStore, StoredSigningKey } from '../key-store.js'
import { areSameSigningKeys } from '../are-same-signing-keys.js'

/** Signing keys in an array. What it answers is frozen and belongs to it; what it is given is copied. */
export class MemoryKeyStore implements KeyStore {
  #keys: readonly StoredSigningKey[] = []

  listSigningKeys(): readonly StoredSigningKey[] {
    return this.#keys
  }

  replaceSigningKeys(
    expected: readonly Pick<StoredSigningKey, 'keyId' | 'state'>[],
    keys: readonly StoredSigningKey[],
  ): boolean {
    if (!areSameSigningKeys(expected, this.#keys)) return false
    this.#keys = Object.freeze(keys.map((key) => Object.freeze({ ...key })))
    return true
  }
}
