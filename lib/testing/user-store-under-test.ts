import type { MaybePromise } from '../time/maybe-promise.js'
import type { User, UserStore } from '../stores/user-store.js'

/** What `create` gives: the application's store and one user who is in it. */
export interface UserStoreUnderTest {
  readonly store: UserStore
  /** A name that the user signs in with. */
  readonly username: string
  /** The user as both look-ups must answer. */
  readonly user: User
  /** Another user, who must stay as is when something is done to the first. Absent: that is not checked. */
  readonly otherUser?: User | undefined
  /** A name that nobody signs in with. */
  readonly absentUsername: string
  /** Called after each test, also a failed one. */
  readonly close?: (() => MaybePromise<void>) | undefined
}
