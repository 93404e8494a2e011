import { checkInterface } from '../checks/check-interface.js'
import { checkFunction } from '../checks/option-kind.js'
import type { PostureFinding } from '../telemetry/operator-events.js'
import type { UnreadableHash } from './unreadable-hash.js'

/**
 * Hashes and verifies passwords of users.
 *
 * Contract: `verify` returns false, and does not throw, for a wrong password and for a hash that it cannot read. No method blocks the event
 * loop. All of them throw `StoreUnavailableError` when too much work is waiting.
 *
 * `party` names who asks for the work, such as a network address, so that one party with many requests does not delay the others. It is
 * absent if unknown; a hasher without a queue ignores it.
 *
 * @example
 * ```ts
 * // For users whose hashes are argon2id, with the package argon2.
 * declare const argon2: {
 *   hash(password: string): Promise<string>
 *   verify(hash: string, password: string): Promise<boolean>
 *   needsRehash(hash: string): boolean
 * }
 * declare const hashOfNobody: string
 *
 * const hasher: PasswordHasher = {
 *   hash: (password) => argon2.hash(password),
 *   verify: (password, hash) => argon2.verify(hash, password).catch(() => false),
 *   verifyNobody: async (password) => void (await argon2.verify(hashOfNobody, password)),
 *   needsRehash: (hash) => argon2.needsRehash(hash),
 * }
 * ```
 */
export interface PasswordHasher {
  /** Hashes a password for storage. Throws a `RangeError` for a password that it would have to truncate. */
  hash(password: string, party?: string): Promise<string>
  /** Returns whether the password belongs to the hash. */
  verify(password: string, passwordHash: string, party?: string): Promise<boolean>
  /** Does the work of `verify` for a user who does not exist, so that the response time reveals nothing. */
  verifyNobody(password: string, party?: string): Promise<void>
  /** Returns whether a hash is weaker than what `hash` produces today. */
  needsRehash(passwordHash: string): boolean
  /** Called with a stored hash before anybody presents a password for it, so that its cost is known from the start. Optional. */
  noteHash?(passwordHash: string): void
  /**
   * Describes a hash that `verify` cannot read, for the warning `unreadable_hash`; `undefined` for a readable one. Called after a password
   * did not match. Absent: an unreadable hash is reported as a wrong password.
   */
  unreadableHash?(passwordHash: string): UnreadableHash | undefined
  /** Returns the weak settings that it has noticed, for `posture()`. Absent: none. */
  weaknesses?(): readonly PostureFinding[]
}

/** Checks that an option is a hasher. Throws `ConfigurationError`. */
export function checkHasher(option: string, hasher: unknown): void {
  checkInterface(option, hasher, 'PasswordHasher')
  const optional = hasher as Readonly<Record<'noteHash' | 'unreadableHash' | 'weaknesses', unknown>>
  for (const name of ['noteHash', 'unreadableHash', 'weaknesses'] as const) {
    checkFunction(`${option}.${name}`, optional[name])
  }
}

/** Returns how a hasher describes a hash that it cannot read. */
export function findUnreadable(hasher: PasswordHasher, passwordHash: string): UnreadableHash | undefined {
  const found: unknown = hasher.unreadableHash?.(passwordHash)
  const { looksLike } = Object(found) as { readonly looksLike?: unknown }
  return typeof looksLike === 'string' ? (found as UnreadableHash) : undefined
}
