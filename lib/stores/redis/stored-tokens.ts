import type { NewRefreshToken, UserAccessTokenRecord } from '../token-store.js'
import type { RedisKeys } from './redis-keys.js'
import { refreshTokenValue, userTokenValue } from './token-values.js'

/** Tokens as the scripts take them: the key of each; the text and the end of each. */
export interface StoredTokens {
  readonly keys: readonly string[]
  readonly values: readonly (string | number)[]
}

/** The tokens that a sign-in or a rotation stores. */
export function storedTokens(
  keys: RedisKeys,
  accessToken: UserAccessTokenRecord | undefined,
  refreshToken: NewRefreshToken | undefined,
): StoredTokens {
  const [tokenKeys, values]: [string[], (string | number)[]] = [[], []]
  if (accessToken !== undefined) {
    tokenKeys.push(keys.accessToken(accessToken.tokenHash))
    values.push(userTokenValue(accessToken), accessToken.expiresAt)
  }
  if (refreshToken !== undefined) {
    tokenKeys.push(keys.refreshToken(refreshToken.tokenHash))
    // Without an end of its own: a replay is recognized as long as the authorization may be used (RFC 9700 §4.14.2).
    values.push(refreshTokenValue(refreshToken), '')
  }
  return { keys: tokenKeys, values }
}
