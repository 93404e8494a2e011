import { closeSync, mkdirSync, openSync } from 'node:fs'
import { dirname } from 'node:path'
import Database from 'better-sqlite3'
import { ConfigurationError, storedSigningKeys, type StoredSigningKeys } from 'latchkey'
import type { ClientRegistry, KeyStore, TokenStore } from 'latchkey'
import { openPostgresStores } from 'latchkey/stores/postgres'
import { openSqliteStores } from 'latchkey/stores/sqlite'
import pg from 'pg'
import { databaseFile } from './demo-files.js'
import { openRedis } from './redis-storage.js'
import { CannotStartError, keyTiming } from './settings.js'
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
    const close = (): unknown => Promise.resolve(stores.close()).then(() => database.close())
    return { ...stores, data: shopData(database), place, close }
  } catch (error) {
    throw new CannotStartError(`${place}: ${(error as Error).message}`, { cause: error })
  }
}

/** Opens latchkey's stores in a PostgreSQL database. Throws when it cannot be reached. */
async function openPostgres({ href }: URL): Promise<OpenStores> {
  const pool = new pg.Pool({ connectionString: href, connectionTimeoutMillis: 5000 })
  pool.on('error', ({ message }) => console.error(`Lost an idle connection to PostgreSQL: ${message}`))
  return { ...(await openPostgresStores(pool)), close: () => pool.end() }
}

/** The shop's signing keys: in its database, encrypted with a passphrase that is not there. One is active afterwards. */
export async function openSigningKeys(store: KeyStore, passphrase: string): Promise<StoredSigningKeys> {
  const { refreshSeconds, publishSeconds } = keyTiming
  const keys = storedSigningKeys({ store, passphrase, refreshSeconds, publishSeconds })
  await keys.ensureActive('ES256').catch((error: unknown) => {
    if (!(error instanceof ConfigurationError)) throw error
    const remedy = 'use that one, or begin with an empty database'
    throw new CannotStartError(`The database was filled with another demo-secrets.json: ${remedy}`, { cause: error })
  })
  return keys
}

/** The value itself is not shown: there may be a password in it. */
function parseUrl(variable: string, value: string | undefined, beginnings: string): URL | undefined {
  if (value === undefined) return undefined
  if (URL.canParse(value) && beginnings.split(' or ').some((one) => value.startsWith(one))) return new URL(value)
  throw new CannotStartError(`${variable} is no URL that begins with ${beginnings}`)
}
