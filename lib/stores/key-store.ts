import type { MaybePromise } from '../time/maybe-promise.js'

/** Where a signing key is in its life: published but not used yet, used to sign, kept to verify what it signed. */
export type SigningKeyState = 'next' | 'active' | 'retired'

/** A signing key as it is stored. */
export interface StoredSigningKey {
  /** Its RFC 7638 thumbprint. */
  readonly keyId: string
  /** `secret`: not a signing key, and never published. A store keeps it like any other. */
  readonly algorithm: string
  readonly state: SigningKeyState
  /** Encrypted with the application's passphrase: the store alone cannot sign. Text of any form, up to several kilobytes. */
  readonly encryptedPrivateKey: string
  /** When it came into this state, seconds since the epoch. */
  readonly since: number
}

/** What two processes compare of a key to find out whether one of them changed it. */
export type KeyInState = Pick<StoredSigningKey, 'keyId' | 'state'>

/** Returns the same text for the same keys in the same states, in any order. */
export function fingerprintOfKeys(keys: readonly KeyInState[]): string {
  return JSON.stringify(keys.map(({ keyId, state }) => JSON.stringify([keyId, state])).sort())
}

/** Returns whether it is a signing key: other secrets are stored with them. */
export function isSigningKey({ algorithm }: Pick<StoredSigningKey, 'algorithm'>): boolean {
  return algorithm !== 'secret'
}

/**
 * Where several processes keep the signing keys that they share.
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
