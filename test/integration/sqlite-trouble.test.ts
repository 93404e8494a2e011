import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { StoreUnavailableError } from 'latchkey'
import { openSqliteStores } from 'latchkey/stores/sqlite'
import { databaseApp, serverError, unavailable, type DatabaseApp } from '../fixtures/database-app.js'
import { shown } from '../fixtures/shown-answer.js'

let directory: string
let file: string
const opened: Database.Database[] = []

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'latchkey-'))
  file = join(directory, 'latchkey.db')
})
afterEach(() => {
  for (const database of opened.splice(0)) database.close()
  rmSync(directory, { recursive: true })
})

function open(options: Database.Options = {}): Database.Database {
  const database = new Database(file, options)
  opened.push(database)
  return database
}

async function appOn(database: Database.Database, register = true): Promise<DatabaseApp> {
  return databaseApp(openSqliteStores(database), { register })
}

describe('trouble with SQLite', () => {
  it('with a read-only file the guard works and nothing is issued', async () => {
    const writing = await appOn(open())
    const { access_token: access, refresh_token: presented } = await writing.signIn()
    const reading = await appOn(open({ readonly: true }), false)

    expect((await reading.orders(access)).status).toBe(200)
    expect(shown(await reading.clientToken())).toEqual(unavailable)
    expect(shown(await reading.refresh(presented))).toEqual(unavailable)
    await expect(reading.oauth.authorizations.revoke({ everything: true })).rejects.toThrow(StoreUnavailableError)

    expect((await writing.refresh(presented)).status).toBe(200)
    expect((await reading.orders((await writing.signIn()).access_token)).status).toBe(200)
  })

  it('a disk that is full issues nothing, answers the guard, and recovers (TOK-24)', async () => {
    const database = open()
    const app = await appOn(database)
    const { access_token: access, refresh_token: first } = await app.signIn()
    const pages = database.pragma('page_count', { simple: true }) as number
    database.pragma(`max_page_count = ${String(pages)}`)

    // What is left on the pages is used up.
    let presented = first
    let answer = await app.refresh(presented)
    for (let turn = 0; answer.status === 200 && turn < 200; turn++) {
      presented = answer.body.refresh_token
      answer = await app.refresh(presented)
    }
    expect(shown(answer)).toEqual(unavailable)
    for (let turn = 0; turn < 3; turn++) expect((await app.refresh(presented)).status).toBe(503)
    const signInUntilFull = async (): Promise<void> => {
      for (let turn = 0; turn < 200; turn++) await app.signIn()
    }
    await expect(signInUntilFull()).rejects.toThrow('temporarily_unavailable')
    expect((await app.orders(access)).status).toBe(200)
    const rows = database
      .prepare(
        `SELECT
          (SELECT count(*) FROM latchkey_access_token WHERE authorization_id IS NOT NULL) AS access,
          (SELECT count(*) FROM latchkey_refresh_token) AS refresh,
          (SELECT count(*) FROM latchkey_authorization) AS authorizations,
          (SELECT count(*) FROM latchkey_refresh_token WHERE spent_at IS NULL) AS unspent`,
      )
      .get() as Record<'access' | 'refresh' | 'authorizations' | 'unspent', number>
    expect(rows).toMatchObject({ access: rows.refresh, unspent: rows.authorizations })

    database.pragma('max_page_count = 1000000')
    app.advance(60)
    expect((await app.refresh(presented)).status).toBe(200)
    expect((await app.clientToken()).status).toBe(200)
  })

  it('a long write of another process makes issuing fail with 503, not the guard, until it ends', async () => {
    openSqliteStores(file).close()
    const app = await appOn(open({ timeout: 50 }))
    const { access_token: access, refresh_token: presented } = await app.signIn()
    const other = open()
    other.exec('BEGIN IMMEDIATE')
    expect(shown(await app.refresh(presented))).toEqual(unavailable)
    expect(shown(await app.clientToken())).toEqual(unavailable)
    expect((await app.orders(access)).status).toBe(200)
    other.exec('ROLLBACK')
    app.advance(60)
    expect((await app.refresh(presented)).status).toBe(200)
  })

  it('a missing table is 500 without details (ORD-05)', async () => {
    const database = open()
    const app = await appOn(database)
    const { access_token: access } = await app.signIn()
    database.exec('ALTER TABLE latchkey_access_token RENAME TO gone')
    const answers = [await app.clientToken(), await app.orders(access)] as const
    database.exec('ALTER TABLE gone RENAME TO latchkey_access_token')
    expect(shown(answers[0])).toEqual(serverError)
    expect(answers.map(({ status }) => status)).toEqual([500, 500])
    expect(answers.map(({ text }) => /latchkey|gone|no such|table/i.test(text))).toEqual([false, false])
    expect((await app.orders(access)).status).toBe(200)
  })
})
