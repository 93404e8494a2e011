import { hash } from './hash.js'

declare const brand: unique symbol

/**
 * What a store sees of a token: its SHA-256 digest in base64url, 43 characters.
 *
 * Made by {@link hashToken} alone, so that a usable token does not compile where a store expects a hash. Tokens have 256
 * random bits: a fast digest is enough, and looking it up by equality leaves nothing to time (RFC 6749 §10.3, §10.10).
 */
export type TokenHash = string & { readonly [brand]: 'TokenHash' }

/** Digests a token for storage and look-up. */
export function hashToken(token: string): TokenHash {
  return hash('sha256', token, 'base64url') as TokenHash
}
