import type { TokenHash } from '../../../lib/crypto/hash.js'
import type { AccessTokenRecord, TokenStore } from '../../../lib/stores/token-store.js'
import { faulty, finding, note, nothing, tick } from './faulty-token-store.js'
import type { PlantedFault } from './planted-fault.js'

const group = 'token store: saving and finding'

export const savingFaults: readonly PlantedFault<TokenStore>[] = [
  {
    fault: 'times come back as strings, as 64-bit integers do from some drivers',
    rule: `${group} > finds an access token of a user, whole and unchanged`,
    says: 'A guard decides by every field of the record: none may change or be missing',
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
    says: 'A guard decides by every field of the record: none may change or be missing',
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
    says: '`userId` shows whether a token acts for a user',
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
    says: 'The refresh token grant decides by the authorization and by `spending`',
    store: faulty((sound) => ({
      async findRefreshToken(tokenHash, context) {
        const found = await sound.findRefreshToken(tokenHash, context)
        return found && { ...found, spending: found.spending ?? nothing }
      },
    })),
  },
  {
    fault: 'times of refresh tokens come back as bigints',
    rule: `${group} > finds a refresh token with its authorization, unspent`,
    says: 'The refresh token grant decides by the authorization',
    store: faulty((sound) => ({
      async findRefreshToken(tokenHash, context) {
        const found = await sound.findRefreshToken(tokenHash, context)
        return found && { ...found, expiresAt: BigInt(found.expiresAt) as unknown as number }
      },
    })),
  },
  {
    fault: 'a user token without a refresh token is not stored',
    rule: `${group} > saves a sign-in without a refresh token`,
    says: 'A client without the refresh token grant gets an access token alone',
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
    says: 'Ids and scopes are the application’s',
    store: faulty((sound) => ({
      async findAccessToken(tokenHash, context) {
        const found = await sound.findAccessToken(tokenHash, context)
        return found && { ...found, scope: found.scope.slice(0, 255) }
      },
    })),
  },
  {
    fault: 'an unknown token is null',
    rule: `${group} > returns undefined for an unknown hash`,
    says: 'A token that was never stored is unknown: undefined, not null and no exception',
    store: faulty((sound) => ({
      async findAccessToken(tokenHash, context) {
        return (await sound.findAccessToken(tokenHash, context)) ?? nothing
      },
    })),
  },
  {
    fault: 'hashes are compared without regard to case',
    rule: `${group} > compares hashes byte for byte`,
    says: 'A similar hash is another token: mind the collation of the column',
    store: comparingHashesBy((hash) => hash.toLowerCase()),
  },
  {
    fault: 'trailing spaces of hashes are ignored',
    rule: `${group} > compares hashes byte for byte`,
    says: 'A similar hash is another token: mind the collation of the column',
    store: comparingHashesBy((hash) => hash.trimEnd()),
  },
  {
    fault: 'hashes are looked up by their beginning',
    rule: `${group} > compares hashes byte for byte`,
    says: 'A similar hash is another token: mind the collation of the column',
    store: comparingHashesBy((hash) => hash.slice(0, 20)),
  },
  {
    fault: 'refresh tokens are found as access tokens',
    rule: `${group} > does not take an access token for a refresh token, nor the reverse`,
    says: 'A refresh token would open every guarded route, or an access token could renew itself',
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
    says: 'Overwriting a token would give its bearer the rights of somebody else',
    store: faulty((sound) => ({
      async saveTokens(tokens, context) {
        if (tokens.accessToken !== undefined) await sound.revokeAccessToken(tokens.accessToken.tokenHash, context)
        await sound.saveTokens(tokens, context)
      },
    })),
  },
  {
    fault: 'an answer is saved half when the refresh token cannot be stored',
    rule: `${group} > saves all of the tokens or nothing`,
    says: 'If one record cannot be stored, none may be',
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
  {
    fault: 'an authorization that exists is overwritten',
    rule: `${group} > refuses an authorization id that exists and changes nothing`,
    says: 'a second one with its id is refused',
    store: faulty((sound) => ({
      async saveTokens(tokens, context) {
        const { authorizationId } = tokens.authorization ?? {}
        if (authorizationId !== undefined) await sound.revokeTokens({ authorizationId }, context)
        await sound.saveTokens(tokens, context)
      },
    })),
  },
  {
    fault: 'an authorization that exists gets the tokens of the second',
    rule: `${group} > refuses an authorization id that exists and changes nothing`,
    says: 'A failed save stores nothing: no token',
    store: faulty((sound) => {
      const stored = new Map<TokenHash, AccessTokenRecord>()
      return {
        findAccessToken: finding(sound, stored),
        saveTokens(tokens, context) {
          if (tokens.authorization !== undefined) note(stored, tokens.accessToken)
          return sound.saveTokens(tokens, context)
        },
      }
    }),
  },
  {
    fault: 'whether a hash exists is a read before the write',
    rule: `${group} > lets exactly one of twenty concurrent saves of a hash win`,
    says: 'of concurrent saves exactly one is stored',
    store: faulty((sound) => ({
      async saveTokens(tokens, context) {
        const { accessToken, refreshToken } = tokens
        if (accessToken !== undefined && (await sound.findAccessToken(accessToken.tokenHash, context))) throw exists()
        if (refreshToken !== undefined && (await sound.findRefreshToken(refreshToken.tokenHash, context)))
          throw exists()
        await tick()
        if (accessToken !== undefined) await sound.revokeAccessToken(accessToken.tokenHash, context)
        await sound.saveTokens(tokens, context)
      },
    })),
  },
  {
    fault: 'of concurrent saves those that lose are answered as if they were stored',
    rule: `${group} > lets exactly one of twenty concurrent saves of a hash win`,
    says: 'the others are refused as a whole',
    store: faulty((sound) => ({
      async saveTokens(tokens, context) {
        try {
          await sound.saveTokens(tokens, context)
        } catch {
          // INSERT … ON CONFLICT DO NOTHING
        }
      },
    })),
  },
  {
    fault: 'of concurrent saves those that lose leave their sign-in',
    rule: `${group} > lets exactly one of twenty concurrent saves of a hash win`,
    says: 'the others are refused as a whole',
    store: faulty((sound) => ({
      async saveTokens(tokens, context) {
        try {
          await sound.saveTokens(tokens, context)
        } catch (error) {
          if (tokens.authorization !== undefined)
            await sound.saveTokens({ ...tokens, accessToken: undefined, refreshToken: undefined }, context)
          throw error
        }
      },
    })),
  },
]

function exists(): Error {
  return new Error('The token exists already')
}

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
