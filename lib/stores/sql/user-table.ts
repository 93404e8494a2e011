import { createHash } from 'node:crypto'
import { describeOptions, type OptionKinds } from '../../checks/describe-options.js'
import { nameValue } from '../../checks/kind-of-value.js'
import { checkedLater, nested, oneOf } from '../../checks/option-kind.js'
import { ConfigurationError } from '../../errors/configuration-error.js'
import { statement, type SqlStatement, type SqlValue } from './sql-connection.js'
import type { LossyTypes } from './user-column-types.js'

/** The application's table of users. */
export interface UserTable {
  /** The name of the table, exactly as in the database, with its schema or database before a dot if needed. */
  readonly table: string
  /** The names of its columns, exactly as in the database. */
  readonly columns: {
    /** The stable id: text, a whole number or a UUID, and unique. It becomes the `sub` of tokens. */
    readonly id: string
    /** What a user types to sign in. */
    readonly username: string
    /** The hash, as the password hasher returned it. */
    readonly passwordHash: string
    /**
     * Whether a user is disabled: a boolean, a number, or the time when it happened. Only null, false and 0 mean not disabled. Absent: no
     * user is disabled.
     */
    readonly disabled?: string | undefined
    /** Whether a user is temporarily locked, in the same form. A time in the past locks as well. Absent: no user is locked. */
    readonly locked?: string | undefined
  }
  /**
   * How names are compared. `'exact'`: character by character, with any collation of the column. `'insensitive'`: after lower-casing both; if
   * two rows match a name, its sign-ins are refused. Default `'exact'`.
   */
  readonly usernameCase?: UsernameCase | undefined
}

/** How user names are compared. */
export type UsernameCase = 'exact' | 'insensitive'

/** What differs between the databases. */
export interface UserDialect {
  /** The name of the function, for its error messages: `postgresUsers`. */
  readonly name: string
  /** Around the name of a table or column. */
  readonly quote: '"' | '`'
  /** The type of a text, for CAST: as a text an id loses no digits. */
  readonly text: 'TEXT' | 'CHAR'
  /** Finds at least the rows whose name is equal to a lower-cased one but for case. */
  readonly isSameName: (column: string) => string
  /** Types of which two values may have one text. */
  readonly lossyTypes: LossyTypes
  /** Finds {@link ColumnTypes}; no row where they are not known yet. */
  readonly findTypes: (table: NamedTable) => { readonly text: string; readonly values: readonly SqlValue[] }
  /** Columns of {@link ColumnTypes} that each row has. Absent: none. */
  readonly typesOfRow?: (table: NamedTable) => string
}

/** The names of a table and its columns, in quotes and as they were given. */
export interface NamedTable {
  readonly from: string
  readonly id: string
  readonly username: string
  readonly passwordHash: string
  readonly table: UserTable
}

/** The statements on a table of users. Rows are {@link UserRow}s. */
export interface UserStatements {
  /** Value: the name. Finds too many rows where the collation of the column says so. */
  readonly findByUsername: SqlStatement
  /** Value: the id. Likewise. */
  readonly findById: SqlStatement
  /** Values: the new hash, the id, the hash that it replaces. */
  readonly updateHash: SqlStatement
  /** Its rows are {@link ColumnTypes}. */
  readonly findTypes: SqlStatement
  readonly valuesOfFindTypes: readonly SqlValue[]
  readonly lossyTypes: LossyTypes
  /** The `name` of the dialect. */
  readonly origin: string
}

const column = 'the name of a column'

const columns = describeOptions<UserTable['columns']>()('columns', {
  id: checkedLater<string>(column).required(),
  username: checkedLater<string>(column).required(),
  passwordHash: checkedLater<string>(column).required(),
  disabled: checkedLater(column),
  locked: checkedLater(column),
})

/** What each of these options must be. */
export const userTableKinds: OptionKinds<UserTable> = {
  table: checkedLater<string>('the name of a table').required(),
  columns: nested(columns).required(),
  usernameCase: oneOf('exact', 'insensitive'),
}

/** Creates the statements. Throws `ConfigurationError` for an invalid table. */
export function userStatements(userTable: UserTable, dialect: UserDialect): UserStatements {
  const { table, columns, usernameCase } = userTable
  const name = (option: string, text: unknown): string => quoted(`${dialect.name}.${option}`, text, dialect.quote)
  const id = name('columns.id', columns.id)
  const username = name('columns.username', columns.username)
  const passwordHash = name('columns.passwordHash', columns.passwordHash)
  const flag = (option: 'disabled' | 'locked'): string =>
    `${columns[option] === undefined ? 'NULL' : name(`columns.${option}`, columns[option])} AS ${option}`
  const parts: readonly unknown[] = typeof table === 'string' ? table.split('.') : [table]
  const from = parts.map((part) => name('table', part)).join('.')
  const named: NamedTable = { from, id, username, passwordHash, table: userTable }
  const types = dialect.typesOfRow === undefined ? '' : `, ${dialect.typesOfRow(named)}`
  const text = (column: string): string => `CAST(${column} AS ${dialect.text})`
  const select = `
    SELECT ${text(id)} AS user_id, ${text(username)} AS username, ${text(passwordHash)} AS password_hash,
      ${flag('disabled')}, ${flag('locked')}${types} FROM ${from}
  `
  const findTypes = dialect.findTypes(named)
  const sameName = usernameCase === 'insensitive' ? dialect.isSameName(username) : `${username} = ?`
  return {
    findByUsername: ownStatement('user_by_username', `${select} WHERE ${sameName}`),
    findById: ownStatement('user_by_id', `${select} WHERE ${id} = ?`),
    updateHash: ownStatement(
      'update_hash',
      `UPDATE ${from} SET ${passwordHash} = ? WHERE ${id} = ? AND ${passwordHash} = ?`,
    ),
    findTypes: ownStatement('user_types', findTypes.text),
    valuesOfFindTypes: findTypes.values,
    lossyTypes: dialect.lossyTypes,
    origin: dialect.name,
  }
}

/** Returns a name for the statements of a table: on one connection a name means one statement. */
function ownStatement(name: string, text: string): SqlStatement {
  return statement(`${name}_${createHash('sha256').update(text).digest('hex').slice(0, 16)}`, text)
}

function quoted(where: string, name: unknown, quote: string): string {
  // A question mark would be read as a placeholder.
  if (typeof name === 'string' && name !== '' && name.length <= 128 && !/[\0?]/.test(name)) {
    return quote + name.replaceAll(quote, quote + quote) + quote
  }
  const problem = `is ${nameValue(name)}; must be the name of a table or column`
  throw new ConfigurationError(where, problem, 'Use the name that the database has')
}
