import { hash } from '../crypto/hash.js'
import { ConfigurationError } from '../errors/configuration-error.js'
import { isPrintableAscii } from '../protocol/grammar.js'
import type { ClientSecret } from '../stores/client-store.js'

const SHA256 = 'sha256:'
const BITS = 128

/**
 * Returns the digest of a secret that a machine made, as `ClientSecret.digest` keeps it. Such a secret counts as one that cannot be
 * guessed: guesses at it are counted, but never held up.
 *
 * Throws a `ConfigurationError` for a secret that can be guessed: one that has less than 128 bits even if each of its characters was drawn
 * at random (hex digits have 4 bits, letters and digits 5 to 6, words between spaces 13); and for one with a character that no request can
 * carry: a secret is printable ASCII (RFC 6749 appendix A.2).
 *
 * @example
 * ```ts
 * import { randomBytes } from 'node:crypto'
 *
 * const secrets = [{ digest: digestClientSecret(randomBytes(32).toString('base64url')) }]
 * ```
 */
export function digestClientSecret(secret: string): string {
  if (!isPrintableAscii(secret)) {
    throw new ConfigurationError(
      'digestClientSecret',
      'is given a secret with a character that no request can carry (RFC 6749 appendix A.2)',
      "Use printable ASCII, such as randomBytes(32).toString('base64url'), without the line break of a file",
    )
  }
  if (mostBits(secret) < BITS) {
    throw new ConfigurationError(
      'digestClientSecret',
      'is given a secret that can be guessed, of less than 128 bits',
      'Generate one with createClient or rotateSecret; keep one that people chose as { digest: await bcryptHasher().hash(secret) }',
    )
  }
  return digestOfSecret(secret)
}

/** The digest of any secret, such as one that a request presents. */
export function digestOfSecret(secret: string): string {
  return SHA256 + hash('sha256', secret, 'base64url')
}

/** Whether a secret was chosen by a person: every one that is no digest of ours is a slow hash. */
export function isChosen({ digest }: ClientSecret): boolean {
  return !digest.startsWith(SHA256)
}

/** Whether a digest has the form of ours; with less, more or other characters it matches no secret. */
export function isGeneratedDigest(digest: string): boolean {
  return /^sha256:[\w-]{43}$/.test(digest)
}

/** The bits that a secret has at most: what it would have if its characters, or its words, were drawn at random. */
function mostBits(secret: string): number {
  const characters = secret.length * Math.log2(alphabetSize(secret))
  // A list of 7776 words (Diceware) has 13 bits a word.
  return /\s/.test(secret) ? Math.min(characters, secret.trim().split(/\s+/).length * 13) : characters
}

function alphabetSize(secret: string): number {
  if (/^(?:[0-9a-f]*|[0-9A-F]*)$/.test(secret)) return /[a-f]/i.test(secret) ? 16 : 10
  // What has the separators of base64url, as names with a dash have, counts as that.
  if (/^[\w-]*$/.test(secret) && /[-_]/.test(secret)) return 64
  const classes: readonly (readonly [RegExp, number])[] = [
    [/[0-9]/, 10],
    [/[a-z]/, 26],
    [/[A-Z]/, 26],
    [/[^0-9A-Za-z]/, 33],
  ]
  return classes.reduce((size, [pattern, members]) => (pattern.test(secret) ? size + members : size), 0)
}
