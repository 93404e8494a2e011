import { pruneDialect } from '../sql/prune-statements.js'
import type { SqlNumber } from '../sql/authorization-row.js'
import { statement, type SqlConnection, type SqlStatement } from '../sql/sql-connection.js'
import { postgresMilliseconds } from './postgres-counters.js'
import type { TokenDialect } from '../sql/sql-token-store.js'
import {
  accessTokenValues,
  authorizationValues,
  claimLateRetryText,
  insertHeads,
  refreshTokenValues,
  spendingAssignments,
  spendingValues,
  successorValues,
} from '../sql/token-statements.js'
import { needNotBeKept, oldestTokens } from '../sql/trim-statements.js'
import type { RefreshTokenRotation } from '../token-store.js'

const access = `access AS (${insertHeads.accessToken} VALUES (?, ?, ?, ?, ?, ?, ?, ?))`
const refresh = `refresh AS (${insertHeads.refreshToken} VALUES (?, ?, ?, ?, ?, ?, ?, 0))`

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
 * The server continues a statement that waits for a lock even if its client has given up and closed the connection. A rotation that succeeded so
 * late would turn the second try into a replay. So it fails by a division by zero, which undoes it.
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
      SET ${spendingAssignments()}, generation = coalesce(token.generation, 0)
      FROM latchkey_authorization AS owner
      WHERE token.token_hash = ? AND token.spent_at IS NULL
        AND owner.authorization_id = token.authorization_id AND owner.revoked_at IS NULL
      RETURNING token.authorization_id, token.generation
    ), owner AS (
      UPDATE latchkey_authorization AS owner
      SET last_used_at = ?, signed_tokens_until = greatest(signed_tokens_until, ?), usable_until = least(usable_until, ?)
      FROM spent
      WHERE owner.authorization_id = spent.authorization_id AND owner.revoked_at IS NULL
      RETURNING owner.authorization_id, spent.generation
    )
    ${hasAccessToken ? accessToken : ''}
    ${insertHeads.refreshToken}
    SELECT ?, ?, CAST(? AS BIGINT), CAST(? AS BIGINT) /
      CASE WHEN clock_timestamp() <= now() + CAST(? AS BIGINT) * INTERVAL '1 millisecond' THEN 1 ELSE 0 END,
      CAST(? AS BIGINT), ?, CAST(? AS BIGINT), owner.generation + 1
    FROM owner
    RETURNING generation
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
    sizes: { authorizations: 100, tokens: 500, thin: 10 },
    // In order, which is the index's: of a plan for any time PostgreSQL expects that a third has expired, and would read the table.
    limited: ({ head, table, key, where, order, limit }) =>
      `${head} WHERE ${key} IN (
        SELECT ${key} FROM ${table} WHERE ${where}
        ${order === '' ? '' : `ORDER BY ${order}`} LIMIT ${String(limit)} FOR UPDATE SKIP LOCKED
      )`,
    hasOldNonces: true,
    lock: 'FOR UPDATE SKIP LOCKED',
    newestFirst: 'token.generation DESC NULLS LAST',
    least: 'least',
    greatest: 'greatest',
    milliseconds: postgresMilliseconds,
  }),
  claimLateRetry: statement('claim_late_retry', claimLateRetryText),
  trim: statement(
    'trim_refresh_tokens',
    `DELETE FROM latchkey_refresh_token WHERE token_hash IN (
      SELECT oldest.token_hash FROM (${oldestTokens('generation NULLS FIRST')}) AS oldest WHERE ${needNotBeKept}
    )`,
  ),
  revokeUntil: statement(
    'revoke_until',
    `INSERT INTO latchkey_not_before AS stored (subject, issued_until) VALUES (?, ?)
    ON CONFLICT (subject) DO UPDATE SET issued_until = greatest(stored.issued_until, excluded.issued_until)`,
  ),
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
  rotation: RefreshTokenRotation,
): Promise<number | undefined> {
  const { presented, spending, accessToken, refreshToken } = rotation
  const { spentAt, accessTokenExpiresAt } = spending
  const [tokenHash, authorizationId, issuedAt, expiresAt, ...others] = successorValues(rotation)
  const statement = accessToken === undefined ? rotateSigned : rotate
  const [stored] = await connection.rows<{ readonly generation: SqlNumber }>(statement, [
    ...[...spendingValues(rotation), presented],
    ...[spentAt, accessToken === undefined ? accessTokenExpiresAt : 0],
    Math.max(accessTokenExpiresAt, refreshToken.expiresAt),
    ...(accessToken === undefined ? [] : accessTokenValues(accessToken)),
    ...[tokenHash, authorizationId, issuedAt, expiresAt].map((value) => value ?? null),
    milliseconds,
    ...others,
  ])
  return stored && Number(stored.generation)
}
