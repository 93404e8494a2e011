import { statement, type SqlStatement } from './sql-connection.js'

/** How much one step of a pruning does at most: what others have to wait for. */
export interface PruneSizes {
  /** Authorizations that it looks at. */
  readonly authorizations: number
  /** Tokens that one statement deletes or changes. */
  readonly tokens: number
  /** An authorization with so many tokens of a kind goes at once; one with more goes in several steps, and others do not wait for it. */
  readonly thin: number
}

/** The statements of a pruning. Each stops after a batch. */
export interface PruneDialect {
  readonly sizes: PruneSizes
  /** Value: the time. */
  readonly deleteExpiredAccessTokens: SqlStatement
  readonly deleteExpiredRevokedTokens: SqlStatement
  /** Value: the time. */
  readonly forgetNonces: SqlStatement
  /** Deletes counters of a throttle that have expired, by the clock of the database, too: nobody gets more guesses. Value: the time in milliseconds. */
  readonly deleteExpiredCounters: SqlStatement
  /** The same for what earlier versions stored. Value: a minute before. Absent: there is none. */
  readonly forgetOldNonces: SqlStatement | undefined
  /** Ids of authorizations that may have ended, locked until the transaction ends. Value: the time. */
  readonly findDueAuthorizations: SqlStatement
  /** Works `usable_until` out again. Values: the time, the ids. */
  readonly moveUsableUntil: SqlStatement
  /** Which of these authorizations have ended, and which of them have many tokens. Values: the ids, the time. */
  readonly findDeadAuthorizations: SqlStatement
  /** Delete tokens of authorizations: all of them, for those that have few. Values: the ids. */
  readonly deleteTokens: readonly SqlStatement[]
  /** Delete a batch of the tokens of authorizations. Values: the ids. */
  readonly deleteSomeTokens: readonly SqlStatement[]
  /** Values: the ids. */
  readonly deleteAuthorizations: SqlStatement
  /** Puts authorizations behind all others that are due. Values: the time, the ids. */
  readonly putBack: SqlStatement
}

/** Makes the statements of a dialect. */
export function pruneDialect(dialect: {
  readonly sizes: PruneSizes
  /** Limits a DELETE or an UPDATE of a table: its head, the table, the key, which rows, the index that leads to them, how many rows. */
  readonly limited: (change: {
    readonly head: string
    readonly table: string
    readonly key: string
    readonly where: string
    readonly order: string
    readonly limit: number
  }) => string
  /** Whether there may be nonces of earlier versions, and an index of them. */
  readonly hasOldNonces: boolean
  /** How it locks rows. */
  readonly lock: string
  /** The order that has the newest token of an authorization first, by the index on `generation`. */
  readonly newestFirst: string
  /** How it names the least and the greatest of values. */
  readonly least: string
  readonly greatest: string
  /** The time in milliseconds since the epoch. */
  readonly milliseconds: string
}): PruneDialect {
  const { sizes, limited, hasOldNonces, lock, newestFirst, least, greatest, milliseconds } = dialect
  const ids = `authorization_id IN (${Array.from({ length: sizes.authorizations }, () => '?').join(', ')})`
  const limit = sizes.tokens
  const tables = [
    ['access_tokens', 'latchkey_access_token'],
    ['refresh_tokens', 'latchkey_refresh_token'],
  ] as const
  const expired = (table: string, key: string): string =>
    limited({ head: `DELETE FROM ${table}`, table, key, where: 'expires_at <= ?', order: 'expires_at', limit })
  const hasMany = (table: string): string => `
    (SELECT token.token_hash FROM ${table} AS token WHERE token.authorization_id = owner.authorization_id
      LIMIT 1 OFFSET ${String(sizes.thin)}) IS NOT NULL
  `
  return {
    sizes,
    deleteExpiredAccessTokens: statement(
      'delete_expired_access_tokens',
      expired('latchkey_access_token', 'token_hash'),
    ),
    deleteExpiredRevokedTokens: statement(
      'delete_expired_revoked_tokens',
      expired('latchkey_revoked_token', 'token_id'),
    ),
    forgetNonces: statement(
      'forget_nonces',
      limited({
        head: 'UPDATE latchkey_refresh_token SET predecessor_nonce = NULL, nonce_until = NULL',
        table: 'latchkey_refresh_token',
        key: 'token_hash',
        where: 'nonce_until <= ?',
        order: 'nonce_until',
        limit,
      }),
    ),
    deleteExpiredCounters: statement(
      'delete_expired_counters',
      limited({
        head: 'DELETE FROM latchkey_throttle',
        table: 'latchkey_throttle',
        key: 'name',
        where: `expires_at <= ${least}(?, ${milliseconds})`,
        order: 'expires_at',
        limit,
      }),
    ),
    forgetOldNonces: hasOldNonces
      ? statement(
          'forget_old_nonces',
          limited({
            head: `UPDATE latchkey_refresh_token SET successor_nonce = ''`,
            table: 'latchkey_refresh_token',
            key: 'token_hash',
            where: `successor_nonce <> '' AND spent_at <= ?`,
            order: 'spent_at',
            limit,
          }),
        )
      : undefined,
    findDueAuthorizations: statement(
      'find_due_authorizations',
      `
      SELECT authorization_id FROM latchkey_authorization
      WHERE usable_until <= ?
      ORDER BY usable_until LIMIT ${String(sizes.authorizations)} ${lock}
      `,
    ),
    // What has ended in any case is not looked through: it may have millions of tokens. Of the others the newest is the unspent one.
    moveUsableUntil: statement(
      'move_usable_until',
      `
      UPDATE latchkey_authorization
      SET usable_until = CASE WHEN revoked_at IS NOT NULL THEN 0 WHEN expires_at <= ? THEN expires_at
        ELSE ${least}(expires_at, ${greatest}(
          signed_tokens_until,
          coalesce((SELECT max(token.expires_at) FROM latchkey_access_token AS token
            WHERE token.authorization_id = latchkey_authorization.authorization_id), 0),
          coalesce((SELECT token.expires_at FROM latchkey_refresh_token AS token
            WHERE token.authorization_id = latchkey_authorization.authorization_id AND token.spent_at IS NULL
            ORDER BY ${newestFirst} LIMIT 1), 0)
        )) END
      WHERE ${ids}
      `,
    ),
    findDeadAuthorizations: statement(
      'find_dead_authorizations',
      `
      SELECT owner.authorization_id,
        CASE WHEN ${hasMany('latchkey_refresh_token')} OR ${hasMany('latchkey_access_token')} THEN 1 ELSE 0 END AS is_fat
      FROM latchkey_authorization AS owner WHERE owner.${ids} AND owner.usable_until <= ?
      `,
    ),
    deleteTokens: tables.map(([name, table]) =>
      statement(`delete_${name}_of_authorizations`, `DELETE FROM ${table} WHERE ${ids}`),
    ),
    deleteSomeTokens: tables.map(([name, table]) =>
      statement(
        `delete_some_${name}_of_authorizations`,
        limited({ head: `DELETE FROM ${table}`, table, key: 'token_hash', where: ids, order: '', limit }),
      ),
    ),
    deleteAuthorizations: statement('delete_authorizations', `DELETE FROM latchkey_authorization WHERE ${ids}`),
    putBack: statement('put_back', `UPDATE latchkey_authorization SET usable_until = ? WHERE ${ids}`),
  }
}
