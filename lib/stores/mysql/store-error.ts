import { StoreUnavailableError } from '../../errors/store-unavailable-error.js'

/** Numbers of errors of a server that cannot serve right now, in MySQL and MariaDB. */
const unavailable: ReadonlySet<number> = new Set([
  1021, // disk full
  1040, // too many connections
  1041, // out of memory
  1053, // shutdown
  1114, // table full
  1203, // too many connections of this user
  1205, // waited too long for a lock
  1213, // deadlock; tried several times before it comes here
  1020, // row was changed meanwhile; likewise
  1226, // limit of this user
  1290, // read-only
  1317, // interrupted
  1792, // read-only transaction
  1836, // read-only mode
  1927, // connection killed
  1969, // statement time-out, MariaDB
  3024, // statement time-out, MySQL
  3100, // replication hook: no quorum
  3101, // transaction rolled back by group replication
  4031, // disconnected for inactivity
])

/** What Node and `mysql2` say of a connection that cannot be made or is lost; `mysql2` has no codes for some of its own. */
const connectionCode = /^(?:E(?:CONN|PIPE|TIMEDOUT|HOST|NET|NOTFOUND|AI_AGAIN|ADDR|MFILE|NFILE|NOENT)|PROTOCOL_|POOL_)/
const driverMessage = /pool is closed|no connections available|queue limit|closed state|connection lost/i

/** Returns what to throw for an error of the driver: `StoreUnavailableError` if it may be temporary, otherwise the error itself. */
export function storeError(error: unknown): unknown {
  if (!(error instanceof Error)) return error
  const { code, errno } = error as { readonly code?: unknown; readonly errno?: unknown }
  const isUnavailable =
    (typeof errno === 'number' && unavailable.has(errno)) ||
    (typeof code === 'string' && connectionCode.test(code)) ||
    driverMessage.test(error.message)
  if (!isUnavailable) return error
  const name = typeof code === 'string' ? code : error.message
  return new StoreUnavailableError(`MySQL cannot serve: ${name}`, { cause: error })
}

/** Whether the database chose the transaction as a victim, so that it may be tried again. */
export function isAborted(error: unknown): boolean {
  const { errno } = Object(error) as { readonly errno?: unknown }
  return errno === 1213 || errno === 1020
}

/** Returns whether the table does not exist. */
export function isMissingTable(error: unknown): boolean {
  return (Object(error) as { readonly errno?: unknown }).errno === 1146
}

/** Whether a value is none that the column can have: characters that its character set lacks, say. */
export function isImpossibleValue(error: unknown): boolean {
  const { errno } = Object(error) as { readonly errno?: unknown }
  return errno === 1267 || errno === 3854
}
