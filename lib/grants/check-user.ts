import { wrongAnswer } from '../errors/wrong-answer.js'
import type { KnownUser, User } from '../stores/user-store.js'

/**
 * Refuses what a user store returns that is not a user: `true`, `{}` or a user without an id must not get a token. Databases return null
 * for a user that they do not find.
 */
export function checkUser(found: unknown, method: string): User | undefined {
  const user = checkKnownUser(found, method) as User | undefined
  if (user === undefined || typeof (user.passwordHash as unknown) === 'string') return user
  const { passwordHash } = user
  throw wrongAnswer(method, 'a passwordHash', passwordHash, 'a string', lineForHash(user, passwordHash))
}

/** Refuses a user without a proper id; the hash is not looked at. */
export function checkKnownUser(found: unknown, method: string): KnownUser | undefined {
  if (found === undefined || found === null) return undefined
  if (Array.isArray(found)) throw wrongAnswer(method, 'a user', found, 'an object', 'Use return rows[0]')
  if (typeof found !== 'object') throw wrongAnswer(method, 'a user', found, 'an object, or undefined for nobody')
  const { userId } = found as Readonly<Record<keyof KnownUser, unknown>>
  if (typeof userId === 'string' && userId !== '') return found as KnownUser
  throw wrongAnswer(method, 'a userId', userId, 'a string', lineForId(found, userId))
}

/** The line that makes a text of an id, or that takes the id from where it is. */
function lineForId(found: object, userId: unknown): string | undefined {
  if (typeof userId === 'number' || typeof userId === 'bigint') return 'Use userId: String(row.id)'
  if (userId instanceof Uint8Array) return "Use userId: row.id.toString('hex')"
  if (typeof userId === 'object' && userId !== null) return 'Use userId: String(row.id), if that is what its text is'
  const [id] = ['id', '_id', 'user_id', 'uid'].filter((name) => name in found)
  return userId === undefined && id !== undefined
    ? `The member is called userId, not ${id}: use userId: String(row.${id})`
    : undefined
}

function lineForHash(user: object, passwordHash: unknown): string | undefined {
  if (passwordHash instanceof Uint8Array) return 'Use passwordHash: row.hash.toString()'
  const [hash] = ['password_hash', 'hash', 'password', 'passwordDigest'].filter((name) => name in user)
  if (passwordHash !== undefined || hash === undefined) return undefined
  return `The member is called passwordHash, not ${hash}: use passwordHash: row.${hash}`
}
