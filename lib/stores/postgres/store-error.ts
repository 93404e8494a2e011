import { StoreUnavailableError } from '../../errors/store-unavailable-error.js'

/** SQLSTATEs, or their first two characters for a whole class, of a server that cannot serve right now. */
const unavailable: readonly string[] = [
  '08', // connection exception
  '53', // insufficient resources: disk full, out of memory, too many connections
  '57', // operator intervention: shutdown, crash, starting up, statement time-out
  '58', // system error
  '25006', // read-only
  '40', // transaction rollback: deadlock, serialization; tried several times before it comes here
  '55P03', // lock not available
  '22012', // division by zero: a rotation that came too late
]

/** What Node and `pg` itself say of a connection that cannot be made or is lost; `pg` has no codes for its own. */
const networkCode = /^E(?:CONN|PIPE|TIMEDOUT|HOST|NET|NOTFOUND|AI_AGAIN|ADDR|MFILE|NFILE|NOENT)/
const driverMessage = /timeout|terminated|connection error|not queryable|after calling end|closed/i

/** Returns what to throw for an error of the driver: `StoreUnavailableError` if it may be temporary, otherwise the error itself. */
export function storeError(error: unknown): unknown {
  if (!(error instanceof Error)) return error
  const code = codeOf(error)
  const isUnavailable =
    code === undefined || networkCode.test(code)
      ? code !== undefined || driverMessage.test(error.message)
      : unavailable.some((start) => code.startsWith(start))
  if (!isUnavailable) return error
  return new StoreUnavailableError(`PostgreSQL cannot serve: ${code ?? error.message}`, { cause: error })
}

/**
 * Whether a prepared statement is of no use any more, because a table was changed since. It helps to send it again without a name, on
 * any connection.
 */
export function isStaleStatement(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  const code = codeOf(error)
  return (code === '0A000' && error.message.includes('cached plan')) || code === '26000'
}

/** Returns whether the table does not exist. */
export function isMissingTable(error: unknown): boolean {
  return error instanceof Error && codeOf(error) === '42P01'
}

/** Whether a value is none that the column can have: letters for a number, say. */
export function isImpossibleValue(error: unknown): boolean {
  return error instanceof Error && ['22P02', '22003', '22021'].includes(codeOf(error) ?? '')
}

function codeOf(error: Error): string | undefined {
  const { code } = error as { readonly code?: unknown }
  return typeof code === 'string' ? code : undefined
}
