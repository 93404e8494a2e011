import type { AccessTokenRecord, NewRefreshToken, NewTokens, NewUserTokens } from '../token-store.js'
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
        (authorization_id, user_id, client_id, grant_type, scope, audience, device_label, created_at, expires_at,
          last_used_at, usable_until, signed_tokens_until)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
    `)
    this.#accessToken = connection.prepare(`
      INSERT INTO latchkey_access_token
        (token_hash, client_id, user_id, authorization_id, scope, audience, issued_at, expires_at)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?)
    `)
    this.#refreshToken = connection.prepare(`
      INSERT INTO latchkey_refresh_token (token_hash, authorization_id, issued_at, expires_at) VALUES (?, ?, ?, ?)
    `)
  }

  /** Saves what one answer issues. A token of the client itself is one statement and needs no transaction. */
  all(tokens: NewTokens): void {
    if (tokens.authorization === undefined) {
      this.accessToken(tokens.accessToken)
      return
    }
    this.#connection.atomically(() => {
      this.#begin(tokens)
      if (tokens.accessToken !== undefined) this.accessToken(tokens.accessToken)
      if (tokens.refreshToken !== undefined) this.refreshToken(tokens.refreshToken)
    })
  }

  accessToken(token: AccessTokenRecord): void {
    const { tokenHash, clientId, userId = null, authorizationId = null, scope, audience, issuedAt, expiresAt } = token
    this.#accessToken.run(tokenHash, clientId, userId, authorizationId, scope, audience, issuedAt, expiresAt)
  }

  refreshToken({ tokenHash, authorizationId, issuedAt, expiresAt }: NewRefreshToken): void {
    this.#refreshToken.run(tokenHash, authorizationId, issuedAt, expiresAt)
  }

  #begin({ authorization, accessToken, accessTokenExpiresAt, refreshToken }: NewUserTokens): void {
    const { authorizationId, userId, clientId, grantType, scope, audience, deviceLabel = null } = authorization
    const { createdAt, expiresAt } = authorization
    const usableUntil = Math.min(expiresAt, Math.max(accessTokenExpiresAt, refreshToken?.expiresAt ?? 0))
    const signedTokensUntil = accessToken === undefined ? accessTokenExpiresAt : 0
    const granted = [authorizationId, userId, clientId, grantType, scope, audience, deviceLabel]
    this.#authorization.run(...granted, createdAt, expiresAt, createdAt, usableUntil, signedTokensUntil)
  }
}
