import { describeOptions } from '../../checks/describe-options.js'
import { checkedBy } from '../../checks/option-kind.js'
import { describeValue } from '../../checks/kind-of-value.js'
import { ConfigurationError } from '../../errors/configuration-error.js'
import { checkClientRecord } from '../client-record.js'
import type { Client } from '../client-store.js'
import { MemoryClientStore } from './memory-client-store.js'
import { memoryThrottle } from '../../throttle/memory-throttle.js'
import type { Throttle } from '../../throttle/throttle.js'
import { throttleLimits, type ThrottleLimits } from '../../throttle/throttle-limits.js'
import { MemoryKeyStore } from './memory-key-store.js'
import { memoryTokenStoreKinds, MemoryTokenStore, type MemoryTokenStoreOptions } from './memory-token-store.js'

/** Options of {@link createMemoryStores}. */
export interface MemoryStoresOptions extends MemoryTokenStoreOptions {
  /** Clients to start with. Default: none. */
  readonly clients?: Iterable<Client> | undefined
  /** Limits of the stores' `throttle` that differ from the defaults. */
  readonly throttleLimits?: ThrottleLimits | undefined
}

/** Stores that live as long as their process. */
export interface MemoryStores {
  readonly clients: MemoryClientStore
  readonly tokens: MemoryTokenStore
  readonly keys: MemoryKeyStore
  /** Counts failures in this process only, as the server does by default. */
  readonly throttle: Throttle
  /** Stops the timer that frees memory. */
  close(): void
}

const description = describeOptions<MemoryStoresOptions>()('createMemoryStores', {
  clients: checkedBy('an iterable of clients', checkClients),
  throttleLimits: throttleLimits(),
  ...memoryTokenStoreKinds,
})

/**
 * Creates stores in memory: for development, tests and single processes that may lose everything when they end. Throws
 * `ConfigurationError`.
 *
 * @example
 * ```ts
 * const { clients, tokens, throttle } = createMemoryStores({ clients: [client] })
 * ```
 */
export function createMemoryStores(options: MemoryStoresOptions = {}): MemoryStores {
  const { clients, throttleLimits: limits, ...tokenOptions } = description.read(options)
  const tokens = new MemoryTokenStore(tokenOptions)
  return {
    clients: new MemoryClientStore(clients),
    tokens,
    keys: new MemoryKeyStore(),
    throttle: memoryThrottle({ limits, clock: tokenOptions.clock }),
    close: () => tokens.close(),
  }
}

/** The store checks an iterable that can be read only once. */
function checkClients(where: string, clients: unknown): void {
  if (typeof clients !== 'object' || clients === null || !(Symbol.iterator in clients)) {
    const problem = `is ${describeValue(clients)}; it must be a list of clients`
    throw new ConfigurationError(where, problem, 'Write clients: [createClient({ ... }).client]')
  }
  if (!Array.isArray(clients)) return
  const seen = new Set<string>()
  clients.forEach((client: unknown, index) => {
    const path = `${where}[${String(index)}]`
    checkClientRecord(path, client)
    const { clientId } = client as Client
    if (seen.has(clientId))
      throw new ConfigurationError(path, 'has the clientId of another one', 'Give each client an id of its own')
    seen.add(clientId)
  })
}
