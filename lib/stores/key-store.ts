import type { MaybePromise } from '../time/maybe-promise.js'

/** Where a signing key is in its life: published but not used yet, used to sign, kept to verify what it signed. */
export type SigningKeyState = 'next' | 'active' | 'retired'

/** A signing key as it is stored. */
export interface StoredSigningKey {
  /** Its RFC 7638 thumbprint. */
  readonly keyId: string
  /** `secret`: it is not a signing key, and is never published. Stores keep it like any other. */
  readonly algorithm: string
  readonly state: SigningKeyState
  /** Encrypted with the application's passphrase: the store alone cannot sign. Text of any form, up to several kilobytes. */
  readonly encryptedPrivateKey: string
  /** When it came into this state, seconds since the epoch. */
  readonly since: number
}

/** Tells a signing key from what else is kept with them. */
export function isSigningKey({ algorithm }: Pick<StoredSigningKey, 'algorithm'>): boolean {
  return algorithm !== 'secret'
}

/**
 * Where signing keys are kept that several processes share.
 *
 * Contract: `replaceSigningKeys` is atomic, and changes nothing when the stored keys are no longer those that the caller
 * read (`expected`, by key id and state, in any order): of two processes that rotate at once, one wins.
 */
export interface KeyStore {
  /** All keys, in any order. */
  listSigningKeys(): MaybePromise<readonly StoredSigningKey[]>
  /** Replaces all keys; answers false, and changes nothing, when they are not the expected ones any more. */
  replaceSigningKeys(
    expected: readonly Pick<StoredSigningKey, 'keyId' | 'state'>[],
    keys: readonly StoredSigningKey[],
  ): MaybePromise<boolean>
}
