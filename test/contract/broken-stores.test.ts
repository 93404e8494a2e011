import { createMemoryStores, MemoryClientStore, MemoryKeyStore } from 'latchkey/stores/memory'
import {
  clientStoreContract,
  keyStoreContract,
  tokenStoreContract,
  userStoreContract,
  type KeyStoreUnderTest,
  type TokenStoreUnderTest,
} from 'latchkey/testing'
import { describe, expect, it } from 'vitest'
import type { ClientRegistry } from '../../lib/stores/client-store.js'
import type { UserStore } from '../../lib/stores/user-store.js'
import { authorizationFaults } from './broken-stores/authorization-faults.js'
import { clientFaults } from './broken-stores/client-faults.js'
import { keyFaults } from './broken-stores/key-faults.js'
import { pruningFaults } from './broken-stores/pruning-faults.js'
import { runContract, type PlantedFault } from './broken-stores/planted-fault.js'
import { revocationFaults } from './broken-stores/revocation-faults.js'
import { rotationFaults } from './broken-stores/rotation-faults.js'
import { savingFaults } from './broken-stores/saving-faults.js'
import { sharingFaults } from './broken-stores/sharing-faults.js'
import { signedTokenFaults } from './broken-stores/signed-token-faults.js'
import { ada, soundUserStore, userFaults } from './broken-stores/user-faults.js'

const alone = [
  ...savingFaults,
  ...rotationFaults,
  ...revocationFaults,
  ...signedTokenFaults,
  ...authorizationFaults,
  ...pruningFaults,
].map(({ store, ...fault }) => ({ ...fault, store: (): TokenStoreUnderTest => ({ store: store() }) }))

proves('tokenStoreContract', {
  run: (create: () => TokenStoreUnderTest) => runContract((runner) => tokenStoreContract({ ...runner, create })),
  sound() {
    const { tokens } = createMemoryStores({ pruneIntervalSeconds: 0 })
    return { store: tokens, createAnother: () => tokens, reopen: () => tokens }
  },
  faults: [...alone, ...sharingFaults],
})

proves('clientStoreContract', {
  run: (create: () => ClientRegistry) =>
    runContract((runner) =>
      clientStoreContract({
        ...runner,
        async create(clients) {
          const store = create()
          for (const client of clients) await store.saveClient(client)
          return { store }
        },
      }),
    ),
  sound: () => new MemoryClientStore(),
  faults: clientFaults,
})

proves('keyStoreContract', {
  run: (create: () => KeyStoreUnderTest) => runContract((runner) => keyStoreContract({ ...runner, create })),
  sound() {
    const keys = new MemoryKeyStore()
    return { store: keys, createAnother: () => keys, reopen: () => keys }
  },
  faults: keyFaults,
})

proves('userStoreContract', {
  run: (create: () => UserStore) =>
    runContract((runner) =>
      userStoreContract({
        ...runner,
        create: () => ({ store: create(), username: 'ada', user: ada, absentUsername: 'nobody' }),
      }),
    ),
  sound: soundUserStore,
  faults: userFaults,
})

interface Proof<Store> {
  readonly run: (create: () => Store) => Promise<ReadonlyMap<string, unknown>>
  readonly sound: () => Store
  readonly faults: readonly PlantedFault<Store>[]
}

function proves<Store>(contract: string, { run, sound, faults }: Proof<Store>): void {
  describe(contract, () => {
    it('finds nothing in a sound store', async () => {
      const results = await run(sound)
      expect(results.size).toBeGreaterThan(0)
      expect([...results].filter(([, error]) => error !== undefined)).toEqual([])
    })

    it.each(faults)('notices when $fault', async ({ rule, store }) => {
      const results = await run(store)
      expect(brokenRules(results)).toContain(rule)
    })

    it('has no rule that was never seen to fail', async () => {
      const results = await run(sound)
      expect([...new Set(faults.map(({ rule }) => rule))].sort()).toEqual([...results.keys()].sort())
    })
  })
}

function brokenRules(results: ReadonlyMap<string, unknown>): string[] {
  return [...results].filter(([, error]) => error !== undefined).map(([rule]) => rule)
}
