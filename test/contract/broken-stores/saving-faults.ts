import type { AccessTokenRecord, TokenStore } from '../../../lib/stores/token-store.js'
import { faulty, nothing } from './faulty-token-store.js'
import type { PlantedFault } from './planted-fault.js'

const group = 'token store: saving and finding'

export const savingFaults: readonly PlantedFault<TokenStore>[] = [
  {
    fault: 'times come back as strings, as 64-bit integers do from some drivers',
    rule: `${group} > finds an access token of a user, whole and unchanged`,
    store: faulty((sound) => ({
      async findAccessToken(tokenHash, context) {
        const found = await sound.findAccessToken(tokenHash, context)
        return found && { ...found, expiresAt: String(found.expiresAt) as unknown as number }
      },
    })),
  },
  {
    fault: 'a token has the audience of its authorization',
    rule: `${group} > finds an access token of a user, whole and unchanged`,
    store: faulty((sound) => ({
      async findAccessToken(tokenHash, context) {
        const found = await sound.findAccessToken(tokenHash, context)
        if (found?.authorizationId === undefined) return found
        const { audience = '' } = (await sound.findAuthorization(found.authorizationId, context)) ?? {}
        return { ...found, audience }
      },
    })),
  },
  {
    fault: 'the user of a client token is null',
    rule: `${group} > finds an access token of the client itself, without user and authorization`,
    store: faulty((sound) => ({
      async findAccessToken(tokenHash, context) {
        const found = await sound.findAccessToken(tokenHash, context)
        return found && ({ ...found, userId: found.userId ?? nothing } as AccessTokenRecord)
      },
    })),
  },
  {
    fault: 'an unspent token has null for a spending',
    rule: `${group} > finds a refresh token with its authorization, unspent`,
    store: faulty((sound) => ({
      async findRefreshToken(tokenHash, context) {
        const found = await sound.findRefreshToken(tokenHash, context)
        return found && { ...found, spending: found.spending ?? nothing }
      },
    })),
  },
  {
    fault: 'a user token without a refresh token is not stored',
    rule: `${group} > saves a sign-in without a refresh token`,
    store: faulty((sound) => ({
      async saveTokens(tokens, context) {
        if (tokens.authorization !== undefined && tokens.refreshToken === undefined) return
        await sound.saveTokens(tokens, context)
      },
    })),
  },
  {
    fault: 'scopes are cut at 255 characters',
    rule: `${group} > keeps unusual characters and long scopes`,
    store: faulty((sound) => ({
      async findAccessToken(tokenHash, context) {
        const found = await sound.findAccessToken(tokenHash, context)
        return found && { ...found, scope: found.scope.slice(0, 255) }
      },
    })),
  },
  {
    fault: 'an unknown token is null',
    rule: `${group} > answers undefined for an unknown hash`,
    store: faulty((sound) => ({
      async findAccessToken(tokenHash, context) {
        return (await sound.findAccessToken(tokenHash, context)) ?? nothing
      },
    })),
  },
  {
    fault: 'hashes are compared without regard to case',
    rule: `${group} > compares hashes byte for byte`,
    store: comparingHashesBy((hash) => hash.toLowerCase()),
  },
  {
    fault: 'trailing spaces of hashes are ignored',
    rule: `${group} > compares hashes byte for byte`,
    store: comparingHashesBy((hash) => hash.trimEnd()),
  },
  {
    fault: 'hashes are looked up by their beginning',
    rule: `${group} > compares hashes byte for byte`,
    store: comparingHashesBy((hash) => hash.slice(0, 20)),
  },
  {
    fault: 'refresh tokens are found as access tokens',
    rule: `${group} > does not take an access token for a refresh token, nor the reverse`,
    store: faulty((sound) => ({
      async findAccessToken(tokenHash, context) {
        const refresh = await sound.findRefreshToken(tokenHash, context)
        return refresh ? { ...refresh, ...refresh.authorization } : sound.findAccessToken(tokenHash, context)
      },
    })),
  },
  {
    fault: 'a hash that exists is overwritten',
    rule: `${group} > refuses an access token hash that exists and changes nothing`,
    store: faulty((sound) => ({
      async saveTokens(tokens, context) {
        if (tokens.accessToken !== undefined) await sound.revokeAccessToken(tokens.accessToken.tokenHash, context)
        await sound.saveTokens(tokens, context)
      },
    })),
  },
  {
    fault: 'an answer is saved half when the refresh token cannot be stored',
    rule: `${group} > saves all of an answer or nothing`,
    store: faulty((sound) => ({
      async saveTokens(tokens, context) {
        try {
          await sound.saveTokens(tokens, context)
        } catch (error) {
          if (tokens.authorization !== undefined) {
            await sound.saveTokens({ ...tokens, refreshToken: undefined }, context)
          }
          throw error
        }
      },
    })),
  },
]

function comparingHashesBy(key: (hash: string) => string): () => TokenStore {
  return faulty((sound) => {
    const saved = new Map<string, AccessTokenRecord>()
    return {
      async saveTokens(tokens, context) {
        await sound.saveTokens(tokens, context)
        if (tokens.accessToken !== undefined) saved.set(key(tokens.accessToken.tokenHash), tokens.accessToken)
      },
      async findAccessToken(tokenHash, context) {
        const tokenHashOfKey = saved.get(key(tokenHash))?.tokenHash
        return sound.findAccessToken(tokenHashOfKey ?? tokenHash, context)
      },
    }
  })
}
