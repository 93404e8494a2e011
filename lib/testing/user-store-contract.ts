import type { MaybePromise } from '../time/maybe-promise.js'
import { registerRules, type TestRunner } from './contract-rule.js'
import { userStoreRules } from './user-store-rules.js'
import type { UserStoreUnderTest } from './user-store-under-test.js'

/** The runner's functions and the adapter. */
export interface UserStoreContractOptions extends TestRunner {
  /** Makes the store as it was before the first test; called once for each rule. One rule changes the user's password hash. */
  readonly create: () => MaybePromise<UserStoreUnderTest>
}

/** Registers the tests that every `UserStore` must pass. */
export function userStoreContract({ create, ...runner }: UserStoreContractOptions): void {
  registerRules(runner, 'user store', userStoreRules, create)
}
