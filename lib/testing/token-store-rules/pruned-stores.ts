import type { TokenStore } from '../../stores/token-store.js'
import type { ContractRules } from '../contract-rule.js'
import { NotTested } from '../not-tested.js'
import type { TokenStoreUnderTest } from '../token-store-under-test.js'

/** A token store that waits for somebody to call its `prune`. */
export type PrunedTokenStore = TokenStore & Required<Pick<TokenStore, 'prune'>>

/** A store under test that has `prune`. */
export interface PrunedStoreUnderTest extends TokenStoreUnderTest {
  readonly store: PrunedTokenStore
}

/** Skips rules about `prune` for a store that has none, because it drops everything by itself. */
export function forPrunedStores(rules: ContractRules<PrunedStoreUnderTest>): ContractRules<TokenStoreUnderTest> {
  return mapRules(rules, (check) => async (subject) => {
    if (!isPruned(subject)) throw new NotTested('The store has no prune: the rules of expiry by itself are checked')
    await check(subject)
  })
}

/** Skips rules about expiry by itself for a store that has `prune`, and waits for it. */
export function forSelfExpiringStores(rules: ContractRules<TokenStoreUnderTest>): ContractRules<TokenStoreUnderTest> {
  return mapRules(rules, (check) => async (subject) => {
    if (isPruned(subject)) throw new NotTested('The store has prune: the rules of pruning are checked')
    await check(subject)
  })
}

type Check<Subject> = ContractRules<Subject>[string]

function mapRules<From, To>(rules: ContractRules<From>, change: (check: Check<From>) => Check<To>): ContractRules<To> {
  return Object.fromEntries(Object.entries(rules).map(([name, check]) => [name, change(check)]))
}

function isPruned(subject: TokenStoreUnderTest): subject is PrunedStoreUnderTest {
  return subject.store.prune !== undefined
}
