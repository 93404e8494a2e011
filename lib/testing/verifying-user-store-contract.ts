import type { MaybePromise } from '../time/maybe-promise.js'
import { registerRules, type TestRunner } from './contract-rule.js'
import { verifyingUserStoreRules } from './verifying-user-store-rules.js'
import type { VerifyingUserStoreUnderTest } from './verifying-user-store-under-test.js'

/** The runner's functions and the adapter. */
export interface VerifyingUserStoreContractOptions extends TestRunner {
  /**
   * Makes the store as it was before the first test; called once for each rule. Some rules try a dozen wrong passwords: where
   * these lock the user, the lock must be gone for the next rule.
   */
  readonly create: () => MaybePromise<VerifyingUserStoreUnderTest>
}

/** Registers the tests that every `VerifyingUserStore` must pass. How long an answer takes is not measured. */
export function verifyingUserStoreContract({ create, ...runner }: VerifyingUserStoreContractOptions): void {
  registerRules(runner, 'verifying user store', verifyingUserStoreRules, create)
}
