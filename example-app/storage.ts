import { closeSync, mkdirSync, openSync } from 'node:fs'
import { dirname } from 'node:path'
import Database from 'better-sqlite3'
import type { ClientRegistry, KeyStore, TokenStore } from 'latchkey'
import { openSqliteStores } from 'latchkey/stores/sqlite'
import { databaseFile } from './demo-files.js'
import { openPostgres } from './postgres-storage.js'
import { openRedis } from './redis-storage.js'
import { CannotStartError } from './settings.js'
import { shopData, type ShopData } from './shop-data.js'

/** Where latchkey keeps what it needs. */
export interface OpenStores {
  readonly clients: ClientRegistry
  readonly tokens: TokenStore
  readonly keys: KeyStore
  close(): unknown
}

/** That, and the shop's own data. `place` is for people, without a password in it. */
export type ShopStorage = OpenStores & { readonly data: ShopData; readonly place: string }

/** Opens PostgreSQL at `DATABASE_URL`, or Redis at `REDIS_URL`, or else the SQLite file alone. Throws `CannotStartError`. */
export async function openStorage({ DATABASE_URL, REDIS_URL } = process.env): Promise<ShopStorage> {
  if (DATABASE_URL && REDIS_URL) throw new CannotStartError('DATABASE_URL and REDIS_URL are both set: set one of them')
  const postgres = parseUrl('DATABASE_URL', DATABASE_URL, 'postgres:// or postgresql://')
  const redis = parseUrl('REDIS_URL', REDIS_URL, 'redis:// or rediss://')
  const url = postgres ?? redis
  const place = url ? `${url.protocol}//${url.host}${url.pathname}` : databaseFile
  // Made before latchkey opens it: a new file is for its owner only.
  mkdirSync(dirname(databaseFile), { recursive: true })
  closeSync(openSync(databaseFile, 'a', 0o600))
  try {
    const shared = postgres ? await openPostgres(postgres) : redis && (await openRedis(redis))
    const stores = shared ?? openSqliteStores(databaseFile)
    const database = new Database(databaseFile)
    return { ...stores, data: shopData(database), place, close: () => (database.close(), stores.close()) }
  } catch (error) {
    throw new CannotStartError(`${place}: ${(error as Error).message}`, { cause: error })
  }
}

/** The value itself is not shown: there may be a password in it. */
function parseUrl(variable: string, value: string | undefined, beginnings: string): URL | undefined {
  if (value === undefined) return undefined
  if (URL.canParse(value) && beginnings.split(' or ').some((one) => value.startsWith(one))) return new URL(value)
  throw new CannotStartError(`${variable} is no URL that begins with ${beginnings}`)
}
