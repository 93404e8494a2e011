const context = { requestId: 'benchmark', address: undefined, userAgent: undefined, parameters: new Map() }

/** The operations as the token endpoint and the guard call them, of a store that answers promises. */
export function storeCalls(store) {
  return {
    'client credentials': (tokens) => store.saveTokens(tokens, context),
    verify: (hash) => store.findAccessToken(hash, context),
    'sign-in': (tokens) => store.saveTokens(tokens, context),
    async refresh(rotation) {
      const found = await store.findRefreshToken(rotation.presented, context)
      const { outcome } = await store.rotateRefreshToken(rotation, context)
      return outcome === 'rotated' ? found : undefined
    },
  }
}

/** The same of a store that answers at once. */
export function synchronousStoreCalls(store) {
  return {
    ...storeCalls(store),
    refresh(rotation) {
      const found = store.findRefreshToken(rotation.presented, context)
      const { outcome } = store.rotateRefreshToken(rotation, context)
      return outcome === 'rotated' ? found : undefined
    },
  }
}
