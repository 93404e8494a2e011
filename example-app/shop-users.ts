import type { User, UserStore } from 'latchkey'
import type { SqliteDatabase, SqliteStatement } from 'latchkey/stores/sqlite'

/** The shop's own users as the password grant sees them: a model for a store over your table. */
export class ShopUsers implements UserStore {
  readonly #byUsername: SqliteStatement
  readonly #byId: SqliteStatement
  readonly #updateHash: SqliteStatement

  constructor(database: SqliteDatabase) {
    const select = 'SELECT user_id, password_hash, disabled FROM users'
    // Names are compared byte for byte. If yours ignore case, do that here, and for every look-up alike.
    this.#byUsername = database.prepare(`${select} WHERE username = ?`)
    this.#byId = database.prepare(`${select} WHERE user_id = ?`)
    this.#updateHash = database.prepare('UPDATE users SET password_hash = ? WHERE user_id = ?')
  }

  findUserByUsername(username: string): User | undefined {
    return toUser(this.#byUsername.get(username))
  }

  findUser(userId: string): User | undefined {
    return toUser(this.#byId.get(userId))
  }

  updatePasswordHash(userId: string, passwordHash: string): void {
    this.#updateHash.run(passwordHash, userId)
  }
}

function toUser(row: unknown): User | undefined {
  if (row === undefined) return undefined
  const { user_id, password_hash, disabled } = row as { user_id: string; password_hash: string; disabled: number }
  return { userId: user_id, passwordHash: password_hash, disabled: disabled !== 0 }
}
