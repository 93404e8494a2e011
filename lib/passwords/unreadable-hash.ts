/** A description of a stored hash that a hasher cannot read. It shows nothing of the hash but its public prefix. */
export interface UnreadableHash {
  /** Words that follow "looks like": `argon2id`, `a bcrypt hash with spaces around it`. */
  readonly looksLike: string
  /** How to repair a damaged hash. Absent: another hasher made it, or none did. */
  readonly remedy?: string | undefined
}

/** How hashes of other programs begin, in their own notation and in those of Django, Werkzeug and LDAP. */
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

/** Describes a text that bcrypt cannot read as a hash; `undefined` if it can. */
export function unreadableBcryptHash(passwordHash: string): UnreadableHash | undefined {
  if (bcryptCost(passwordHash) !== undefined) return undefined
  const trimmed = passwordHash.trim()
  if (bcryptCost(trimmed) !== undefined) {
    return {
      looksLike: 'a bcrypt hash with spaces or a line break around it',
      remedy: 'Trim it where it is stored: a CHAR(n) column pads, and a file ends with a line break',
    }
  }
  if (trimmed === '') return { looksLike: 'an empty string', remedy: 'Store a hash, or return no user without one' }
  const start = trimmed.search(/\$2[aby]\$/)
  if (start > 0 && bcryptCost(trimmed.slice(start)) !== undefined) {
    return { looksLike: 'a bcrypt hash with a prefix', remedy: 'Remove everything before its $2' }
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

// A cost of 20 holds a worker for more than a minute, and each further step doubles it: nobody waits for that answer, and a
// few such hashes would end sign-in for everybody.
const readable = /^\$2[aby]\$(0[4-9]|1[0-9])\$[./A-Za-z0-9]{53}$/

/**
 * The cost of a bcrypt hash: the binary logarithm of its rounds.
 *
 * Reads `$2a$`, `$2b$` and `$2y$` with a cost from 4 to 19. `undefined` for anything else, also for `$2x$`, which marks
 * hashes made by an old, faulty implementation.
 */
export function bcryptCost(passwordHash: string): number | undefined {
  const cost = readable.exec(passwordHash)?.[1]
  return cost === undefined ? undefined : Number(cost)
}
