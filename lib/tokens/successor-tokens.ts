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
  return {
    accessToken: derive(presentedToken, `access ${nonce}`),
    refreshToken: derive(presentedToken, `refresh ${nonce}`),
  }
}

function derive(key: string, text: string): string {
  return createHmac('sha256', key).update(text).digest('base64url')
}
