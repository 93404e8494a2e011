import type { MaybePromise } from '../time/maybe-promise.js'
import type { RequestContext } from '../request/request-context.js'

/** What must be known of a user at each refresh. */
export interface KnownUser {
  /** The stable id that becomes the token's `sub`: never the typed name, never an address that may change hands. */
  readonly userId: string
  /** Answers as if the password were wrong, and ends refreshing. Default false. */
  readonly disabled?: boolean | undefined
}

/** What the password grant needs to know of a user. */
export interface User extends KnownUser {
  /** The hash as the password hasher wrote it. */
  readonly passwordHash: string
  /**
   * The name that was found, as it is stored. With it, failures at all spellings that the store takes for this name are counted together: a
   * user whose name differs from the typed one in more than case, accents, marks and spaces is taken for nobody. Absent: failures
   * count for the typed name and for the user found.
   */
  readonly username?: string | undefined
  /** Answers as if the password were wrong, while existing sign-ins go on: for a lock that passes. Default false. */
  readonly locked?: boolean | undefined
}

/**
 * The application's own users, as the password grant sees them.
 *
 * Contract: look-ups return `undefined` for an unknown user; they never verify a password (the library does, with the same work for
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

/**
 * What a user base says of a name and a password. `denied`: wrong, or nobody, or not to be let in; `locked`: not now, whatever the
 * password; `challenge`: the password is right, and another step is needed. With an id the operator is told whom it was about.
 */
export type UserAuthentication =
  | { readonly outcome: 'ok'; readonly userId: string }
  | { readonly outcome: 'denied' | 'locked' | 'challenge'; readonly userId?: string | undefined }

/**
 * Users whose passwords are verified elsewhere: by a directory (LDAP), by another service.
 *
 * Contract: it takes as long for nobody as for a wrong password. Throws `StoreUnavailableError` when it cannot be reached; anything
 * that is no {@link UserAuthentication} is answered with `server_error`. Where a store is also a {@link UserStore}, this counts.
 */
export interface VerifyingUserStore {
  /** Verifies a password exactly as it came; the only place where a store sees one. It must not be kept or logged. */
  authenticateUser(username: string, password: string, context: RequestContext): MaybePromise<UserAuthentication>
  /** Finds a user by id: at each refresh, to see whether the user still exists and is not disabled. */
  findUser(userId: string, context: RequestContext): MaybePromise<KnownUser | undefined>
}
