import type {
  AccessTokenRecord,
  NewRefreshToken,
  NewUserTokens,
  RefreshTokenRotation,
  SignedTokenId,
} from '../token-store.js'
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

/*
 * What a retry of a spent token needs to know is in the row of its successor: the nonce that yields it, and what became of it. So
 * spending the successor forgets the nonce, in the one row that it changes anyway.
 *
 * The successor has the next generation of the same authorization. Tokens of earlier versions have none until they are spent, and had
 * the nonce in their own row; an empty text there is no nonce.
 */
const spendingColumns = `
  token.spent_at, coalesce(successor.predecessor_nonce, nullif(token.successor_nonce, '')) AS successor_nonce,
  token.access_token_scope, token.access_token_audience, token.access_token_expires_at, token.retry_until,
  coalesce(successor.received_at, successor.spent_at * 1000) AS successor_spent_at,
  successor.predecessor_late_retry_at AS late_retry_at
`

const livingRefreshToken = `
  FROM latchkey_refresh_token AS token
  JOIN latchkey_authorization AS owner ON owner.authorization_id = token.authorization_id
  LEFT JOIN latchkey_refresh_token AS successor
    ON successor.authorization_id = token.authorization_id AND successor.generation = token.generation + 1
  WHERE token.token_hash = ? AND owner.revoked_at IS NULL
`

/** Finds a refresh token by hash, with its authorization. */
export const findRefreshToken: SqlStatement = statement(
  'find_refresh_token',
  `
  SELECT token.issued_at AS token_issued_at, token.expires_at AS token_expires_at, token.paced_until,
    ${spendingColumns}, ${authorizationColumns}
  ${livingRefreshToken}
  `,
)

/** Finds a row when a token that is not found belongs to an authorization that is revoked. Values: the hash, twice. */
export const findRevoked: SqlStatement = statement(
  'find_revoked',
  ['latchkey_access_token', 'latchkey_refresh_token']
    .map(
      (table) => `
  SELECT 1 AS is_revoked FROM ${table} AS token
  JOIN latchkey_authorization AS owner ON owner.authorization_id = token.authorization_id
  WHERE token.token_hash = ? AND owner.revoked_at IS NOT NULL
  `,
    )
    .join('UNION ALL'),
)

/** Finds what became of a refresh token that could not be spent. */
export const findSpending: SqlStatement = statement(
  'find_spending',
  `SELECT ${spendingColumns}, token.generation ${livingRefreshToken}`,
)

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

/** Whose JWTs are not good before a time: all, or those of one client. */
const EVERYTHING = 'everything'

/** How the client of {@link findRevocation} is called. */
export function subjectOf(clientId: string): string {
  return `client:${clientId}`
}

/** What a revocation up to a time is noted by. */
export function subjectOfRevocation(clientId: string | undefined): string {
  return clientId === undefined ? EVERYTHING : subjectOf(clientId)
}

/**
 * Tells of a JWT, of which nothing is stored, whether it is revoked and whether its authorization is there: 1 or 0, because drivers
 * tell in different ways what is true. The values are those of {@link revocationValues}.
 */
export const findRevocation: SqlStatement = statement(
  'find_revocation',
  `
  SELECT
    CASE WHEN EXISTS (SELECT 1 FROM latchkey_revoked_token WHERE token_id = ?) THEN 1 ELSE 0 END AS is_revoked,
    CASE WHEN EXISTS (
      SELECT 1 FROM latchkey_not_before WHERE subject IN (?, '${EVERYTHING}') AND issued_until >= ?
    ) THEN 1 ELSE 0 END AS is_revoked_by_time,
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
  INSERT INTO latchkey_refresh_token
    (token_hash, authorization_id, issued_at, expires_at, paced_until, predecessor_nonce, nonce_until, generation)
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

/** Inserts a refresh token; the values are those of {@link refreshTokenValues} or {@link successorValues}, and its generation. */
export const insertRefreshToken: SqlStatement = statement(
  'insert_refresh_token',
  `${refreshTokenInsert} VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
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

/** The row of a sign-in's first refresh token, but for its generation. */
export function refreshTokenValues(token: NewRefreshToken): readonly SqlValue[] {
  const { tokenHash, authorizationId, issuedAt, expiresAt, pacedUntil = null } = token
  return [tokenHash, authorizationId, issuedAt, expiresAt, pacedUntil, null, null]
}

/** The row of a successor, but for its generation. */
export function successorValues({ refreshToken, spending }: RefreshTokenRotation): readonly SqlValue[] {
  const { tokenHash, authorizationId, issuedAt, expiresAt, pacedUntil = null } = refreshToken
  const { spentAt, successorNonce, retryUntil = spentAt + 60 } = spending
  const nonce = successorNonce === undefined ? [null, null] : [successorNonce, retryUntil]
  return [tokenHash, authorizationId, issuedAt, expiresAt, pacedUntil, ...nonce]
}

/** What spending notes in the row of the token: `spent_at` and so on, in the order of {@link spendingAssignments}. */
export function spendingValues({ spending, receivedAt }: RefreshTokenRotation): readonly SqlValue[] {
  const { spentAt, accessTokenScope, accessTokenAudience, accessTokenExpiresAt, retryUntil = null } = spending
  return [spentAt, receivedAt ?? null, retryUntil, accessTokenScope, accessTokenAudience, accessTokenExpiresAt]
}

/** The columns of {@link spendingValues}, and the nonce that is forgotten; `prefix` names the table where a statement has several. */
export function spendingAssignments(prefix = ''): string {
  const noted = ['spent_at', 'received_at', 'retry_until', 'access_token_scope', 'access_token_audience']
  const values = [...noted, 'access_token_expires_at'].map((column) => `${prefix}${column} = ?`)
  return `${values.join(', ')}, ${prefix}predecessor_nonce = NULL, ${prefix}nonce_until = NULL`
}

/** What {@link findRevocation} needs to know. */
export function revocationValues({ tokenId, authorizationId, clientId, issuedAt }: SignedTokenId): readonly SqlValue[] {
  return [tokenId, clientId === undefined ? null : subjectOf(clientId), issuedAt ?? null, authorizationId ?? null]
}

/**
 * Claims the one late retry of a token, in the row of its successor, where its nonce is. Of several claims all but one wait for that
 * row, and then find it claimed. Values: the time, the token.
 */
export const claimLateRetryText = `
  UPDATE latchkey_refresh_token SET predecessor_late_retry_at = ?
  WHERE token_hash = (
    SELECT successor.token_hash FROM latchkey_refresh_token AS token
    JOIN latchkey_authorization AS owner ON owner.authorization_id = token.authorization_id
    JOIN latchkey_refresh_token AS successor
      ON successor.authorization_id = token.authorization_id AND successor.generation = token.generation + 1
    WHERE token.token_hash = ? AND token.spent_at IS NOT NULL AND token.predecessor_late_retry_at IS NULL
      AND owner.revoked_at IS NULL
  ) AND predecessor_nonce IS NOT NULL AND predecessor_late_retry_at IS NULL
`
