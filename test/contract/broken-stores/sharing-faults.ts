import { createMemoryStores } from 'latchkey/stores/memory'
import type { TokenStoreUnderTest } from 'latchkey/testing'
import type { RequestContext } from '../../../lib/request/request-context.js'
import type { TokenHash } from '../../../lib/crypto/hash.js'
import type {
  AccessTokenRecord,
  Authorization,
  RefreshTokenRotation,
  RotationOutcome,
  SignedTokenId,
  TokenStore,
} from '../../../lib/stores/token-store.js'
import { contractContext } from '../../../lib/testing/contract-rule.js'
import { faulty, tick } from './faulty-token-store.js'
import type { PlantedFault } from './planted-fault.js'

const signedTokens = 'token store: signed tokens'
const authorizations = 'token store: authorizations'
const betweenProcesses =
  'token store: rotation between processes > lets exactly one of fifty rotations win, half of them in another process'
const isSeen = 'is seen by another store on the same data at once'

/** Faults between two stores on the same data, or of one that was opened again. */
export const sharingFaults: readonly PlantedFault<TokenStoreUnderTest>[] = [
  {
    fault: 'each process keeps its own tokens',
    rule: `token store: saving and finding > ${isSeen}`,
    says: 'The next request may be served by another process',
    store: () => ({ store: memory(), createAnother: memory }),
  },
  {
    fault: 'each process keeps the tokens that it has seen, also when another one revokes them',
    rule: `token store: revocation lasts > ${isSeen}`,
    says: 'A revocation holds in every process',
    store() {
      const store = memory()
      return { store, createAnother: () => caching(store) }
    },
  },
  {
    fault: 'tokens are written to disk later',
    rule: 'token store: saving and finding > is still there after a restart',
    says: 'A token that a client has received must survive a restart',
    store: () => ({ store: memory(), reopen: memory }),
  },
  {
    fault: 'each process keeps its own list of revoked tokens',
    rule: `${signedTokens} > ${isSeen}`,
    says: 'A revocation holds in every process',
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
    says: 'A revocation that was confirmed to a client must survive a restart',
    store: () => ({ store: memory(), reopen: memory }),
  },
  {
    fault: 'each process remembers for itself until when JWTs are revoked',
    rule: `${signedTokens} > remembers in every process, and after a restart, until when JWTs are revoked`,
    says: 'Another process sees it at once',
    store: () => ({ store: memory(), createAnother: memory }),
  },
  {
    fault: 'until when JWTs are revoked is kept in the process',
    rule: `${signedTokens} > remembers in every process, and after a restart, until when JWTs are revoked`,
    says: 'It is still known after a restart',
    store: () => ({ store: memory(), reopen: memory }),
  },
  {
    fault: 'each process keeps the authorizations that it has seen',
    rule: `${authorizations} > ${isSeen}`,
    says: 'What one process saved or revoked, every other one sees',
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
  {
    fault: 'another process does not find what this one has saved',
    rule: betweenProcesses,
    says: 'What one process has saved another can spend, once',
    store() {
      const [store, own] = [memory(), memory()]
      return { store, rotateElsewhere: (rotations) => rotateInTurn(own, rotations) }
    },
  },
  {
    fault: 'each process takes turns by a lock of its own',
    rule: betweenProcesses,
    says: 'Spending is one atomic compare-and-set',
    store() {
      const shared = memory()
      const store = takingTurns(shared)
      const elsewhere = takingTurns(shared)
      return {
        store,
        rotateElsewhere: (rotations) =>
          Promise.all(rotations.map(async (rotation) => elsewhere.rotateRefreshToken(rotation, contractContext))),
      }
    },
  },
  {
    fault: 'another process is told of a spending of its own',
    rule: betweenProcesses,
    says: 'All other calls return the spending of the winner',
    store() {
      const store = memory()
      const rotateElsewhere = async (rotations: readonly RefreshTokenRotation[]): Promise<RotationOutcome[]> => {
        const outcomes = await rotateInTurn(store, rotations)
        return outcomes.map((outcome, index) =>
          outcome.outcome === 'already_spent'
            ? { outcome: 'already_spent', spending: rotations[index]?.spending ?? outcome.spending }
            : outcome,
        )
      }
      return { store, rotateElsewhere }
    },
  },
]

async function rotateInTurn(store: TokenStore, rotations: readonly RefreshTokenRotation[]): Promise<RotationOutcome[]> {
  const outcomes: RotationOutcome[] = []
  for (const rotation of rotations) outcomes.push(await store.rotateRefreshToken(rotation, contractContext))
  return outcomes
}

/** Spends by a read and then a write, under a lock that other processes do not see. */
function takingTurns(store: TokenStore): TokenStore {
  let turn: Promise<unknown> = Promise.resolve()
  return {
    ...faulty(() => ({}))(),
    saveTokens: (tokens, context) => store.saveTokens(tokens, context),
    findAccessToken: (tokenHash, context) => store.findAccessToken(tokenHash, context),
    findRefreshToken: (tokenHash, context) => store.findRefreshToken(tokenHash, context),
    rotateRefreshToken(rotation, context) {
      const rotated = turn.then(async (): Promise<RotationOutcome> => {
        const found = await store.findRefreshToken(rotation.presented, context)
        if (found === undefined) return { outcome: 'gone' }
        if (found.spending !== undefined) return { outcome: 'already_spent', spending: found.spending }
        await tick()
        await store.rotateRefreshToken(rotation, context)
        return { outcome: 'rotated' }
      })
      turn = rotated
      return rotated
    },
  }
}

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
