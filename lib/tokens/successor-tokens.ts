import { createHmac } from 'node:crypto'

/** The tokens that a refresh token is exchanged for. */
export interface SuccessorTokens {
  readonly accessToken: string
  readonly refreshToken: string
}

/**
 * Derives the successors of a refresh token from the token itself and a random nonce, so that the same exchange can be
 * answered again without any token being stored: the nonce, which the store keeps, yields nothing without the presented
 * token, and the presented token, which a thief may have, yields nothing without the nonce.
 */
export function deriveSuccessors(presentedToken: string, nonce: string): SuccessorTokens {
  // One HMAC of twice the length: a second one would be the dearest part of a refresh.
  const octets = createHmac('sha512', presentedToken).update(nonce).digest()
  return { accessToken: octets.toString('base64url', 0, 32), refreshToken: octets.toString('base64url', 32) }
}
