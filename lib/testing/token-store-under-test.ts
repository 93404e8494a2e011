import type { MaybePromise } from '../time/maybe-promise.js'
import { NotTested, type ContractRules } from './contract-rule.js'
import type { RefreshTokenRotation, RotationOutcome, TokenStore } from '../stores/token-store.js'

/** What `create` gives: a store, and what else the adapter can show. */
export interface TokenStoreUnderTest {
  /** Empty. */
  readonly store: TokenStore
  /** Opens a second store on the same data, as another process would. Absent: the rules about several stores are not checked. */
  readonly createAnother?: (() => MaybePromise<TokenStore>) | undefined
  /**
   * Rotates in another process that has opened the same data, all at once, and answers the outcomes in the same order. Absent: the
   * rules about rotation between processes are not checked.
   */
  readonly rotateElsewhere?:
    ((rotations: readonly RefreshTokenRotation[]) => MaybePromise<readonly RotationOutcome[]>) | undefined
  /** Closes the store and opens its data again, as a restart would. Absent: the store forgets when its process ends. */
  readonly reopen?: (() => MaybePromise<TokenStore>) | undefined
  /** Called after each test, also a failed one. */
  readonly close?: (() => MaybePromise<void>) | undefined
}

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
