import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import type { SigningAlgorithm } from './signing-algorithm.js'
import type { SigningKeyState, StoredSigningKey } from '../stores/key-store.js'
import { signingKey } from './signing-key.js'

/** The algorithms that keys are generated for. */
export type GeneratedAlgorithm = Exclude<SigningAlgorithm, 'HS256'>

/** What is stored of a key beside the private key. */
export type UnsealedSigningKey = Omit<StoredSigningKey, 'encryptedPrivateKey'>

/** A key that is not stored yet. */
export interface GeneratedSigningKey extends UnsealedSigningKey {
  readonly privateKey: KeyObject
}

/** Generates a signing key. `since`: now, in seconds since the epoch. */
export function generateSigningKey(
  algorithm: GeneratedAlgorithm,
  state: SigningKeyState,
  since: number,
): GeneratedSigningKey {
  const privateKey = generateKey(algorithm)
  const { keyId } = signingKey(privateKey, state, algorithm)
  return { keyId, algorithm, state, since, privateKey }
}

function generateKey(algorithm: GeneratedAlgorithm): KeyObject {
  switch (algorithm) {
    case 'ES256':
      return generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey
    case 'EdDSA':
      return generateKeyPairSync('ed25519').privateKey
    case 'RS256':
    case 'PS256':
      return generateKeyPairSync('rsa', { modulusLength: 3072 }).privateKey
  }
}
