import type { MaybePromise } from '../protocol/maybe-promise.js'
import type { RequestContext } from '../protocol/request-context.js'

/** What the password grant needs to know of a user. */
export interface User {
  /** The stable id that becomes the token's `sub`: never the typed name, never an address that may change hands. */
  readonly userId: string
  /** The hash as the password hasher wrote it. */
  readonly passwordHash: string
  /** Answers as if the password were wrong, and ends refreshing. Default false. */
  readonly disabled?: boolean | undefined
}

/**
 * The application's own users, as the password grant sees them.
 *
 * Contract: look-ups answer `undefined` for nobody; they never verify a password (the library does, with the same work for
 * an unknown user as for a wrong password). A store decides itself how it compares user names, and must decide the same way
 * for every request. Throws `StoreUnavailableError` when it cannot be reached.
 */
export interface UserStore {
  /** Finds the user who signs in with this name. */
  findUserByUsername(username: string, context: RequestContext): MaybePromise<User | undefined>
  /** Finds a user by id: at each refresh, to see whether the user still exists and is not disabled. */
  findUser(userId: string, context: RequestContext): MaybePromise<User | undefined>
  /**
   * Replaces a user's password hash after a successful sign-in whose hash was weaker than configured. Absent: old hashes stay.
   * The answer to the client does not wait for it; a failure is reported as an event. Write it only where the hash is still
   * `replacedHash`, the one that was verified: else a password that the user changes at this moment would be undone.
   */
  updatePasswordHash?(
    userId: string,
    passwordHash: string,
    replacedHash: string,
    context: RequestContext,
  ): MaybePromise<void>
}
