import { createMemoryStores } from 'latchkey/stores/memory'
import { asTheyAre } from './recording.mjs'
import { synchronousStoreCalls } from './store-calls.mjs'

/** The store in memory, beside the least that Maps can do: no limit, no second look, nothing ever removed. */
export function openMemory() {
  let stores
  const subject = {
    ...{ name: 'memory', lanes: 1, versions: {}, halves: undefined },
    /** New Maps for each round: what the last one left would fill them. */
    fresh() {
      stores?.close()
      stores = createMemoryStores({ pruneIntervalSeconds: 0 })
      subject.halves = {
        store: { prepare: asTheyAre, ...synchronousStoreCalls(stores.tokens) },
        bare: { prepare: asTheyAre, ...bareMaps() },
      }
    },
    close: () => stores?.close(),
  }
  return subject
}

function bareMaps() {
  const accessTokens = new Map()
  const refreshTokens = new Map()
  const authorizations = new Map()
  const add = ({ accessToken, refreshToken }) => {
    accessTokens.set(accessToken.tokenHash, { ...accessToken })
    if (refreshToken) refreshTokens.set(refreshToken.tokenHash, { ...refreshToken })
  }
  return {
    'client credentials': add,
    verify(hash) {
      const token = accessTokens.get(hash)
      const { authorizationId } = token
      return authorizationId === undefined || authorizations.has(authorizationId) ? token : undefined
    },
    'sign-in'(tokens) {
      authorizations.set(tokens.authorization.authorizationId, { ...tokens.authorization })
      add(tokens)
    },
    refresh(rotation) {
      const token = refreshTokens.get(rotation.presented)
      const authorization = authorizations.get(token.authorizationId)
      if (authorization === undefined || token.spending) return undefined
      const found = { ...token, authorization, spending: undefined }
      token.spending = { ...rotation.spending }
      add(rotation)
      return found
    },
  }
}
