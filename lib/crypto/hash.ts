// Not imported by name: on a Node.js without this function, a named import fails with a SyntaxError that does not mention versions.
import crypto from 'node:crypto'

declare const brand: unique symbol

/**
 * What a store sees of a token: its SHA-256 digest in base64url, 43 characters.
 *
 * Only {@link hashToken} makes one, so a usable token does not compile where a store expects a hash. Tokens have 256 random bits:
 * a fast digest is enough, and a look-up by equality has no timing to exploit (RFC 6749 §10.3, §10.10).
 */
export type TokenHash = string & { readonly [brand]: 'TokenHash' }

/** Digests a token for storage and look-up. */
export function hashToken(token: string): TokenHash {
  return hash('sha256', token, 'base64url') as TokenHash
}

/** Node's one-shot digest, `crypto.hash`. Loading this package on a Node.js without it throws an error that says so. */
// eslint-disable-next-line @typescript-eslint/no-unnecessary-condition -- always true on the Node.js versions of `engines`
export const hash: typeof crypto.hash = crypto.hash ?? refuseNode()

function refuseNode(): never {
  throw new Error(`latchkey needs Node.js 20.19 or later, and this is ${process.version}. Update Node.js.`)
}
