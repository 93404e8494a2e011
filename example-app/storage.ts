import type { ClientRegistry, KeyStore, TokenStore } from 'latchkey'
import { CannotStartError } from './cannot-start-error.js'
import { databaseFile } from './demo-files.js'
import type { ShopData } from './shop-data.js'

/** Where everything is kept: what latchkey needs, and the shop's own data. */
export interface ShopStorage {
  readonly clients: ClientRegistry
  readonly tokens: TokenStore
  readonly keys: KeyStore
  readonly data: ShopData
  /** For people, without a password in it. */
  readonly place: string
  close(): Promise<void>
}

/** Opens PostgreSQL at `DATABASE_URL`, or Redis at `REDIS_URL`, or else the SQLite file. Throws `CannotStartError`. */
export async function openStorage({ DATABASE_URL, REDIS_URL } = process.env): Promise<ShopStorage> {
  if (DATABASE_URL !== undefined && REDIS_URL !== undefined) {
    throw new CannotStartError('DATABASE_URL and REDIS_URL are both set: set the one that the shop is to use')
  }
  // Each one is loaded when it is used: nobody needs the drivers of the others.
  if (DATABASE_URL !== undefined) {
    const url = parseUrl('DATABASE_URL', DATABASE_URL, ['postgres://', 'postgresql://'])
    return (await import('./postgres-storage.js')).openPostgresStorage(url)
  }
  if (REDIS_URL !== undefined) {
    const url = parseUrl('REDIS_URL', REDIS_URL, ['redis://', 'rediss://'])
    return (await import('./redis-storage.js')).openRedisStorage(url, databaseFile)
  }
  return (await import('./sqlite-storage.js')).openSqliteStorage(databaseFile)
}

/** The value itself is not shown: there may be a password in it. */
function parseUrl(variable: string, value: string, beginnings: readonly string[]): URL {
  if (URL.canParse(value) && beginnings.some((beginning) => value.startsWith(beginning))) return new URL(value)
  throw new CannotStartError(`${variable} is no URL that begins with ${beginnings.join(' or ')}`)
}
