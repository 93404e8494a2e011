import { MemoryClientStore, MemoryKeyStore } from 'latchkey/stores/memory'
import {
  clientStoreContract,
  keyStoreContract,
  tokenStoreContract,
  userStoreContract,
  verifyingUserStoreContract,
  type KeyStoreUnderTest,
  type TokenStoreUnderTest,
} from 'latchkey/testing'
import { AssertionError } from 'node:assert/strict'
import { describe, expect, it } from 'vitest'
import type { ClientRegistry } from '../../lib/stores/client-store.js'
import type { TokenStore } from '../../lib/stores/token-store.js'
import type { UserStore, VerifyingUserStore } from '../../lib/stores/user-store.js'
import { contractContext } from '../../lib/testing/contract-rule.js'
import { authorizationFaults } from './broken-stores/authorization-faults.js'
import { clientFaults } from './broken-stores/client-faults.js'
import { expiryFaults } from './broken-stores/expiry-faults.js'
import { faulty } from './broken-stores/faulty-token-store.js'
import { idFaults } from './broken-stores/id-faults.js'
import { keyFaults } from './broken-stores/key-faults.js'
import { pruningFaults } from './broken-stores/pruning-faults.js'
import { pruningUnderWayFaults } from './broken-stores/pruning-under-way-faults.js'
import { registeredRules, type PlantedFault, type RegisteredRule } from './broken-stores/planted-fault.js'
import { retryFaults } from './broken-stores/retry-faults.js'
import { revocationFaults } from './broken-stores/revocation-faults.js'
import { rotationFaults } from './broken-stores/rotation-faults.js'
import { savingFaults } from './broken-stores/saving-faults.js'
import { selfExpiring } from './broken-stores/self-expiring-store.js'
import { sharingFaults } from './broken-stores/sharing-faults.js'
import { signedTokenFaults } from './broken-stores/signed-token-faults.js'
import { ada, bob, soundUserStore, userFaults } from './broken-stores/user-faults.js'
import { grace, soundVerifyingUserStore, verifyingUserFaults } from './broken-stores/verifying-user-faults.js'

const alone = [
  ...savingFaults,
  ...idFaults,
  ...rotationFaults,
  ...retryFaults,
  ...revocationFaults,
  ...signedTokenFaults,
  ...authorizationFaults,
  ...pruningFaults,
  ...pruningUnderWayFaults,
  ...expiryFaults,
].map(({ store, ...fault }) => ({ ...fault, store: (): TokenStoreUnderTest => ({ store: store() }) }))

proves('tokenStoreContract', {
  register: (create: () => TokenStoreUnderTest) =>
    registeredRules((runner) => tokenStoreContract({ ...runner, create })),
  sound: {
    'that is pruned': () => shared(faulty(() => ({}))()),
    'that drops by itself what is over': () => shared(selfExpiring(() => ({}))()),
  },
  faults: [...alone, ...sharingFaults],
})

proves('clientStoreContract', {
  register: (create: () => ClientRegistry) =>
    registeredRules((runner) =>
      clientStoreContract({
        ...runner,
        async create(clients) {
          const store = create()
          for (const client of clients) await store.saveClient(client)
          return { store }
        },
      }),
    ),
  sound: { 'in memory': () => new MemoryClientStore() },
  faults: clientFaults,
})

proves('keyStoreContract', {
  register: (create: () => KeyStoreUnderTest) => registeredRules((runner) => keyStoreContract({ ...runner, create })),
  sound: {
    'in memory': () => {
      const keys = new MemoryKeyStore()
      return { store: keys, createAnother: () => keys, reopen: () => keys }
    },
  },
  faults: keyFaults,
})

proves('userStoreContract', {
  register: (create: () => UserStore) =>
    registeredRules((runner) =>
      userStoreContract({
        ...runner,
        create: () => ({ store: create(), username: 'ada', user: ada, otherUser: bob, absentUsername: 'nobody' }),
      }),
    ),
  sound: { 'in memory': soundUserStore },
  faults: userFaults,
})

proves('verifyingUserStoreContract', {
  register: (create: () => VerifyingUserStore) =>
    registeredRules((runner) =>
      verifyingUserStoreContract({ ...runner, create: () => ({ ...grace, store: create() }) }),
    ),
  sound: { 'in memory': soundVerifyingUserStore },
  faults: verifyingUserFaults,
})

interface Proof<Store> {
  readonly register: (create: () => Store) => readonly RegisteredRule[]
  /** What is told of the store → how it is made. */
  readonly sound: Readonly<Record<string, () => Store>>
  readonly faults: readonly PlantedFault<Store>[]
}

function proves<Store>(contract: string, { register, sound, faults }: Proof<Store>): void {
  describe(contract, () => {
    it.each(Object.entries(sound))('finds nothing in a sound store %s', async (_, create) => {
      const rules = register(create)
      expect(rules.length).toBeGreaterThan(0)
      for (const { rule, check } of rules) {
        const found = await check()
        // Each store has `prune` or expires records by itself.
        const isOther = /pruning|expiry by itself/.test(rule) && String(Object(found).skipped).includes('prune')
        expect([rule, isOther ? undefined : found]).toEqual([rule, undefined])
      }
    })

    it.concurrent.each(faults)('notices when $fault', async ({ rule, says, store }) => {
      const broken = await register(store)
        .find((registered) => registered.rule === rule)
        ?.check()
      expect(broken).toBeInstanceOf(AssertionError)
      const { message } = broken as AssertionError
      expect(message.startsWith(`${rule}\n`), message).toBe(true)
      expect(message.slice(rule.length)).toContain(says)
    })

    it('has no rule that no broken store has failed', () => {
      const create = Object.values(sound)[0]!
      const rules = register(create).map(({ rule }) => rule)
      expect([...new Set(faults.map(({ rule }) => rule))].sort()).toEqual([...rules].sort())
    })
  })
}

/** Several handles on one store, as several processes would have them. */
function shared(store: TokenStore): TokenStoreUnderTest {
  return {
    store,
    createAnother: () => store,
    rotateElsewhere: (rotations) =>
      Promise.all(rotations.map(async (rotation) => store.rotateRefreshToken(rotation, contractContext))),
    reopen: () => store,
  }
}
