import type { Clock } from '../../time/clock.js'
import type { TokenHash } from '../../crypto/hash.js'
import {
  deleteTokensOfClient,
  deleteTokensOfClients,
  revokeAuthorization,
  revokeClient,
  revokeEverything,
  revokeUser,
} from '../sql/revoke-statements.js'
import { subjectOfRevocation } from '../sql/token-statements.js'
import type { RevocationSelection } from '../token-store.js'
import type { SqliteConnection, Statement } from './sqlite-connection.js'

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
  readonly #revokeUntil: Statement<never>

  constructor(connection: SqliteConnection, clock: Clock) {
    this.#connection = connection
    this.#clock = clock
    this.#lookAtOwner = connection.prepare(`
      UPDATE latchkey_authorization SET usable_until = 0
      WHERE authorization_id = (SELECT authorization_id FROM latchkey_access_token WHERE token_hash = ?)
    `)
    this.#deleteAccessToken = connection.prepare('DELETE FROM latchkey_access_token WHERE token_hash = ?')
    this.#authorization = connection.prepare(revokeAuthorization.text)
    this.#user = connection.prepare(revokeUser.text)
    this.#client = connection.prepare(revokeClient.text)
    this.#everything = connection.prepare(revokeEverything.text)
    this.#deleteTokensOfClient = connection.prepare(deleteTokensOfClient.text)
    this.#deleteTokensOfClients = connection.prepare(deleteTokensOfClients.text)
    this.#revokeUntil = connection.prepare(`
      INSERT INTO latchkey_not_before AS stored (subject, issued_until) VALUES (?, ?)
      ON CONFLICT (subject) DO UPDATE SET issued_until = max(stored.issued_until, excluded.issued_until)
    `)
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
    if ('userId' in selection) return this.#user.run(now, selection.userId, selection.exceptAuthorizationId ?? '')
    const clientId = 'clientId' in selection ? selection.clientId : undefined
    return this.#connection.atomically(() => {
      if (selection.issuedUntil !== undefined) {
        this.#revokeUntil.run(subjectOfRevocation(clientId), selection.issuedUntil)
      }
      if ('everything' in selection) {
        this.#deleteTokensOfClients.run()
        return this.#everything.run(now)
      }
      this.#deleteTokensOfClient.run(selection.clientId)
      return this.#client.run(now, selection.clientId)
    })
  }
}
