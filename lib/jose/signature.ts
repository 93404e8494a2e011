import { constants, sign, verify, type KeyObject, type SignKeyObjectInput } from 'node:crypto'
import type { MaybePromise } from '../time/maybe-promise.js'
import type { SigningKey, VerificationKey } from './signing-key.js'

// The signatures of key pairs are made and verified with `node:crypto`. `jsonwebtoken` would take 25 to 50 % more CPU for each, it signs with
// RSA on the main thread, and it does not know Ed25519 (ADR 0009). HS256 is left to it: see jwt.ts.

/** A key that has a public half, or is one. */
export type OfKeyPair<Key extends VerificationKey> = Key & { readonly algorithm: Exclude<Key['algorithm'], 'HS256'> }

/** Returns whether a key has a public half, or is one. */
export function isOfKeyPair<Key extends VerificationKey>(key: Key): key is OfKeyPair<Key> {
  return key.algorithm !== 'HS256'
}

/** RFC 7518 §3.5. */
const pss = { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST }
/** RFC 7518 §3.4: R and S side by side, 32 bytes each. */
const sideBySide = { dsaEncoding: 'ieee-p1363' } as const
const NUMBER_BYTES = 32
/** The order of P-256 and its half: (R, S) and (R, order − S) are signatures of the same text. */
const order = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n
const halfOrder = Buffer.from((order >> 1n).toString(16), 'hex')

/** Signs bytes. RSA takes ten times as long as the rest of a request, so it signs in the thread pool. */
export function makeSignature({ algorithm, signWith }: OfKeyPair<SigningKey>, input: Buffer): MaybePromise<Buffer> {
  switch (algorithm) {
    case 'EdDSA':
      return sign(null, input, signWith)
    case 'ES256':
      return withSmallerS(sign('sha256', input, { key: signWith, ...sideBySide }))
    case 'RS256':
      return signInPool(input, signWith)
    case 'PS256':
      return signInPool(input, { key: signWith, ...pss })
  }
}

/** Returns whether a signature is by this key. */
export function isSignature(
  { algorithm, verifyWith }: OfKeyPair<VerificationKey>,
  input: Buffer,
  signature: Buffer,
): boolean {
  switch (algorithm) {
    case 'EdDSA':
      return verify(null, input, verifyWith, signature)
    case 'ES256':
      return verify('sha256', input, { key: verifyWith, ...sideBySide }, signature)
    case 'RS256':
      return verify('sha256', input, verifyWith, signature)
    case 'PS256':
      return verify('sha256', input, { key: verifyWith, ...pss }, signature)
  }
}

function signInPool(input: Buffer, key: KeyObject | SignKeyObjectInput): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    sign('sha256', input, key, (error, signature) => {
      if (error === null) resolve(signature)
      else reject(error)
    })
  })
}

/** Returns the one of the two signatures that has the smaller S, so that we make one spelling only (ADR 0022). */
function withSmallerS(signature: Buffer): Buffer {
  if (halfOrder.compare(signature, NUMBER_BYTES) < 0) {
    const other = order - BigInt(`0x${signature.toString('hex', NUMBER_BYTES)}`)
    signature.write(other.toString(16).padStart(2 * NUMBER_BYTES, '0'), NUMBER_BYTES, 'hex')
  }
  return signature
}
