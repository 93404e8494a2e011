import { createMemoryStores } from 'latchkey/stores/memory'
import type { TokenStoreUnderTest } from 'latchkey/testing'
import type { TokenHash } from '../../../lib/protocol/token-hash.js'
import type { AccessTokenRecord, TokenStore } from '../../../lib/stores/token-store.js'
import { faulty } from './faulty-token-store.js'
import type { PlantedFault } from './planted-fault.js'

const isSeen = 'is seen by another store on the same data at once'

/** Faults between two stores on the same data, or of one that was opened again. */
export const sharingFaults: readonly PlantedFault<TokenStoreUnderTest>[] = [
  {
    fault: 'each process keeps its own tokens',
    rule: `token store: saving and finding > ${isSeen}`,
    store: () => ({ store: memory(), createAnother: memory }),
  },
  {
    fault: 'each process keeps the tokens that it has seen, also when another one revokes them',
    rule: `token store: revocation lasts > ${isSeen}`,
    store() {
      const store = memory()
      return { store, createAnother: () => caching(store) }
    },
  },
  {
    fault: 'tokens are written to disk later',
    rule: 'token store: saving and finding > is still there after a restart',
    store: () => ({ store: memory(), reopen: memory }),
  },
]

function memory(): TokenStore {
  return createMemoryStores({ pruneIntervalSeconds: 0 }).tokens
}

function caching(store: TokenStore): TokenStore {
  const seen = new Map<TokenHash, AccessTokenRecord>()
  return {
    ...faulty(() => ({}))(),
    findRefreshToken: (tokenHash, context) => store.findRefreshToken(tokenHash, context),
    async findAccessToken(tokenHash, context) {
      const found = seen.get(tokenHash) ?? (await store.findAccessToken(tokenHash, context))
      if (found !== undefined) seen.set(tokenHash, found)
      return found
    },
  }
}
