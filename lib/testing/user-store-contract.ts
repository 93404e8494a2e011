import type { MaybePromise } from '../protocol/maybe-promise.js'
import type { User, UserStore } from '../stores/user-store.js'
import { registerRules, type TestRunner } from './contract-rule.js'
import { userStoreRules } from './user-store-rules.js'

/** What `create` gives: the application's store and one user who is in it. */
export interface UserStoreUnderTest {
  readonly store: UserStore
  /** A name that the user signs in with. */
  readonly username: string
  /** The user as both look-ups must answer. */
  readonly user: User
  /** A name that nobody signs in with. */
  readonly absentUsername: string
  /** Called after each test, also a failed one. */
  readonly close?: (() => MaybePromise<void>) | undefined
}

/** The runner's functions and the adapter. */
export interface UserStoreContractOptions extends TestRunner {
  /** Makes the store as it was before the first test; called once for each rule. One rule changes the user's password hash. */
  readonly create: () => MaybePromise<UserStoreUnderTest>
}

/** Registers the tests that every `UserStore` must pass. */
export function userStoreContract({ create, ...runner }: UserStoreContractOptions): void {
  registerRules(runner, 'user store', userStoreRules, create)
}
