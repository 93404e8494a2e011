import { fingerprintOfKeys, type KeyInState, type KeyStore, type StoredSigningKey } from '../key-store.js'

/** Stores signing keys in memory. It copies what it stores and freezes what it returns. */
export class MemoryKeyStore implements KeyStore {
  #keys: readonly StoredSigningKey[] = []

  listSigningKeys(): readonly StoredSigningKey[] {
    return this.#keys
  }

  replaceSigningKeys(expected: readonly KeyInState[], keys: readonly StoredSigningKey[]): boolean {
    if (fingerprintOfKeys(expected) !== fingerprintOfKeys(this.#keys)) return false
    this.#keys = Object.freeze(keys.map((key) => Object.freeze({ ...key })))
    return true
  }
}
