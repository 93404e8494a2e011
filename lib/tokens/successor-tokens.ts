import { hash } from 'node:crypto'

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
  // The nonce has no dot, so no other pair gives the same text. An HMAC would cost a refresh five times as much: why it needs none
  // is in docs/adr/0004.
  const halves = hash('sha512', `${presentedToken}.${nonce}`, 'base64url')
  return { accessToken: halves.slice(0, 43), refreshToken: halves.slice(43) }
}
