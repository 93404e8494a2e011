import type { MaybePromise } from '../time/maybe-promise.js'

/** `next`: published and not used yet. `active`: it signs. `retired`: it verifies what it has signed. */
export type SigningKeyState = 'next' | 'active' | 'retired'

/** A stored signing key. */
export interface StoredSigningKey {
  /** Its RFC 7638 thumbprint. */
  readonly keyId: string
  /** `secret` is not a signing key and never published. A store keeps it like any other key. */
  readonly algorithm: string
  readonly state: SigningKeyState
  /** Encrypted with the application's passphrase, so the store alone cannot sign. Text of several kilobytes at most. */
  readonly encryptedPrivateKey: string
  /** When it entered this state, seconds since the epoch. */
  readonly since: number
}

/** What two processes compare of a key to notice a change. */
export type KeyInState = Pick<StoredSigningKey, 'keyId' | 'state'>

/** Returns the same text for the same keys in the same states, in any order. */
export function fingerprintOfKeys(keys: readonly KeyInState[]): string {
  return JSON.stringify(keys.map(({ keyId, state }) => JSON.stringify([keyId, state])).sort())
}

/** Returns whether a key signs. Other secrets are stored in the same place. */
export function isSigningKey({ algorithm }: Pick<StoredSigningKey, 'algorithm'>): boolean {
  return algorithm !== 'secret'
}

/**
 * Stores the signing keys that several processes share.
 *
 * Contract, checked by `keyStoreContract` of `latchkey/testing`: `replaceSigningKeys` is atomic. It changes nothing if the stored keys
 * are no longer those that the caller has read (`expected`, by key id and state, in any order): of two processes that rotate at once,
 * one wins.
 */
export interface KeyStore {
  /** Returns all keys, in any order. */
  listSigningKeys(): MaybePromise<readonly StoredSigningKey[]>
  /** Replaces all keys. Returns false, and changes nothing, if the stored keys are no longer the expected ones. */
  replaceSigningKeys(expected: readonly KeyInState[], keys: readonly StoredSigningKey[]): MaybePromise<boolean>
}
