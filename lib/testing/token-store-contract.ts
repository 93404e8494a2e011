import type { MaybePromise } from '../protocol/maybe-promise.js'
import type { TokenStore } from '../stores/token-store.js'
import { registerRules, type TestRunner } from './contract-rule.js'
import { pruningRules } from './token-store-rules/pruning.js'
import { revocationRules } from './token-store-rules/revocation.js'
import { rotationRules } from './token-store-rules/rotation.js'
import { savingRules } from './token-store-rules/saving.js'

/** What `create` gives: a store, and what else the adapter can show. */
export interface TokenStoreUnderTest {
  /** Empty. */
  readonly store: TokenStore
  /** Opens a second store on the same data, as another process would. Absent: the rules between processes are not checked. */
  readonly createAnother?: (() => MaybePromise<TokenStore>) | undefined
  /** Closes the store and opens its data again, as a restart would. Absent: the store forgets when its process ends. */
  readonly reopen?: (() => MaybePromise<TokenStore>) | undefined
  /** Called after each test, also a failed one. */
  readonly close?: (() => MaybePromise<void>) | undefined
}

/** The runner's functions and the adapter. */
export interface TokenStoreContractOptions extends TestRunner {
  /** Makes a fresh, empty store; called once for each rule. */
  readonly create: () => MaybePromise<TokenStoreUnderTest>
}

/**
 * Registers the tests that every `TokenStore` must pass.
 *
 * Records are alive by the clock of the machine; expiry is tried by calling `prune` with a later time.
 */
export function tokenStoreContract({ create, ...runner }: TokenStoreContractOptions): void {
  registerRules(runner, 'token store: saving and finding', savingRules, create)
  registerRules(runner, 'token store: rotation', rotationRules, create)
  registerRules(runner, 'token store: revocation', revocationRules, create)
  registerRules(runner, 'token store: pruning', pruningRules, create)
}
