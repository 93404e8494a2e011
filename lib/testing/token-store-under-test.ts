import type { MaybePromise } from '../time/maybe-promise.js'
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
