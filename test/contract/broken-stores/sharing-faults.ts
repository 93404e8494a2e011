import { createMemoryStores } from 'latchkey/stores/memory'
import type { TokenStoreUnderTest } from 'latchkey/testing'
import type { RequestContext } from '../../../lib/protocol/request-context.js'
import type { TokenHash } from '../../../lib/protocol/token-hash.js'
import type { AccessTokenRecord, Authorization, SignedTokenId, TokenStore } from '../../../lib/stores/token-store.js'
import { faulty } from './faulty-token-store.js'
import type { PlantedFault } from './planted-fault.js'

const signedTokens = 'token store: signed tokens'
const authorizations = 'token store: authorizations'
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
  {
    fault: 'each process keeps its own list of revoked tokens',
    rule: `${signedTokens} > ${isSeen}`,
    store() {
      const [store, own] = [memory(), memory()]
      const createAnother = () => ({
        ...faulty(() => ({}))(),
        isSignedTokenRevoked: async ({ tokenId, authorizationId }: SignedTokenId, context: RequestContext) =>
          (await own.isSignedTokenRevoked({ tokenId, authorizationId: undefined }, context)) ||
          (await store.isSignedTokenRevoked({ tokenId: '', authorizationId }, context)),
      })
      return { store, createAnother }
    },
  },
  {
    fault: 'revoked tokens are kept in the process',
    rule: `${signedTokens} > is still revoked after a restart`,
    store: () => ({ store: memory(), reopen: memory }),
  },
  {
    fault: 'each process keeps the authorizations that it has seen',
    rule: `${authorizations} > ${isSeen}`,
    store() {
      const store = memory()
      const seen = new Map<string, Authorization>()
      const createAnother = () => ({
        ...faulty(() => ({}))(),
        listAuthorizations: (userId: string, context: RequestContext) => store.listAuthorizations(userId, context),
        async findAuthorization(authorizationId: string, context: RequestContext) {
          const found = seen.get(authorizationId) ?? (await store.findAuthorization(authorizationId, context))
          if (found !== undefined) seen.set(authorizationId, found)
          return found
        },
      })
      return { store, createAnother }
    },
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
