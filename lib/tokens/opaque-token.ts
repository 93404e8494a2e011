import { randomFillSync } from 'node:crypto'

const TOKEN_OCTETS = 32
const pool = Buffer.alloc(TOKEN_OCTETS * 128)
let used = pool.length

/**
 * Creates an opaque token: 256 random bits in base64url, 43 characters that fit a header and a form as they are (RFC 6749 §10.10, RFC 6750
 * §2.1). Random bytes are drawn in bulk and wiped when they are used.
 */
export function createOpaqueToken(): string {
  if (used === pool.length) {
    randomFillSync(pool)
    used = 0
  }
  const octets = pool.subarray(used, (used += TOKEN_OCTETS))
  const token = octets.toString('base64url')
  octets.fill(0)
  return token
}

/** Creates an id for something that is not secret, such as an authorization: 128 random bits in base64url. */
export function createIdentifier(): string {
  return createOpaqueToken().slice(0, 22)
}
