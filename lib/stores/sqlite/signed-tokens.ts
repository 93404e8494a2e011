import { isRevoked, type RevocationRow } from '../sql/token-rows.js'
import { findRevocation, revocationValues } from '../sql/token-statements.js'
import type { SignedTokenId } from '../token-store.js'
import type { SqliteConnection, Statement } from './sqlite-connection.js'

/** Revokes JWTs, of which nothing is stored until then, and tells with one statement which are revoked. */
export class SignedTokens {
  readonly #revoke: Statement<never>
  readonly #look: Statement<RevocationRow>

  constructor(connection: SqliteConnection) {
    this.#revoke = connection.prepare(`
      INSERT INTO latchkey_revoked_token (token_id, expires_at) VALUES (?, ?) ON CONFLICT (token_id) DO NOTHING
    `)
    this.#look = connection.prepare(findRevocation.text)
  }

  revoke(tokenId: string, expiresAt: number): void {
    this.#revoke.run(tokenId, expiresAt)
  }

  isRevoked(token: SignedTokenId): boolean {
    return isRevoked(this.#look.get(...revocationValues(token)), token.authorizationId)
  }
}
