import { clientStoreContract, keyStoreContract, tokenStoreContract } from 'latchkey/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { SqlClientStore } from '../../lib/stores/sql/sql-client-store.js'
import type { SqlKeyStore } from '../../lib/stores/sql/sql-key-store.js'
import type { SqlTokenStore } from '../../lib/stores/sql/sql-token-store.js'
import { newRotation, newSignIn } from '../../lib/testing/token-records.js'
import { compileStores, type CompiledStores } from './processes/compile-stores.js'
import { startRotatingProcess, type RotatingProcess } from './processes/rotate-elsewhere.js'

/** Stores in a database server. */
export interface ServerStores {
  readonly clients: SqlClientStore
  readonly tokens: SqlTokenStore
  readonly keys: SqlKeyStore
}

/** One database, and how to come by stores on it. */
export interface ContractDatabase {
  readonly url: string
  /** Empties the tables. */
  empty(): Promise<void>
  /** Opens stores over another pool than before. */
  open(): Promise<ServerStores>
  /** Ends what was opened. */
  close(): Promise<void>
}

/** Registers all contracts of stores in a database server; each rule finds the tables empty. */
export function checkSqlContracts(kind: 'postgres' | 'mysql', database: () => ContractDatabase): void {
  let compiled: CompiledStores
  let elsewhere: RotatingProcess
  beforeAll(() => {
    compiled = compileStores()
    elsewhere = startRotatingProcess(compiled, kind)
  })
  afterAll(async () => {
    await elsewhere.stop()
    compiled.remove()
  })

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
      return {
        store: tokens,
        createAnother: open,
        reopen: open,
        rotateElsewhere: (rotations) => elsewhere.rotate({ url: database().url }, rotations),
        close,
      }
    },
  })

  it('reports the tokens of a revoked sign-in, spent or not, as revoked (A1)', async () => {
    const { tokens } = await openEmpty()
    const signIn = newSignIn()
    const rotation = newRotation(signIn)
    await tokens.saveTokens(signIn)
    await tokens.rotateRefreshToken(rotation)
    await tokens.revokeTokens({ userId: signIn.authorization.userId })
    for (const { tokenHash } of [signIn.accessToken, signIn.refreshToken, rotation.refreshToken]) {
      expect(await tokens.whyNotFound(tokenHash)).toBe('revoked')
    }
    await close()
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
