import { createHash } from 'node:crypto'
import { ConfigurationError } from '../../errors/configuration-error.js'
import { checkOptions } from '../../errors/check-options.js'
import { statement, type SqlStatement } from './sql-connection.js'

/** Where the users of an application are. */
export interface UserTable {
  /** Its name exactly as the database has it, with its schema or database before a dot where one is needed. */
  readonly table: string
  /** The names of its columns, exactly as the database has them. */
  readonly columns: {
    /** The stable id: text, a whole number or a UUID. It becomes the `sub` of tokens. */
    readonly id: string
    /** What a user types to sign in. */
    readonly username: string
    /** As the password hasher wrote it. */
    readonly passwordHash: string
    /**
     * Whether a user is disabled: a boolean, a number, or a time at which that happened. Only null, false and 0 mean that the user is
     * not. Absent: nobody is disabled.
     */
    readonly disabled?: string | undefined
    /** Whether a user is locked for a while, told in the same way: a time that has passed locks, too. Absent: nobody is locked. */
    readonly locked?: string | undefined
  }
  /**
   * How names are compared. `'exact'`: character by character, whatever the collation of the column says. `'insensitive'`: after
   * lower-casing both; where two rows have one name then, it is nobody's. Default `'exact'`.
   */
  readonly usernameCase?: UsernameCase | undefined
}

/** How user names are compared. */
export type UsernameCase = 'exact' | 'insensitive'

/** What databases write in ways of their own. */
export interface UserDialect {
  /** Around the name of a table or column. */
  readonly quote: '"' | '`'
  /** The type of a text, for CAST: as a text an id loses no digits. */
  readonly text: 'TEXT' | 'CHAR'
  /** Finds at least the rows whose name is equal to a lower-cased one but for case. */
  readonly isSameName: (column: string) => string
}

/** The statements on a table of users; rows are {@link UserRow}s. */
export interface UserStatements {
  /** Value: the name. Finds too many rows where the collation of the column says so. */
  readonly findByUsername: SqlStatement
  /** Value: the id. Likewise. */
  readonly findById: SqlStatement
  /** Values: the new hash, the id, the hash that it replaces. */
  readonly updateHash: SqlStatement
}

/** The columns that options of this kind have, for `checkOptions`. */
export const userTableOptions: readonly string[] = ['table', 'columns', 'usernameCase']

/** Makes the statements. Throws `ConfigurationError` for what cannot be a table. */
export function userStatements(
  where: string,
  { table, columns, usernameCase }: UserTable,
  dialect: UserDialect,
): UserStatements {
  checkOptions(`${where}.columns`, columns, ['id', 'username', 'passwordHash', 'disabled', 'locked'])
  if (usernameCase !== undefined && !['exact', 'insensitive'].includes(usernameCase)) {
    throw new ConfigurationError(`${where}.usernameCase`, 'is not known', `Use 'exact' or 'insensitive'`)
  }
  const name = (option: string, text: unknown): string => quoted(`${where}.${option}`, text, dialect.quote)
  const id = name('columns.id', columns.id)
  const username = name('columns.username', columns.username)
  const passwordHash = name('columns.passwordHash', columns.passwordHash)
  const flag = (option: 'disabled' | 'locked'): string =>
    `${columns[option] === undefined ? 'NULL' : name(`columns.${option}`, columns[option])} AS ${option}`
  const parts: readonly unknown[] = typeof table === 'string' ? table.split('.') : [table]
  const from = parts.map((part) => name('table', part)).join('.')
  const select = `
    SELECT CAST(${id} AS ${dialect.text}) AS user_id, ${username} AS username, ${passwordHash} AS password_hash,
      ${flag('disabled')}, ${flag('locked')} FROM ${from}
  `
  const sameName = usernameCase === 'insensitive' ? dialect.isSameName(username) : `${username} = ?`
  return {
    findByUsername: named('user_by_username', `${select} WHERE ${sameName}`),
    findById: named('user_by_id', `${select} WHERE ${id} = ?`),
    updateHash: named('update_hash', `UPDATE ${from} SET ${passwordHash} = ? WHERE ${id} = ? AND ${passwordHash} = ?`),
  }
}

/** Another table has other statements, and on one connection a name means one of them. */
function named(name: string, text: string): SqlStatement {
  return statement(`${name}_${createHash('sha256').update(text).digest('hex').slice(0, 16)}`, text)
}

function quoted(where: string, name: unknown, quote: string): string {
  // A question mark would be taken for the place of a value.
  if (typeof name === 'string' && name !== '' && name.length <= 128 && !/[\0?]/.test(name)) {
    return quote + name.replaceAll(quote, quote + quote) + quote
  }
  throw new ConfigurationError(where, 'is no name of a table or column', 'Use the name that the database has')
}
