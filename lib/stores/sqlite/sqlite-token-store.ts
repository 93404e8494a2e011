import type { TokenHash } from '../../crypto/hash.js'
import type { Clock } from '../../time/clock.js'
import type { MaybePromise } from '../../time/maybe-promise.js'
import {
  toAuthorization,
  toListedAuthorization,
  type AuthorizationRow,
  type ListedRow,
} from '../sql/authorization-row.js'
import * as revoke from '../sql/revoke-statements.js'
import { statement, type SqlValue } from '../sql/sql-connection.js'
import {
  isRevoked,
  toAccessToken,
  toRefreshToken,
  toSpending,
  type AccessTokenRow,
  type RefreshTokenRow,
  type RevocationRow,
  type SpendingRow,
} from '../sql/token-rows.js'
import * as tokens from '../sql/token-statements.js'
import { isTrimDue, needNotBeKept, oldestTokens, trimValues } from '../sql/trim-statements.js'
import type {
  AccessTokenRecord,
  Authorization,
  ListedAuthorization,
  NewTokens,
  PruneLimits,
  RefreshTokenRecord,
  RefreshTokenRotation,
  RevocationSelection,
  RotationOutcome,
  SignedTokenId,
  TokenStore,
} from '../token-store.js'
import { pruneSqlite } from './prune-sqlite.js'
import type { SqliteConnection } from './sqlite-connection.js'

/** Values: those of `spendingValues`, the generation, the token. */
const spend = statement(
  'spend',
  `UPDATE latchkey_refresh_token SET ${tokens.spendingAssignments()}, generation = ? WHERE token_hash = ?`,
)

/** Values: the time, when the last JWT ends, the authorization. */
const noteUse = statement(
  'note_use',
  `UPDATE latchkey_authorization SET last_used_at = ?, signed_tokens_until = max(signed_tokens_until, ?)
  WHERE authorization_id = ?`,
)

/** Values: the time, the authorization, the time again. */
const shortenUse = statement(
  'shorten_use',
  'UPDATE latchkey_authorization SET usable_until = ? WHERE authorization_id = ? AND usable_until > ?',
)

/** Values: those of `trimValues`. */
const trim = statement(
  'trim_refresh_tokens',
  `DELETE FROM latchkey_refresh_token WHERE token_hash IN (
    SELECT oldest.token_hash FROM (${oldestTokens('generation')}) AS oldest WHERE ${needNotBeKept}
  )`,
)

/** Values: the time, the token. */
const claimLateRetry = statement('claim_late_retry', tokens.claimLateRetryText)

/** Makes the next pruning check the authorization of an access token. Value: the token. */
const checkOwner = statement(
  'check_owner',
  `UPDATE latchkey_authorization SET usable_until = 0
  WHERE authorization_id = (SELECT authorization_id FROM latchkey_access_token WHERE token_hash = ?)`,
)

/** Value: the token. */
const deleteAccessToken = statement('delete_access_token', 'DELETE FROM latchkey_access_token WHERE token_hash = ?')

/** Values: the id, the time until which it is remembered. */
const insertRevokedToken = statement(
  'insert_revoked_token',
  'INSERT INTO latchkey_revoked_token (token_id, expires_at) VALUES (?, ?) ON CONFLICT (token_id) DO NOTHING',
)

/** Notes up to when JWTs are revoked; a later time stays. Values: the subject, the time. */
const revokeUntil = statement(
  'revoke_until',
  `INSERT INTO latchkey_not_before AS stored (subject, issued_until) VALUES (?, ?)
  ON CONFLICT (subject) DO UPDATE SET issued_until = max(stored.issued_until, excluded.issued_until)`,
)

/** Stores tokens in SQLite, without promises. */
export class SqliteTokenStore implements TokenStore {
  readonly #connection: SqliteConnection
  readonly #clock: Clock

  constructor(connection: SqliteConnection, clock: Clock) {
    this.#connection = connection
    this.#clock = clock
  }

  /** A hash or id that exists already breaks the primary key, and the driver throws. */
  saveTokens(saved: NewTokens): void {
    if (saved.authorization === undefined) {
      // One statement needs no transaction.
      this.#insertAccessToken(saved.accessToken)
      return
    }
    this.#connection.atomically(() => {
      this.#connection.change(tokens.insertAuthorization, ...tokens.authorizationValues(saved))
      if (saved.accessToken !== undefined) this.#insertAccessToken(saved.accessToken)
      if (saved.refreshToken !== undefined) this.#insertRefreshToken(tokens.refreshTokenValues(saved.refreshToken), 0)
    })
  }

  /** Exchanges a refresh token for its successors in one transaction, which holds the write lock before it reads. */
  rotateRefreshToken(rotation: RefreshTokenRotation): RotationOutcome {
    return this.#connection.atomically(() => {
      const row = this.#connection.row<SpendingRow & { readonly generation: number | null }>(
        tokens.findSpending,
        rotation.presented,
      )
      if (row === undefined) return { outcome: 'gone' }
      const spending = toSpending(row)
      if (spending !== undefined) return { outcome: 'already_spent', spending }
      this.#replace(rotation, row.generation ?? 0)
      return { outcome: 'rotated' }
    })
  }

  #replace(rotation: RefreshTokenRotation, generation: number): void {
    const { presented, spending, accessToken, refreshToken } = rotation
    const { spentAt, accessTokenExpiresAt } = spending
    const { authorizationId } = refreshToken
    const next = generation + 1
    this.#connection.change(spend, ...tokens.spendingValues(rotation), generation, presented)
    if (accessToken !== undefined) this.#insertAccessToken(accessToken)
    this.#insertRefreshToken(tokens.successorValues(rotation), next)
    const signedTokensUntil = accessToken === undefined ? accessTokenExpiresAt : 0
    this.#connection.change(noteUse, spentAt, signedTokensUntil, authorizationId)
    // Seldom writes: as a rule successors outlive what they replace.
    const usableUntil = Math.max(accessToken?.expiresAt ?? accessTokenExpiresAt, refreshToken.expiresAt)
    this.#connection.change(shortenUse, usableUntil, authorizationId, usableUntil)
    if (isTrimDue(next)) this.#connection.change(trim, ...trimValues(authorizationId, next, spentAt))
  }

  claimLateRetry(tokenHash: TokenHash, at: number): boolean {
    return this.#connection.change(claimLateRetry, at, tokenHash) === 1
  }

  findAccessToken(tokenHash: TokenHash): AccessTokenRecord | undefined {
    const row = this.#connection.row<AccessTokenRow>(tokens.findAccessToken, tokenHash)
    return row && toAccessToken(tokenHash, row)
  }

  findRefreshToken(tokenHash: TokenHash): RefreshTokenRecord | undefined {
    const row = this.#connection.row<RefreshTokenRow>(tokens.findRefreshToken, tokenHash)
    return row && toRefreshToken(tokenHash, row)
  }

  whyNotFound(tokenHash: TokenHash): 'revoked' | undefined {
    return this.#connection.row(tokens.findRevoked, tokenHash, tokenHash) === undefined ? undefined : 'revoked'
  }

  isSignedTokenRevoked(token: SignedTokenId): boolean {
    const row = this.#connection.row<RevocationRow>(tokens.findRevocation, ...tokens.revocationValues(token))
    return isRevoked(row, token.authorizationId)
  }

  findAuthorization(authorizationId: string): Authorization | undefined {
    const row = this.#connection.row<AuthorizationRow>(tokens.findAuthorization, authorizationId)
    return row && toAuthorization(row)
  }

  listAuthorizations(userId: string): readonly ListedAuthorization[] {
    return this.#connection.rows<ListedRow>(tokens.listAuthorizations, userId).map(toListedAuthorization)
  }

  revokeAccessToken(tokenHash: TokenHash): void {
    this.#connection.atomically(() => {
      // It may have been the last one that could be used.
      this.#connection.change(checkOwner, tokenHash)
      this.#connection.change(deleteAccessToken, tokenHash)
    })
  }

  revokeSignedToken(tokenId: string, expiresAt: number): void {
    this.#connection.change(insertRevokedToken, tokenId, expiresAt)
  }

  /** Revokes an authorization by its own row alone: look-ups join it. Clients' own tokens have no authorization: they are deleted. */
  revokeTokens(selection: RevocationSelection): number {
    const now = this.#clock()
    if ('authorizationId' in selection) {
      return this.#connection.change(revoke.revokeAuthorization, now, selection.authorizationId)
    }
    if ('userId' in selection) {
      return this.#connection.change(revoke.revokeUser, now, selection.userId, selection.exceptAuthorizationId ?? '')
    }
    const clientId = 'clientId' in selection ? selection.clientId : undefined
    return this.#connection.atomically(() => {
      if (selection.issuedUntil !== undefined) {
        this.#connection.change(revokeUntil, tokens.subjectOfRevocation(clientId), selection.issuedUntil)
      }
      if ('everything' in selection) {
        this.#connection.change(revoke.deleteTokensOfClients)
        return this.#connection.change(revoke.revokeEverything, now)
      }
      this.#connection.change(revoke.deleteTokensOfClient, selection.clientId)
      return this.#connection.change(revoke.revokeClient, now, selection.clientId)
    })
  }

  /** Prunes in small batches, each atomic. Returns a promise if one batch is not enough: requests are served between two of them. */
  prune(now: number, limits?: PruneLimits): MaybePromise<number> {
    return pruneSqlite(this.#connection, now, limits)
  }

  #insertAccessToken(token: AccessTokenRecord): void {
    this.#connection.change(tokens.insertAccessToken, ...tokens.accessTokenValues(token))
  }

  #insertRefreshToken(values: readonly SqlValue[], generation: number): void {
    this.#connection.change(tokens.insertRefreshToken, ...values, generation)
  }
}
