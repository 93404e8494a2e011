import { checkOptions } from '../../errors/check-options.js'
import type { Client } from '../client-store.js'
import { MemoryClientStore } from './memory-client-store.js'
import { MemoryKeyStore } from './memory-key-store.js'
import { MemoryTokenStore, type MemoryTokenStoreOptions } from './memory-token-store.js'

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

const optionNames = ['clients', 'clock', 'maxTokens', 'pruneIntervalSeconds']

/**
 * Makes stores in memory: for development, tests and single processes that may forget everything when they end.
 *
 * Throws `ConfigurationError` for an option that it does not know or cannot use.
 */
export function createMemoryStores(options: MemoryStoresOptions = {}): MemoryStores {
  checkOptions('createMemoryStores', options, optionNames)
  const { clients, ...tokenOptions } = options
  const tokens = new MemoryTokenStore(tokenOptions)
  return { clients: new MemoryClientStore(clients), tokens, keys: new MemoryKeyStore(), close: () => tokens.close() }
}
