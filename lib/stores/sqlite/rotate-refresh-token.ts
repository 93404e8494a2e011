import { toSpending, type SpendingRow } from '../sql/token-rows.js'
import { findSpending } from '../sql/token-statements.js'
import type { RefreshTokenRotation, RotationOutcome } from '../token-store.js'
import type { SaveTokens } from './save-tokens.js'
import type { SqliteConnection, Statement } from './sqlite-connection.js'

/** Exchanges a refresh token for its successors in one transaction, which holds the write lock before it looks. */
export class RotateRefreshToken {
  readonly #connection: SqliteConnection
  readonly #save: SaveTokens
  readonly #find: Statement<SpendingRow>
  readonly #spend: Statement<never>
  readonly #use: Statement<never>
  readonly #shorten: Statement<never>

  constructor(connection: SqliteConnection, save: SaveTokens) {
    this.#connection = connection
    this.#save = save
    this.#find = connection.prepare(findSpending.text)
    this.#spend = connection.prepare(`
      UPDATE latchkey_refresh_token
      SET spent_at = ?, successor_nonce = ?,
        access_token_scope = ?, access_token_audience = ?, access_token_expires_at = ?
      WHERE token_hash = ?
    `)
    this.#use = connection.prepare(`
      UPDATE latchkey_authorization SET last_used_at = ?, signed_tokens_until = max(signed_tokens_until, ?)
      WHERE authorization_id = ?
    `)
    this.#shorten = connection.prepare(`
      UPDATE latchkey_authorization SET usable_until = ? WHERE authorization_id = ? AND usable_until > ?
    `)
  }

  rotate(rotation: RefreshTokenRotation): RotationOutcome {
    return this.#connection.atomically(() => {
      const row = this.#find.get(rotation.presented)
      if (row === undefined) return { outcome: 'gone' }
      const spending = toSpending(row)
      if (spending !== undefined) return { outcome: 'already_spent', spending }
      this.#replace(rotation)
      return { outcome: 'rotated' }
    })
  }

  #replace({ presented, spending, accessToken, refreshToken }: RefreshTokenRotation): void {
    const { spentAt, successorNonce = null, accessTokenScope, accessTokenAudience, accessTokenExpiresAt } = spending
    const { authorizationId } = refreshToken
    this.#spend.run(spentAt, successorNonce, accessTokenScope, accessTokenAudience, accessTokenExpiresAt, presented)
    if (accessToken !== undefined) this.#save.accessToken(accessToken)
    this.#save.refreshToken(refreshToken)
    this.#use.run(spentAt, accessToken === undefined ? accessTokenExpiresAt : 0, authorizationId)
    // Seldom writes: as a rule successors outlive what they replace.
    const usableUntil = Math.max(accessToken?.expiresAt ?? accessTokenExpiresAt, refreshToken.expiresAt)
    this.#shorten.run(usableUntil, authorizationId, usableUntil)
  }
}
