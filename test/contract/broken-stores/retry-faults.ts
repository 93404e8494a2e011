import { StoreUnavailableError } from '../../../lib/errors/store-unavailable-error.js'
import type { TokenHash } from '../../../lib/crypto/hash.js'
import type { RefreshTokenRecord, RefreshTokenSpending, TokenStore } from '../../../lib/stores/token-store.js'
import { contractContext } from '../../../lib/testing/contract-rule.js'
import { faulty, tick, type PrunedStore } from './faulty-token-store.js'
import type { PlantedFault } from './planted-fault.js'

const group = 'token store: retries'

export const retryFaults: readonly PlantedFault<TokenStore>[] = [
  {
    fault: 'what is used of an allowance is lost',
    rule: `${group} > keeps how much of its allowance a sign-in has used`,
    says: '`pacedUntil` comes back to the millisecond',
    store: finding((found) => ({ ...found, pacedUntil: 0 })),
  },
  {
    fault: 'what is used of an allowance is kept in seconds',
    rule: `${group} > keeps how much of its allowance a sign-in has used`,
    says: '`pacedUntil` comes back to the millisecond',
    store: finding((found) => ({ ...found, pacedUntil: Math.floor((found.pacedUntil ?? 0) / 1000) * 1000 })),
  },
  {
    fault: 'the end of retries is lost',
    rule: `${group} > keeps until when a retry may come`,
    says: '`retryUntil` is part of the spending',
    store: findingSpent((spending) => ({ ...spending, retryUntil: undefined })),
  },
  {
    fault: 'nonces are kept as long as their token',
    rule: `${group} > forgets the nonce when the successor is spent`,
    says: 'only that of the token spent last may be kept',
    store: keepingNonces(),
  },
  {
    fault: 'the nonce of the token that is spent is forgotten with the others',
    rule: `${group} > forgets the nonce when the successor is spent`,
    says: 'only that of the token spent last may be kept',
    store: findingSpent((spending) => ({ ...spending, successorNonce: undefined })),
  },
  {
    fault: 'when the successor was spent is kept in seconds',
    rule: `${group} > notes when the successor was spent`,
    says: 'distinguishes an earlier request from a replay',
    store: findingSpent(({ successorSpentAt, ...spending }) => ({
      ...spending,
      successorSpentAt: successorSpentAt && Math.floor(successorSpentAt / 1000) * 1000,
    })),
  },
  {
    fault: 'only the token before the last one knows when its successor was spent',
    rule: `${group} > notes when the successor was spent`,
    says: 'distinguishes an earlier request from a replay',
    store: findingSpent((spending, { token, newest }) =>
      token === newest ? spending : { ...spending, successorSpentAt: undefined },
    ),
  },
  {
    fault: 'a claim is not noted',
    rule: `${group} > allows one late retry, and no two in a row`,
    says: 'The claim is noted as `lateRetryAt`',
    store: faulty((sound) => ({
      claimLateRetry: async (tokenHash, _, context) =>
        (await sound.findRefreshToken(tokenHash, context))?.spending !== undefined,
    })),
  },
  {
    fault: 'whether a claim won comes back as a number',
    rule: `${group} > allows one late retry, and no two in a row`,
    says: 'the claim returns the boolean true',
    store: faulty((sound) => ({
      claimLateRetry: async (tokenHash, at, context) =>
        (await sound.claimLateRetry(tokenHash, at, context)) && (1 as unknown as boolean),
    })),
  },
  {
    fault: 'each token is allowed its late retry',
    rule: `${group} > allows one late retry, and no two in a row`,
    says: 'Two late retries in a row never succeed',
    store: faulty((sound) => {
      const claims = new Map<TokenHash, number>()
      return {
        findRefreshToken: async (tokenHash, context) => withClaim(await sound.findRefreshToken(tokenHash, context)),
        async claimLateRetry(tokenHash, at, context) {
          const found = await sound.findRefreshToken(tokenHash, context)
          if (found?.spending?.successorNonce === undefined || claims.has(tokenHash)) return false
          claims.set(tokenHash, at)
          return true
        },
      }

      function withClaim(found: RefreshTokenRecord | undefined): RefreshTokenRecord | undefined {
        const lateRetryAt = found && claims.get(found.tokenHash)
        if (found?.spending === undefined || lateRetryAt === undefined) return found
        return { ...found, spending: { ...found.spending, lateRetryAt } }
      }
    }),
  },
  {
    fault: 'a sign-in is allowed one late retry for ever',
    rule: `${group} > allows one late retry, and no two in a row`,
    says: 'After an ordinary refresh a late retry is allowed again',
    store: faulty((sound) => {
      const claimed = new Set<string>()
      return {
        async claimLateRetry(tokenHash, at, context) {
          const { authorizationId = '' } = (await sound.findRefreshToken(tokenHash, context)) ?? {}
          if (claimed.has(authorizationId) || !(await sound.claimLateRetry(tokenHash, at, context))) return false
          claimed.add(authorizationId)
          return true
        },
      }
    }),
  },
  {
    fault: 'a late retry of a revoked sign-in is allowed',
    rule: `${group} > allows no late retry of a sign-in that was revoked`,
    says: 'A token of a revoked authorization is as good as unknown',
    store: faulty((sound) => ({
      claimLateRetry: async (tokenHash, at, context) =>
        (await sound.findRefreshToken(tokenHash, context)) === undefined ||
        (await sound.claimLateRetry(tokenHash, at, context)),
    })),
  },
  {
    fault: 'all that claim at once win',
    rule: `${group} > lets exactly one of fifty concurrent claims win`,
    says: 'Claiming is one atomic compare-and-set',
    store: faulty((sound) => ({
      async claimLateRetry(tokenHash, at, context) {
        const found = await sound.findRefreshToken(tokenHash, context)
        await tick()
        await sound.claimLateRetry(tokenHash, at, context)
        return found?.spending?.lateRetryAt === undefined
      },
    })),
  },
  {
    fault: 'the newest hundred spent tokens are kept',
    rule: `${group} > keeps the newest thousand spent tokens`,
    says: 'A replay of any of the newest 1,000 spent tokens is recognized',
    store: faulty((sound) => {
      const spent: TokenHash[] = []
      return {
        async rotateRefreshToken(rotation, context) {
          spent.push(rotation.presented)
          return sound.rotateRefreshToken(rotation, context)
        },
        async findRefreshToken(tokenHash, context) {
          const isLost = spent.includes(tokenHash) && !spent.slice(-100).includes(tokenHash)
          return isLost ? undefined : sound.findRefreshToken(tokenHash, context)
        },
      }
    }),
  },
  {
    fault: 'nonces are kept when no retry can come any more',
    rule: 'token store: pruning > forgets nonces when no retry can come any more',
    says: 'A nonce is kept until `retryUntil`, or a minute after the spending, and not longer',
    store: keepingNonces(),
  },
  {
    fault: 'all nonces go a minute after the spending',
    rule: 'token store: pruning > forgets nonces when no retry can come any more',
    says: 'A nonce is kept until `retryUntil`, or a minute after the spending, and not longer',
    store: faulty((sound) => ({
      rotateRefreshToken: ({ spending, ...rotation }, context) =>
        sound.rotateRefreshToken(
          { ...rotation, spending: { ...spending, retryUntil: spending.spentAt + 60 } },
          context,
        ),
      async findRefreshToken(tokenHash, context) {
        const found = await sound.findRefreshToken(tokenHash, context)
        return found?.spending && { ...found, spending: { ...found.spending, retryUntil: undefined } }
      },
    })),
  },
  {
    fault: 'a pruning that meets a sign-in with many tokens fails',
    rule: 'token store: pruning in batches > removes a sign-in with many spent tokens, and lets no other wait for it',
    says: 'for an exception the server responds server_error.\n  found:    StoreUnavailableError: too slow',
    store: faulty((sound) => {
      let rotations = 0
      return {
        rotateRefreshToken(rotation, context) {
          rotations += 1
          return sound.rotateRefreshToken(rotation, context)
        },
        prune(now, limits) {
          if (rotations > 500) throw new StoreUnavailableError('too slow')
          return sound.prune(now, limits)
        },
      }
    }),
  },
  {
    fault: 'others wait until a sign-in with many tokens is gone',
    rule: 'token store: pruning in batches > removes a sign-in with many spent tokens, and lets no other wait for it',
    says: 'A sign-in with many tokens does not keep others from being pruned',
    store: faulty((sound) => {
      let calls = 0
      return { prune: (now, limits) => (calls++ === 0 ? 0 : sound.prune(now, limits)) }
    }),
  },
]

type Change = (
  spending: RefreshTokenSpending,
  of: { readonly token: TokenHash; readonly newest: TokenHash | undefined },
) => RefreshTokenSpending

/** A store whose look-up changes what it finds. */
function finding(change: (found: RefreshTokenRecord) => RefreshTokenRecord): () => TokenStore {
  return faulty((sound) => ({
    async findRefreshToken(tokenHash, context) {
      const found = await sound.findRefreshToken(tokenHash, context)
      return found && change(found)
    },
  }))
}

/** A store that changes what it tells of spent tokens. */
function findingSpent(change: Change): () => TokenStore {
  return faulty((sound) => changing(sound, change))
}

function changing(sound: PrunedStore, change: Change): Partial<TokenStore> {
  // The token that was spent before the last one.
  let [newest, last]: (TokenHash | undefined)[] = []
  return {
    async rotateRefreshToken(rotation, context) {
      const outcome = await sound.rotateRefreshToken(rotation, context)
      if (outcome.outcome === 'rotated') [newest, last] = [last, rotation.presented]
      if (outcome.outcome !== 'already_spent') return outcome
      return { ...outcome, spending: change(outcome.spending, { token: rotation.presented, newest }) }
    },
    async findRefreshToken(tokenHash, context) {
      const found = await sound.findRefreshToken(tokenHash, context)
      if (found?.spending === undefined) return found
      return { ...found, spending: change(found.spending, { token: tokenHash, newest }) }
    },
  }
}

function keepingNonces(): () => TokenStore {
  return faulty((sound) => {
    const nonces = new Map<TokenHash, string | undefined>()
    const methods = changing(sound, (spending, { token }) => ({ ...spending, successorNonce: nonces.get(token) }))
    return {
      ...methods,
      async rotateRefreshToken(rotation, context) {
        const { presented, spending } = rotation
        const isSpent = (await sound.findRefreshToken(presented, contractContext))?.spending !== undefined
        if (!isSpent) nonces.set(presented, spending.successorNonce)
        return sound.rotateRefreshToken(rotation, context)
      },
    }
  })
}
