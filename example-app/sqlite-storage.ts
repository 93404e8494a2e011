import { openSqliteStores } from 'latchkey/stores/sqlite'
import { sqliteData } from './sqlite-data.js'
import { openFile } from './sqlite-driver.js'
import type { ShopStorage } from './storage.js'

/** Opens everything in one file, with two connections: no transaction of the shop gets into one of the stores. */
export function openSqliteStorage(file: string): ShopStorage {
  const database = openFile(file)
  const stores = openSqliteStores(file)
  return {
    ...stores,
    data: sqliteData(database),
    place: file,
    async close() {
      stores.close()
      await database.close()
    },
  }
}
