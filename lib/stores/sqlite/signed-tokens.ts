import type { SignedTokenId } from '../token-store.js'
import type { SqliteConnection, Statement } from './sqlite-connection.js'

interface RevocationRow {
  readonly is_revoked: number
  readonly has_authorization: number
}

/** Revokes JWTs, of which nothing is stored until then, and tells with one statement which are revoked. */
export class SignedTokens {
  readonly #revoke: Statement<never>
  readonly #look: Statement<RevocationRow>

  constructor(connection: SqliteConnection) {
    this.#revoke = connection.prepare(`
      INSERT INTO latchkey_revoked_token (token_id, expires_at) VALUES (?, ?) ON CONFLICT (token_id) DO NOTHING
    `)
    this.#look = connection.prepare(`
      SELECT
        EXISTS (SELECT 1 FROM latchkey_revoked_token WHERE token_id = ?) AS is_revoked,
        EXISTS (SELECT 1 FROM latchkey_authorization WHERE authorization_id = ? AND revoked_at IS NULL) AS has_authorization
    `)
  }

  revoke(tokenId: string, expiresAt: number): void {
    this.#revoke.run(tokenId, expiresAt)
  }

  isRevoked({ tokenId, authorizationId }: SignedTokenId): boolean {
    const row = this.#look.get(tokenId, authorizationId ?? null)
    // Written so that only a clear answer makes a token good.
    return row?.is_revoked !== 0 || (authorizationId !== undefined && row.has_authorization !== 1)
  }
}
