import { pruneDialect, TOKENS_IN_BATCH } from '../sql/prune-statements.js'
import { statement } from '../sql/sql-connection.js'
import type { TokenDialect } from '../sql/sql-token-store.js'
import {
  accessTokenValues,
  authorizationValues,
  insertAccessToken,
  insertAuthorization,
  insertRefreshToken,
  refreshTokenValues,
} from '../sql/token-statements.js'

/**
 * Spends a token and notes the use of its authorization. Of several at once all but one wait for the row of the token, and then
 * find it spent.
 */
const spend = statement(
  'spend',
  `
  UPDATE latchkey_refresh_token AS token
  JOIN latchkey_authorization AS owner ON owner.authorization_id = token.authorization_id
  SET token.spent_at = ?, token.successor_nonce = ?,
    token.access_token_scope = ?, token.access_token_audience = ?, token.access_token_expires_at = ?,
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

/** Tokens in MySQL and MariaDB. */
export const mysqlTokens: TokenDialect = {
  ...pruneDialect({
    deleteExpired: (table) => `DELETE FROM ${table} WHERE expires_at <= ? LIMIT ${String(TOKENS_IN_BATCH)}`,
    lock: 'FOR UPDATE SKIP LOCKED',
    least: 'least',
    greatest: 'greatest',
  }),
  insertRevokedToken: statement(
    'insert_revoked_token',
    'INSERT INTO latchkey_revoked_token (token_id, expires_at) VALUES (?, ?) ON DUPLICATE KEY UPDATE token_id = token_id',
  ),

  saveSignIn: (connection, tokens) =>
    connection.atomically(async (session) => {
      const { accessToken, refreshToken } = tokens
      await session.change(insertAuthorization, authorizationValues(tokens))
      if (accessToken !== undefined) await session.change(insertAccessToken, accessTokenValues(accessToken))
      if (refreshToken !== undefined) await session.change(insertRefreshToken, refreshTokenValues(refreshToken))
    }),

  rotate: (connection, { presented, spending, accessToken, refreshToken }) =>
    connection.atomically(async (session) => {
      const { spentAt, successorNonce = null, accessTokenScope, accessTokenAudience, accessTokenExpiresAt } = spending
      const changed = await session.change(spend, [
        ...[spentAt, successorNonce, accessTokenScope, accessTokenAudience, accessTokenExpiresAt],
        ...[spentAt, accessToken === undefined ? accessTokenExpiresAt : 0],
        Math.max(accessTokenExpiresAt, refreshToken.expiresAt),
        presented,
      ])
      if (changed === 0) return false
      if (accessToken !== undefined) await session.change(insertAccessToken, accessTokenValues(accessToken))
      await session.change(insertRefreshToken, refreshTokenValues(refreshToken))
      return true
    }),

  deleteAccessToken: (connection, tokenHash) =>
    connection.atomically(async (session) => {
      await session.change(lookAtOwner, [tokenHash])
      await session.change(deleteAccessToken, [tokenHash])
    }),
}
