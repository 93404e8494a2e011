import type { TokenHash } from '../../crypto/hash.js'
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

/**
 * A refresh token that is unspent: its authorization, its times. Spending it adds a line; so do the spending of its successor, `s` and
 * milliseconds, and a late retry, `l` and seconds.
 */
export function refreshTokenValue({ authorizationId, issuedAt, expiresAt, pacedUntil }: NewRefreshToken): string {
  return `${keyPart(authorizationId)}\n${JSON.stringify({ issuedAt, expiresAt, pacedUntil })}`
}

/** Makes the record of a refresh token. */
export function toRefreshToken(
  tokenHash: TokenHash,
  { value, nonce }: { readonly value: string; readonly nonce: string | undefined },
  authorization: Authorization,
): RefreshTokenRecord {
  const [, times = '', ...spending] = value.split('\n')
  const { issuedAt, expiresAt, pacedUntil } = JSON.parse(times) as Omit<NewRefreshToken, 'tokenHash'>
  return {
    tokenHash,
    issuedAt,
    expiresAt,
    pacedUntil,
    authorizationId: authorization.authorizationId,
    authorization,
    spending: spending.length === 0 ? undefined : toSpending(spending.join('\n'), nonce),
  }
}

/** What is left on a refresh token that was spent, but for the nonce, which has a key of its own. */
export function spendingJson(spending: RefreshTokenSpending): string {
  const { spentAt, accessTokenScope, accessTokenAudience, accessTokenExpiresAt, retryUntil } = spending
  return JSON.stringify({ spentAt, accessTokenScope, accessTokenAudience, accessTokenExpiresAt, retryUntil })
}

/** Makes the spending of a refresh token from its lines and the nonce; an empty text is none. */
export function toSpending(lines: string, nonce: string | undefined): RefreshTokenSpending {
  const [json = '', ...notes] = lines.split('\n')
  const successorSpentAt = noteOf(notes, 's')
  const spending = JSON.parse(json) as RefreshTokenSpending
  // Earlier versions had the nonce in the record.
  const recorded = successorSpentAt === undefined ? spending.successorNonce : undefined
  const successorNonce = nonce === undefined || nonce === '' ? recorded : nonce
  return { ...spending, successorNonce, successorSpentAt, lateRetryAt: noteOf(notes, 'l') }
}

function noteOf(notes: readonly string[], kind: string): number | undefined {
  const note = notes.find((line) => line.startsWith(kind))
  return note === undefined ? undefined : Number(note.slice(1))
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
