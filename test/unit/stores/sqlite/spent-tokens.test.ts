import Database from 'better-sqlite3'
import { openSqliteStores, type SqliteDatabase } from 'latchkey/stores/sqlite'
import { describe, expect, it } from 'vitest'
import type { TokenHash } from '../../../../lib/crypto/hash.js'
import { rotation, signIn } from '../stored-records.js'

describe('what SQLite keeps of a sign-in that is refreshed', () => {
  it('is the nonce of one token, and no other (V6)', () => {
    const { database, tokens } = counted()
    const [first, second, third] = chain(4)
    tokens.saveTokens(signIn('alice'))
    for (const next of [first!, second!, third!]) tokens.rotateRefreshToken(next)
    expect(textsOf(database).filter((text) => text.startsWith('nonce '))).toEqual([third!.spending.successorNonce])
    void tokens.prune(70)
    expect(textsOf(database).filter((text) => text.startsWith('nonce '))).toEqual([])
  })

  it('is a thousand spent tokens, and at most sixty-three more (V4)', () => {
    const { database, tokens } = counted()
    tokens.saveTokens(signIn('alice'))
    const rotations = chain(2500)
    let most = 0
    for (const [index, next] of rotations.entries()) {
      expect(tokens.rotateRefreshToken(next).outcome).toBe('rotated')
      const kept = spentTokens(database)
      expect(kept).toBeGreaterThanOrEqual(Math.min(index + 1, 1000))
      most = Math.max(most, kept)
    }
    expect(most).toBe(1063)
    for (const { presented } of rotations.slice(-1000))
      expect(tokens.findRefreshToken(presented)?.spending).toBeDefined()
  })

  it('includes no expired spent tokens but the last sixty-three (V4)', () => {
    const { database, tokens } = counted()
    tokens.saveTokens(signIn('alice', { refreshUntil: 100 }))
    for (const next of chain(640, { refreshUntil: 100 })) tokens.rotateRefreshToken(next)
    expect(spentTokens(database)).toBe(640)
    const late = chain(64, { refreshUntil: 100_000, spentAt: 100, from: 640 })
    for (const next of late) tokens.rotateRefreshToken(next)
    for (const next of chain(320, { refreshUntil: 100_000, spentAt: 100, from: 704 })) tokens.rotateRefreshToken(next)
    expect(spentTokens(database)).toBeLessThanOrEqual(64 + 320 + 63)
  })

  it('costs no statement more than before, but for one in sixty-four rotations', () => {
    const { statements, tokens } = counted()
    tokens.saveTokens(signIn('alice'))
    const counts = chain(128).map((next) => {
      statements.length = 0
      tokens.rotateRefreshToken(next)
      return statements.length
    })
    expect(counts).toEqual(counts.map((_, index) => (index % 64 === 63 ? 8 : 7)))
  })
})

describe('pruning SQLite', () => {
  it('changes a hundred rows in a statement at most, and lets others in between two steps (V4)', async () => {
    const { database, tokens, changes } = counted()
    tokens.saveTokens(signIn('alice'))
    fatten(database, 'authorization of alice', 5000)
    for (let index = 0; index < 300; index++) tokens.saveTokens(signIn(`user ${index}`))
    tokens.revokeTokens({ everything: true })
    changes.length = 0
    let others = 0
    let isPruning = true
    const serve = () => {
      others += 1
      if (isPruning) setImmediate(serve)
    }
    setImmediate(serve)
    expect(await tokens.prune(200)).toBe(5000 + 301 * 3)
    isPruning = false
    expect(Math.max(...changes)).toBe(100)
    expect(others).toBeGreaterThan(5000 / 100)
    expect(database.prepare('SELECT count(*) FROM latchkey_refresh_token').pluck().get()).toBe(0)
  })

  it('takes others before a sign-in with many tokens is gone, and that one in the next calls (V4)', async () => {
    const { database, tokens } = counted()
    for (const name of ['fat', 'fatter', 'thin']) tokens.saveTokens(signIn(name, { endsAt: 100 }))
    for (const name of ['fat', 'fatter']) fatten(database, `authorization of ${name}`, 2000)
    // So that the fat ones come first.
    database.exec(`UPDATE latchkey_authorization SET usable_until = 50 WHERE user_id <> 'thin'`)
    const first = await tokens.prune(100, { budgetMilliseconds: 0 })
    expect(first).toBeLessThanOrEqual(105)
    expect(tokens.findAuthorization('authorization of thin')).toBeUndefined()
    let calls = 1
    for (let removed = first; removed < 4009; calls++) removed += await tokens.prune(100, { budgetMilliseconds: 0 })
    expect(calls).toBeGreaterThan(30)
    expect(await tokens.prune(100)).toBe(0)
  })

  it('looks through no tokens of a sign-in to see that it has ended (V4)', () => {
    const { database } = counted()
    const plan = (sql: string) => JSON.stringify(database.prepare(`EXPLAIN QUERY PLAN ${sql}`).all())
    const newest = `SELECT expires_at FROM latchkey_refresh_token AS token
      WHERE authorization_id = 'a' AND spent_at IS NULL ORDER BY token.generation DESC LIMIT 1`
    expect(plan(newest)).toContain('latchkey_refresh_token_generation')
    expect(plan(newest)).not.toContain('TEMP B-TREE')
    expect(plan('UPDATE latchkey_refresh_token SET nonce_until = NULL WHERE nonce_until <= 1')).toContain('nonce_until')
  })
})

/** Stores that note which statements were run, and how many rows each changed. */
function counted() {
  const database = new Database(':memory:')
  const statements: string[] = []
  const changes: number[] = []
  const counting: SqliteDatabase = {
    exec(sql) {
      statements.push(sql)
      return database.exec(sql)
    },
    prepare(sql) {
      const statement = database.prepare(sql)
      return {
        run(...values) {
          statements.push(sql)
          const result = statement.run(...values)
          changes.push(result.changes)
          return result
        },
        get: (...values) => (statements.push(sql), statement.get(...values)),
        all: (...values) => (statements.push(sql), statement.all(...values)),
      }
    },
  }
  const { tokens } = openSqliteStores(counting, { clock: () => 50 })
  return { database, statements, changes, tokens }
}

/** Rotations of the sign-in of `alice`, one after the other. */
function chain(count: number, { refreshUntil = 86_400, spentAt = 10, from = 0 } = {}) {
  const alice = signIn('alice')
  const name = (index: number) => `successor ${index}`
  return Array.from({ length: count }, (_, offset) => {
    const index = from + offset
    const previous: TokenHash =
      index === 0 ? alice.refreshToken.tokenHash : rotation(alice, name(index - 1)).refreshToken.tokenHash
    const next = rotation(alice, name(index))
    return {
      ...next,
      presented: previous,
      spending: { ...next.spending, spentAt, successorNonce: `nonce ${index}` },
      accessToken: undefined,
      refreshToken: { ...next.refreshToken, expiresAt: refreshUntil },
    }
  })
}

function spentTokens(database: Database.Database): number {
  const count = database.prepare('SELECT count(*) FROM latchkey_refresh_token WHERE spent_at IS NOT NULL')
  return count.pluck().get() as number
}

/** Spent tokens as an earlier version has left them, without a limit. */
function fatten(database: Database.Database, authorizationId: string, count: number): void {
  database
    .prepare(
      `WITH RECURSIVE number(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM number WHERE n < ?)
      INSERT INTO latchkey_refresh_token (token_hash, authorization_id, issued_at, expires_at, spent_at, successor_nonce,
        access_token_scope, access_token_audience, access_token_expires_at)
      SELECT ? || n, ?, 0, 86400, 1, '', 'a', '', 2 FROM number`,
    )
    .run(count, authorizationId, authorizationId)
}

/** Every text in the tables of refresh tokens and authorizations. */
function textsOf(database: Database.Database): string[] {
  return ['latchkey_refresh_token', 'latchkey_authorization'].flatMap((table) =>
    (database.prepare(`SELECT * FROM ${table}`).raw().all() as unknown[][])
      .flat()
      .filter((value) => typeof value === 'string'),
  )
}
