import type { MaybePromise } from '../time/maybe-promise.js'
import { registerRules, type TestRunner } from './contract-rule.js'
import { keyStoreRules } from './key-store-rules.js'
import type { KeyStoreUnderTest } from './key-store-under-test.js'

/** The runner's functions and the adapter. */
export interface KeyStoreContractOptions extends TestRunner {
  /** Makes a fresh, empty store; called once for each rule. */
  readonly create: () => MaybePromise<KeyStoreUnderTest>
}

/** Registers the tests that every `KeyStore` must pass. */
export function keyStoreContract({ create, ...runner }: KeyStoreContractOptions): void {
  registerRules(runner, 'key store', keyStoreRules, create)
}
