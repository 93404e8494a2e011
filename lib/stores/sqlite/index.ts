export { openSqliteStores, type SqliteStores, type SqliteStoresOptions } from './open-sqlite-stores.js'
export type { SqliteClientStore } from './sqlite-client-store.js'
export type { SqliteDatabase, SqliteStatement, SqliteValue } from './sqlite-database.js'
export type { SqliteTokenStore } from './sqlite-token-store.js'
