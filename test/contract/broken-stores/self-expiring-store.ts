import { systemClock } from '../../../lib/time/clock.js'
import type { TokenStore } from '../../../lib/stores/token-store.js'
import { faulty, type PrunedStore } from './faulty-token-store.js'

/** What may go wrong in a store that drops by itself what is over. */
export interface SelfExpiringFault {
  /** Replaces methods, as in a store that is pruned. */
  readonly methods?: Partial<TokenStore>
  /** How late it is by the clock of the store, seconds since the epoch. */
  readonly clock?: () => number
}

/** A store without `prune`: before each call it drops what `prune` would remove at that time, but for the fault. */
export function selfExpiring(fault: (sound: PrunedStore) => SelfExpiringFault): () => TokenStore {
  return () => {
    let clock = systemClock
    const store = faulty((sound) => {
      const { methods = {}, clock: ofStore = systemClock } = fault(sound)
      clock = ofStore
      return methods
    })()
    return dropping(store, async () => store.prune?.(clock()))
  }
}

function dropping(store: TokenStore, drop: () => Promise<unknown>): TokenStore {
  return {
    saveTokens: (tokens, context) => drop().then(() => store.saveTokens(tokens, context)),
    findAccessToken: (tokenHash, context) => drop().then(() => store.findAccessToken(tokenHash, context)),
    findRefreshToken: (tokenHash, context) => drop().then(() => store.findRefreshToken(tokenHash, context)),
    whyNotFound: (tokenHash, context) => drop().then(() => store.whyNotFound?.(tokenHash, context)),
    rotateRefreshToken: (rotation, context) => drop().then(() => store.rotateRefreshToken(rotation, context)),
    claimLateRetry: (tokenHash, at, context) =>
      drop().then(() => store.claimLateRetry?.(tokenHash, at, context) ?? false),
    revokeAccessToken: (tokenHash, context) => drop().then(() => store.revokeAccessToken(tokenHash, context)),
    revokeSignedToken: (tokenId, expiresAt, context) =>
      drop().then(() => store.revokeSignedToken(tokenId, expiresAt, context)),
    isSignedTokenRevoked: (token, context) => drop().then(() => store.isSignedTokenRevoked(token, context)),
    findAuthorization: (authorizationId, context) =>
      drop().then(() => store.findAuthorization(authorizationId, context)),
    listAuthorizations: (userId, context) => drop().then(() => store.listAuthorizations(userId, context)),
    revokeTokens: (selection, context) => drop().then(() => store.revokeTokens(selection, context)),
  }
}
