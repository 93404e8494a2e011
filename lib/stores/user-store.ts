import type { MaybePromise } from '../time/maybe-promise.js'
import type { RequestContext } from '../request/request-context.js'

/** What the server needs to know about a user at each refresh. */
export interface KnownUser {
  /** The stable id that becomes the token's `sub`: never the typed name or an email address, which may change hands. */
  readonly userId: string
  /** Whether sign-ins fail as with a wrong password and existing ones cannot be refreshed. Default false. */
  readonly disabled?: boolean | undefined
}

/** What the password grant needs to know about a user. */
export interface User extends KnownUser {
  /** The password hash, as the password hasher returned it. */
  readonly passwordHash: string
  /**
   * The stored name. With it, failures at all spellings that the store accepts for this name are counted together, and a user whose name
   * differs from the typed one in more than case, accents, marks and spaces is treated as unknown. Absent: failures count for the typed
   * name and for the user found.
   */
  readonly username?: string | undefined
  /** Whether new sign-ins fail as with a wrong password, while existing ones go on: a temporary lock. Default false. */
  readonly locked?: boolean | undefined
}

/**
 * Looks up the application's users for the password grant.
 *
 * Contract: look-ups return `undefined` for an unknown user. They never verify a password: the library does, with the same work for an
 * unknown user as for a wrong password. A store decides how it compares user names, and must do so in the same way for every request. A
 * method throws `StoreUnavailableError` if the store is unreachable.
 */
export interface UserStore {
  /** Finds the user who signs in with this name. */
  findUserByUsername(username: string, context: RequestContext): MaybePromise<User | undefined>
  /** Finds a user by id. Called at each refresh, to see whether the user still exists and is not disabled. */
  findUser(userId: string, context: RequestContext): MaybePromise<User | undefined>
  /**
   * Replaces a user's password hash after a successful sign-in with a hash that is weaker than configured. Write it only if the stored hash
   * is still `replacedHash`, or a concurrent change of the password would be undone. The response does not wait for it; a failure is
   * reported as an event. Absent: old hashes stay.
   */
  updatePasswordHash?(
    userId: string,
    passwordHash: string,
    replacedHash: string,
    context: RequestContext,
  ): MaybePromise<void>
}

/**
 * The result of verifying a name and a password. `denied`: wrong password, unknown or blocked user. `locked`: refused for now, with any
 * password. `challenge`: the password is right, and another step is needed. The events name the user if there is an id.
 */
export type UserAuthentication =
  | { readonly outcome: 'ok'; readonly userId: string }
  | { readonly outcome: 'denied' | 'locked' | 'challenge'; readonly userId?: string | undefined }

/**
 * Users whose passwords are verified elsewhere: by a directory (LDAP), by another service.
 *
 * Contract: it takes as long for an unknown user as for a wrong password. A method throws `StoreUnavailableError` if the store is
 * unreachable. If it returns anything but a {@link UserAuthentication}, the response is `server_error`. If a store is also a
 * {@link UserStore}, this interface is used.
 */
export interface VerifyingUserStore {
  /** Verifies a password exactly as it came. Only here does a store see a password; it must not keep or log it. */
  authenticateUser(username: string, password: string, context: RequestContext): MaybePromise<UserAuthentication>
  /** Finds a user by id. Called at each refresh, to see whether the user still exists and is not disabled. */
  findUser(userId: string, context: RequestContext): MaybePromise<KnownUser | undefined>
}
