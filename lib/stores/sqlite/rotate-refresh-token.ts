import { toSpending, type SpendingRow } from '../sql/token-rows.js'
import {
  claimLateRetryText,
  findSpending,
  spendingAssignments,
  spendingValues,
  successorValues,
} from '../sql/token-statements.js'
import { isTrimDue, needNotBeKept, oldestTokens, trimValues } from '../sql/trim-statements.js'
import type { TokenHash } from '../../crypto/hash.js'
import type { RefreshTokenRotation, RotationOutcome } from '../token-store.js'
import type { SaveTokens } from './save-tokens.js'
import type { SqliteConnection, Statement } from './sqlite-connection.js'

/** Exchanges a refresh token for its successors in one transaction, which holds the write lock before it looks. */
export class RotateRefreshToken {
  readonly #connection: SqliteConnection
  readonly #save: SaveTokens
  readonly #find: Statement<SpendingRow & { readonly generation: number | null }>
  readonly #spend: Statement<never>
  readonly #use: Statement<never>
  readonly #shorten: Statement<never>
  readonly #trim: Statement<never>
  readonly #claimLateRetry: Statement<never>

  constructor(connection: SqliteConnection, save: SaveTokens) {
    this.#connection = connection
    this.#save = save
    this.#find = connection.prepare(findSpending.text)
    this.#spend = connection.prepare(`
      UPDATE latchkey_refresh_token SET ${spendingAssignments()}, generation = ? WHERE token_hash = ?
    `)
    this.#use = connection.prepare(`
      UPDATE latchkey_authorization SET last_used_at = ?, signed_tokens_until = max(signed_tokens_until, ?)
      WHERE authorization_id = ?
    `)
    this.#shorten = connection.prepare(`
      UPDATE latchkey_authorization SET usable_until = ? WHERE authorization_id = ? AND usable_until > ?
    `)
    this.#trim = connection.prepare(`
      DELETE FROM latchkey_refresh_token WHERE token_hash IN (
        SELECT oldest.token_hash FROM (${oldestTokens('generation')}) AS oldest WHERE ${needNotBeKept}
      )
    `)
    this.#claimLateRetry = connection.prepare(claimLateRetryText)
  }

  rotate(rotation: RefreshTokenRotation): RotationOutcome {
    return this.#connection.atomically(() => {
      const row = this.#find.get(rotation.presented)
      if (row === undefined) return { outcome: 'gone' }
      const spending = toSpending(row)
      if (spending !== undefined) return { outcome: 'already_spent', spending }
      this.#replace(rotation, row.generation ?? 0)
      return { outcome: 'rotated' }
    })
  }

  claimLateRetry(tokenHash: TokenHash, at: number): boolean {
    return this.#claimLateRetry.run(at, tokenHash) === 1
  }

  #replace(rotation: RefreshTokenRotation, generation: number): void {
    const { presented, spending, accessToken, refreshToken } = rotation
    const { spentAt, accessTokenExpiresAt } = spending
    const { authorizationId } = refreshToken
    const next = generation + 1
    this.#spend.run(...spendingValues(rotation), generation, presented)
    if (accessToken !== undefined) this.#save.accessToken(accessToken)
    this.#save.refreshToken(successorValues(rotation), next)
    this.#use.run(spentAt, accessToken === undefined ? accessTokenExpiresAt : 0, authorizationId)
    // Seldom writes: as a rule successors outlive what they replace.
    const usableUntil = Math.max(accessToken?.expiresAt ?? accessTokenExpiresAt, refreshToken.expiresAt)
    this.#shorten.run(usableUntil, authorizationId, usableUntil)
    if (isTrimDue(next)) this.#trim.run(...trimValues(authorizationId, next, spentAt))
  }
}
