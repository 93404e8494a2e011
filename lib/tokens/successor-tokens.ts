import { hash } from '../crypto/hash.js'
import { createOpaqueToken } from './opaque-token.js'

/** The tokens that a refresh token is exchanged for. */
export interface SuccessorTokens {
  readonly accessToken: string
  readonly refreshToken: string
}

const MARK_LENGTH = 11
/** What is compared by itself, or is the same in every refresh. */
const unmarked: ReadonlySet<string> = new Set(['client_id', 'grant_type', 'resource', 'scope'])

/**
 * A new nonce that also tells, to whoever has the parameters, whether a request has the same ones: 190 of its bits are random, 66 are
 * cut from a digest of those and the parameters.
 */
export function markedNonce(parameters: ReadonlyMap<string, string>): string {
  const random = createOpaqueToken().slice(MARK_LENGTH)
  return mark(random, parameters) + random
}

/** Whether a nonce was made by {@link markedNonce} for a request with the same parameters. */
export function isMarkedBy(nonce: string, parameters: ReadonlyMap<string, string>): boolean {
  return nonce.slice(0, MARK_LENGTH) === mark(nonce.slice(MARK_LENGTH), parameters)
}

function mark(random: string, parameters: ReadonlyMap<string, string>): string {
  const shaping = [...parameters].filter(([name]) => !unmarked.has(name)).sort(([a], [b]) => (a < b ? -1 : 1))
  return hash('sha256', JSON.stringify([random, shaping]), 'base64url').slice(0, MARK_LENGTH)
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
