import { randomBytes } from 'node:crypto'
import { hash } from '../crypto/hash.js'
import { ConfigurationError } from '../errors/configuration-error.js'
import { isPrintableAscii } from '../protocol/grammar.js'
import type { ClientSecret } from '../stores/client-store.js'

const SHA256 = 'sha256:'
const BITS = 128

/**
 * Returns the digest of a generated secret, for `ClientSecret.digest`. Such a secret counts as one that cannot be guessed: wrong guesses
 * are counted but never delayed.
 *
 * Throws `ConfigurationError` for a secret of less than 128 bits, even if each of its characters was random (hex digits have 4 bits, letters
 * and digits 5 to 6, words between spaces 13). Also throws for a character that no request can carry: a secret is printable ASCII (RFC 6749
 * appendix A.2).
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

/** Returns the digest of any secret, such as one that a request presents. */
export function digestOfSecret(secret: string): string {
  return SHA256 + hash('sha256', secret, 'base64url')
}

/** Returns whether a secret was chosen by a person: every digest that is not ours is a slow hash. */
export function isChosen({ digest }: ClientSecret): boolean {
  return !digest.startsWith(SHA256)
}

/** Returns whether a digest has exactly the form of ours. Any other length or character matches no secret. */
export function isGeneratedDigest(digest: string): boolean {
  return /^sha256:[\w-]{43}$/.test(digest)
}

/** Returns the most bits that a secret can have: those of random characters, or of random words. */
function mostBits(secret: string): number {
  const characters = secret.length * Math.log2(alphabetSize(secret))
  // A list of 7776 words (Diceware) has 13 bits a word.
  return /\s/.test(secret) ? Math.min(characters, secret.trim().split(/\s+/).length * 13) : characters
}

function alphabetSize(secret: string): number {
  if (/^(?:[0-9a-f]*|[0-9A-F]*)$/.test(secret)) return /[a-f]/i.test(secret) ? 16 : 10
  // Separators, or letters of both cases, count as base64url: 128 bits of it may happen to have no digit.
  if (/^[\w-]*$/.test(secret) && /[-_]|[a-z].*[A-Z]|[A-Z].*[a-z]/.test(secret)) return 64
  const classes: readonly (readonly [RegExp, number])[] = [
    [/[0-9]/, 10],
    [/[a-z]/, 26],
    [/[A-Z]/, 26],
    [/[^0-9A-Za-z]/, 33],
  ]
  return classes.reduce((size, [pattern, members]) => (pattern.test(secret) ? size + members : size), 0)
}

const ID_BYTES = 4

/** Creates an id for a secret. The id is not secret. */
export function createSecretId(): string {
  return randomBytes(ID_BYTES).toString('hex')
}

/** Returns the id of a secret. For one stored without an id, it is derived from the digest, of which it reveals nothing. */
export function secretIdOf({ secretId, digest }: ClientSecret): string {
  return secretId ?? hash('sha256', digest, 'hex').slice(0, 2 * ID_BYTES)
}

const SECRET_BYTES = 32

/** A generated secret, and what is stored of it. */
export interface GeneratedSecret {
  /** 256 random bits in base64url, so that encoding it for HTTP Basic changes nothing. The only copy. */
  readonly clientSecret: string
  readonly secret: ClientSecret & { readonly secretId: string }
}

/** Generates a secret. `now` is in seconds since the epoch. */
export function generateSecret(now: number): GeneratedSecret {
  const clientSecret = randomBytes(SECRET_BYTES).toString('base64url')
  return {
    clientSecret,
    secret: { secretId: createSecretId(), digest: digestClientSecret(clientSecret), createdAt: now },
  }
}
