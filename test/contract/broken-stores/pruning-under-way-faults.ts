import type { Authorization, TokenStore } from '../../../lib/stores/token-store.js'
import { contractContext as context } from '../../../lib/testing/contract-rule.js'
import { faulty, tick, type PrunedStore } from './faulty-token-store.js'
import type { PlantedFault } from './planted-fault.js'

const batches = 'token store: pruning in batches'
const underWay = 'token store: pruning under way'

/** Faults of stores that prune in batches, or while others write. */
export const pruningUnderWayFaults: readonly PlantedFault<TokenStore>[] = [
  {
    fault: 'a pruning ends after its first batch',
    rule: `${batches} > removes a large number at once, and counts all of it`,
    says: 'Without limits a pruning goes on until nothing is left',
    store: faulty((sound) => {
      let removed = 0
      return { prune: async (now) => ((removed += await sound.prune(now)) > 500 ? 500 : removed) }
    }),
  },
  {
    fault: 'only the last batch is counted',
    rule: `${batches} > removes a large number at once, and counts all of it`,
    says: 'counts every record of every batch',
    store: faulty((sound) => ({ prune: async (now) => (await sound.prune(now)) % 500 })),
  },
  {
    fault: 'what a pruning leaves is never looked at again',
    rule: `${batches} > may stop early, and removes the rest the next times`,
    says: 'What a pruning leaves waits for the next one',
    store: faulty((sound) => {
      let isFirst = true
      return {
        async prune(now, limits) {
          if (limits === undefined) return sound.prune(now)
          const removed = isFirst ? Math.min(100, await sound.prune(now)) : 0
          isFirst = false
          return removed
        },
      }
    }),
  },
  {
    fault: 'a pruning with little time drops everything that it finds',
    rule: `${batches} > may stop early, and removes the rest the next times`,
    says: 'A pruning that stops early removes the dead alone',
    store: faulty((sound) => ({
      async prune(now, limits) {
        const removed = await sound.prune(now)
        if (limits !== undefined) await sound.revokeTokens({ everything: true }, context)
        return removed
      },
    })),
  },
  {
    fault: 'a sign-in that is being refreshed is pruned by its first tokens',
    rule: `${underWay} > keeps sign-ins that are refreshed meanwhile`,
    says: 'A sign-in lives on by its newest refresh token',
    store: knowingEnds((sound, ends) => ({
      async prune(now) {
        let removed = await sound.prune(now)
        await tick()
        for (const [authorizationId, end] of ends) {
          if (end <= now) removed += await sound.revokeTokens({ authorizationId }, context)
        }
        return removed
      },
    })),
  },
  {
    fault: 'spent tokens go when their sign-in is refreshed during a pruning',
    rule: `${underWay} > keeps sign-ins that are refreshed meanwhile`,
    says: 'Pruning takes no spent token of a sign-in that lives',
    store: faulty((sound) => {
      let isPruned = false
      return {
        prune(now) {
          isPruned = true
          return sound.prune(now)
        },
        async rotateRefreshToken(rotation, given) {
          const found = await sound.findRefreshToken(rotation.presented, given)
          const isDropped = isPruned && found?.spending !== undefined
          return isDropped ? { outcome: 'gone' } : sound.rotateRefreshToken(rotation, given)
        },
      }
    }),
  },
  {
    fault: 'a pruning looks first and removes later',
    rule: `${underWay} > keeps what a rotation has stored, also if pruning looked before it`,
    says: 'A pruning that read before a rotation must read again',
    store: knowingEnds((sound, ends, rotated) => ({
      async prune(now) {
        const due = [...ends].filter(([authorizationId, end]) => end <= now && !rotated.has(authorizationId))
        await tick()
        let removed = 0
        for (const [authorizationId] of due) removed += await sound.revokeTokens({ authorizationId }, context)
        return removed + (await sound.prune(now))
      },
    })),
  },
  {
    fault: 'a rotation that comes after the pruning stores its tokens all the same',
    rule: `${underWay} > keeps what a rotation has stored, also if pruning looked before it`,
    says: 'If pruning removed the token first, the rotation returns gone and stores nothing',
    store: knowingEnds((sound, _, __, authorizations) => ({
      async rotateRefreshToken(rotation, given) {
        const outcome = await sound.rotateRefreshToken(rotation, given)
        const authorization = authorizations.get(rotation.refreshToken.authorizationId)
        if (outcome.outcome !== 'gone' || authorization === undefined) return outcome
        const { accessToken, refreshToken, spending } = rotation
        const { accessTokenExpiresAt } = spending
        await sound.saveTokens({ authorization, accessToken, refreshToken, accessTokenExpiresAt }, given)
        return outcome
      },
    })),
  },
]

/** Knows when the first refresh tokens of the sign-ins end, which were refreshed, and what they were. */
function knowingEnds(
  fault: (
    sound: PrunedStore,
    ends: ReadonlyMap<string, number>,
    rotated: ReadonlySet<string>,
    authorizations: ReadonlyMap<string, Authorization>,
  ) => Partial<TokenStore>,
): () => TokenStore {
  return faulty((sound) => {
    const ends = new Map<string, number>()
    const rotated = new Set<string>()
    const authorizations = new Map<string, Authorization>()
    return {
      async saveTokens(tokens, given) {
        await sound.saveTokens(tokens, given)
        if (tokens.authorization === undefined) return
        const { authorizationId } = tokens.authorization
        authorizations.set(authorizationId, tokens.authorization)
        ends.set(authorizationId, tokens.refreshToken?.expiresAt ?? tokens.accessTokenExpiresAt)
      },
      rotateRefreshToken(rotation, given) {
        rotated.add(rotation.refreshToken.authorizationId)
        return sound.rotateRefreshToken(rotation, given)
      },
      ...fault(sound, ends, rotated, authorizations),
    }
  })
}
