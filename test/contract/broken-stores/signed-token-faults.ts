import type { NewUserTokens, TokenStore } from '../../../lib/stores/token-store.js'
import { faulty } from './faulty-token-store.js'
import type { PlantedFault } from './planted-fault.js'

const group = 'token store: signed tokens'
const pruning = 'token store: pruning of signed tokens'

export const signedTokenFaults: readonly PlantedFault<TokenStore>[] = [
  {
    fault: 'a sign-in without a stored access token is not stored',
    rule: `${group} > saves a sign-in and a rotation without an access token`,
    says: 'A JWT is not stored, but the sign-in that it belongs to is',
    store: faulty((sound) => ({
      async saveTokens(tokens, context) {
        if (tokens.accessToken !== undefined) await sound.saveTokens(tokens, context)
      },
    })),
  },
  {
    fault: 'a rotation without an access token is refused',
    rule: `${group} > saves a sign-in and a rotation without an access token`,
    says: 'A rotation that gives a JWT spends the token and stores a refresh token, as any other',
    store: faulty((sound) => ({
      rotateRefreshToken: (rotation, context) =>
        rotation.accessToken === undefined ? { outcome: 'gone' } : sound.rotateRefreshToken(rotation, context),
    })),
  },
  {
    fault: 'whether a token is revoked comes back as a number',
    rule: `${group} > tells that a token is not revoked`,
    says: 'The answer is `false`, a boolean: a guard lets nothing else pass',
    store: faulty((sound) => ({
      isSignedTokenRevoked: async (token, context) =>
        Number(await sound.isSignedTokenRevoked(token, context)) as unknown as boolean,
    })),
  },
  {
    fault: 'a token without an authorization is taken for one of an unknown authorization',
    rule: `${group} > tells that a token is not revoked`,
    says: 'The answer is `false`, a boolean: a guard lets nothing else pass',
    store: faulty((sound) => ({
      isSignedTokenRevoked: (token, context) =>
        token.authorizationId === undefined || sound.isSignedTokenRevoked(token, context),
    })),
  },
  {
    fault: 'revoking a token does nothing',
    rule: `${group} > revokes one token and nothing else`,
    says: 'A token is revoked by its id, at once; the answer is `true`, a boolean',
    store: faulty(() => ({ revokeSignedToken: () => undefined })),
  },
  {
    fault: 'the id is not looked up when the authorization lives',
    rule: `${group} > revokes one token and nothing else`,
    says: 'A token is revoked by its id, at once; the answer is `true`, a boolean',
    store: faulty((sound) => ({
      isSignedTokenRevoked: ({ tokenId, authorizationId }, context) =>
        sound.isSignedTokenRevoked({ tokenId: authorizationId === undefined ? tokenId : '', authorizationId }, context),
    })),
  },
  {
    fault: 'a second revocation is an error',
    rule: `${group} > does nothing when a token is revoked again`,
    says: 'This rule expects a result: for an exception the server responds server_error.\n  found:    Error: UNIQUE constraint failed',
    store: faulty((sound) => ({
      async revokeSignedToken(tokenId, expiresAt, context) {
        if (await sound.isSignedTokenRevoked({ tokenId, authorizationId: undefined }, context)) {
          throw new Error('UNIQUE constraint failed')
        }
        await sound.revokeSignedToken(tokenId, expiresAt, context)
      },
    })),
  },
  {
    fault: 'a second revocation replaces the end of the first',
    rule: `${group} > does nothing when a token is revoked again`,
    says: 'Revoking again changes nothing and throws nothing: the first one holds',
    store: faulty((sound) => {
      const ends = new Map<string, number>()
      return {
        revokeSignedToken(tokenId, expiresAt, context) {
          ends.set(tokenId, expiresAt)
          return sound.revokeSignedToken(tokenId, expiresAt, context)
        },
        isSignedTokenRevoked: (token, context) =>
          ends.has(token.tokenId) || sound.isSignedTokenRevoked({ ...token, tokenId: '' }, context),
        prune(now) {
          for (const [tokenId, expiresAt] of ends) if (expiresAt <= now) ends.delete(tokenId)
          return sound.prune(now)
        },
      }
    }),
  },
  {
    fault: 'only the token itself is looked up, not its authorization',
    rule: `${group} > revokes the tokens of an authorization with it`,
    says: 'A JWT dies with its authorization, here by ["authorizationId"]',
    store: faulty((sound) => ({
      isSignedTokenRevoked: ({ tokenId }, context) =>
        sound.isSignedTokenRevoked({ tokenId, authorizationId: undefined }, context),
    })),
  },
  {
    fault: 'until when the JWTs of a client are revoked is the last time that was given',
    rule: `${group} > revokes a client's own JWTs that were issued up to a time`,
    says: 'A JWT of a client is revoked by `issuedAt`, up to and including `issuedUntil`',
    store: notBefore((stored, given) => given ?? stored),
  },
  {
    fault: 'the JWTs of clients outlive a revocation of their client',
    rule: `${group} > revokes a client's own JWTs that were issued up to a time`,
    says: 'A JWT of a client is revoked by `issuedAt`, up to and including `issuedUntil`',
    store: notBefore(() => undefined),
  },
  {
    fault: 'a revocation of everything replaces that of a client',
    rule: `${group} > revokes all JWTs that were issued up to a time`,
    says: 'A client that was revoked up to a later time stays revoked up to then',
    store: notBefore((stored, given) => Math.max(stored ?? 0, given ?? 0), { isForgotten: true }),
  },
  {
    fault: 'the JWTs of users are judged by the time, too',
    rule: `${group} > lets users sign in again at once when all JWTs up to now are revoked`,
    says: 'Of a user’s JWT its authorization decides',
    store: notBefore((stored, given) => Math.max(stored ?? 0, given ?? 0), { forUsers: true }),
  },
  {
    fault: 'an unknown authorization is taken for a live one',
    rule: `${group} > treats a token of an unknown authorization as revoked`,
    says: 'A JWT of an unknown authorization, here "unknown", is revoked: that may have ended',
    store: faulty((sound) => {
      const known = new Set<string>()
      return {
        async saveTokens(tokens, context) {
          await sound.saveTokens(tokens, context)
          if (tokens.authorization !== undefined) known.add(tokens.authorization.authorizationId)
        },
        isSignedTokenRevoked: ({ tokenId, authorizationId = '' }, context) =>
          sound.isSignedTokenRevoked(
            { tokenId, authorizationId: known.has(authorizationId) ? authorizationId : undefined },
            context,
          ),
      }
    }),
  },
  {
    fault: 'token ids are compared without regard to case',
    rule: `${group} > compares token ids byte for byte`,
    says: '"ab-1" is the token of somebody else',
    store: faulty((sound) => ({
      revokeSignedToken: (tokenId, expiresAt, context) =>
        sound.revokeSignedToken(tokenId.toLowerCase(), expiresAt, context),
      isSignedTokenRevoked: (token, context) =>
        sound.isSignedTokenRevoked({ ...token, tokenId: token.tokenId.toLowerCase() }, context),
    })),
  },
  {
    fault: 'revoked ids are the properties of an object',
    rule: `${group} > compares token ids byte for byte`,
    says: '"__proto__" is the token of somebody else',
    store: faulty((sound) => ({
      isSignedTokenRevoked: async (token, context) =>
        token.tokenId in {} || (await sound.isSignedTokenRevoked(token, context)),
    })),
  },
  {
    fault: 'all that is revoked stands in one list',
    rule: `${group} > keeps token ids apart from hashes and authorization ids`,
    says: 'Only a JWT has an id: what is called the same by chance is not revoked',
    store: faulty((sound) => ({
      async revokeSignedToken(tokenId, expiresAt, context) {
        await sound.revokeTokens({ authorizationId: tokenId }, context)
        return sound.revokeSignedToken(tokenId, expiresAt, context)
      },
    })),
  },
  {
    fault: 'revoked tokens are forgotten at every pruning',
    rule: `${pruning} > remembers a revoked token until it expires`,
    says: 'Until its `expiresAt` nothing else makes the token dead',
    store: faulty((sound) => ({
      revokeSignedToken: (tokenId, _expiresAt, context) => sound.revokeSignedToken(tokenId, 0, context),
    })),
  },
  {
    fault: 'revoked tokens are remembered for ever',
    rule: `${pruning} > remembers a revoked token until it expires`,
    says: 'From `expiresAt` on the token is dead anyway',
    store: faulty((sound) => ({
      revokeSignedToken: (tokenId, _expiresAt, context) => sound.revokeSignedToken(tokenId, 2 ** 40, context),
    })),
  },
  {
    fault: 'an authorization without stored tokens goes',
    rule: `${pruning} > keeps an authorization whose only token is a JWT`,
    says: 'A JWT that lives keeps its authorization',
    store: savingSigned((tokens) => ({ ...tokens, accessTokenExpiresAt: 0 })),
  },
  {
    fault: 'the end of a JWT is not noted by a rotation',
    rule: `${pruning} > keeps an authorization whose refresh token has expired before its JWT`,
    says: 'A JWT lives until the `accessTokenExpiresAt` that the sign-in or the rotation told',
    store: faulty((sound) => ({
      rotateRefreshToken: ({ spending, ...rotation }, context) =>
        sound.rotateRefreshToken({ ...rotation, spending: { ...spending, accessTokenExpiresAt: 0 } }, context),
    })),
  },
  {
    fault: 'a refresh token that can be spent does not keep its authorization',
    rule: `${pruning} > keeps an authorization with a refresh token that can be spent`,
    says: 'A refresh token that can be spent keeps its authorization: the next JWT will need it',
    store: faulty((sound) => ({
      saveTokens(tokens, context) {
        const { refreshToken } = tokens
        if (refreshToken === undefined) return sound.saveTokens(tokens, context)
        return sound.saveTokens({ ...tokens, refreshToken: { ...refreshToken, expiresAt: 0 } }, context)
      },
    })),
  },
  {
    fault: 'an authorization with a JWT stays until it is over',
    rule: `${pruning} > removes authorizations whose JWTs have expired`,
    says: 'When no token can be used, stored or not, there is nothing left to protect',
    store: savingSigned((tokens) => ({ ...tokens, accessTokenExpiresAt: tokens.authorization.expiresAt })),
  },
  {
    fault: 'a JWT keeps an authorization that is over',
    rule: `${pruning} > removes an authorization that has expired or is revoked, even if it has valid JWTs`,
    says: 'No JWT outlives its authorization',
    store: savingSigned(({ authorization, ...tokens }) => ({
      ...tokens,
      authorization: { ...authorization, expiresAt: tokens.accessTokenExpiresAt },
    })),
  },
]

/** Changes what is told of sign-ins with a JWT before it is stored. */
function savingSigned(change: (tokens: NewUserTokens) => NewUserTokens): () => TokenStore {
  return faulty((sound) => ({
    saveTokens(tokens, context) {
      const isSigned = tokens.authorization !== undefined && tokens.accessToken === undefined
      return sound.saveTokens(isSigned ? change(tokens) : tokens, context)
    },
  }))
}

/** A store that remembers in a way of its own until when the JWTs of clients are revoked. */
function notBefore(
  combine: (stored: number | undefined, given: number | undefined) => number | undefined,
  { isForgotten = false, forUsers = false } = {},
): () => TokenStore {
  return faulty((sound) => {
    const clients = new Map<string, number | undefined>()
    let all: number | undefined
    return {
      revokeTokens(selection, context) {
        if ('clientId' in selection) {
          const { clientId } = selection
          clients.set(clientId, combine(clients.get(clientId), selection.issuedUntil))
        } else if ('everything' in selection) {
          all = combine(all, selection.issuedUntil)
          if (isForgotten) clients.clear()
        }
        return sound.revokeTokens(selection, context)
      },
      async isSignedTokenRevoked({ clientId = '', issuedAt, ...token }, context) {
        const until = Math.max(clients.get(clientId) ?? 0, all ?? 0)
        const isJudged = forUsers || token.authorizationId === undefined
        return (isJudged && (issuedAt ?? Infinity) <= until) || (await sound.isSignedTokenRevoked(token, context))
      },
    }
  })
}
