import { openSqliteStores } from 'latchkey/stores/sqlite'

// The bundle has no better-sqlite3: where Node has no driver either, that is said when a file is opened.
let said
try {
  openSqliteStores(':memory:').close()
} catch (error) {
  said = error.message
}
const needed = process.getBuiltinModule('node:sqlite') === undefined ? 'better-sqlite3 cannot be loaded' : undefined
console.log(JSON.stringify({ asExpected: needed === undefined ? said === undefined : said.includes(needed) }))
