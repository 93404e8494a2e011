import { clientStoreContract, keyStoreContract, tokenStoreContract } from 'latchkey/testing'
import { describe, it } from 'vitest'
import type { SqlClientStore } from '../../lib/stores/sql/sql-client-store.js'
import type { SqlKeyStore } from '../../lib/stores/sql/sql-key-store.js'
import type { SqlTokenStore } from '../../lib/stores/sql/sql-token-store.js'

/** Stores in a database server. */
export interface ServerStores {
  readonly clients: SqlClientStore
  readonly tokens: SqlTokenStore
  readonly keys: SqlKeyStore
}

/** One database, and how to come by stores on it. */
export interface ContractDatabase {
  /** Empties the tables. */
  empty(): Promise<void>
  /** Opens stores over another pool than before. */
  open(): Promise<ServerStores>
  /** Ends what was opened. */
  close(): Promise<void>
}

/** Registers all contracts of stores in a database server; each rule finds the tables empty. */
export function checkSqlContracts(database: () => ContractDatabase): void {
  async function openEmpty(): Promise<ServerStores> {
    const stores = await database().open()
    await database().empty()
    return stores
  }
  const close = (): Promise<void> => database().close()

  tokenStoreContract({
    describe,
    it,
    async create() {
      const { tokens } = await openEmpty()
      const open = async (): Promise<SqlTokenStore> => (await database().open()).tokens
      return { store: tokens, createAnother: open, reopen: open, close }
    },
  })

  keyStoreContract({
    describe,
    it,
    async create() {
      const { keys } = await openEmpty()
      const open = async (): Promise<SqlKeyStore> => (await database().open()).keys
      return { store: keys, createAnother: open, reopen: open, close }
    },
  })

  clientStoreContract({
    describe,
    it,
    async create(clients) {
      const stores = await openEmpty()
      for (const client of clients) await stores.clients.saveClient(client)
      return { store: stores.clients, close }
    },
  })
}
