// The users that you have already. latchkey verifies passwords itself: a store only finds.
import type { User, UserStore } from 'latchkey'
import type { Pool } from 'pg'
import { query } from './my-database.js'

export class MyUserStore implements UserStore {
  constructor(private readonly pool: Pool) {}

  /**
   * Rule: one way to compare names, here and wherever accounts are made. This table has them in lower case.
   * Rule: `undefined` for nobody, and no exception.
   */
  async findUserByUsername(username: string): Promise<User | undefined> {
    const { rows } = await query<UserRow>(this.pool, `${select} WHERE username = $1`, [username.toLowerCase()])
    return rows[0] && toUser(rows[0])
  }

  /**
   * Rule: asked at each refresh, and answered as things are now: who is gone or blocked cannot refresh any more.
   * A numeric id is compared as text (`WHERE id::text = $1`): an id that is no number is unknown, and no error.
   */
  async findUser(userId: string): Promise<User | undefined> {
    const { rows } = await query<UserRow>(this.pool, `${select} WHERE id = $1`, [userId])
    return rows[0] && toUser(rows[0])
  }

  /**
   * Rule: the hash of this one user, and only while it is the one that was verified. Else it would undo a password that was
   * changed meanwhile. Leave the method out where hashes are not yours to change.
   */
  async updatePasswordHash(userId: string, passwordHash: string, replacedHash: string): Promise<void> {
    await query(this.pool, 'UPDATE app_user SET password_hash = $2 WHERE id = $1 AND password_hash = $3', [
      userId,
      passwordHash,
      replacedHash,
    ])
  }
}

const select = 'SELECT id, password_hash, blocked_at IS NOT NULL AS is_blocked FROM app_user'

interface UserRow {
  readonly id: string
  readonly password_hash: string
  readonly is_blocked: boolean
}

/** Rule: `disabled` is a boolean, not a date or a 1. The id is the one that never changes hands: no name, no address. */
function toUser(row: UserRow): User {
  return { userId: row.id, passwordHash: row.password_hash, disabled: row.is_blocked }
}
