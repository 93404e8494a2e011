import { andThen, type MaybePromise } from '../../time/maybe-promise.js'
import type { User, UserStore } from '../user-store.js'
import type { SqlConnection, SqlStatement, SqlValue } from './sql-connection.js'
import { ambiguousId, exactText, refuseLossyColumns, type ColumnTypes } from './user-column-types.js'
import type { UsernameCase, UserStatements } from './user-table.js'

/** A row of the application's table. */
export interface UserRow extends ColumnTypes {
  readonly user_id: unknown
  readonly username: unknown
  readonly password_hash: unknown
  readonly disabled: unknown
  readonly locked: unknown
}

/** What a user store needs of a database, with an asynchronous driver or a synchronous one. */
export interface UserDatabase {
  /** Returns no rows for a value that the column cannot have, such as letters for a number. */
  rows(statement: SqlStatement, values: readonly SqlValue[]): MaybePromise<readonly UserRow[]>
  change(statement: SqlStatement, values: readonly SqlValue[]): MaybePromise<number>
}

/** What a user store needs of a connection: a value that a column cannot have finds nothing, and is no error. */
export function userDatabase(connection: SqlConnection, isImpossibleValue: (error: unknown) => boolean): UserDatabase {
  return {
    async rows(statement, values) {
      try {
        return await connection.rows<UserRow>(statement, values)
      } catch (error) {
        if (isImpossibleValue(error)) return []
        throw error
      }
    },
    change: (statement, values) => connection.change(statement, values),
  }
}

/**
 * Finds users in the application's table. What the database considers equal (`alice` and `ALICE`, `12` and `12abc`) is compared again, character
 * by character.
 */
export class SqlUserStore implements UserStore {
  readonly #database: UserDatabase
  readonly #statements: UserStatements
  readonly #comparable: (name: string) => string
  #areTypesKnown = false

  constructor(database: UserDatabase, statements: UserStatements, usernameCase: UsernameCase = 'exact') {
    this.#database = database
    this.#statements = statements
    this.#comparable = usernameCase === 'exact' ? (name) => name : (name) => name.toLowerCase()
  }

  findUserByUsername(username: string): MaybePromise<User | undefined> {
    const wanted = this.#comparable(username)
    return andThen(this.#rows(this.#statements.findByUsername, wanted), (rows) => {
      const found = rows.filter((row) => typeof row.username === 'string' && this.#comparable(row.username) === wanted)
      // If two rows match a name, neither may be taken for the other.
      const user = found.length === 1 ? found.map((row) => this.#toUser(row))[0] : undefined
      // Also for an unknown user, so that it takes as long.
      return andThen(this.findUser(user?.userId ?? username), (same) => {
        if (user !== undefined && same?.username !== user.username) throw ambiguousId(this.#statements.origin)
        return user
      })
    })
  }

  findUser(userId: string): MaybePromise<User | undefined> {
    return andThen(this.#rows(this.#statements.findById, userId), (rows) => {
      const found = rows.filter((row) => row.user_id === userId)
      if (found.length > 1) throw ambiguousId(this.#statements.origin)
      return found.map((row) => this.#toUser(row))[0]
    })
  }

  /** Replaces the hash only if it is still the verified one, so that a concurrent change of the password stays. */
  updatePasswordHash(userId: string, passwordHash: string, replacedHash: string): MaybePromise<void> {
    return andThen(this.findUser(userId), (user) => {
      if (user === undefined) return undefined
      const values = [passwordHash, user.userId, replacedHash]
      return andThen(this.#database.change(this.#statements.updateHash, values), () => undefined)
    })
  }

  #rows(statement: SqlStatement, value: string): MaybePromise<readonly UserRow[]> {
    return andThen(this.#checkTypes(), () => this.#database.rows(statement, [value]))
  }

  /** Checks once, before the first look-up, whether the columns have a text for each value. */
  #checkTypes(): MaybePromise<void> {
    if (this.#areTypesKnown) return undefined
    const { findTypes, valuesOfFindTypes, lossyTypes, origin } = this.#statements
    return andThen(this.#database.rows(findTypes, valuesOfFindTypes), ([types]) => {
      if (types === undefined) return
      refuseLossyColumns(origin, types, lossyTypes)
      this.#areTypesKnown = true
    })
  }

  /** A user without a password signs in in some other way, and is unknown to the password grant. */
  #toUser(row: UserRow): User | undefined {
    const { lossyTypes, origin } = this.#statements
    refuseLossyColumns(origin, row, lossyTypes)
    const { user_id: userId, username, password_hash: passwordHash, disabled, locked } = row
    if (passwordHash === null || passwordHash === undefined) return undefined
    return {
      userId: exactText(origin, 'id', userId),
      passwordHash: exactText(origin, 'passwordHash', passwordHash),
      username: username === null || username === undefined ? undefined : exactText(origin, 'username', username),
      disabled: isSet(disabled),
      locked: isSet(locked),
    }
  }
}

/** Every value disables or locks, except a clear no. */
function isSet(value: unknown): boolean {
  // A BIT of MySQL is bytes.
  if (value instanceof Uint8Array) return value.some((octet) => octet !== 0)
  return !(value === null || value === undefined || value === false || Number(value) === 0)
}
