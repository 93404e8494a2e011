import type { MaybePromise } from '../time/maybe-promise.js'
import type { KeyStore } from '../stores/key-store.js'

/** What `create` gives: a store, and what else the adapter can show. */
export interface KeyStoreUnderTest {
  /** Empty. */
  readonly store: KeyStore
  /** Opens a second store on the same data, as another process would. Absent: the rules between processes are not checked. */
  readonly createAnother?: (() => MaybePromise<KeyStore>) | undefined
  /** Closes the store and opens its data again, as a restart would. Absent: the store forgets when its process ends. */
  readonly reopen?: (() => MaybePromise<KeyStore>) | undefined
  /** Called after each test, also a failed one. */
  readonly close?: (() => MaybePromise<void>) | undefined
}
