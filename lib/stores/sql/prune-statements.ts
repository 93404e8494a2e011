import { statement, type SqlStatement } from './sql-connection.js'

/** How many authorizations one batch looks at; the statements have as many places, and the last id fills those that are left. */
const AUTHORIZATIONS_IN_BATCH = 100

const places = `(${Array.from({ length: AUTHORIZATIONS_IN_BATCH }, () => '?').join(', ')})`

/**
 * How a dialect finds what has to go. The names of the statements tell what they do; each has one value, the time, and the first
 * three stop after a batch.
 */
export interface PruneDialect {
  readonly deleteExpiredAccessTokens: SqlStatement
  readonly deleteExpiredRevokedTokens: SqlStatement
  /** Ids of authorizations that may be over, locked until the transaction ends. */
  readonly findDueAuthorizations: SqlStatement
  /** Works `usable_until` out anew; its values are the ids. */
  readonly moveUsableUntil: SqlStatement
}

/** Makes the statements of a dialect: its ways to limit a DELETE, to lock, and to name the least and the greatest of its values. */
export function pruneDialect(dialect: {
  readonly deleteExpired: (table: string, key: string) => string
  readonly lock: string
  readonly least: string
  readonly greatest: string
}): PruneDialect {
  const { deleteExpired, lock, least, greatest } = dialect
  return {
    deleteExpiredAccessTokens: statement(
      'delete_expired_access_tokens',
      deleteExpired('latchkey_access_token', 'token_hash'),
    ),
    deleteExpiredRevokedTokens: statement(
      'delete_expired_revoked_tokens',
      deleteExpired('latchkey_revoked_token', 'token_id'),
    ),
    findDueAuthorizations: statement(
      'find_due_authorizations',
      `
      SELECT authorization_id FROM latchkey_authorization
      WHERE usable_until <= ?
      ORDER BY usable_until LIMIT ${String(AUTHORIZATIONS_IN_BATCH)} ${lock}
      `,
    ),
    moveUsableUntil: statement(
      'move_usable_until',
      `
      UPDATE latchkey_authorization
      SET usable_until = CASE WHEN revoked_at IS NOT NULL THEN 0 ELSE ${least}(expires_at, ${greatest}(
        signed_tokens_until,
        coalesce((SELECT max(token.expires_at) FROM latchkey_access_token AS token
          WHERE token.authorization_id = latchkey_authorization.authorization_id), 0),
        coalesce((SELECT max(token.expires_at) FROM latchkey_refresh_token AS token
          WHERE token.authorization_id = latchkey_authorization.authorization_id AND token.spent_at IS NULL), 0)
      )) END
      WHERE authorization_id IN ${places}
      `,
    ),
  }
}

/** Which of these authorizations are over: values are the ids, then the time. */
export const findDeadAuthorizations: SqlStatement = statement(
  'find_dead_authorizations',
  `SELECT authorization_id FROM latchkey_authorization WHERE authorization_id IN ${places} AND usable_until <= ?`,
)

/** Delete authorizations with all that belongs to them; values are the ids. */
export const deleteAuthorizations: readonly SqlStatement[] = [
  statement(
    'delete_access_tokens_of_authorizations',
    `DELETE FROM latchkey_access_token WHERE authorization_id IN ${places}`,
  ),
  statement(
    'delete_refresh_tokens_of_authorizations',
    `DELETE FROM latchkey_refresh_token WHERE authorization_id IN ${places}`,
  ),
  statement('delete_authorizations', `DELETE FROM latchkey_authorization WHERE authorization_id IN ${places}`),
]

/** As many values as the statements have places. */
export function fillPlaces(ids: readonly string[]): readonly string[] {
  const last = ids.at(-1) ?? ''
  return Array.from({ length: AUTHORIZATIONS_IN_BATCH }, (_, index) => ids[index] ?? last)
}

/** How many rows a limited DELETE takes at most. */
export const TOKENS_IN_BATCH = 500

/** Tells when the time of a pruning is used up. */
export function budget(milliseconds: number | undefined): { readonly isUsedUp: () => boolean } {
  if (milliseconds === undefined) return { isUsedUp: () => false }
  const end = performance.now() + milliseconds
  return { isUsedUp: () => performance.now() >= end }
}
