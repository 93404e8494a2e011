import { systemClock } from '../../../lib/time/clock.js'
import type { TokenHash } from '../../../lib/crypto/hash.js'
import type { Authorization, TokenStore } from '../../../lib/stores/token-store.js'
import type { PlantedFault } from './planted-fault.js'
import { selfExpiring } from './self-expiring-store.js'

const group = 'token store: expiry by itself'
const untilItsEnd = `${group} > keeps every record until its end`
const refreshable = `${group} > keeps what can be refreshed, and the tokens that were spent for it`
const onlyJwt = `${group} > keeps an authorization whose only living token is a JWT`
const afterOthers = `${group} > revokes and lists what lives after others have ended`

/** Faults of stores that drop by themselves what is over. */
export const expiryFaults: readonly PlantedFault<TokenStore>[] = [
  {
    fault: 'what a store drops by itself goes up to a second too early',
    rule: untilItsEnd,
    says: 'A record is alive until the second of its `expiresAt`',
    store: selfExpiring(() => ({ clock: () => Math.ceil(Date.now() / 1000) })),
  },
  {
    fault: 'a revoked JWT is forgotten a second before it ends',
    rule: untilItsEnd,
    says: 'A record is alive until the second of its `expiresAt`',
    store: selfExpiring((sound) => ({
      methods: {
        revokeSignedToken: (tokenId, expiresAt, context) => sound.revokeSignedToken(tokenId, expiresAt - 1, context),
      },
    })),
  },
  {
    fault: 'a spent token is dropped by itself when the first token of its sign-in ends',
    rule: refreshable,
    says: 'A spent token stays until it has expired itself',
    store: selfExpiring((sound) => ({
      methods: {
        async rotateRefreshToken(rotation, context) {
          const found = await sound.findRefreshToken(rotation.presented, context)
          if (found?.spending !== undefined) return { outcome: 'gone' }
          return sound.rotateRefreshToken(rotation, context)
        },
      },
    })),
  },
  {
    fault: 'a nonce is forgotten as soon as it was stored',
    rule: `${group} > keeps a nonce until no retry can come`,
    says: 'Until `retryUntil` a retry needs the nonce',
    store: selfExpiring((sound) => ({
      methods: {
        rotateRefreshToken: ({ spending, ...rotation }, context) =>
          sound.rotateRefreshToken({ ...rotation, spending: { ...spending, successorNonce: undefined } }, context),
      },
    })),
  },
  {
    fault: 'a rotation does not prolong the life of the authorization in the store',
    rule: refreshable,
    says: 'A refresh token that can be spent keeps its authorization',
    store: livingAsLongAs((_, firstRefreshTokenEnds) => firstRefreshTokenEnds),
  },
  {
    fault: 'an authorization lives in the store as long as its access token',
    rule: refreshable,
    says: 'A refresh token that can be spent keeps its authorization',
    store: livingAsLongAs((firstAccessTokenEnds) => firstAccessTokenEnds),
  },
  {
    fault: 'an authorization lives in the store as long as its refresh token',
    rule: onlyJwt,
    says: 'A JWT of an unknown authorization is revoked',
    store: livingAsLongAs((_, firstRefreshTokenEnds) => firstRefreshTokenEnds),
  },
  {
    fault: 'a rotation does not note the end of its JWT in the store',
    rule: onlyJwt,
    says: 'A JWT of an unknown authorization is revoked',
    store: selfExpiring((sound) => ({
      methods: {
        rotateRefreshToken: ({ spending, ...rotation }, context) =>
          sound.rotateRefreshToken({ ...rotation, spending: { ...spending, accessTokenExpiresAt: 0 } }, context),
      },
    })),
  },
  {
    fault: 'the list of a user lives as long as the sign-in that came last',
    rule: afterOthers,
    says: 'What leads to the tokens of a user or client lives as long as the last of them',
    store: selfExpiring((sound) => {
      const ends = new Map<string, number>()
      return {
        methods: {
          saveTokens(tokens, context) {
            if (tokens.authorization !== undefined) ends.set(tokens.authorization.userId, tokens.accessTokenExpiresAt)
            return sound.saveTokens(tokens, context)
          },
          listAuthorizations: (userId, context) =>
            (ends.get(userId) ?? 0) > systemClock() ? sound.listAuthorizations(userId, context) : [],
        },
      }
    }),
  },
  {
    fault: 'the list of a client’s own tokens lives as long as the token that came last',
    rule: afterOthers,
    says: 'Here it was lost, and a revocation missed a token',
    store: selfExpiring((sound) => {
      const ends = new Map<string, number>()
      return {
        methods: {
          saveTokens(tokens, context) {
            const { accessToken } = tokens
            if (accessToken !== undefined) ends.set(accessToken.clientId, accessToken.expiresAt)
            return sound.saveTokens(tokens, context)
          },
          revokeTokens(selection, context) {
            const isLost = 'clientId' in selection && (ends.get(selection.clientId) ?? 0) <= systemClock()
            return isLost ? 0 : sound.revokeTokens(selection, context)
          },
        },
      }
    }),
  },
]

/** An authorization is dropped at a time that is fixed when it begins: at the end of its first tokens, which may be 0. */
function livingAsLongAs(
  end: (firstAccessTokenEnds: number, firstRefreshTokenEnds: number) => number,
): () => TokenStore {
  return selfExpiring((sound) => {
    const ends = new Map<string, number>()
    const isOver = (authorizationId = '') => (ends.get(authorizationId) ?? Infinity) <= systemClock()
    async function isTokenOver(tokenHash: TokenHash, context: Parameters<TokenStore['findRefreshToken']>[1]) {
      return isOver((await sound.findRefreshToken(tokenHash, context))?.authorizationId)
    }
    return {
      methods: {
        saveTokens(tokens, context) {
          if (tokens.authorization !== undefined) {
            const { authorizationId }: Authorization = tokens.authorization
            ends.set(authorizationId, end(tokens.accessTokenExpiresAt, tokens.refreshToken?.expiresAt ?? 0))
          }
          return sound.saveTokens(tokens, context)
        },
        findRefreshToken: async (tokenHash, context) =>
          (await isTokenOver(tokenHash, context)) ? undefined : sound.findRefreshToken(tokenHash, context),
        rotateRefreshToken: async (rotation, context) =>
          (await isTokenOver(rotation.presented, context))
            ? { outcome: 'gone' }
            : sound.rotateRefreshToken(rotation, context),
        findAuthorization: (authorizationId, context) =>
          isOver(authorizationId) ? undefined : sound.findAuthorization(authorizationId, context),
        isSignedTokenRevoked: (token, context) =>
          isOver(token.authorizationId) || sound.isSignedTokenRevoked(token, context),
      },
    }
  })
}
