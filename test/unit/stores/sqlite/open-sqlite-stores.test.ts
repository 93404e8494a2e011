import Database from 'better-sqlite3'
import { openSqliteStores, type SqliteDatabase, type SqliteStoresOptions } from 'latchkey/stores/sqlite'
import { statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { ConfigurationError } from '../../../../lib/errors/configuration-error.js'
import { StoreUnavailableError } from '../../../../lib/errors/store-unavailable-error.js'
import { clientTokens, rotation, signIn, signingKey } from '../stored-records.js'
import { temporaryFile } from './temporary-file.js'

describe('openSqliteStores', () => {
  it('refuses what is not a database', () => {
    for (const database of [undefined, null, 5, {}, { exec: () => undefined }]) {
      const opening = () => openSqliteStores(database as unknown as SqliteDatabase)
      expect(opening).toThrow(ConfigurationError)
      expect(opening).toThrow(/^database: is .*; it must be .*database/)
    }
  })

  it.each<[SqliteStoresOptions, string]>([
    [{ busyTimeout: 100 } as SqliteStoresOptions, 'openSqliteStores.busyTimeout'],
    [{ busyTimeoutMilliseconds: -1 }, 'openSqliteStores.busyTimeoutMilliseconds'],
    [{ busyTimeoutMilliseconds: 0.5 }, 'openSqliteStores.busyTimeoutMilliseconds'],
    [{ busyTimeoutMilliseconds: '0; DROP TABLE x' as unknown as number }, 'openSqliteStores.busyTimeoutMilliseconds'],
  ])('refuses %o', (options, option) => {
    expect(() => openSqliteStores(':memory:', options)).toThrow(expect.objectContaining({ option }))
  })

  it('refuses a busy timeout for a given database, where it would have no effect', () => {
    const opening = () => openSqliteStores(new Database(':memory:'), { busyTimeoutMilliseconds: 100 })
    expect(opening).toThrow('busyTimeoutMilliseconds: is for files that openSqliteStores opens itself')
  })

  it('says which file cannot be opened, and why', () => {
    const file = join(dirname(temporaryFile()), 'missing', 'latchkey.db')
    const refusal = catchError(() => openSqliteStores(file))
    expect(refusal).toBeInstanceOf(ConfigurationError)
    expect(refusal).toMatchObject({ option: 'database', cause: { code: 'ENOENT' } })
    expect(refusal.message).toBe(
      `database: ${file} cannot be opened: its folder does not exist. Make it: mkdir -p ${dirname(file)}.`,
    )
  })

  it('does not touch a file that is not a database', () => {
    const file = temporaryFile()
    writeFileSync(file, 'These are notes of somebody, and not a database at all.'.repeat(50))
    expect(() => openSqliteStores(file)).toThrow(
      `database: ${file} is a file, but not a SQLite database. Name another one; it was left as it is.`,
    )
  })

  it('makes a file that only its owner can read', () => {
    const file = temporaryFile()
    openSqliteStores(file).close()
    expect(statSync(file).mode & 0o777).toBe(0o600)
  })

  it('opens a file in WAL mode', () => {
    const file = temporaryFile()
    openSqliteStores(file).close()
    const database = new Database(file)
    expect(database.pragma('journal_mode', { simple: true })).toBe('wal')
    database.close()
  })

  it('leaves a given database open and as it was set', () => {
    const database = new Database(temporaryFile())
    const before = database.pragma('journal_mode', { simple: true })
    openSqliteStores(database).close()
    expect(database.open).toBe(true)
    expect(database.pragma('journal_mode', { simple: true })).toBe(before)
    database.close()
  })

  it('keeps the data of a file that is opened again', () => {
    const file = temporaryFile()
    const before = openSqliteStores(file)
    before.tokens.saveTokens(signIn('alice'))
    before.close()
    const after = openSqliteStores(file)
    expect(after.tokens.findAccessToken(signIn('alice').accessToken.tokenHash)).toEqual(signIn('alice').accessToken)
    after.close()
  })
})

describe('the SQLite stores', () => {
  it('keep times as integers', async () => {
    const database = new Database(':memory:')
    const { tokens, keys, throttle } = openSqliteStores(database, { clock: () => 1000 })
    await throttle.countInARow?.('alice')
    const alice = signIn('alice')
    tokens.saveTokens(alice)
    tokens.saveTokens(signIn('bob'))
    const next = rotation(alice, 'next')
    const refreshToken = { ...next.refreshToken, pacedUntil: 1_000_500 }
    const spending = { ...next.spending, retryUntil: 1060 }
    tokens.rotateRefreshToken({ ...next, spending, refreshToken, receivedAt: 1_000_250 })
    tokens.claimLateRetry(alice.refreshToken.tokenHash, 1030)
    tokens.revokeTokens({ userId: 'alice' })
    tokens.revokeTokens({ clientId: 'nightly-report', issuedUntil: 1000 })
    tokens.revokeSignedToken('jti', 2000)
    keys.replaceSigningKeys([], [signingKey('active')])

    const isTime = /_at$|_until$|^since$/
    const isTable = `type = 'table' AND name LIKE 'latchkey_%' AND name <> 'latchkey_client'`
    const tables = database.prepare<[], string>(`SELECT name FROM sqlite_schema WHERE ${isTable}`).pluck().all()
    expect(tables).toHaveLength(8)
    for (const table of tables) {
      const columns = database.pragma(`table_info(${table})`) as { name: string; type: string }[]
      const times = columns.filter(({ name }) => isTime.test(name))
      expect(times).not.toEqual([])
      expect(times.map(({ type }) => type)).toEqual(times.map(() => 'INTEGER'))
      for (const { name } of times) {
        const types = database.prepare(`SELECT DISTINCT typeof(${name}) FROM ${table}`).pluck().all()
        expect([name, ...types.filter((type) => type !== 'null')]).toEqual([name, 'integer'])
      }
    }
  })

  it('find out with one statement whether a JWT is revoked', () => {
    const database = new Database(':memory:')
    let statements = 0
    const counting: SqliteDatabase = {
      exec: (sql) => database.exec(sql),
      prepare(sql) {
        const statement = database.prepare(sql)
        const counted = (): typeof statement => (statements++, statement)
        return {
          run: (...values) => counted().run(...values),
          get: (...values) => counted().get(...values),
          all: (...values) => counted().all(...values),
        }
      },
    }
    const { tokens } = openSqliteStores(counting)
    const { authorization } = signIn('alice')
    tokens.saveTokens(signIn('alice'))
    for (const authorizationId of [authorization.authorizationId, 'unknown', undefined]) {
      statements = 0
      tokens.isSignedTokenRevoked({ tokenId: 'jti', authorizationId })
      expect(statements).toBe(1)
    }
  })

  it('throw StoreUnavailableError when another process keeps writing, and have changed nothing', () => {
    const file = temporaryFile()
    const stores = openSqliteStores(file, { busyTimeoutMilliseconds: 20 })
    const alice = signIn('alice')
    stores.tokens.saveTokens(alice)
    const other = new Database(file)
    other.exec('BEGIN IMMEDIATE')

    const bob = signIn('bob')
    const attempts = [
      () => stores.tokens.saveTokens(bob),
      () => stores.tokens.saveTokens(clientTokens('a', 3600)),
      () => stores.tokens.rotateRefreshToken(rotation(alice, 'next')),
      () => stores.tokens.revokeTokens({ userId: 'alice' }),
      () => stores.tokens.revokeSignedToken('jti', 3600),
      () => stores.keys.replaceSigningKeys([], [signingKey('active')]),
      () => stores.clients.deleteClient('a'),
    ]
    for (const attempt of attempts) {
      const error = catchError(attempt)
      expect(error).toBeInstanceOf(StoreUnavailableError)
      expect(error).toMatchObject({ message: 'SQLite cannot serve: BUSY', retryAfterSeconds: 1 })
      expect(error.cause).toBeInstanceOf(Error)
    }
    // Reading goes on.
    expect(stores.tokens.findRefreshToken(alice.refreshToken.tokenHash)?.spending).toBeUndefined()
    expect(stores.tokens.isSignedTokenRevoked({ tokenId: 'jti', authorizationId: undefined })).toBe(false)
    expect(stores.keys.listSigningKeys()).toEqual([])

    other.exec('ROLLBACK')
    expect(stores.tokens.rotateRefreshToken(rotation(alice, 'next'))).toEqual({ outcome: 'rotated' })
    expect(stores.tokens.findAccessToken(bob.accessToken.tokenHash)).toBeUndefined()
    other.close()
    stores.close()
  })

  it('throw StoreUnavailableError when the database is read-only or full', () => {
    const file = temporaryFile()
    openSqliteStores(file).close()
    const readOnly = new Database(file)
    const { tokens } = openSqliteStores(readOnly)
    readOnly.pragma('query_only = ON')
    expect(catchError(() => tokens.saveTokens(signIn('alice'))).message).toBe('SQLite cannot serve: READONLY')
    readOnly.close()

    const full = new Database(':memory:')
    const stores = openSqliteStores(full)
    full.pragma(`max_page_count = ${Number(full.pragma('page_count', { simple: true }))}`)
    const error = catchError(() => {
      for (let index = 0; index < 1000; index++) stores.tokens.saveTokens(signIn(`user ${index}`))
    })
    expect(error).toBeInstanceOf(StoreUnavailableError)
    expect(error.message).toBe('SQLite cannot serve: FULL')
    expect(full.inTransaction).toBe(false)
  })

  it('pass on an error that will not go away', () => {
    const { tokens } = openSqliteStores(':memory:')
    tokens.saveTokens(clientTokens('a', 3600))
    const error = catchError(() => tokens.saveTokens(clientTokens('a', 3600)))
    expect(error).not.toBeInstanceOf(StoreUnavailableError)
    expect(error.message).toContain('UNIQUE constraint failed: latchkey_access_token.token_hash')
  })
})

function catchError(call: () => unknown): Error {
  try {
    call()
  } catch (error) {
    if (error instanceof Error) return error
  }
  throw new Error('nothing was thrown')
}
