import type { MaybePromise } from '../time/maybe-promise.js'
import { registerRules, type TestRunner } from './contract-rule.js'
import { authorizationRules } from './token-store-rules/authorizations.js'
import { expiryByItselfRules } from './token-store-rules/expiry-by-itself.js'
import { idRules } from './token-store-rules/ids.js'
import { lastingRevocationRules } from './token-store-rules/lasting-revocation.js'
import { pruningInBatchesRules } from './token-store-rules/pruning-in-batches.js'
import { pruningUnderWayRules } from './token-store-rules/pruning-under-way.js'
import { pruningRules } from './token-store-rules/pruning.js'
import { pruningOfSignedTokensRules } from './token-store-rules/pruning-of-signed-tokens.js'
import { revocationRules } from './token-store-rules/revocation.js'
import { retryRules } from './token-store-rules/retries.js'
import { rotationBetweenProcessesRules } from './token-store-rules/rotation-between-processes.js'
import { rotationRules } from './token-store-rules/rotation.js'
import { savingRules } from './token-store-rules/saving.js'
import { signedTokenRules } from './token-store-rules/signed-tokens.js'
import type { TokenStoreUnderTest } from './token-store-under-test.js'

/** The runner's functions and the adapter. */
export interface TokenStoreContractOptions extends TestRunner {
  /** Makes a fresh, empty store; called once for each rule. */
  readonly create: () => MaybePromise<TokenStoreUnderTest>
}

/**
 * Registers the tests that every `TokenStore` must pass.
 *
 * Records are alive by the clock of the machine. Expiry is tested by calling `prune` with a later time; for a store without `prune`, by
 * waiting for records that expire within a second or two.
 *
 * @example
 * ```ts
 * import { describe, it } from 'vitest'
 *
 * tokenStoreContract({ describe, it, create: () => ({ store: createMemoryStores().tokens }) })
 * ```
 */
export function tokenStoreContract({ create, ...runner }: TokenStoreContractOptions): void {
  registerRules(runner, 'token store: saving and finding', savingRules, create)
  registerRules(runner, 'token store: ids', idRules, create)
  registerRules(runner, 'token store: rotation', rotationRules, create)
  registerRules(runner, 'token store: rotation between processes', rotationBetweenProcessesRules, create)
  registerRules(runner, 'token store: retries', retryRules, create)
  registerRules(runner, 'token store: revocation', revocationRules, create)
  registerRules(runner, 'token store: revocation lasts', lastingRevocationRules, create)
  registerRules(runner, 'token store: signed tokens', signedTokenRules, create)
  registerRules(runner, 'token store: authorizations', authorizationRules, create)
  registerRules(runner, 'token store: pruning', pruningRules, create)
  registerRules(runner, 'token store: pruning of signed tokens', pruningOfSignedTokensRules, create)
  registerRules(runner, 'token store: pruning in batches', pruningInBatchesRules, create)
  registerRules(runner, 'token store: pruning under way', pruningUnderWayRules, create)
  registerRules(runner, 'token store: expiry by itself', expiryByItselfRules, create)
}
