import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { isStoreUnavailableError } from 'latchkey'
import { afterAll, describe, expect, it } from 'vitest'
import { createPool, inTransaction } from '../../docs/store-template/my-database.js'
import { MyClientStore } from '../../docs/store-template/my-client-store.js'
import { startPostgres } from '../../tools/servers/start-postgres.mjs'

const server = await startPostgres()
afterAll(() => server?.stop())

// Its file has its own describe, which cannot be skipped from here: without a server it is not even loaded.
if (server === undefined) {
  describe.skip('docs/store-template', () => it('has no PostgreSQL', () => undefined))
} else {
  // The template is tested by its own test, as its readers run it.
  process.env['DATABASE_URL'] = await server.createDatabase('template')
  await import('../../docs/store-template/my-stores.test.js')
}

describe('docs/store-template', () => {
  it('distinguishes an unreachable database from a defect', async () => {
    const pool = createPool('postgres://postgres@127.0.0.1:1/none')
    const error: unknown = await new MyClientStore(pool).findClient('app').catch((thrown: unknown) => thrown)
    expect(isStoreUnavailableError(error)).toBe(true)
    await pool.end()
  })

  it.skipIf(server === undefined)('survives the loss of a connection between two statements', async () => {
    const url = await server!.createDatabase('lost_connection')
    const [pool, other] = [createPool(url), createPool(url)]
    const error: unknown = await inTransaction(pool, async (client) => {
      const { rows } = await client.query('SELECT pg_backend_pid() AS pid')
      const lost = once(client, 'error')
      await other.query('SELECT pg_terminate_backend($1)', [rows[0].pid])
      await lost
      await client.query('SELECT 1')
    }).catch((thrown: unknown) => thrown)
    expect(isStoreUnavailableError(error)).toBe(true)
    await Promise.all([pool.end(), other.end()])
  })

  it.skipIf(server === undefined)('distinguishes a defect from an unreachable database', async () => {
    const pool = createPool(await server!.createDatabase('without_tables'))
    const error: unknown = await new MyClientStore(pool).findClient('app').catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ code: '42P01' })
    await pool.end()
  })
})

describe('docs/stores/your-own.md', () => {
  const read = (file: string): string => readFileSync(new URL(`../../docs/${file}`, import.meta.url), 'utf8')
  const template = readdirSync(new URL('../../docs/store-template', import.meta.url)).map((file) =>
    inOneLine(read(`store-template/${file}`)),
  )
  const blocks = [...read('stores/your-own.md').matchAll(/^```(?:ts|sql)\n(?!\/\/ \S+\.ts\n)([\s\S]*?)^```$/gm)]

  it('shows what the template has', () => {
    expect(blocks.length).toBeGreaterThan(5)
    const strangers = blocks.map(([, code = '']) => code).filter((code) => !isPartOf(template, inOneLine(code)))
    expect(strangers).toEqual([])
  })
})

function isPartOf(files: readonly string[], code: string): boolean {
  // The template puts this one statement together.
  const revoke = 'UPDATE sign_in SET revoked = true, usable_until = 0 WHERE NOT revoked'
  if (code === `${revoke} AND id = $1`) return isPartOf(files, revoke) && isPartOf(files, '${revoke} AND id = $1')
  return files.some((file) => file.includes(code))
}

function inOneLine(code: string): string {
  return code.trim().replaceAll(/\s+/g, ' ')
}
