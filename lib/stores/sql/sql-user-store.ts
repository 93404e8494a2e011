import { andThen, type MaybePromise } from '../../protocol/maybe-promise.js'
import type { User, UserStore } from '../user-store.js'
import { textOf, type SqlText } from './authorization-row.js'
import type { SqlConnection, SqlStatement, SqlValue } from './sql-connection.js'
import type { UsernameCase, UserStatements } from './user-table.js'

/** A row of the application's table. */
export interface UserRow {
  readonly user_id: SqlText
  readonly username: SqlText | null
  readonly password_hash: SqlText | null
  readonly disabled: unknown
  readonly locked: unknown
}

/** What a user store needs of a database, with an asynchronous driver or a synchronous one. */
export interface UserDatabase {
  /** Answers no rows for a value that the column cannot have, such as letters for a number. */
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
 * The users in a table of the application. What the database takes for equal (`alice` and `ALICE`, `12` and `12abc`) is compared
 * again here, character by character.
 */
export class SqlUserStore implements UserStore {
  readonly #database: UserDatabase
  readonly #statements: UserStatements
  readonly #comparable: (name: string) => string

  constructor(database: UserDatabase, statements: UserStatements, usernameCase: UsernameCase = 'exact') {
    this.#database = database
    this.#statements = statements
    this.#comparable = usernameCase === 'exact' ? (name) => name : (name) => name.toLowerCase()
  }

  findUserByUsername(username: string): MaybePromise<User | undefined> {
    const wanted = this.#comparable(username)
    return andThen(this.#database.rows(this.#statements.findByUsername, [wanted]), (rows) => {
      const found = rows.filter(({ username }) => username !== null && this.#comparable(textOf(username)) === wanted)
      // A name that two users have is nobody's: neither may be taken for the other.
      return found.length === 1 ? found.map(toUser)[0] : undefined
    })
  }

  findUser(userId: string): MaybePromise<User | undefined> {
    return andThen(this.#database.rows(this.#statements.findById, [userId]), (rows) =>
      rows.map(toUser).find((user) => user?.userId === userId),
    )
  }

  /** Replaces the hash only where it is still the one that was verified: a password that was changed meanwhile stays. */
  updatePasswordHash(userId: string, passwordHash: string, replacedHash: string): MaybePromise<void> {
    return andThen(this.findUser(userId), (user) => {
      if (user === undefined) return undefined
      const values = [passwordHash, user.userId, replacedHash]
      return andThen(this.#database.change(this.#statements.updateHash, values), () => undefined)
    })
  }
}

/** A user without a password, who signs in some other way, is nobody to the password grant. */
function toUser(row: UserRow): User | undefined {
  if (row.password_hash === null) return undefined
  const { user_id: userId, username, password_hash: passwordHash, disabled, locked } = row
  return {
    userId: textOf(userId),
    passwordHash: textOf(passwordHash),
    username: username === null ? undefined : textOf(username),
    disabled: isSet(disabled),
    locked: isSet(locked),
  }
}

/** Whatever it is, it disables or locks, unless it clearly says no. */
function isSet(value: unknown): boolean {
  // A BIT of MySQL is octets.
  if (value instanceof Uint8Array) return value.some((octet) => octet !== 0)
  return !(value === null || value === undefined || value === false || Number(value) === 0)
}
