import { StoreUnavailableError } from '../../errors/store-unavailable-error.js'

/** SQLite's primary result codes for a database that cannot serve right now, as numbers (node:sqlite) and names (better-sqlite3). */
const unavailable: ReadonlyMap<number, string> = new Map([
  [5, 'BUSY'],
  [6, 'LOCKED'],
  [8, 'READONLY'],
  [10, 'IOERR'],
  [13, 'FULL'],
  [14, 'CANTOPEN'],
])
const names: readonly string[] = [...unavailable.values()]

/** Returns what to throw for an error of a driver: `StoreUnavailableError` if it may be temporary, otherwise the error itself. */
export function storeError(error: unknown): unknown {
  const name = unavailableName(error)
  return name === undefined ? error : new StoreUnavailableError(`SQLite cannot serve: ${name}`, { cause: error })
}

function unavailableName(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null) return undefined
  const { code, errcode } = error as { readonly code?: unknown; readonly errcode?: unknown }
  // An extended code, such as SQLITE_BUSY_SNAPSHOT, has its primary code in the lowest byte and in its second word.
  if (typeof errcode === 'number') return unavailable.get(errcode & 0xff)
  return typeof code === 'string' ? names.find((name) => code.split('_')[1] === name) : undefined
}
