import type { StoredSigningKey } from './key-store.js'

type KeyInState = Pick<StoredSigningKey, 'keyId' | 'state'>

/** Whether two lists have the same keys in the same states, in any order. */
export function areSameSigningKeys(some: readonly KeyInState[], others: readonly KeyInState[]): boolean {
  return fingerprint(some) === fingerprint(others)
}

function fingerprint(keys: readonly KeyInState[]): string {
  return JSON.stringify(keys.map(({ keyId, state }) => JSON.stringify([keyId, state])).sort())
}
