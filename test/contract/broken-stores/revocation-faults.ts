import type { TokenHash } from '../../../lib/crypto/hash.js'
import type { AccessTokenRecord, Authorization, TokenStore } from '../../../lib/stores/token-store.js'
import { faulty, finding, note, tick } from './faulty-token-store.js'
import type { PlantedFault } from './planted-fault.js'

const group = 'token store: revocation'
const lasting = 'token store: revocation lasts'

export const revocationFaults: readonly PlantedFault<TokenStore>[] = [
  {
    fault: 'revoking an access token ends its sign-in',
    rule: `${group} > revokes one access token and nothing else`,
    says: 'The authorization lives on: its refresh token was not revoked',
    store: faulty((sound) => ({
      async revokeAccessToken(tokenHash, context) {
        const { authorizationId } = (await sound.findAccessToken(tokenHash, context)) ?? {}
        await sound.revokeAccessToken(tokenHash, context)
        if (authorizationId !== undefined) await sound.revokeTokens({ authorizationId }, context)
      },
    })),
  },
  {
    fault: 'revoking an unknown access token is an error',
    rule: `${group} > does nothing for the revocation of an unknown access token`,
    says: 'This rule expects a result: for an exception the server responds server_error.\n  found:    Error: not found',
    store: faulty((sound) => ({
      async revokeAccessToken(tokenHash, context) {
        if ((await sound.findAccessToken(tokenHash, context)) === undefined) throw new Error('not found')
        return sound.revokeAccessToken(tokenHash, context)
      },
    })),
  },
  {
    fault: 'the access tokens of a revoked sign-in live on',
    rule: `${group} > revokes one authorization`,
    says: 'Every selected token is as good as unknown, at once',
    store: rememberingAccessTokens(({ userId }) => userId !== undefined),
  },
  {
    fault: 'the answer counts records, not authorizations',
    rule: `${group} > revokes one authorization`,
    says: 'The answer is how many live authorizations were ended; own tokens of clients have none',
    store: faulty((sound) => ({
      revokeTokens: async (selection, context) => 3 * (await sound.revokeTokens(selection, context)),
    })),
  },
  {
    fault: 'the access tokens that were got by rotation live on',
    rule: `${group} > revokes also what an authorization got by rotation`,
    says: 'A user token dies with its authorization: the first, the spent and the newest',
    store: faulty((sound) => {
      const rotated = new Map<TokenHash, AccessTokenRecord>()
      return {
        findAccessToken: finding(sound, rotated),
        async rotateRefreshToken(rotation, context) {
          const outcome = await sound.rotateRefreshToken(rotation, context)
          if (outcome.outcome === 'rotated') note(rotated, rotation.accessToken)
          return outcome
        },
      }
    }),
  },
  {
    fault: 'only the newest sign-in of a user is revoked',
    rule: `${group} > revokes all authorizations of a user`,
    says: 'Every selected token is as good as unknown, at once',
    store: knowingAuthorizations((sound, authorizations) => ({
      revokeTokens(selection, context) {
        if (!('userId' in selection)) return sound.revokeTokens(selection, context)
        const newest = authorizations.findLast(({ userId }) => userId === selection.userId)
        return newest === undefined ? 0 : sound.revokeTokens({ authorizationId: newest.authorizationId }, context)
      },
    })),
  },
  {
    fault: 'the exception is ignored',
    rule: `${group} > revokes all authorizations of a user but one`,
    says: 'Tokens that were not selected are untouched',
    store: faulty((sound) => ({
      revokeTokens: (selection, context) =>
        sound.revokeTokens('userId' in selection ? { userId: selection.userId } : selection, context),
    })),
  },
  {
    fault: 'nothing is revoked when the exception is unknown',
    rule: `${group} > revokes all authorizations if the one to keep is unknown`,
    says: 'Every selected token is as good as unknown, at once',
    store: knowingAuthorizations((sound, authorizations) => ({
      revokeTokens(selection, context) {
        const except = 'userId' in selection ? selection.exceptAuthorizationId : undefined
        const known = authorizations.some(({ authorizationId }) => authorizationId === except)
        return except === undefined || known ? sound.revokeTokens(selection, context) : 0
      },
    })),
  },
  {
    fault: 'the own tokens of a revoked client live on',
    rule: `${group} > revokes all authorizations and own tokens of a client`,
    says: 'Every selected token is as good as unknown, at once',
    store: rememberingAccessTokens(({ userId }) => userId === undefined),
  },
  {
    fault: 'everything is everything but the tokens of clients',
    rule: `${group} > revokes everything`,
    says: 'Every selected token is as good as unknown, at once',
    store: rememberingAccessTokens(({ userId }) => userId === undefined),
  },
  {
    fault: 'whatever is not found is said to be revoked',
    rule: `${group} > reports revoked tokens, and no others, as revoked`,
    says: 'A token that was not revoked, or never was, is none that the store can say `revoked` of',
    store: faulty((sound) => ({
      whyNotFound: async (tokenHash, context) =>
        (await sound.findAccessToken(tokenHash, context)) === undefined ? 'revoked' : undefined,
    })),
  },
  {
    fault: 'a revoked token is said to be so in another word',
    rule: `${group} > reports revoked tokens, and no others, as revoked`,
    says: 'A revoked token is `revoked`, or `undefined` where the store does not know that any more',
    store: faulty((sound) => ({
      whyNotFound: async (tokenHash, context) =>
        (await sound.whyNotFound(tokenHash, context)) && ('ended' as 'revoked'),
    })),
  },
  {
    fault: 'ids are compared without regard to case',
    rule: `${group} > compares ids byte for byte`,
    says: '{"userId":"ALICE"} selects nothing: a similar id is the id of somebody else',
    store: faulty((sound) => ({
      revokeTokens: (selection, context) =>
        sound.revokeTokens('userId' in selection ? { userId: selection.userId.toLowerCase() } : selection, context),
    })),
  },
  {
    fault: 'a rotation that comes late brings a revoked sign-in back',
    rule: `${lasting} > stays revoked for what is rotated afterwards`,
    says: 'Revoked is for ever: no token that comes late may bring an authorization back to life',
    store: faulty((sound) => {
      const late = new Map<TokenHash, AccessTokenRecord>()
      return {
        findAccessToken: finding(sound, late),
        async rotateRefreshToken(rotation, context) {
          const outcome = await sound.rotateRefreshToken(rotation, context)
          if (outcome.outcome === 'gone') note(late, rotation.accessToken)
          return outcome
        },
      }
    }),
  },
  {
    fault: 'a revocation is kept as a time, and sign-ins of the same second are dead',
    rule: `${lasting} > lets the user sign in again at once`,
    says: 'A revocation ends what is there, not what begins afterwards, even in the same second',
    store: faulty((sound) => {
      let revokedAt = 0
      return {
        revokeTokens(selection, context) {
          revokedAt = Math.floor(Date.now() / 1000)
          return sound.revokeTokens(selection, context)
        },
        async findAccessToken(tokenHash, context) {
          const found = await sound.findAccessToken(tokenHash, context)
          return found !== undefined && found.issuedAt > revokedAt ? found : undefined
        },
      }
    }),
  },
  {
    fault: 'a rotation that looked before the revocation stores its tokens after it',
    rule: `${lasting} > wins over rotations that are under way`,
    says: 'Once a revocation has returned',
    store: faulty((sound) => {
      const late = new Map<TokenHash, AccessTokenRecord>()
      return {
        findAccessToken: finding(sound, late),
        async rotateRefreshToken(rotation, context) {
          const found = await sound.findRefreshToken(rotation.presented, context)
          if (found === undefined) return { outcome: 'gone' }
          await tick()
          const outcome = await sound.rotateRefreshToken(rotation, context)
          if (outcome.outcome !== 'gone') return outcome
          note(late, rotation.accessToken)
          return { outcome: 'rotated' }
        },
      }
    }),
  },
]

/** Forgets no access token of a kind, but for one that is revoked by its hash. */
function rememberingAccessTokens(isRemembered: (token: AccessTokenRecord) => boolean): () => TokenStore {
  return faulty((sound) => {
    const remembered = new Map<TokenHash, AccessTokenRecord>()
    return {
      findAccessToken: finding(sound, remembered),
      async saveTokens(tokens, context) {
        await sound.saveTokens(tokens, context)
        if (tokens.accessToken !== undefined && isRemembered(tokens.accessToken)) note(remembered, tokens.accessToken)
      },
      revokeAccessToken(tokenHash, context) {
        remembered.delete(tokenHash)
        return sound.revokeAccessToken(tokenHash, context)
      },
    }
  })
}

function knowingAuthorizations(
  fault: (sound: TokenStore, authorizations: readonly Authorization[]) => Partial<TokenStore>,
): () => TokenStore {
  return faulty((sound) => {
    const authorizations: Authorization[] = []
    return {
      async saveTokens(tokens, context) {
        await sound.saveTokens(tokens, context)
        if (tokens.authorization !== undefined) authorizations.push(tokens.authorization)
      },
      ...fault(sound, authorizations),
    }
  })
}
