import { createHash } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openSqliteStores } from 'latchkey/stores/sqlite'
import { plainServer } from '../fixtures/plain-passwords.js'
import { postToken, signIn } from '../fixtures/post-token.js'
import type { TestServer } from '../fixtures/test-server.js'

let folder: string
let stores: ReturnType<typeof openSqliteStores>
let server: TestServer
let ahead: number

const now = (): number => Math.floor(Date.now() / 1000) + ahead
const file = (): string => join(folder, 'tokens.db')

beforeEach(() => {
  ahead = 0
  folder = mkdtempSync(join(tmpdir(), 'derived-chain-'))
  stores = openSqliteStores(file(), { clock: now })
  server = plainServer({ server: { tokens: stores.tokens, clock: now } })
})

afterEach(() => {
  stores.close()
  rmSync(folder, { recursive: true })
})

async function refresh(token: string): Promise<string> {
  const { body } = await postToken(server, `grant_type=refresh_token&refresh_token=${token}`, 'shop-app')
  return String(body.refresh_token)
}

/** Every text of 43 characters in the database's refresh tokens: hashes, and nonces wherever they are. */
function storedTexts(): Set<string> {
  const database = new Database(file(), { readonly: true })
  const rows = database.prepare('SELECT * FROM latchkey_refresh_token').raw().all() as unknown[][]
  database.close()
  return new Set(rows.flat().filter((value) => typeof value === 'string' && value.length === 43) as string[])
}

/** What somebody derives from an old token and a copy of the database, trying every text in it as the nonce: each successor in turn. */
function derivedFrom(token: string): string[] {
  const texts = storedTexts()
  const next = (held: string): string | undefined =>
    [...texts]
      .map((nonce) => createHash('sha512').update(`${held}.${nonce}`).digest('base64url').slice(43))
      .find((successor) => texts.has(createHash('sha256').update(successor).digest('base64url')))
  const derived: string[] = []
  for (let held = next(token); held !== undefined; held = next(held)) derived.push(held)
  return derived
}

describe('an old refresh token and a copy of the database', () => {
  it('yield no successor once the next token has been spent (V6)', async () => {
    const first = (await signIn(server)).refresh_token
    const tokens = [first]
    for (let day = 0; day < 5; day++) {
      ahead += 86_400
      tokens.push(await refresh(tokens.at(-1)!))
      expect(tokens.at(-1)).toMatch(/^[\w-]{43}$/)
    }
    expect(tokens.slice(0, 4).map(derivedFrom)).toEqual([[], [], [], []])
    // What is left: the newest spent token, until its grace is over and the store is pruned.
    expect(derivedFrom(tokens[4]!)).toEqual([tokens[5]])
    ahead += 10
    await stores.tokens.prune(now())
    expect(derivedFrom(tokens[4]!)).toEqual([])
    expect(await refresh(tokens[5]!)).toMatch(/^[\w-]{43}$/)
  })
})
