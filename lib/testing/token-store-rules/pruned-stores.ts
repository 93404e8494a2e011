import type { TokenStore } from '../../stores/token-store.js'
import type { ContractRules } from '../contract-rule.js'
import type { TokenStoreUnderTest } from '../token-store-under-test.js'

/** A token store that waits for somebody to call its `prune`. */
export type PrunedTokenStore = TokenStore & Required<Pick<TokenStore, 'prune'>>

/** A store under test that has `prune`. */
export interface PrunedStoreUnderTest extends TokenStoreUnderTest {
  readonly store: PrunedTokenStore
}

/** Makes rules about `prune` pass over a store that has none, because it drops everything by itself. */
export function forPrunedStores(rules: ContractRules<PrunedStoreUnderTest>): ContractRules<TokenStoreUnderTest> {
  return mapRules(rules, (check) => async (subject) => {
    if (isPruned(subject)) await check(subject)
  })
}

/** Makes rules about expiry pass over a store that has `prune`, and waits for it. */
export function forSelfExpiringStores(rules: ContractRules<TokenStoreUnderTest>): ContractRules<TokenStoreUnderTest> {
  return mapRules(rules, (check) => async (subject) => {
    if (!isPruned(subject)) await check(subject)
  })
}

type Check<Subject> = ContractRules<Subject>[string]

function mapRules<From, To>(rules: ContractRules<From>, change: (check: Check<From>) => Check<To>): ContractRules<To> {
  return Object.fromEntries(Object.entries(rules).map(([name, check]) => [name, change(check)]))
}

function isPruned(subject: TokenStoreUnderTest): subject is PrunedStoreUnderTest {
  return subject.store.prune !== undefined
}
