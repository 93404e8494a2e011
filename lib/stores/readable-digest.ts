/** `sha256:` and 32 bytes in base64url, whose last character has two bits that are zero. */
const generated = /^sha256:[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]$/
// As `bcryptCost` reads it: stores and contracts do not import the code that hashes.
const bcrypt = /^\$2[aby]\$(0[4-9]|1[0-9])\$[./A-Za-z0-9]{53}$/

/**
 * Returns whether a digest of a client secret is one that this package can compare with a secret: `sha256:` with 43 characters, or a
 * whole bcrypt hash. Anything else, such as a secret in plain text, a padded or a shortened hash, refuses every secret.
 */
export function isReadableDigest(digest: unknown): boolean {
  return typeof digest === 'string' && (generated.test(digest) || bcrypt.test(digest))
}
