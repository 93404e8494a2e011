import type { AccessTokenRecord, NewRefreshToken, NewUserTokens } from '../token-store.js'
import { authorizationColumns } from './authorization-row.js'
import { statement, type SqlStatement, type SqlValue } from './sql-connection.js'

/** Finds an access token by hash. It is dead when its authorization is revoked or missing. */
export const findAccessToken: SqlStatement = statement(
  'find_access_token',
  `
  SELECT token.client_id, token.user_id, token.authorization_id, token.scope, token.audience,
    token.issued_at, token.expires_at
  FROM latchkey_access_token AS token
  LEFT JOIN latchkey_authorization AS owner ON owner.authorization_id = token.authorization_id
  WHERE token.token_hash = ?
    AND owner.revoked_at IS NULL
    AND (token.authorization_id IS NULL OR owner.authorization_id IS NOT NULL)
  `,
)

const spendingColumns = `
  token.spent_at, token.successor_nonce,
  token.access_token_scope, token.access_token_audience, token.access_token_expires_at
`

const livingRefreshToken = `
  FROM latchkey_refresh_token AS token
  JOIN latchkey_authorization AS owner ON owner.authorization_id = token.authorization_id
  WHERE token.token_hash = ? AND owner.revoked_at IS NULL
`

/** Finds a refresh token by hash, with its authorization. */
export const findRefreshToken: SqlStatement = statement(
  'find_refresh_token',
  `
  SELECT token.issued_at AS token_issued_at, token.expires_at AS token_expires_at,
    ${spendingColumns}, ${authorizationColumns}
  ${livingRefreshToken}
  `,
)

/** Finds what became of a refresh token that could not be spent. */
export const findSpending: SqlStatement = statement('find_spending', `SELECT ${spendingColumns} ${livingRefreshToken}`)

/** Finds an authorization that is not revoked. */
export const findAuthorization: SqlStatement = statement(
  'find_authorization',
  `
  SELECT ${authorizationColumns} FROM latchkey_authorization AS owner
  WHERE owner.authorization_id = ? AND owner.revoked_at IS NULL
  `,
)

/** Lists the authorizations of a user that are not revoked. */
export const listAuthorizations: SqlStatement = statement(
  'list_authorizations',
  `
  SELECT ${authorizationColumns}, owner.last_used_at FROM latchkey_authorization AS owner
  WHERE owner.user_id = ? AND owner.revoked_at IS NULL
  ORDER BY owner.last_used_at DESC
  `,
)

/**
 * Tells of a JWT, of which nothing is stored, whether it is revoked and whether its authorization is there: 1 or 0, because drivers
 * tell in different ways what is true.
 */
export const findRevocation: SqlStatement = statement(
  'find_revocation',
  `
  SELECT
    CASE WHEN EXISTS (SELECT 1 FROM latchkey_revoked_token WHERE token_id = ?) THEN 1 ELSE 0 END AS is_revoked,
    CASE WHEN EXISTS (
      SELECT 1 FROM latchkey_authorization WHERE authorization_id = ? AND revoked_at IS NULL
    ) THEN 1 ELSE 0 END AS has_authorization
  `,
)

const authorizationInsert = `
  INSERT INTO latchkey_authorization
    (authorization_id, user_id, client_id, grant_type, scope, audience, device_label, created_at, expires_at,
      last_used_at, usable_until, signed_tokens_until)
`
const accessTokenInsert = `
  INSERT INTO latchkey_access_token
    (token_hash, client_id, user_id, authorization_id, scope, audience, issued_at, expires_at)
`
const refreshTokenInsert = `
  INSERT INTO latchkey_refresh_token (token_hash, authorization_id, issued_at, expires_at)
`

/** The heads of the INSERTs, for statements that do more than one of them. */
export const insertHeads: Readonly<Record<'authorization' | 'accessToken' | 'refreshToken', string>> = {
  authorization: authorizationInsert,
  accessToken: accessTokenInsert,
  refreshToken: refreshTokenInsert,
}

/** Inserts an authorization; the values are those of {@link authorizationValues}. */
export const insertAuthorization: SqlStatement = statement(
  'insert_authorization',
  `${authorizationInsert} VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
)

/** Inserts an access token; the values are those of {@link accessTokenValues}. */
export const insertAccessToken: SqlStatement = statement(
  'insert_access_token',
  `${accessTokenInsert} VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
)

/** Inserts a refresh token; the values are those of {@link refreshTokenValues}. */
export const insertRefreshToken: SqlStatement = statement(
  'insert_refresh_token',
  `${refreshTokenInsert} VALUES (?, ?, ?, ?)`,
)

/** The row of a sign-in that begins. */
export function authorizationValues(tokens: NewUserTokens): readonly SqlValue[] {
  const { authorization, accessToken, accessTokenExpiresAt, refreshToken } = tokens
  const { authorizationId, userId, clientId, grantType, scope, audience, deviceLabel = null } = authorization
  const { createdAt, expiresAt } = authorization
  const usableUntil = Math.min(expiresAt, Math.max(accessTokenExpiresAt, refreshToken?.expiresAt ?? 0))
  const signedTokensUntil = accessToken === undefined ? accessTokenExpiresAt : 0
  const granted = [authorizationId, userId, clientId, grantType, scope, audience, deviceLabel]
  return [...granted, createdAt, expiresAt, createdAt, usableUntil, signedTokensUntil]
}

/** The row of an access token. */
export function accessTokenValues(token: AccessTokenRecord): readonly SqlValue[] {
  const { tokenHash, clientId, userId = null, authorizationId = null, scope, audience, issuedAt, expiresAt } = token
  return [tokenHash, clientId, userId, authorizationId, scope, audience, issuedAt, expiresAt]
}

/** The row of a refresh token, unspent. */
export function refreshTokenValues(token: NewRefreshToken): readonly SqlValue[] {
  return [token.tokenHash, token.authorizationId, token.issuedAt, token.expiresAt]
}
