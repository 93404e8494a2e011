import type { MaybePromise } from '../time/maybe-promise.js'
import type { Client, ClientRegistry, ClientStore } from '../stores/client-store.js'
import { isReadableDigest as isReadable } from '../stores/client-record.js'
import { clientLookUpRules, untestedFieldsRule, type ClientsUnderTest } from './client-store-rules/look-up.js'
import { clientRegistryRules, type RegistryUnderTest } from './client-store-rules/registry.js'
import { clientReplacementRules } from './client-store-rules/replacement.js'
import { registerRules, type TestRunner } from './contract-rule.js'
import { SampleClients } from './sample-clients.js'

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
  /**
   * Clients that the store can hold, for a table that has not all fields of a `Client`: the rules use them in place of the suite's own,
   * which have every field. They must be found exactly like that: a field that they do not have must be absent. At least two, of which
   * one has all that the table can hold, and one as little as possible. Optional fields that none of them has are reported as skipped.
   *
   * @example
   * ```ts
   * const clients: ClientStoreContractOptions['clients'] = [
   *   createClient({ grantTypes: ['client_credentials'], scopes: ['orders:read', 'orders:write'] }).client,
   *   createClient({ clientId: 'app', clientType: 'public', grantTypes: ['refresh_token'], scopes: [] }).client,
   * ]
   * ```
   */
  readonly clients?: readonly [Client, Client, ...Client[]] | undefined
  /**
   * Whether the server can compare a secret with this digest. By default a digest is `sha256:` and 43 characters, or a bcrypt hash; give
   * it where `secretHasher` reads others.
   */
  readonly isReadableDigest?: ((digest: string) => boolean) | undefined
}

/**
 * Registers the tests that every `ClientStore` must pass, and those of a `ClientRegistry`, which are reported as skipped for a store
 * without `saveClient`.
 *
 * @example
 * ```ts
 * import { describe, it } from 'vitest'
 *
 * clientStoreContract({ describe, it, create: () => ({ store: createMemoryStores().clients }) })
 * ```
 */
export function clientStoreContract(options: ClientStoreContractOptions): void {
  const { create, clients, isReadableDigest = isReadable, ...runner } = options
  const samples = new SampleClients(clients)
  const createFilled = async (): Promise<ClientsUnderTest & ClientStoreUnderTest> => {
    return { ...(await create(samples.all)), samples, isReadableDigest }
  }
  const createEmpty = async (): Promise<RegistryUnderTest & { close(): MaybePromise<void> }> => {
    const subject = await create([])
    const registry = 'saveClient' in subject.store ? subject.store : undefined
    return { registry, samples, close: () => subject.close?.() }
  }
  const lookUpRules = { ...clientLookUpRules, ...untestedFieldsRule(samples) }
  registerRules(runner, 'client store: look-up', lookUpRules, createFilled)
  registerRules(runner, 'client store: registry', clientRegistryRules, createEmpty)
  registerRules(runner, 'client store: replacement', clientReplacementRules, createEmpty)
}
