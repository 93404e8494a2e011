import { ConfigurationError } from '../../errors/configuration-error.js'

/** The columns whose values become text. */
export type TextColumn = 'id' | 'username' | 'passwordHash'

/** The types of the columns, as the database names them; of a row in SQLite, where each value has a type of its own. */
export interface ColumnTypes {
  readonly id_type?: unknown
  readonly username_type?: unknown
  readonly hash_type?: unknown
  /** The character sets of the connection, where one could lose characters (MySQL). */
  readonly charsets?: unknown
  /** The `sql_mode`, where one could pad texts (MySQL). */
  readonly mode?: unknown
}

/** Which types have no text of their own for each value. */
export interface LossyTypes {
  readonly id: RegExp
  /** Of names and hashes. */
  readonly text: RegExp
}

/** Refuses columns of which two values could become one text, and texts that lose something on the way. Throws `ConfigurationError`. */
export function refuseLossyColumns(origin: string, types: ColumnTypes, lossy: LossyTypes): void {
  refuseType(origin, 'id', types.id_type, lossy.id)
  refuseType(origin, 'username', types.username_type, lossy.text)
  refuseType(origin, 'passwordHash', types.hash_type, lossy.text)
  const { charsets, mode } = types
  if (charsets !== undefined && charsets !== 'utf8mb4 utf8mb4') {
    const problem = `talks ${typeof charsets === 'string' ? charsets : 'no character set'} to the database, which turns other characters into question marks`
    throw new ConfigurationError(`${origin}.pool`, problem, 'Leave `charset` of the pool out, or set utf8mb4')
  }
  const isPadded = [types.id_type, types.username_type, types.hash_type].includes('char')
  if (isPadded && String(mode).includes('PAD_CHAR_TO_FULL_LENGTH')) {
    const problem = 'has PAD_CHAR_TO_FULL_LENGTH in sql_mode, which pads columns of type CHAR with spaces'
    throw new ConfigurationError(`${origin}.pool`, problem, 'Leave it out of sql_mode')
  }
}

function refuseType(origin: string, column: TextColumn, type: unknown, lossy: RegExp): void {
  if (typeof type !== 'string' || !lossy.test(type)) return
  const isNumber = /float|double|real/i.test(type)
  throw new ConfigurationError(
    `${origin}.columns.${column}`,
    `is of the type ${type}, ${isNumber ? 'which is rounded when it becomes text' : 'which is bytes and not text'}`,
    isNumber
      ? 'Use a column with whole numbers or text, or a view that casts it to one'
      : 'Use a column with text, or a view over the table that makes text of it, such as HEX(id) or BIN_TO_UUID(id)',
  )
}

/** The text of a column as a driver returns it. Throws `ConfigurationError` for bytes, and where characters were lost. */
export function exactText(origin: string, column: TextColumn, value: unknown): string {
  if (typeof value !== 'string') {
    const found =
      value instanceof Uint8Array ? 'bytes' : `a value of the type ${value === null ? 'null' : typeof value}`
    throw new ConfigurationError(
      `${origin}.columns.${column}`,
      `has ${found} where text must be`,
      'Use a view over the table that makes text of it',
    )
  }
  // What decoders put in place of bytes that are no text.
  if (value.includes('\uFFFD')) {
    const problem = 'has a value that is not well-formed text in the character set of the column'
    throw new ConfigurationError(
      `${origin}.columns.${column}`,
      problem,
      'Use a column with text, and a connection that talks UTF-8',
    )
  }
  return value
}

/** The error for an id by which not exactly the user is found that has it. */
export function ambiguousId(origin: string): ConfigurationError {
  return new ConfigurationError(
    `${origin}.columns.id`,
    'does not lead back to the user who was found by name: two users have it, or its text is not the whole value',
    'Use a unique column with text, whole numbers or UUIDs',
  )
}
