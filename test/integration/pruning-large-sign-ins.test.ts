import { openMysqlStores } from 'latchkey/stores/mysql'
import { openPostgresStores } from 'latchkey/stores/postgres'
import { createPool } from 'mysql2/promise'
import pg from 'pg'
import { afterAll, describe, expect, it } from 'vitest'
import type { TokenStore } from '../../lib/stores/token-store.js'
import { contractContext as context } from '../../lib/testing/contract-rule.js'
import { startMariadb } from '../../tools/servers/start-mariadb.mjs'
import { startPostgres } from '../../tools/servers/start-postgres.mjs'
import { rotation, signIn } from '../unit/stores/stored-records.js'

/** A database whose statements are noted, with how many rows each changed. */
interface NotedDatabase {
  readonly tokens: TokenStore
  readonly changes: { readonly text: string; readonly rows: number }[]
  readonly query: (sql: string) => Promise<unknown>
  readonly count: (table: string) => Promise<number>
  readonly close: () => Promise<void>
}

const [postgres, mariadb] = [await startPostgres(), await startMariadb()]
afterAll(async () => {
  await postgres?.stop()
  await mariadb?.stop()
})

const many = 20_000
let databases = 0

checkPruning('PostgreSQL', postgres === undefined ? undefined : openPostgres, 'generate_series(1, COUNT) AS n')
checkPruning('MariaDB', mariadb === undefined ? undefined : openMariadb, numbers(many))

function checkPruning(name: string, open: (() => Promise<NotedDatabase>) | undefined, series: string): void {
  describe.skipIf(open === undefined)(name, () => {
    it(`prunes a sign-in with ${many} spent tokens in batches, over several calls, and others at once (V4)`, async () => {
      const { tokens, changes, query, count, close } = await open!()
      for (const user of ['fat', 'thin', 'living']) {
        await tokens.saveTokens(signIn(user, { endsAt: user === 'living' ? 10_000 : 100 }), context)
      }
      await query(fatten(series))
      // So that it comes first.
      await query(`UPDATE latchkey_authorization SET usable_until = 50 WHERE user_id = 'fat'`)
      changes.length = 0

      let removed = await tokens.prune!(200, { budgetMilliseconds: 1 })
      expect(removed).toBeLessThanOrEqual(600)
      expect(await tokens.findAuthorization('authorization of thin', context)).toBeUndefined()
      let calls = 1
      for (; (await count('latchkey_refresh_token')) > 1 && calls < 1000; calls++) {
        removed += await tokens.prune!(200, { budgetMilliseconds: 1 })
      }
      removed += await tokens.prune!(200)
      expect(calls).toBeGreaterThan(3)
      expect(removed).toBe(many + 6)
      expect(Math.max(...changes.map(({ rows }) => rows))).toBe(500)
      expect(await tokens.findAuthorization('authorization of living', context)).toBeDefined()
      await close()
    })

    it(
      'keeps a thousand spent tokens of a sign-in, and at most sixty-three more (V4)',
      { timeout: 60_000 },
      async () => {
        const { tokens, count, close } = await open!()
        const alice = signIn('alice')
        await tokens.saveTokens(alice, context)
        let presented = alice.refreshToken.tokenHash
        const rotate = async (index: number) => {
          const next = { ...rotation(alice, `rotation ${index}`), presented, accessToken: undefined }
          await tokens.rotateRefreshToken(next, context)
          presented = next.refreshToken.tokenHash
        }
        for (let index = 1; index <= 1150; index++) await rotate(index)
        // 1,088 and 1,024 are the last rotations that removed old ones.
        expect(await count('latchkey_refresh_token')).toBe(1001 + (1150 - 1088))
        await close()
      },
    )

    it('spends with as many statements as before, one in sixty-four times with one more', async () => {
      const { tokens, changes, close } = await open!()
      const alice = signIn('alice')
      await tokens.saveTokens(alice, context)
      let presented = alice.refreshToken.tokenHash
      const statements: number[] = []
      for (let index = 1; index <= 128; index++) {
        const next = { ...rotation(alice, `rotation ${index}`), presented }
        changes.length = 0
        await tokens.rotateRefreshToken(next, context)
        statements.push(changes.length)
        presented = next.refreshToken.tokenHash
      }
      const usual = statements[0]!
      expect(usual).toBe(name === 'PostgreSQL' ? 1 : 3)
      expect(statements).toEqual(statements.map((_, index) => (index % 64 === 63 ? usual + 1 : usual)))
      await close()
    })
  })
}

/** Spent tokens as an earlier version has left them, without a limit. */
function fatten(series: string): string {
  return `
    INSERT INTO latchkey_refresh_token (token_hash, authorization_id, issued_at, expires_at, spent_at, successor_nonce,
      access_token_scope, access_token_audience, access_token_expires_at)
    SELECT concat('fat ', n), 'authorization of fat', 0, 100, 1, '', 'a', '', 2
    FROM ${series.replace('COUNT', String(many))}`
}

/** Numbers in MariaDB and MySQL alike. */
function numbers(count: number): string {
  const digits =
    '(SELECT 0 AS d UNION ALL SELECT 1 UNION ALL SELECT 2 UNION ALL SELECT 3 UNION ALL SELECT 4 UNION ALL SELECT 5 UNION ALL SELECT 6 UNION ALL SELECT 7 UNION ALL SELECT 8 UNION ALL SELECT 9)'
  const names = ['a', 'b', 'c', 'e', 'f']
  const sum = names.map((one, index) => `${one}.d * ${10 ** index}`).join(' + ')
  return `(SELECT ${sum} AS n FROM ${names.map((one) => `${digits} AS ${one}`).join(', ')}) AS numbers WHERE n < ${count}`
}

async function openPostgres(): Promise<NotedDatabase> {
  const pool = new pg.Pool({ connectionString: await postgres!.createDatabase(`pruned_${databases++}`) })
  const changes: { text: string; rows: number }[] = []
  const connect = async () => {
    const client = await pool.connect()
    return {
      query: async (query: { text: string }) => {
        const result = await client.query(query)
        if (!/^(?:BEGIN|COMMIT|ROLLBACK)/.test(query.text))
          changes.push({ text: query.text, rows: result.rowCount ?? 0 })
        return result
      },
      release: (isBroken?: boolean) => client.release(isBroken),
      on: (...event: Parameters<typeof client.on>) => client.on(...event),
    }
  }
  const { tokens } = await openPostgresStores({ connect, on: pool.on.bind(pool) })
  return {
    tokens,
    changes,
    query: (sql) => pool.query(sql),
    count: async (table) => Number((await pool.query<{ n: string }>(`SELECT count(*) AS n FROM ${table}`)).rows[0]?.n),
    close: () => pool.end(),
  }
}

async function openMariadb(): Promise<NotedDatabase> {
  const pool = createPool({ uri: await mariadb!.createDatabase(`pruned_${databases++}`) })
  const changes: { text: string; rows: number }[] = []
  const getConnection = async () => {
    const client = await pool.getConnection()
    return {
      query: (query: { sql: string }) => client.query(query),
      execute: async (query: { sql: string }) => {
        const [result, fields] = await client.execute(query)
        changes.push({ text: query.sql, rows: (result as { affectedRows?: number }).affectedRows ?? 0 })
        return [result, fields] as [unknown, unknown]
      },
      release: () => client.release(),
      destroy: () => client.destroy(),
    }
  }
  const { tokens } = await openMysqlStores({ getConnection })
  return {
    tokens,
    changes,
    query: (sql) => pool.query(sql),
    count: async (table) => {
      const [rows] = await pool.query(`SELECT count(*) AS n FROM ${table}`)
      return Number((rows as { n: number }[])[0]?.n)
    },
    close: () => pool.end(),
  }
}
