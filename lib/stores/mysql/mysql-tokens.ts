import { pruneDialect } from '../sql/prune-statements.js'
import { statement } from '../sql/sql-connection.js'
import { mysqlMilliseconds } from './mysql-counters.js'
import type { TokenDialect } from '../sql/sql-token-store.js'
import {
  accessTokenValues,
  authorizationValues,
  insertAccessToken,
  insertAuthorization,
  insertRefreshToken,
  refreshTokenValues,
  spendingAssignments,
  spendingValues,
  successorValues,
} from '../sql/token-statements.js'
import { needNotBeKept, oldestTokens } from '../sql/trim-statements.js'
import type { RefreshTokenRotation } from '../token-store.js'
import type { MysqlConnection } from './mysql-connection.js'

/**
 * Spends a token and notes the use of its authorization. Of several at once all but one wait for the row of the token, and then
 * find it spent. It tells the generation of the token in the way in which a number of a row can be told without another round trip.
 */
const spend = statement(
  'spend',
  `
  UPDATE latchkey_refresh_token AS token
  JOIN latchkey_authorization AS owner ON owner.authorization_id = token.authorization_id
  SET ${spendingAssignments('token.')},
    token.generation = last_insert_id(coalesce(token.generation, 0)),
    owner.last_used_at = ?,
    owner.signed_tokens_until = greatest(owner.signed_tokens_until, ?),
    owner.usable_until = least(owner.usable_until, ?)
  WHERE token.token_hash = ? AND token.spent_at IS NULL AND owner.revoked_at IS NULL
  `,
)

const lookAtOwner = statement(
  'look_at_owner',
  `
  UPDATE latchkey_authorization SET usable_until = 0
  WHERE authorization_id = (SELECT authorization_id FROM latchkey_access_token WHERE token_hash = ?)
  `,
)

const deleteAccessToken = statement('delete_access_token', 'DELETE FROM latchkey_access_token WHERE token_hash = ?')

const claimLateRetry = statement(
  'claim_late_retry',
  `
  UPDATE latchkey_refresh_token AS token
  JOIN latchkey_authorization AS owner ON owner.authorization_id = token.authorization_id
  JOIN latchkey_refresh_token AS successor
    ON successor.authorization_id = token.authorization_id AND successor.generation = token.generation + 1
  SET successor.predecessor_late_retry_at = ?
  WHERE token.token_hash = ? AND token.spent_at IS NOT NULL AND token.predecessor_late_retry_at IS NULL
    AND successor.predecessor_nonce IS NOT NULL AND successor.predecessor_late_retry_at IS NULL
    AND owner.revoked_at IS NULL
  `,
)

const trim = statement(
  'trim_refresh_tokens',
  `
  DELETE token FROM latchkey_refresh_token AS token
  JOIN (${oldestTokens('generation')}) AS oldest ON oldest.token_hash = token.token_hash
  WHERE ${needNotBeKept}
  `,
)

/** Tokens in MySQL and MariaDB. */
export function mysqlTokens(connection: MysqlConnection): TokenDialect {
  return { ...dialect, rotate: (_, rotation) => rotateOn(connection, rotation) }
}

const dialect: Omit<TokenDialect, 'rotate'> = {
  ...pruneDialect({
    sizes: { authorizations: 100, tokens: 500, thin: 10 },
    limited: ({ head, where, limit }) => `${head} WHERE ${where} LIMIT ${String(limit)}`,
    hasOldNonces: false,
    lock: 'FOR UPDATE SKIP LOCKED',
    newestFirst: 'token.generation DESC',
    least: 'least',
    greatest: 'greatest',
    milliseconds: mysqlMilliseconds,
  }),
  insertRevokedToken: statement(
    'insert_revoked_token',
    'INSERT INTO latchkey_revoked_token (token_id, expires_at) VALUES (?, ?) ON DUPLICATE KEY UPDATE token_id = token_id',
  ),
  claimLateRetry,
  trim,
  revokeUntil: statement(
    'revoke_until',
    `INSERT INTO latchkey_not_before (subject, issued_until) VALUES (?, ?)
    ON DUPLICATE KEY UPDATE issued_until = greatest(issued_until, VALUES(issued_until))`,
  ),

  saveSignIn: (connection, tokens) =>
    connection.atomically(async (session) => {
      const { accessToken, refreshToken } = tokens
      await session.change(insertAuthorization, authorizationValues(tokens))
      if (accessToken !== undefined) await session.change(insertAccessToken, accessTokenValues(accessToken))
      if (refreshToken !== undefined) await session.change(insertRefreshToken, [...refreshTokenValues(refreshToken), 0])
    }),

  deleteAccessToken: (connection, tokenHash) =>
    connection.atomically(async (session) => {
      await session.change(lookAtOwner, [tokenHash])
      await session.change(deleteAccessToken, [tokenHash])
    }),
}

async function rotateOn(connection: MysqlConnection, rotation: RefreshTokenRotation): Promise<number | undefined> {
  const { presented, spending, accessToken, refreshToken } = rotation
  const { spentAt, accessTokenExpiresAt } = spending
  return connection.atomically(async (session) => {
    const { affectedRows, insertId } = await session.changeAndTell(spend, [
      ...spendingValues(rotation),
      ...[spentAt, accessToken === undefined ? accessTokenExpiresAt : 0],
      Math.max(accessTokenExpiresAt, refreshToken.expiresAt),
      presented,
    ])
    if (affectedRows === 0) return undefined
    const generation = insertId + 1
    if (accessToken !== undefined) await session.change(insertAccessToken, accessTokenValues(accessToken))
    await session.change(insertRefreshToken, [...successorValues(rotation), generation])
    return generation
  })
}
