import type { TokenHash } from '../../../lib/crypto/hash.js'
import type { AccessTokenRecord, RefreshTokenRecord, TokenStore } from '../../../lib/stores/token-store.js'
import { faulty, finding, note } from './faulty-token-store.js'
import type { PlantedFault } from './planted-fault.js'

const group = 'token store: pruning'

export const pruningFaults: readonly PlantedFault<TokenStore>[] = [
  {
    fault: 'tokens go a second too early',
    rule: `${group} > keeps what is alive`,
    says: 'A token is alive until the second of its `expiresAt`',
    store: faulty((sound) => ({ prune: (now) => sound.prune(now + 1) })),
  },
  {
    fault: 'tokens go a second too late',
    rule: `${group} > removes access tokens that have expired`,
    says: 'From the second of `expiresAt` on a token is dead',
    store: faulty((sound) => ({ prune: (now) => sound.prune(now - 1) })),
  },
  {
    fault: 'spent refresh tokens go at the next pruning',
    rule: `${group} > keeps spent refresh tokens until they expire, and replays are recognized by them`,
    says: 'A replay is recognized by the spent token',
    store: faulty((sound) => {
      let isPruned = false
      return {
        prune(now) {
          isPruned = true
          return sound.prune(now)
        },
        async findRefreshToken(tokenHash, context) {
          const found = await sound.findRefreshToken(tokenHash, context)
          return isPruned && found?.spending !== undefined ? undefined : found
        },
      }
    }),
  },
  {
    fault: 'access tokens outlive an authorization that is over',
    rule: `${group} > removes authorizations that have expired, with all their tokens`,
    says: 'An authorization ends for ever at its `expiresAt`, whatever its tokens say',
    store: faulty((sound) => {
      const saved = new Map<TokenHash, AccessTokenRecord>()
      return {
        findAccessToken: finding(sound, saved),
        async saveTokens(tokens, context) {
          await sound.saveTokens(tokens, context)
          note(saved, tokens.accessToken)
        },
        prune(now) {
          for (const [tokenHash, { expiresAt }] of saved) if (expiresAt <= now) saved.delete(tokenHash)
          return sound.prune(now)
        },
      }
    }),
  },
  {
    fault: 'spent refresh tokens stay until their authorization is over',
    rule: `${group} > removes authorizations without a token that could be used`,
    says: 'When no token can be used there is nothing left to protect',
    store: keepingSpentTokens(() => true),
  },
  {
    fault: 'spent refresh tokens stay until they expire',
    rule: `${group} > judges by the tokens that can be used, not by those that were spent`,
    says: 'A spent token cannot be used: it does not keep its authorization',
    store: keepingSpentTokens(({ expiresAt }, now) => expiresAt > now),
  },
  {
    fault: 'an authorization whose tokens were revoked one by one stays',
    rule: `${group} > removes an authorization whose only access token was revoked`,
    says: 'An authorization without a token can never matter again',
    store: faulty((sound) => {
      let left = 0
      return {
        async revokeAccessToken(tokenHash, context) {
          if (await sound.findAccessToken(tokenHash, context)) left += 1
          await sound.revokeAccessToken(tokenHash, context)
        },
        revokeTokens: async (selection, context) => left + (await sound.revokeTokens(selection, context)),
      }
    }),
  },
  {
    fault: 'pruning removes the mark of a revocation and leaves the tokens',
    rule: `${group} > removes what was revoked`,
    says: 'Revoked stays revoked when the records are removed',
    store: faulty((sound) => {
      const saved = new Map<TokenHash, AccessTokenRecord>()
      const revived = new Map<TokenHash, AccessTokenRecord>()
      return {
        findAccessToken: finding(sound, revived),
        async saveTokens(tokens, context) {
          await sound.saveTokens(tokens, context)
          note(saved, tokens.accessToken)
        },
        prune(now) {
          for (const [tokenHash, token] of saved) if (token.expiresAt > now) revived.set(tokenHash, token)
          return sound.prune(now)
        },
      }
    }),
  },
  {
    fault: 'the answer is never zero',
    rule: `${group} > has nothing left to do when it is called again`,
    says: 'All that can go at a time goes at once: a second call finds nothing',
    store: faulty((sound) => ({ prune: async (now) => Math.max(1, await sound.prune(now)) })),
  },
]

function keepingSpentTokens(isKept: (token: RefreshTokenRecord, now: number) => boolean): () => TokenStore {
  return faulty((sound) => {
    const spent = new Map<TokenHash, RefreshTokenRecord>()
    return {
      async rotateRefreshToken(rotation, context) {
        const outcome = await sound.rotateRefreshToken(rotation, context)
        const found = await sound.findRefreshToken(rotation.presented, context)
        if (found !== undefined) spent.set(rotation.presented, found)
        return outcome
      },
      findRefreshToken: async (tokenHash, context) =>
        (await sound.findRefreshToken(tokenHash, context)) ?? spent.get(tokenHash),
      prune(now) {
        for (const [tokenHash, token] of spent) if (!isKept(token, now)) spent.delete(tokenHash)
        return sound.prune(now)
      },
    }
  })
}
