import { describeOptions } from '../../checks/describe-options.js'
import { checkedLater } from '../../checks/option-kind.js'
import type { Client } from '../client-store.js'
import { MemoryClientStore } from './memory-client-store.js'
import { MemoryKeyStore } from './memory-key-store.js'
import { memoryTokenStoreKinds, MemoryTokenStore, type MemoryTokenStoreOptions } from './memory-token-store.js'

/** What {@link createMemoryStores} can be told. */
export interface MemoryStoresOptions extends MemoryTokenStoreOptions {
  /** Clients that are there from the start. Default none. */
  readonly clients?: Iterable<Client> | undefined
}

/** Stores that live as long as their process. */
export interface MemoryStores {
  readonly clients: MemoryClientStore
  readonly tokens: MemoryTokenStore
  readonly keys: MemoryKeyStore
  /** Stops the timer that frees memory. */
  close(): void
}

const description = describeOptions<MemoryStoresOptions>()('createMemoryStores', {
  clients: checkedLater('an iterable of clients'),
  ...memoryTokenStoreKinds,
})

/**
 * Makes stores in memory: for development, tests and single processes that may forget everything when they end.
 *
 * Throws `ConfigurationError` for an option that it does not know or cannot use.
 */
export function createMemoryStores(options: MemoryStoresOptions = {}): MemoryStores {
  const { clients, ...tokenOptions } = description.read(options)
  const tokens = new MemoryTokenStore(tokenOptions)
  return { clients: new MemoryClientStore(clients), tokens, keys: new MemoryKeyStore(), close: () => tokens.close() }
}
