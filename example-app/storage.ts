import { closeSync, mkdirSync, openSync } from 'node:fs'
import { dirname } from 'node:path'
import Database from 'better-sqlite3'
import { ConfigurationError, storedSigningKeys, type KeyStore, type StoredSigningKeys } from 'latchkey'
import { openSqliteStores } from 'latchkey/stores/sqlite'
import { CannotStartError } from './cannot-start.js'
import { databaseFile, makeDemoSecrets, readDemoSecrets, secretsFile, type DemoSecrets } from './demo-files.js'
import { keyTiming } from './settings.js'
import { openPostgres, openRedis, storesOptions, type OpenStores } from './shared-stores.js'
import { shopData, type ShopData } from './shop-data.js'

/** What latchkey stores, and the shop's own data. `place` is for people, without a password in it. */
export type ShopStorage = OpenStores & { readonly data: ShopData; readonly place: string }

/** Opens PostgreSQL at `DATABASE_URL`, or Redis at `REDIS_URL`, or else the SQLite file alone. Throws `CannotStartError`. */
export async function openStorage({ DATABASE_URL, REDIS_URL } = process.env): Promise<ShopStorage> {
  if (DATABASE_URL && REDIS_URL) throw new CannotStartError('DATABASE_URL and REDIS_URL are both set: set one of them')
  const postgres = parseUrl('DATABASE_URL', DATABASE_URL, 'postgres:// or postgresql://')
  const redis = parseUrl('REDIS_URL', REDIS_URL, 'redis:// or rediss://')
  const url = postgres ?? redis
  const place = url ? `${url.protocol}//${url.host}${url.pathname}` : databaseFile
  const database = openShopDatabase()
  try {
    const shared = postgres ? await openPostgres(postgres) : redis && (await openRedis(redis))
    const stores = shared ?? openSqliteStores(databaseFile, storesOptions)
    const close = (): unknown => Promise.resolve(stores.close()).then(() => database.close())
    return { ...stores, data: shopData(database), place, close }
  } catch (cause) {
    const message = (cause as Error).message.replace(/\.$/, '')
    const variable = postgres ? 'DATABASE_URL' : 'REDIS_URL'
    const remedy = `${place}: ${message} (is it running, and is ${variable} right?)`
    throw new CannotStartError(url ? remedy : `SHOP_DB: ${message}`, { cause })
  }
}

function openShopDatabase(): Database.Database {
  try {
    mkdirSync(dirname(databaseFile), { recursive: true })
    // Made before latchkey opens it: a new file is for its owner only.
    closeSync(openSync(databaseFile, 'a', 0o600))
    return new Database(databaseFile)
  } catch (cause) {
    const { message, code = '' } = cause as NodeJS.ErrnoException
    const isBinding = code === 'ERR_DLOPEN_FAILED' || message.includes('bindings file')
    const broken = `better-sqlite3 has no binary for Node ${process.versions.node}. Run: npm rebuild better-sqlite3`
    const unwritable = `${databaseFile} cannot be written (${code}). Set SHOP_DB to a file in another folder, for example SHOP_DB=/tmp/shop/shop.db`
    throw new CannotStartError(isBinding ? broken : unwritable, { cause })
  }
}

/** Returns the secrets of the demo, which the first start makes up. Throws `CannotStartError` if they were, and are gone. */
export async function openDemoSecrets({ keys }: ShopStorage): Promise<DemoSecrets> {
  // In this order: another process that starts at the same time makes up the secrets before it stores a key.
  const isFilled = (await keys.listSigningKeys()).length > 0
  const secrets = readDemoSecrets()
  if (secrets === undefined && isFilled)
    throw new CannotStartError(`${secretsFile} is gone, without which the database cannot be used. ${beginAgain}`)
  return secrets ?? makeDemoSecrets()
}

/** Opens the shop's signing keys: in its database, encrypted with a passphrase that is not there. One is active afterwards. */
export async function openSigningKeys(store: KeyStore, passphrase: string): Promise<StoredSigningKeys> {
  const { refreshSeconds, publishSeconds } = keyTiming
  const keys = storedSigningKeys({ store, passphrase, refreshSeconds, publishSeconds })
  await keys.ensureActive('ES256').catch((cause: unknown) => {
    if (!(cause instanceof ConfigurationError)) throw cause
    throw new CannotStartError(`The database was filled with another demo-secrets.json. ${beginAgain}`, { cause })
  })
  return keys
}

const beginAgain = `Restore that file, or begin again: empty the database, and delete ${dirname(databaseFile)}`

/** The value itself is not shown: there may be a password in it. */
function parseUrl(variable: string, value: string | undefined, beginnings: string): URL | undefined {
  if (value === undefined) return undefined
  if (URL.canParse(value) && beginnings.split(' or ').some((one) => value.startsWith(one))) return new URL(value)
  throw new CannotStartError(`${variable} must be a URL that begins with ${beginnings}`)
}
