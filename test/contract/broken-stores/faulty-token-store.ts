import { createMemoryStores } from 'latchkey/stores/memory'
import type { TokenHash } from '../../../lib/crypto/hash.js'
import type { AccessTokenRecord, TokenStore } from '../../../lib/stores/token-store.js'

/** A token store with everything that does something. */
export type PrunedStore = TokenStore & Required<Pick<TokenStore, 'prune' | 'claimLateRetry' | 'whyNotFound'>>

/** A token store that is sound but for the methods that the fault replaces. */
export function faulty(fault: (sound: PrunedStore) => Partial<TokenStore>): () => TokenStore {
  return () => {
    const sound: PrunedStore = createMemoryStores({ pruneIntervalSeconds: 0 }).tokens
    return {
      saveTokens: (tokens, context) => sound.saveTokens(tokens, context),
      findAccessToken: (tokenHash, context) => sound.findAccessToken(tokenHash, context),
      findRefreshToken: (tokenHash, context) => sound.findRefreshToken(tokenHash, context),
      whyNotFound: (tokenHash, context) => sound.whyNotFound(tokenHash, context),
      rotateRefreshToken: (rotation, context) => sound.rotateRefreshToken(rotation, context),
      claimLateRetry: (tokenHash, at, context) => sound.claimLateRetry(tokenHash, at, context),
      revokeAccessToken: (tokenHash, context) => sound.revokeAccessToken(tokenHash, context),
      revokeSignedToken: (tokenId, expiresAt, context) => sound.revokeSignedToken(tokenId, expiresAt, context),
      isSignedTokenRevoked: (token, context) => sound.isSignedTokenRevoked(token, context),
      findAuthorization: (authorizationId, context) => sound.findAuthorization(authorizationId, context),
      listAuthorizations: (userId, context) => sound.listAuthorizations(userId, context),
      revokeTokens: (selection, context) => sound.revokeTokens(selection, context),
      prune: (now, limits) => sound.prune(now, limits),
      ...fault(sound),
    }
  }
}

/** The look-up of a store that knows access tokens beside those it should know. */
export function finding(
  sound: TokenStore,
  extra: ReadonlyMap<TokenHash, AccessTokenRecord>,
): TokenStore['findAccessToken'] {
  return async (tokenHash, context) => (await sound.findAccessToken(tokenHash, context)) ?? extra.get(tokenHash)
}

/** Notes an access token by its hash; a JWT has no record to note. */
export function note(tokens: Map<TokenHash, AccessTokenRecord>, token: AccessTokenRecord | undefined): void {
  if (token !== undefined) tokens.set(token.tokenHash, token)
}

/** A null where the types want undefined, as a store written in JavaScript would answer it. */
export const nothing = null as unknown as undefined

/** Lets other calls go on, as a read from a database does. */
export function tick(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
