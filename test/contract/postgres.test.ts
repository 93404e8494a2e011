import { openPostgresStores } from 'latchkey/stores/postgres'
import pg from 'pg'
import { afterAll, beforeAll, describe } from 'vitest'
import { startPostgres } from '../../tools/servers/start-postgres.mjs'
import { checkSqlContracts, type ContractDatabase } from './sql-contracts.js'

const server = await startPostgres()
afterAll(() => server?.stop())

describe.skipIf(server === undefined)('PostgreSQL', () => {
  let url: string
  beforeAll(async () => {
    url = await server!.createDatabase('contract')
  })

  describe('through pg', () => {
    checkSqlContracts('postgres', () => contractDatabase(url))
  })

  describe('through pg, without prepared statements', () => {
    checkSqlContracts('postgres', () => contractDatabase(url, false))
  })
})

const opened: pg.Pool[] = []

function contractDatabase(url: string, preparedStatements = true): ContractDatabase {
  return {
    url,
    async open() {
      const pool = new pg.Pool({ connectionString: url })
      opened.push(pool)
      return openPostgresStores(pool, { preparedStatements })
    },
    async empty() {
      await opened[0]!.query(`
        TRUNCATE latchkey_client, latchkey_authorization, latchkey_access_token, latchkey_refresh_token,
          latchkey_revoked_token, latchkey_signing_key, latchkey_not_before
      `)
    },
    async close() {
      await Promise.all(opened.splice(0).map((pool) => pool.end()))
    },
  }
}
