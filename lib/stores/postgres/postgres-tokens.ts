import { pruneDialect, TOKENS_IN_BATCH } from '../sql/prune-statements.js'
import { statement, type SqlConnection, type SqlStatement } from '../sql/sql-connection.js'
import type { TokenDialect } from '../sql/sql-token-store.js'
import { accessTokenValues, authorizationValues, insertHeads, refreshTokenValues } from '../sql/token-statements.js'
import type { RefreshTokenRotation } from '../token-store.js'

const access = `access AS (${insertHeads.accessToken} VALUES (?, ?, ?, ?, ?, ?, ?, ?))`
const refresh = `refresh AS (${insertHeads.refreshToken} VALUES (?, ?, ?, ?))`

/** A sign-in is one statement, and so one round trip and one transaction. */
function saveSignIn(...others: readonly string[]): SqlStatement {
  const parts = others.map((other) => other.slice(0, other.indexOf(' ')))
  return statement(
    ['save_sign_in', ...parts].join('_'),
    `
    ${others.length === 0 ? '' : `WITH ${others.join(', ')}`}
    ${insertHeads.authorization} VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
    `,
  )
}

/**
 * A rotation is one statement, too. Of several at once all but one wait for the row of the token, and then look at it again: it is
 * spent. Successors are stored only where the authorization, whose row is locked next, is not revoked meanwhile.
 *
 * The server goes on with a statement that waits for a lock when its client has given up and closed the connection. A rotation that
 * came so late would make a replay of the second try: so it fails by a division by zero, which takes all of it back.
 */
function rotation(hasAccessToken: boolean): SqlStatement {
  const accessToken = `, access AS (
    ${insertHeads.accessToken}
    SELECT ?, ?, ?, ?, ?, ?, CAST(? AS BIGINT), CAST(? AS BIGINT) FROM owner
  )`
  return statement(
    hasAccessToken ? 'rotate' : 'rotate_signed',
    `
    WITH spent AS (
      UPDATE latchkey_refresh_token AS token
      SET spent_at = ?, successor_nonce = ?,
        access_token_scope = ?, access_token_audience = ?, access_token_expires_at = ?
      FROM latchkey_authorization AS owner
      WHERE token.token_hash = ? AND token.spent_at IS NULL
        AND owner.authorization_id = token.authorization_id AND owner.revoked_at IS NULL
      RETURNING token.authorization_id
    ), owner AS (
      UPDATE latchkey_authorization AS owner
      SET last_used_at = ?, signed_tokens_until = greatest(signed_tokens_until, ?), usable_until = least(usable_until, ?)
      FROM spent
      WHERE owner.authorization_id = spent.authorization_id AND owner.revoked_at IS NULL
      RETURNING owner.authorization_id
    )
    ${hasAccessToken ? accessToken : ''}
    ${insertHeads.refreshToken}
    SELECT ?, ?, CAST(? AS BIGINT), CAST(? AS BIGINT) /
      CASE WHEN clock_timestamp() <= now() + CAST(? AS BIGINT) * INTERVAL '1 millisecond' THEN 1 ELSE 0 END
    FROM owner
    `,
  )
}

const signIn = {
  bare: saveSignIn(),
  withAccess: saveSignIn(access),
  withRefresh: saveSignIn(refresh),
  withBoth: saveSignIn(access, refresh),
} as const
const rotate = rotation(true)
const rotateSigned = rotation(false)

const deleteAccessToken = statement(
  'delete_access_token',
  `
  WITH deleted AS (DELETE FROM latchkey_access_token WHERE token_hash = ? RETURNING authorization_id)
  UPDATE latchkey_authorization SET usable_until = 0 WHERE authorization_id IN (SELECT authorization_id FROM deleted)
  `,
)

/**
 * Tokens in PostgreSQL: everything but revoking by client is one statement. A rotation that takes longer than this many milliseconds,
 * from when the server has it, is taken back.
 */
export function postgresTokens(timeoutMilliseconds: number): TokenDialect {
  return { ...dialect, rotate: (connection, rotation) => rotateWithin(timeoutMilliseconds, connection, rotation) }
}

const dialect: Omit<TokenDialect, 'rotate'> = {
  ...pruneDialect({
    // In order, which is the index's: of a plan for any time PostgreSQL expects that a third has expired, and would read the table.
    deleteExpired: (table, key) =>
      `DELETE FROM ${table} WHERE ${key} IN (
        SELECT ${key} FROM ${table} WHERE expires_at <= ?
        ORDER BY expires_at LIMIT ${String(TOKENS_IN_BATCH)} FOR UPDATE SKIP LOCKED
      )`,
    lock: 'FOR UPDATE SKIP LOCKED',
    least: 'least',
    greatest: 'greatest',
  }),
  insertRevokedToken: statement(
    'insert_revoked_token',
    'INSERT INTO latchkey_revoked_token (token_id, expires_at) VALUES (?, ?) ON CONFLICT (token_id) DO NOTHING',
  ),

  async saveSignIn(connection, tokens) {
    const { accessToken, refreshToken } = tokens
    const withoutAccess = refreshToken === undefined ? signIn.bare : signIn.withRefresh
    const withAccess = refreshToken === undefined ? signIn.withAccess : signIn.withBoth
    await connection.change(accessToken === undefined ? withoutAccess : withAccess, [
      ...(accessToken === undefined ? [] : accessTokenValues(accessToken)),
      ...(refreshToken === undefined ? [] : refreshTokenValues(refreshToken)),
      ...authorizationValues(tokens),
    ])
  },

  async deleteAccessToken(connection, tokenHash) {
    await connection.change(deleteAccessToken, [tokenHash])
  },
}

async function rotateWithin(
  milliseconds: number,
  connection: SqlConnection,
  { presented, spending, accessToken, refreshToken }: RefreshTokenRotation,
): Promise<boolean> {
  const { spentAt, successorNonce = null, accessTokenScope, accessTokenAudience, accessTokenExpiresAt } = spending
  const stored = await connection.change(accessToken === undefined ? rotateSigned : rotate, [
    ...[spentAt, successorNonce, accessTokenScope, accessTokenAudience, accessTokenExpiresAt, presented],
    ...[spentAt, accessToken === undefined ? accessTokenExpiresAt : 0],
    Math.max(accessTokenExpiresAt, refreshToken.expiresAt),
    ...(accessToken === undefined ? [] : accessTokenValues(accessToken)),
    ...refreshTokenValues(refreshToken),
    milliseconds,
  ])
  return stored === 1
}
