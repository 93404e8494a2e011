import { createMemoryStores } from 'latchkey/stores/memory'
import type { TokenHash } from '../../../lib/protocol/token-hash.js'
import type { AccessTokenRecord, TokenStore } from '../../../lib/stores/token-store.js'

/** A token store that is sound but for the methods that the fault replaces. */
export function faulty(fault: (sound: TokenStore) => Partial<TokenStore>): () => TokenStore {
  return () => {
    const sound: TokenStore = createMemoryStores({ pruneIntervalSeconds: 0 }).tokens
    return {
      saveTokens: (tokens, context) => sound.saveTokens(tokens, context),
      findAccessToken: (tokenHash, context) => sound.findAccessToken(tokenHash, context),
      findRefreshToken: (tokenHash, context) => sound.findRefreshToken(tokenHash, context),
      rotateRefreshToken: (rotation, context) => sound.rotateRefreshToken(rotation, context),
      revokeAccessToken: (tokenHash, context) => sound.revokeAccessToken(tokenHash, context),
      revokeTokens: (selection, context) => sound.revokeTokens(selection, context),
      prune: (now) => sound.prune(now),
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

/** A null where the types want undefined, as a store written in JavaScript would answer it. */
export const nothing = null as unknown as undefined

/** Lets other calls go on, as a read from a database does. */
export function tick(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
