import type { TokenHash } from '../../protocol/token-hash.js'
import type {
  AccessTokenRecord,
  Authorization,
  NewRefreshToken,
  RefreshTokenRecord,
  RefreshTokenSpending,
} from '../token-store.js'
import { keyPart } from './redis-keys.js'

/*
 * Tokens are texts of several lines, so that a script can tell what it has to know without reading JSON: the first line is the owner.
 * No line break is in a line: JSON has it escaped.
 */

/** A user's access token: its authorization, its record. */
export function userTokenValue(token: AccessTokenRecord & { readonly authorizationId: string }): string {
  return `a${keyPart(token.authorizationId)}\n${accessTokenJson(token)}`
}

/** The record of an access token, without the hash that it is found by. */
export function accessTokenJson(token: AccessTokenRecord): string {
  const { clientId, userId, authorizationId, scope, audience, issuedAt, expiresAt } = token
  return JSON.stringify({ clientId, userId, authorizationId, scope, audience, issuedAt, expiresAt })
}

/** Makes the record of an access token. */
export function toAccessToken(tokenHash: TokenHash, json: string): AccessTokenRecord {
  return Object.assign(JSON.parse(json) as AccessTokenRecord, { tokenHash })
}

/** A refresh token that is unspent: its authorization, its times. Spending it adds a line. */
export function refreshTokenValue({ authorizationId, issuedAt, expiresAt }: NewRefreshToken): string {
  return `${keyPart(authorizationId)}\n${JSON.stringify({ issuedAt, expiresAt })}`
}

/** Makes the record of a refresh token. */
export function toRefreshToken(tokenHash: TokenHash, value: string, authorization: Authorization): RefreshTokenRecord {
  const [, times = '', spending] = value.split('\n')
  const { issuedAt, expiresAt } = JSON.parse(times) as Pick<NewRefreshToken, 'issuedAt' | 'expiresAt'>
  return {
    tokenHash,
    issuedAt,
    expiresAt,
    authorizationId: authorization.authorizationId,
    authorization,
    spending: spending === undefined ? undefined : toSpending(spending),
  }
}

/** What is left on a refresh token that was spent. */
export function spendingJson(spending: RefreshTokenSpending): string {
  const { spentAt, successorNonce, accessTokenScope, accessTokenAudience, accessTokenExpiresAt } = spending
  return JSON.stringify({ spentAt, successorNonce, accessTokenScope, accessTokenAudience, accessTokenExpiresAt })
}

/** Makes the spending of a refresh token. */
export function toSpending(json: string): RefreshTokenSpending {
  return JSON.parse(json) as RefreshTokenSpending
}

/** The record of an authorization. */
export function authorizationJson(authorization: Authorization): string {
  const { authorizationId, userId, clientId, grantType, scope, audience, deviceLabel } = authorization
  const { createdAt, expiresAt } = authorization
  const granted = { authorizationId, userId, clientId, grantType, scope, audience, deviceLabel, createdAt, expiresAt }
  return JSON.stringify(granted)
}

/** Makes the record of an authorization. */
export function toAuthorization(json: string): Authorization {
  const record = JSON.parse(json) as Omit<Authorization, 'deviceLabel'> & { readonly deviceLabel?: string }
  return Object.assign(record, { deviceLabel: record.deviceLabel })
}
