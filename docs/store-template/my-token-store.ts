// Tokens in tables of your own. Each method says which rule it must keep; the contract suite tries all of them.
import { SPENT_TOKENS_KEPT } from 'latchkey'
import type {
  AccessTokenRecord,
  Authorization,
  ListedAuthorization,
  NewRefreshToken,
  NewTokens,
  NewUserTokens,
  PruneLimits,
  RefreshTokenRecord,
  RefreshTokenRotation,
  RefreshTokenSpending,
  RevocationSelection,
  RotationOutcome,
  SignedTokenId,
  TokenHash,
  TokenStore,
} from 'latchkey'
import type { Pool, PoolClient } from 'pg'
import { inTransaction, query } from './my-database.js'

/** Rows that one DELETE of a pruning takes at most, so that requests need not wait for long. */
const BATCH = 500

/** Sign-ins that one step of a pruning takes, each with a thousand tokens at most: see `rotateRefreshToken`. */
const SIGN_INS = 20

export class MyTokenStore implements TokenStore {
  constructor(private readonly pool: Pool) {}

  /**
   * Rule: all of an answer or nothing. Half of it would be a token that nobody can revoke.
   * Rule: a hash or id that exists is an error, never an update: hence INSERT, and no ON CONFLICT.
   */
  async saveTokens(tokens: NewTokens): Promise<void> {
    await inTransaction(this.pool, async (client) => {
      if (tokens.authorization !== undefined) await insertSignIn(client, tokens)
      if (tokens.accessToken !== undefined) await insertAccessToken(client, tokens.accessToken)
      if (tokens.refreshToken !== undefined) await insertRefreshToken(client, tokens.refreshToken, 0)
      if (tokens.authorization !== undefined) await updateUsableUntil(client, tokens.authorization.authorizationId)
    })
  }

  /**
   * Rule: a token of a revoked sign-in is not found: hence the join at each look-up. A client's own token has no sign-in.
   * Rule: nothing is said about expiry. The caller compares `expiresAt` with its own clock.
   */
  async findAccessToken(tokenHash: TokenHash): Promise<AccessTokenRecord | undefined> {
    const { rows } = await query<AccessTokenRow>(
      this.pool,
      `SELECT access_token.* FROM access_token LEFT JOIN sign_in ON sign_in.id = access_token.sign_in_id
       WHERE access_token.token_hash = $1 AND (access_token.sign_in_id IS NULL OR NOT sign_in.revoked)`,
      [tokenHash],
    )
    return rows[0] && toAccessToken(tokenHash, rows[0])
  }

  /** Rule: spent tokens are found as well, with what was noted when they were spent. Only revoked ones are not. */
  async findRefreshToken(tokenHash: TokenHash): Promise<RefreshTokenRecord | undefined> {
    const { rows } = await query<RefreshTokenRow & SignInRow>(
      this.pool,
      `SELECT sign_in.*, refresh_token.issued_at, refresh_token.expires_at AS token_expires_at,
         refresh_token.paced_until, ${spendingColumns}
       FROM refresh_token JOIN sign_in ON sign_in.id = refresh_token.sign_in_id
       WHERE refresh_token.token_hash = $1 AND NOT sign_in.revoked`,
      [tokenHash],
    )
    const [row] = rows
    if (row === undefined) return undefined
    const authorization = toAuthorization(row)
    return {
      tokenHash,
      authorizationId: authorization.authorizationId,
      issuedAt: Number(row.issued_at),
      expiresAt: Number(row.token_expires_at),
      pacedUntil: numberOf(row.paced_until),
      authorization,
      spending: toSpending(row),
    }
  }

  /**
   * Rule: of any number of concurrent calls exactly one spends the token. `spent_at IS NULL` is the compare, the same UPDATE is
   * the set, and the number of rows that it changed tells who won.
   * Rule: none does once the sign-in is revoked. The row of the sign-in is locked first: rotations, revocations and prunings of
   * one sign-in come one after the other, and whoever waited looks at the row again.
   * Rule: a spent token without successors would sign the user out: all or nothing.
   * Rule: in the same step the token that was spent to get this one loses its nonce, and learns when its successor was spent. An old
   * token and a copy of the database would otherwise lead to the live token.
   * Rule: the newest 1,000 spent tokens stay, and not many more: one user who refreshes all day does not fill the table.
   */
  async rotateRefreshToken(rotation: RefreshTokenRotation): Promise<RotationOutcome> {
    const { presented, spending, accessToken, refreshToken, receivedAt = spending.spentAt * 1000 } = rotation
    return inTransaction(this.pool, async (client) => {
      const locked = await client.query<{ id: string }>(
        `SELECT id FROM sign_in
         WHERE id = (SELECT sign_in_id FROM refresh_token WHERE token_hash = $1) AND NOT revoked
         FOR UPDATE`,
        [presented],
      )
      const signInId = locked.rows[0]?.id
      if (signInId === undefined) return { outcome: 'gone' }

      const spent = await client.query<{ generation: string }>(
        `UPDATE refresh_token
         SET spent_at = $2, successor_nonce = $3, access_token_scope = $4, access_token_audience = $5,
           access_token_expires_at = $6, retry_until = $7
         WHERE token_hash = $1 AND spent_at IS NULL
         RETURNING generation`,
        [
          presented,
          spending.spentAt,
          spending.successorNonce,
          spending.accessTokenScope,
          spending.accessTokenAudience,
          spending.accessTokenExpiresAt,
          spending.retryUntil ?? null,
        ],
      )
      if (spent.rows[0] === undefined) {
        const first = await client.query<SpendingRow>(
          `SELECT ${spendingColumns} FROM refresh_token WHERE token_hash = $1`,
          [presented],
        )
        // The first spending, not the one of this call: a retry derives the same tokens from it.
        const firstSpending = first.rows[0] && toSpending(first.rows[0])
        return firstSpending === undefined ? { outcome: 'gone' } : { outcome: 'already_spent', spending: firstSpending }
      }

      if (accessToken !== undefined) await insertAccessToken(client, accessToken)
      const generation = Number(spent.rows[0].generation) + 1
      await insertRefreshToken(client, refreshToken, generation)
      await client.query(
        `UPDATE refresh_token SET successor_nonce = NULL, successor_spent_at = $3
         WHERE sign_in_id = $1 AND generation = $2`,
        [signInId, generation - 2, receivedAt],
      )
      await client.query('DELETE FROM refresh_token WHERE sign_in_id = $1 AND generation < $2', [
        signInId,
        generation - SPENT_TOKENS_KEPT,
      ])
      // Without a record of it, the access token is a JWT.
      const jwtEndsAt = accessToken === undefined ? spending.accessTokenExpiresAt : 0
      await client.query(
        'UPDATE sign_in SET last_used_at = $2, jwts_end_at = greatest(jwts_end_at, $3) WHERE id = $1',
        [signInId, spending.spentAt, jwtEndsAt],
      )
      await updateUsableUntil(client, signInId)
      return { outcome: 'rotated' }
    })
  }

  /**
   * Rule: one late retry, and no two in a row. `late_retry_at IS NULL` is the compare, and all that forbids it is in the same
   * statement: of any number of concurrent calls one changes the row.
   */
  async claimLateRetry(tokenHash: TokenHash, at: number): Promise<boolean> {
    const claimed = await query(
      this.pool,
      `UPDATE refresh_token SET late_retry_at = $2 FROM sign_in
       WHERE refresh_token.token_hash = $1 AND sign_in.id = refresh_token.sign_in_id AND NOT sign_in.revoked
         AND refresh_token.successor_nonce IS NOT NULL AND refresh_token.late_retry_at IS NULL
         AND NOT EXISTS (
           SELECT 1 FROM refresh_token AS previous
           WHERE previous.sign_in_id = refresh_token.sign_in_id AND previous.generation = refresh_token.generation - 1
             AND previous.late_retry_at IS NOT NULL
         )`,
      [tokenHash, at],
    )
    return changed(claimed) === 1
  }

  /** Rule: one access token and nothing else; the sign-in goes on. An unknown hash is no error. */
  async revokeAccessToken(tokenHash: TokenHash): Promise<void> {
    await inTransaction(this.pool, async (client) => {
      const locked = await client.query<{ id: string }>(
        `SELECT id FROM sign_in WHERE id = (SELECT sign_in_id FROM access_token WHERE token_hash = $1) FOR UPDATE`,
        [tokenHash],
      )
      await client.query('DELETE FROM access_token WHERE token_hash = $1', [tokenHash])
      // It may have been the last token that could be used.
      if (locked.rows[0] !== undefined) await updateUsableUntil(client, locked.rows[0].id)
    })
  }

  /** Rule: the first revocation holds; a second one changes nothing and is no error. */
  async revokeSignedToken(tokenId: string, expiresAt: number): Promise<void> {
    await query(this.pool, 'INSERT INTO revoked_jwt (token_id, expires_at) VALUES ($1, $2) ON CONFLICT DO NOTHING', [
      tokenId,
      expiresAt,
    ])
  }

  /**
   * Rule: a JWT of a sign-in that is revoked or unknown is revoked. Only a clear answer makes a token good.
   * Rule: a client's own JWT is revoked by the time it was issued. Of a user's JWT the sign-in decides: one that begins in the
   * second of a revocation is not ended by it.
   */
  async isSignedTokenRevoked({ tokenId, authorizationId, clientId, issuedAt }: SignedTokenId): Promise<boolean> {
    const { rows } = await query<{ is_revoked: boolean; is_too_old: boolean; has_sign_in: boolean }>(
      this.pool,
      `SELECT EXISTS (SELECT 1 FROM revoked_jwt WHERE token_id = $1) AS is_revoked,
         EXISTS (SELECT 1 FROM not_before WHERE subject IN ('everything', $3) AND issued_until >= $4) AS is_too_old,
         EXISTS (SELECT 1 FROM sign_in WHERE id = $2 AND NOT revoked) AS has_sign_in`,
      [tokenId, authorizationId ?? null, clientId === undefined ? null : `client:${clientId}`, issuedAt ?? null],
    )
    const [row] = rows
    if (row === undefined || row.is_revoked) return true
    return authorizationId === undefined ? row.is_too_old : !row.has_sign_in
  }

  /** Rule: a revoked sign-in is not found. */
  async findAuthorization(authorizationId: string): Promise<Authorization | undefined> {
    const { rows } = await query<SignInRow>(this.pool, 'SELECT * FROM sign_in WHERE id = $1 AND NOT revoked', [
      authorizationId,
    ])
    return rows[0] && toAuthorization(rows[0])
  }

  /** Rule: those that are not revoked, the last used first. */
  async listAuthorizations(userId: string): Promise<readonly ListedAuthorization[]> {
    const { rows } = await query<SignInRow>(
      this.pool,
      'SELECT * FROM sign_in WHERE user_id = $1 AND NOT revoked ORDER BY last_used_at DESC',
      [userId],
    )
    return rows.map((row) => ({ ...toAuthorization(row), lastUsedAt: Number(row.last_used_at) }))
  }

  /**
   * Rule: the sign-ins are marked, not deleted, and their tokens are not touched at all. A rotation that is under way stores
   * its tokens after this, and they are dead as well.
   * Rule: `clientId` and `everything` also end the own tokens of clients, which have no sign-in to mark.
   * Rule: JWTs of clients, which are not stored, are revoked up to a time; an earlier time never replaces a later one.
   * Rule: the answer is the number of sign-ins that this call ended.
   */
  async revokeTokens(selection: RevocationSelection): Promise<number> {
    const revoke = 'UPDATE sign_in SET revoked = true, usable_until = 0 WHERE NOT revoked'
    const deleteOwn = 'DELETE FROM access_token WHERE sign_in_id IS NULL'
    return inTransaction(this.pool, async (client) => {
      if ('authorizationId' in selection) {
        return changed(await client.query(`${revoke} AND id = $1`, [selection.authorizationId]))
      }
      if ('userId' in selection) {
        const { userId, exceptAuthorizationId = null } = selection
        const ofUser = `${revoke} AND user_id = $1 AND id IS DISTINCT FROM $2`
        return changed(await client.query(ofUser, [userId, exceptAuthorizationId]))
      }
      if (selection.issuedUntil !== undefined) {
        await client.query(
          `INSERT INTO not_before (subject, issued_until) VALUES ($1, $2)
           ON CONFLICT (subject) DO UPDATE SET issued_until = greatest(not_before.issued_until, excluded.issued_until)`,
          ['clientId' in selection ? `client:${selection.clientId}` : 'everything', selection.issuedUntil],
        )
      }
      if ('clientId' in selection) {
        await client.query(`${deleteOwn} AND client_id = $1`, [selection.clientId])
        return changed(await client.query(`${revoke} AND client_id = $1`, [selection.clientId]))
      }
      await client.query(deleteOwn)
      return changed(await client.query(revoke))
    })
  }

  /**
   * Rule: spent refresh tokens stay while their sign-in can be used: a replay is recognized by them. So they go with the
   * sign-in, or when a rotation finds more of them than need be kept.
   * Rule: nonces are forgotten when no retry can come any more. No record goes by that, and none is counted.
   * Rule: a sign-in stays until its last JWT is over.
   * Rule: a pruning takes back no rotation. All that decides about a sign-in is in its own row: PostgreSQL looks at the locked
   * row again, but not at the rows of other tables.
   * Rule: the answer is how many records went. Batches are atomic each, and no batch is begun when the time is used up.
   */
  async prune(now: number, { budgetMilliseconds = Infinity }: PruneLimits = {}): Promise<number> {
    const end = performance.now() + budgetMilliseconds
    const expired = (table: string, key: string) => async (): Promise<number> =>
      changed(
        await query(
          this.pool,
          `DELETE FROM ${table} WHERE ${key} IN
             (SELECT ${key} FROM ${table} WHERE expires_at <= $1 LIMIT ${BATCH} FOR UPDATE SKIP LOCKED)`,
          [now],
        ),
      )
    const forgetNonces = async (): Promise<number> =>
      changed(
        await query(
          this.pool,
          `UPDATE refresh_token SET successor_nonce = NULL WHERE token_hash IN
             (SELECT token_hash FROM refresh_token
              WHERE successor_nonce IS NOT NULL AND coalesce(retry_until, spent_at + 60) <= $1
              LIMIT ${BATCH} FOR UPDATE SKIP LOCKED)`,
          [now],
        ),
      )
    while ((await forgetNonces()) > 0 && performance.now() < end);
    const steps = [
      expired('access_token', 'token_hash'),
      expired('revoked_jwt', 'token_id'),
      () => this.pruneSignIns(now),
    ]
    let removed = 0
    for (const removeBatch of steps) {
      let batch: number
      do {
        batch = await removeBatch()
        removed += batch
      } while (batch > 0 && performance.now() < end)
    }
    return removed
  }

  private async pruneSignIns(now: number): Promise<number> {
    return inTransaction(this.pool, async (client) => {
      const { rows } = await client.query<{ id: string }>(
        `SELECT id FROM sign_in WHERE usable_until <= $1 LIMIT ${SIGN_INS} FOR UPDATE SKIP LOCKED`,
        [now],
      )
      const ids = [rows.map(({ id }) => id)]
      const accessTokens = await client.query('DELETE FROM access_token WHERE sign_in_id = ANY ($1)', ids)
      const refreshTokens = await client.query('DELETE FROM refresh_token WHERE sign_in_id = ANY ($1)', ids)
      const signIns = await client.query('DELETE FROM sign_in WHERE id = ANY ($1)', ids)
      return changed(accessTokens) + changed(refreshTokens) + changed(signIns)
    })
  }
}

async function insertSignIn(client: PoolClient, tokens: NewUserTokens): Promise<void> {
  const { authorization, accessToken, accessTokenExpiresAt } = tokens
  await client.query(
    `INSERT INTO sign_in (id, user_id, client_id, grant_type, scope, audience, device_label, created_at, expires_at,
       last_used_at, jwts_end_at, usable_until)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $8, $10, 0)`,
    [
      authorization.authorizationId,
      authorization.userId,
      authorization.clientId,
      authorization.grantType,
      authorization.scope,
      authorization.audience,
      authorization.deviceLabel ?? null,
      authorization.createdAt,
      authorization.expiresAt,
      // Without a record of it, the access token is a JWT.
      accessToken === undefined ? accessTokenExpiresAt : 0,
    ],
  )
}

async function insertAccessToken(client: PoolClient, token: AccessTokenRecord): Promise<void> {
  await client.query(
    `INSERT INTO access_token (token_hash, client_id, user_id, sign_in_id, scope, audience, issued_at, expires_at)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
    [
      token.tokenHash,
      token.clientId,
      token.userId ?? null,
      token.authorizationId ?? null,
      token.scope,
      token.audience,
      token.issuedAt,
      token.expiresAt,
    ],
  )
}

async function insertRefreshToken(client: PoolClient, token: NewRefreshToken, generation: number): Promise<void> {
  await client.query(
    `INSERT INTO refresh_token (token_hash, sign_in_id, issued_at, expires_at, paced_until, generation)
     VALUES ($1, $2, $3, $4, $5, $6)`,
    [token.tokenHash, token.authorizationId, token.issuedAt, token.expiresAt, token.pacedUntil ?? null, generation],
  )
}

/** Works `usable_until` out anew. Whoever calls it has locked the row. */
async function updateUsableUntil(client: PoolClient, signInId: string): Promise<void> {
  await client.query(
    `UPDATE sign_in SET usable_until = least(expires_at, greatest(jwts_end_at,
       (SELECT max(expires_at) FROM access_token WHERE sign_in_id = $1),
       (SELECT max(expires_at) FROM refresh_token WHERE sign_in_id = $1 AND spent_at IS NULL)))
     WHERE id = $1 AND NOT revoked`,
    [signInId],
  )
}

function changed({ rowCount }: { readonly rowCount: number | null }): number {
  return rowCount ?? 0
}

const spendingColumns = `refresh_token.spent_at, refresh_token.successor_nonce, refresh_token.access_token_scope,
  refresh_token.access_token_audience, refresh_token.access_token_expires_at, refresh_token.retry_until,
  refresh_token.successor_spent_at, refresh_token.late_retry_at`

// `pg` answers a bigint as a string: it may be too long for a number. These are not.

interface SignInRow {
  readonly id: string
  readonly user_id: string
  readonly client_id: string
  readonly grant_type: string
  readonly scope: string
  readonly audience: string
  readonly device_label: string | null
  readonly created_at: string
  readonly expires_at: string
  readonly last_used_at: string
}

interface AccessTokenRow {
  readonly client_id: string
  readonly user_id: string | null
  readonly sign_in_id: string | null
  readonly scope: string
  readonly audience: string
  readonly issued_at: string
  readonly expires_at: string
}

interface SpendingRow {
  readonly spent_at: string | null
  readonly successor_nonce: string | null
  readonly access_token_scope: string
  readonly access_token_audience: string
  readonly access_token_expires_at: string
  readonly retry_until: string | null
  readonly successor_spent_at: string | null
  readonly late_retry_at: string | null
}

interface RefreshTokenRow extends SpendingRow {
  readonly issued_at: string
  readonly token_expires_at: string
  readonly paced_until: string | null
}

/** Rule: what was absent is `undefined` again, never `null`; what was a number is a number. */
function toAuthorization(row: SignInRow): Authorization {
  return {
    authorizationId: row.id,
    userId: row.user_id,
    clientId: row.client_id,
    grantType: row.grant_type,
    scope: row.scope,
    audience: row.audience,
    deviceLabel: row.device_label ?? undefined,
    createdAt: Number(row.created_at),
    expiresAt: Number(row.expires_at),
  }
}

function toAccessToken(tokenHash: TokenHash, row: AccessTokenRow): AccessTokenRecord {
  const fields = {
    tokenHash,
    clientId: row.client_id,
    scope: row.scope,
    audience: row.audience,
    issuedAt: Number(row.issued_at),
    expiresAt: Number(row.expires_at),
  }
  const { user_id: userId, sign_in_id: authorizationId } = row
  if (userId === null || authorizationId === null) return { ...fields, userId: undefined, authorizationId: undefined }
  return { ...fields, userId, authorizationId }
}

function toSpending(row: SpendingRow): RefreshTokenSpending | undefined {
  if (row.spent_at === null) return undefined
  return {
    spentAt: Number(row.spent_at),
    successorNonce: row.successor_nonce ?? undefined,
    accessTokenScope: row.access_token_scope,
    accessTokenAudience: row.access_token_audience,
    accessTokenExpiresAt: Number(row.access_token_expires_at),
    retryUntil: numberOf(row.retry_until),
    successorSpentAt: numberOf(row.successor_spent_at),
    lateRetryAt: numberOf(row.late_retry_at),
  }
}

function numberOf(value: string | null): number | undefined {
  return value === null ? undefined : Number(value)
}
