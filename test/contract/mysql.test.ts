import { openMysqlStores } from 'latchkey/stores/mysql'
import { createPool, type Pool } from 'mysql2/promise'
import { afterAll, beforeAll, describe } from 'vitest'
import { startMariadb } from '../../tools/servers/start-mariadb.mjs'
import { checkSqlContracts, type ContractDatabase } from './sql-contracts.js'

const server = await startMariadb()
afterAll(() => server?.stop())

describe.skipIf(server === undefined)('MySQL or MariaDB', () => {
  let url: string
  beforeAll(async () => {
    url = await server!.createDatabase('contract')
  })

  describe('through mysql2', () => {
    checkSqlContracts('mysql', () => contractDatabase(url))
  })
})

const tables = [
  'client',
  'authorization',
  'access_token',
  'refresh_token',
  'revoked_token',
  'signing_key',
  'not_before',
]
const opened: Pool[] = []

function contractDatabase(uri: string): ContractDatabase {
  return {
    url: uri,
    async open() {
      const pool = createPool({ uri })
      opened.push(pool)
      return openMysqlStores(pool)
    },
    async empty() {
      for (const table of tables) await opened[0]!.query(`DELETE FROM latchkey_${table}`)
    },
    async close() {
      await Promise.all(opened.splice(0).map((pool) => pool.end()))
    },
  }
}
