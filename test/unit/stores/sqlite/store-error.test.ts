import { describe, expect, it } from 'vitest'
import { StoreUnavailableError } from '../../../../lib/errors/store-unavailable-error.js'
import { storeError } from '../../../../lib/stores/sqlite/store-error.js'

describe('storeError', () => {
  it.each([
    ['BUSY', 5, 'SQLITE_BUSY'],
    ['BUSY', 517, 'SQLITE_BUSY_SNAPSHOT'],
    ['LOCKED', 262, 'SQLITE_LOCKED_SHAREDCACHE'],
    ['READONLY', 8, 'SQLITE_READONLY'],
    ['READONLY', 1032, 'SQLITE_READONLY_DBMOVED'],
    ['IOERR', 10, 'SQLITE_IOERR'],
    ['IOERR', 778, 'SQLITE_IOERR_WRITE'],
    ['FULL', 13, 'SQLITE_FULL'],
    ['CANTOPEN', 14, 'SQLITE_CANTOPEN'],
  ])('makes %s a StoreUnavailableError, from either driver', (name, errcode, code) => {
    const ofNode = Object.assign(new Error('of node:sqlite'), { code: 'ERR_SQLITE_ERROR', errcode })
    const ofBetterSqlite3 = Object.assign(new Error('of better-sqlite3'), { code })
    for (const cause of [ofNode, ofBetterSqlite3]) {
      const error = storeError(cause)
      expect(error).toBeInstanceOf(StoreUnavailableError)
      expect(error).toMatchObject({ message: `SQLite cannot serve: ${name}`, cause })
    }
  })

  it.each([
    ['a broken key, from node:sqlite', { code: 'ERR_SQLITE_ERROR', errcode: 1555 }],
    ['a broken key, from better-sqlite3', { code: 'SQLITE_CONSTRAINT_PRIMARYKEY' }],
    ['a damaged file', { code: 'SQLITE_CORRUPT' }],
    ['a name that only begins like one of them', { code: 'SQLITE_FULLER' }],
    ['an error of Node', { code: 'ERR_INVALID_STATE' }],
    ['no code at all', {}],
  ])('passes on %s', (_, properties) => {
    const error = Object.assign(new Error('of a driver'), properties)
    expect(storeError(error)).toBe(error)
  })

  it('passes on what is not an error', () => {
    for (const thrown of [undefined, null, 'SQLITE_BUSY']) expect(storeError(thrown)).toBe(thrown)
  })
})
