import { checkInterface } from '../checks/check-interface.js'
import { checkFunction } from '../checks/option-kind.js'
import type { PostureFinding } from '../telemetry/operator-events.js'
import type { UnreadableHash } from './unreadable-hash.js'

/**
 * Hashes and verifies passwords of users.
 *
 * Contract: `verify` returns false, and does not throw, for a wrong password and for a hash that it cannot read; all
 * methods leave the event loop free. Throws `StoreUnavailableError` when more work is waiting than it will take.
 *
 * `party` names for whom the work is done, such as a network address, so that those who ask for much do not hold up the others. It is
 * absent where nobody is known; a hasher without a queue ignores it.
 */
export interface PasswordHasher {
  /** Hashes a password for storage. Throws a `RangeError` for one that it would have to cut short. */
  hash(password: string, party?: string): Promise<string>
  /** Whether the password belongs to the hash. */
  verify(password: string, passwordHash: string, party?: string): Promise<boolean>
  /** Does the work of `verify` for a user who does not exist, so that the time of the answer tells nothing. */
  verifyNobody(password: string, party?: string): Promise<void>
  /** Whether a hash is weaker than what `hash` makes today. */
  needsRehash(passwordHash: string): boolean
  /**
   * Is told of a stored hash before anybody presents a password for it, so that its work is known from the start. Absent: it is not told.
   */
  noteHash?(passwordHash: string): void
  /**
   * Returns what a hash looks like that `verify` cannot read, for the warning `unreadable_hash`; `undefined` for one that it can read.
   * Called after a password did not match. Absent: a hash that cannot be read passes for a wrong password.
   */
  unreadableHash?(passwordHash: string): UnreadableHash | undefined
  /** What it noticed that is weaker than it need be, for `posture()`. Absent: nothing. */
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

/** What a hasher says of a hash that it cannot read. */
export function findUnreadable(hasher: PasswordHasher, passwordHash: string): UnreadableHash | undefined {
  const found: unknown = hasher.unreadableHash?.(passwordHash)
  const { looksLike } = Object(found) as { readonly looksLike?: unknown }
  return typeof looksLike === 'string' ? (found as UnreadableHash) : undefined
}
