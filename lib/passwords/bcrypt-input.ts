import { createHmac } from 'node:crypto'

/** What to do with a password of more than 72 bytes of UTF-8, where bcrypt ignores the rest. */
export type LongPasswords = 'refuse' | 'prehash'

/**
 * Returns the input of bcrypt for a password; `undefined` if bcrypt could not tell the password from another one.
 *
 * That concerns long passwords, lone surrogates (all of them become the same bytes) and NUL: bcrypt repeats its input with a NUL behind it,
 * so `a` and `a`, NUL, `a` are the same to it. With `prehash`, long passwords become 64 characters:
 * `base64(HMAC-SHA-384(key = 'latchkey bcrypt prehash v1', message = the password in UTF-8))`.
 */
export function bcryptInput(password: string, longPasswords: LongPasswords): string | undefined {
  if (password.includes('\0') || loneSurrogate.test(password)) return undefined
  if (Buffer.byteLength(password) <= 72) return password
  if (longPasswords === 'refuse') return undefined
  // Keyed, so that SHA-384 digests leaked elsewhere cannot be tried as passwords.
  return createHmac('sha384', 'latchkey bcrypt prehash v1').update(password).digest('base64')
}

// With the u flag a pair is one character, so only a lone half matches.
const loneSurrogate = /\p{Surrogate}/u
