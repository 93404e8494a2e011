import type { MaybePromise } from '../time/maybe-promise.js'
import type { VerifyingUserStore } from '../stores/user-store.js'

/** What `create` gives: the application's store and one user whom it lets in. */
export interface VerifyingUserStoreUnderTest {
  readonly store: VerifyingUserStore
  /** A name that the user signs in with. */
  readonly username: string
  /** The password of the user, with letters in it: it is tried in another case, too. */
  readonly password: string
  /** The stable id that the store must tell. */
  readonly userId: string
  /** A name that nobody signs in with. */
  readonly absentUsername: string
  /** The name of a user who has the same password, and is locked or disabled. Absent: that is not checked. */
  readonly lockedUsername?: string | undefined
  /** Called after each test, also a failed one. */
  readonly close?: (() => MaybePromise<void>) | undefined
}
