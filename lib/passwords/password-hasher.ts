/**
 * Hashes and verifies passwords of users.
 *
 * Contract: `verify` answers false, and does not throw, for a wrong password and for a hash that it cannot read; both
 * methods leave the event loop free. Throws `StoreUnavailableError` when more work is waiting than it will take.
 */
export interface PasswordHasher {
  /** Hashes a password for storage. Throws a `RangeError` for one that it would have to cut short. */
  hash(password: string): Promise<string>
  /** Whether the password belongs to the hash. */
  verify(password: string, passwordHash: string): Promise<boolean>
  /** Does the work of `verify` for a user who does not exist, so that the time of the answer tells nothing. */
  verifyNobody(password: string): Promise<void>
  /** Whether a hash is weaker than what `hash` makes today. */
  needsRehash(passwordHash: string): boolean
}
