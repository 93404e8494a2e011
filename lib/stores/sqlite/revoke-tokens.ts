import type { Clock } from '../../protocol/clock.js'
import type { TokenHash } from '../../protocol/token-hash.js'
import type { RevocationSelection } from '../token-store.js'
import type { SqliteConnection, Statement } from './sqlite-connection.js'

const revoke = 'UPDATE latchkey_authorization SET revoked_at = ?, usable_until = 0 WHERE revoked_at IS NULL'

/** Revokes an authorization by its own row alone: look-ups join it. Tokens of clients have none and are deleted. */
export class RevokeTokens {
  readonly #connection: SqliteConnection
  readonly #clock: Clock
  readonly #lookAtOwner: Statement<never>
  readonly #deleteAccessToken: Statement<never>
  readonly #authorization: Statement<never>
  readonly #user: Statement<never>
  readonly #client: Statement<never>
  readonly #everything: Statement<never>
  readonly #deleteTokensOfClient: Statement<never>
  readonly #deleteTokensOfClients: Statement<never>

  constructor(connection: SqliteConnection, clock: Clock) {
    this.#connection = connection
    this.#clock = clock
    this.#lookAtOwner = connection.prepare(`
      UPDATE latchkey_authorization SET usable_until = 0
      WHERE authorization_id = (SELECT authorization_id FROM latchkey_access_token WHERE token_hash = ?)
    `)
    this.#deleteAccessToken = connection.prepare('DELETE FROM latchkey_access_token WHERE token_hash = ?')
    this.#authorization = connection.prepare(`${revoke} AND authorization_id = ?`)
    this.#user = connection.prepare(`${revoke} AND user_id = ? AND authorization_id IS NOT ?`)
    this.#client = connection.prepare(`${revoke} AND client_id = ?`)
    this.#everything = connection.prepare(revoke)
    const deleteOwn = 'DELETE FROM latchkey_access_token WHERE authorization_id IS NULL'
    this.#deleteTokensOfClient = connection.prepare(`${deleteOwn} AND client_id = ?`)
    this.#deleteTokensOfClients = connection.prepare(deleteOwn)
  }

  accessToken(tokenHash: TokenHash): void {
    this.#connection.atomically(() => {
      // It may have been the last one that could be used: the next pruning looks.
      this.#lookAtOwner.run(tokenHash)
      this.#deleteAccessToken.run(tokenHash)
    })
  }

  selected(selection: RevocationSelection): number {
    const now = this.#clock()
    if ('authorizationId' in selection) return this.#authorization.run(now, selection.authorizationId)
    if ('userId' in selection) return this.#user.run(now, selection.userId, selection.exceptAuthorizationId ?? null)
    return this.#connection.atomically(() => {
      if ('everything' in selection) {
        this.#deleteTokensOfClients.run()
        return this.#everything.run(now)
      }
      this.#deleteTokensOfClient.run(selection.clientId)
      return this.#client.run(now, selection.clientId)
    })
  }
}
