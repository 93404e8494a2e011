import type { MaybePromise } from '../protocol/maybe-promise.js'
import type { Client, ClientRegistry, ClientStore } from '../stores/client-store.js'
import { clientLookUpRules, registeredClients } from './client-store-rules/look-up.js'
import { clientRegistryRules } from './client-store-rules/registry.js'
import { clientReplacementRules } from './client-store-rules/replacement.js'
import { registerRules, type TestRunner } from './contract-rule.js'

/** What `create` gives: a store that can be read, or also be written. */
export interface ClientStoreUnderTest {
  /** Holds the clients that `create` was given and no other. With `saveClient` it is tested as a `ClientRegistry`, too. */
  readonly store: ClientStore | ClientRegistry
  /** Called after each test, also a failed one. */
  readonly close?: (() => MaybePromise<void>) | undefined
}

/** The runner's functions and the adapter. */
export interface ClientStoreContractOptions extends TestRunner {
  /** Makes a fresh store that holds these clients; called once for each rule. */
  readonly create: (clients: readonly Client[]) => MaybePromise<ClientStoreUnderTest>
}

/** Registers the tests that every `ClientStore` must pass, and those of a `ClientRegistry` when the store is one. */
export function clientStoreContract({ create, ...runner }: ClientStoreContractOptions): void {
  registerRules(runner, 'client store: look-up', clientLookUpRules, () => create(registeredClients))
  const createEmpty = async (): Promise<{ registry: ClientRegistry | undefined; close(): MaybePromise<void> }> => {
    const subject = await create([])
    const registry = 'saveClient' in subject.store ? subject.store : undefined
    return { registry, close: () => subject.close?.() }
  }
  registerRules(runner, 'client store: registry', clientRegistryRules, createEmpty)
  registerRules(runner, 'client store: replacement', clientReplacementRules, createEmpty)
}
