import type { AccessTokenRecord, Authorization, NewRefreshToken, NewTokens } from '../token-store.js'
import type { SqliteConnection, Statement } from './sqlite-connection.js'

/** Inserts tokens. A hash or id that exists already breaks the primary key, and the driver throws. */
export class SaveTokens {
  readonly #connection: SqliteConnection
  readonly #authorization: Statement<never>
  readonly #accessToken: Statement<never>
  readonly #refreshToken: Statement<never>

  constructor(connection: SqliteConnection) {
    this.#connection = connection
    this.#authorization = connection.prepare(`
      INSERT INTO latchkey_authorization
        (authorization_id, user_id, client_id, grant_type, scope, created_at, expires_at, usable_until)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?)
    `)
    this.#accessToken = connection.prepare(`
      INSERT INTO latchkey_access_token
        (token_hash, client_id, user_id, authorization_id, scope, issued_at, expires_at)
      VALUES (?, ?, ?, ?, ?, ?, ?)
    `)
    this.#refreshToken = connection.prepare(`
      INSERT INTO latchkey_refresh_token (token_hash, authorization_id, issued_at, expires_at) VALUES (?, ?, ?, ?)
    `)
  }

  /** Saves what one answer issues. A token of the client itself is one statement and needs no transaction. */
  all({ authorization, accessToken, refreshToken }: NewTokens): void {
    if (accessToken.authorizationId === undefined) {
      this.accessToken(accessToken)
      return
    }
    if (authorization?.authorizationId !== accessToken.authorizationId) {
      throw new Error('A token of a user is saved with its authorization')
    }
    this.#connection.atomically(() => {
      this.#begin(authorization, Math.max(accessToken.expiresAt, refreshToken?.expiresAt ?? 0))
      this.accessToken(accessToken)
      if (refreshToken !== undefined) this.refreshToken(refreshToken)
    })
  }

  accessToken(token: AccessTokenRecord): void {
    const { tokenHash, clientId, userId = null, authorizationId = null, scope, issuedAt, expiresAt } = token
    this.#accessToken.run(tokenHash, clientId, userId, authorizationId, scope, issuedAt, expiresAt)
  }

  refreshToken({ tokenHash, authorizationId, issuedAt, expiresAt }: NewRefreshToken): void {
    this.#refreshToken.run(tokenHash, authorizationId, issuedAt, expiresAt)
  }

  #begin(authorization: Authorization, lastTokenExpiresAt: number): void {
    const { authorizationId, userId, clientId, grantType, scope, createdAt, expiresAt } = authorization
    const usableUntil = Math.min(lastTokenExpiresAt, expiresAt)
    this.#authorization.run(authorizationId, userId, clientId, grantType, scope, createdAt, expiresAt, usableUntil)
  }
}
