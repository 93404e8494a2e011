import { bcryptCost } from './bcrypt-cost.js'

/** What a stored hash looks like that a hasher cannot read. Neither text has a part of the hash, but for its public prefix. */
export interface UnreadableHash {
  /** In words that follow "looks like": `argon2id`, `a bcrypt hash with blanks around it`. */
  readonly looksLike: string
  /** How to mend a hash that is damaged. Absent: another hasher made it, or none did. */
  readonly remedy?: string | undefined
}

/** How the hashes of other programs begin, in their own notation, in that of Django, of Werkzeug, and of LDAP. */
const formats: readonly (readonly [RegExp, string])[] = [
  [/^(?:argon2)?\$argon2id\$/, 'argon2id'],
  [/^(?:argon2)?\$argon2i\$/, 'argon2i'],
  [/^(?:argon2)?\$argon2d\$/, 'argon2d'],
  [/^(?:\$scrypt\$|\$7\$|\$s[01]\$|scrypt[:$])/, 'scrypt'],
  [/^(?:\$pbkdf2|pbkdf2[_:])/, 'PBKDF2'],
  [/^(?:\{crypt\})?\$6\$/i, 'SHA-512 crypt ($6$)'],
  [/^(?:\{crypt\})?\$5\$/i, 'SHA-256 crypt ($5$)'],
  [/^(?:\{crypt\})?\$1\$/i, 'MD5 crypt ($1$)'],
  [/^\$apr1\$/, 'MD5 crypt of Apache ($apr1$)'],
  [/^\$g?y\$/, 'yescrypt ($y$)'],
  [/^\$[PH]\$/, 'phpass ($P$)'],
  [/^\$S\$/, 'SHA-512 of Drupal ($S$)'],
  [/^\{S?(?:SHA|MD5)\d*\}/i, 'a digest of LDAP'],
  [/^(?:[0-9a-f]{32}|[0-9A-F]{32})$/, 'MD5 in hexadecimal'],
  [/^(?:[0-9a-f]{40}|[0-9A-F]{40})$/, 'SHA-1 in hexadecimal'],
  [/^(?:[0-9a-f]{64}|[0-9A-F]{64})$/, 'SHA-256 in hexadecimal'],
  [/^(?:[0-9a-f]{128}|[0-9A-F]{128})$/, 'SHA-512 in hexadecimal'],
]

/** Returns what a text looks like that is not a hash which bcrypt can read; `undefined` for one that it can. */
export function unreadableBcryptHash(passwordHash: string): UnreadableHash | undefined {
  if (bcryptCost(passwordHash) !== undefined) return undefined
  const trimmed = passwordHash.trim()
  if (bcryptCost(trimmed) !== undefined) {
    return {
      looksLike: 'a bcrypt hash with blanks or a line break around it',
      remedy: 'Trim it where it is stored: a CHAR(n) column pads, and a file ends its lines',
    }
  }
  if (trimmed === '') return { looksLike: 'an empty text', remedy: 'Store a hash, or return no user without one' }
  const start = trimmed.search(/\$2[aby]\$/)
  if (start > 0 && bcryptCost(trimmed.slice(start)) !== undefined) {
    return { looksLike: 'a bcrypt hash with a prefix', remedy: 'Remove what stands before its $2' }
  }
  if (trimmed.startsWith('$2x$')) {
    return { looksLike: 'bcrypt of a faulty implementation ($2x$)', remedy: 'Let the user set a new password' }
  }
  if (/^\$2[aby]?\$/.test(trimmed)) return damagedBcryptHash(trimmed)
  return { looksLike: formats.find(([format]) => format.test(trimmed))?.[1] ?? 'plain text' }
}

function damagedBcryptHash(hash: string): UnreadableHash {
  if (/^\$2[aby]\$(?:[2-9]\d|0[0-3])\$[./A-Za-z0-9]{53}$/.test(hash)) {
    return { looksLike: 'a bcrypt hash with a cost that is not 4 to 19', remedy: 'Let the user set a new password' }
  }
  if (hash.length < 60) {
    return {
      looksLike: 'a bcrypt hash that was cut off',
      remedy: 'Store all 60 characters: widen the column, and let the user set a new password',
    }
  }
  return { looksLike: 'a damaged bcrypt hash', remedy: 'Store it again as bcrypt made it, 60 characters' }
}
