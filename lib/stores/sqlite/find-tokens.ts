import type { TokenHash } from '../../crypto/hash.js'
import { toAccessToken, toRefreshToken, type AccessTokenRow, type RefreshTokenRow } from '../sql/token-rows.js'
import { findAccessToken, findRefreshToken, findRevoked } from '../sql/token-statements.js'
import type { AccessTokenRecord, RefreshTokenRecord } from '../token-store.js'
import type { SqliteConnection, Statement } from './sqlite-connection.js'

/** Finds tokens, each with one statement. */
export class FindTokens {
  readonly #accessToken: Statement<AccessTokenRow>
  readonly #refreshToken: Statement<RefreshTokenRow>
  readonly #revoked: Statement<unknown>

  constructor(connection: SqliteConnection) {
    this.#accessToken = connection.prepare(findAccessToken.text)
    this.#refreshToken = connection.prepare(findRefreshToken.text)
    this.#revoked = connection.prepare(findRevoked.text)
  }

  accessToken(tokenHash: TokenHash): AccessTokenRecord | undefined {
    const row = this.#accessToken.get(tokenHash)
    return row && toAccessToken(tokenHash, row)
  }

  refreshToken(tokenHash: TokenHash): RefreshTokenRecord | undefined {
    const row = this.#refreshToken.get(tokenHash)
    return row && toRefreshToken(tokenHash, row)
  }

  whyNotFound(tokenHash: TokenHash): 'revoked' | undefined {
    return this.#revoked.get(tokenHash, tokenHash) === undefined ? undefined : 'revoked'
  }
}
