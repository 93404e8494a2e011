import type { TokenHash } from '../../../lib/crypto/hash.js'
import type { AccessTokenRecord, RefreshTokenSpending, TokenStore } from '../../../lib/stores/token-store.js'
import { newHash } from '../../../lib/testing/token-records.js'
import { faulty, finding, note, tick } from './faulty-token-store.js'
import type { PlantedFault } from './planted-fault.js'

const group = 'token store: rotation'

export const rotationFaults: readonly PlantedFault<TokenStore>[] = [
  {
    fault: 'the new access token is not stored',
    rule: `${group} > spends the token and stores its successors`,
    says: 'The tokens that the client has received must work',
    store: faulty((sound) => ({
      rotateRefreshToken: (rotation, context) =>
        sound.rotateRefreshToken({ ...rotation, accessToken: undefined }, context),
    })),
  },
  {
    fault: 'a spent token is deleted',
    rule: `${group} > keeps the spent token, with its spending`,
    says: 'A replay is recognized by the spent token, and a retry gets its tokens from the spending',
    store: faulty((sound) => ({
      async findRefreshToken(tokenHash, context) {
        const found = await sound.findRefreshToken(tokenHash, context)
        return found?.spending === undefined ? found : undefined
      },
    })),
  },
  {
    fault: 'a spending does not tell the audience',
    rule: `${group} > keeps the spent token, with its spending`,
    says: 'A replay is recognized by the spent token, and a retry gets its tokens from the spending',
    store: faulty((sound) => ({
      rotateRefreshToken: ({ spending, ...rotation }, context) =>
        sound.rotateRefreshToken({ ...rotation, spending: { ...spending, accessTokenAudience: '' } }, context),
    })),
  },
  {
    fault: 'the times of a spending come back as strings',
    rule: `${group} > keeps the spent token, with its spending`,
    says: 'a retry gets its tokens from the spending',
    store: faulty((sound) => ({
      async findRefreshToken(tokenHash, context) {
        const found = await sound.findRefreshToken(tokenHash, context)
        if (found?.spending === undefined) return found
        const { spentAt, ...spending } = found.spending
        return { ...found, spending: { ...spending, spentAt: String(spentAt) as unknown as number } }
      },
    })),
  },
  {
    fault: 'the first spending is overwritten by later attempts',
    rule: `${group} > returns the first spending, unchanged, to a later rotation`,
    says: 'A retry derives the successors from the first spending',
    store: faulty((sound) => {
      const latest = new Map<TokenHash, RefreshTokenSpending>()
      return {
        async rotateRefreshToken(rotation, context) {
          const outcome = await sound.rotateRefreshToken(rotation, context)
          if (outcome.outcome !== 'already_spent') return outcome
          const spending = latest.get(rotation.presented) ?? outcome.spending
          latest.set(rotation.presented, rotation.spending)
          return { outcome: 'already_spent', spending }
        },
      }
    }),
  },
  {
    fault: 'the refused rotation has stored its access token',
    rule: `${group} > returns the first spending, unchanged, to a later rotation`,
    says: 'A refused rotation stores nothing',
    store: faulty((sound) => {
      const stored = new Map<TokenHash, AccessTokenRecord>()
      return {
        findAccessToken: finding(sound, stored),
        rotateRefreshToken(rotation, context) {
          note(stored, rotation.accessToken)
          return sound.rotateRefreshToken(rotation, context)
        },
      }
    }),
  },
  {
    fault: 'only the newest spent token of a chain is remembered',
    rule: `${group} > keeps every spent token of a chain`,
    says: 'A replay is recognized after further rotations',
    store: faulty((sound) => {
      let newest: TokenHash | undefined
      return {
        async rotateRefreshToken(rotation, context) {
          const outcome = await sound.rotateRefreshToken(rotation, context)
          if (outcome.outcome === 'rotated') newest = rotation.presented
          return outcome.outcome === 'already_spent' && rotation.presented !== newest ? { outcome: 'gone' } : outcome
        },
      }
    }),
  },
  {
    fault: 'an unknown token is an error',
    rule: `${group} > returns gone for a token that is unknown`,
    says: 'This rule expects a result: for an exception the server responds server_error.\n  found:    Error: not found',
    store: faulty((sound) => ({
      async rotateRefreshToken(rotation, context) {
        if ((await sound.findRefreshToken(rotation.presented, context)) === undefined) throw new Error('not found')
        return sound.rotateRefreshToken(rotation, context)
      },
    })),
  },
  {
    fault: 'a spent token of a revoked authorization still tells its spending',
    rule: `${group} > returns gone for a token of a revoked authorization, spent or not`,
    says: 'A revoked authorization is never refreshed, and tells nothing of itself',
    store: faulty((sound) => {
      const spendings = new Map<TokenHash, RefreshTokenSpending>()
      return {
        async rotateRefreshToken(rotation, context) {
          const spending = spendings.get(rotation.presented)
          if (spending !== undefined) return { outcome: 'already_spent', spending }
          const outcome = await sound.rotateRefreshToken(rotation, context)
          if (outcome.outcome === 'rotated') spendings.set(rotation.presented, rotation.spending)
          return outcome
        },
      }
    }),
  },
  {
    fault: 'the token stays spent when its successors cannot be stored',
    rule: `${group} > spends nothing when a successor cannot be stored`,
    says: 'A token that is spent without successors has signed the user out',
    store: faulty((sound) => ({
      async rotateRefreshToken(rotation, context) {
        try {
          return await sound.rotateRefreshToken(rotation, context)
        } catch (error) {
          const refreshToken = { ...rotation.refreshToken, tokenHash: newHash() }
          await sound.rotateRefreshToken({ ...rotation, accessToken: undefined, refreshToken }, context)
          throw error
        }
      },
    })),
  },
  {
    fault: 'a user has one session, and refreshing it ends the others',
    rule: `${group} > leaves other sign-ins alone`,
    says: 'A user has one authorization for each device; they are refreshed separately',
    store: faulty((sound) => ({
      async rotateRefreshToken(rotation, context) {
        const { userId = '', authorizationId } =
          (await sound.findRefreshToken(rotation.presented, context))?.authorization ?? {}
        await sound.revokeTokens({ userId, exceptAuthorizationId: authorizationId }, context)
        return sound.rotateRefreshToken(rotation, context)
      },
    })),
  },
  {
    fault: 'spending is a read and then a write',
    rule: `${group} > lets exactly one of fifty concurrent rotations win`,
    says: 'Spending is one atomic compare-and-set',
    store: faulty((sound) => ({
      async rotateRefreshToken(rotation, context) {
        const found = await sound.findRefreshToken(rotation.presented, context)
        if (found === undefined) return { outcome: 'gone' }
        if (found.spending !== undefined) return { outcome: 'already_spent', spending: found.spending }
        await tick()
        await sound.rotateRefreshToken(rotation, context)
        return { outcome: 'rotated' }
      },
    })),
  },
]
