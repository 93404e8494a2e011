import type { SqliteConnection, Statement } from './sqlite-connection.js'

const unusable = 'SELECT authorization_id FROM latchkey_authorization WHERE usable_until <= ?'

/**
 * Removes what can never matter again. Every statement follows an index to what has to go: what is alive costs nothing.
 *
 * `usable_until` is never later than the moment when an authorization runs out of tokens that can be used, but it may be
 * earlier, because rotations do not move it on. So it is worked out anew before anything goes by it.
 */
export class PruneTokens {
  readonly #connection: SqliteConnection
  readonly #expiredAccessTokens: Statement<never>
  readonly #expiredRevokedTokens: Statement<never>
  readonly #usableUntil: Statement<never>
  readonly #accessTokens: Statement<never>
  readonly #refreshTokens: Statement<never>
  readonly #authorizations: Statement<never>

  constructor(connection: SqliteConnection) {
    this.#connection = connection
    this.#expiredAccessTokens = connection.prepare('DELETE FROM latchkey_access_token WHERE expires_at <= ?')
    this.#expiredRevokedTokens = connection.prepare('DELETE FROM latchkey_revoked_token WHERE expires_at <= ?')
    this.#usableUntil = connection.prepare(`
      UPDATE latchkey_authorization AS owner
      SET usable_until = CASE WHEN revoked_at IS NOT NULL THEN 0 ELSE min(expires_at, max(
        signed_tokens_until,
        coalesce((SELECT max(expires_at) FROM latchkey_access_token
          WHERE authorization_id = owner.authorization_id), 0),
        coalesce((SELECT max(expires_at) FROM latchkey_refresh_token
          WHERE authorization_id = owner.authorization_id AND spent_at IS NULL), 0)
      )) END
      WHERE usable_until <= ?
    `)
    this.#accessTokens = connection.prepare(`DELETE FROM latchkey_access_token WHERE authorization_id IN (${unusable})`)
    this.#refreshTokens = connection.prepare(
      `DELETE FROM latchkey_refresh_token WHERE authorization_id IN (${unusable})`,
    )
    this.#authorizations = connection.prepare('DELETE FROM latchkey_authorization WHERE usable_until <= ?')
  }

  prune(now: number): number {
    return this.#connection.atomically(() => {
      const expired = this.#expiredAccessTokens.run(now) + this.#expiredRevokedTokens.run(now)
      this.#usableUntil.run(now)
      const tokens = this.#accessTokens.run(now) + this.#refreshTokens.run(now)
      return expired + tokens + this.#authorizations.run(now)
    })
  }
}
