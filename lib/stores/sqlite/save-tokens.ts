import {
  accessTokenValues,
  authorizationValues,
  insertAccessToken,
  insertAuthorization,
  insertRefreshToken,
  refreshTokenValues,
} from '../sql/token-statements.js'
import type { SqlValue } from '../sql/sql-connection.js'
import type { AccessTokenRecord, NewTokens } from '../token-store.js'
import type { SqliteConnection, Statement } from './sqlite-connection.js'

/** Inserts tokens. A hash or id that exists already breaks the primary key, and the driver throws. */
export class SaveTokens {
  readonly #connection: SqliteConnection
  readonly #authorization: Statement<never>
  readonly #accessToken: Statement<never>
  readonly #refreshToken: Statement<never>

  constructor(connection: SqliteConnection) {
    this.#connection = connection
    this.#authorization = connection.prepare(insertAuthorization.text)
    this.#accessToken = connection.prepare(insertAccessToken.text)
    this.#refreshToken = connection.prepare(insertRefreshToken.text)
  }

  /** Saves what one answer issues. A token of the client itself is one statement and needs no transaction. */
  all(tokens: NewTokens): void {
    if (tokens.authorization === undefined) {
      this.accessToken(tokens.accessToken)
      return
    }
    this.#connection.atomically(() => {
      this.#authorization.run(...authorizationValues(tokens))
      if (tokens.accessToken !== undefined) this.accessToken(tokens.accessToken)
      if (tokens.refreshToken !== undefined) this.refreshToken(refreshTokenValues(tokens.refreshToken), 0)
    })
  }

  accessToken(token: AccessTokenRecord): void {
    this.#accessToken.run(...accessTokenValues(token))
  }

  refreshToken(values: readonly SqlValue[], generation: number): void {
    this.#refreshToken.run(...values, generation)
  }
}
