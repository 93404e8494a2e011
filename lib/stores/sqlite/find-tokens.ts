import type { TokenHash } from '../../protocol/token-hash.js'
import type { AccessTokenRecord, RefreshTokenRecord } from '../token-store.js'
import { authorizationColumns } from './authorization-row.js'
import type { SqliteConnection, Statement } from './sqlite-connection.js'
import { toAccessToken, toRefreshToken, type AccessTokenRow, type RefreshTokenRow } from './token-rows.js'

/** Finds tokens, each with one statement. A token is dead when its authorization is revoked or missing. */
export class FindTokens {
  readonly #accessToken: Statement<AccessTokenRow>
  readonly #refreshToken: Statement<RefreshTokenRow>

  constructor(connection: SqliteConnection) {
    this.#accessToken = connection.prepare(`
      SELECT token.client_id, token.user_id, token.authorization_id, token.scope, token.audience,
        token.issued_at, token.expires_at
      FROM latchkey_access_token AS token
      LEFT JOIN latchkey_authorization AS owner ON owner.authorization_id = token.authorization_id
      WHERE token.token_hash = ?
        AND owner.revoked_at IS NULL
        AND (token.authorization_id IS NULL OR owner.authorization_id IS NOT NULL)
    `)
    this.#refreshToken = connection.prepare(`
      SELECT token.issued_at AS token_issued_at, token.expires_at AS token_expires_at,
        token.spent_at, token.successor_nonce,
        token.access_token_scope, token.access_token_audience, token.access_token_expires_at,
        ${authorizationColumns}
      FROM latchkey_refresh_token AS token
      JOIN latchkey_authorization AS owner ON owner.authorization_id = token.authorization_id
      WHERE token.token_hash = ? AND owner.revoked_at IS NULL
    `)
  }

  accessToken(tokenHash: TokenHash): AccessTokenRecord | undefined {
    const row = this.#accessToken.get(tokenHash)
    return row && toAccessToken(tokenHash, row)
  }

  refreshToken(tokenHash: TokenHash): RefreshTokenRecord | undefined {
    const row = this.#refreshToken.get(tokenHash)
    return row && toRefreshToken(tokenHash, row)
  }
}
