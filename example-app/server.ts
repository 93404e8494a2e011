import { mkdirSync } from 'node:fs'
import { createServer } from 'node:http'
import { dirname } from 'node:path'
import { bcryptHasher } from 'latchkey'
import { openSqliteStores } from 'latchkey/stores/sqlite'
import { openDatabase } from './database.js'
import { databaseFile } from './demo-files.js'
import { firstRun } from './first-run.js'
import { printedCommands } from './printed-commands.js'
import { createShop } from './shop.js'

const host = process.env['HOST'] ?? '127.0.0.1'
const port = Number(process.env['PORT'] ?? 3000)
const issuer = `http://127.0.0.1:${port}`
const accessTokenLifetimeSeconds = Number(process.env['SHOP_ACCESS_TOKEN_SECONDS'] ?? 3600)

// One file, two connections: no transaction of the shop gets into one of the stores. They come first, because they create the
// file for its owner only.
mkdirSync(dirname(databaseFile), { recursive: true })
const stores = openSqliteStores(databaseFile)
const database = openDatabase(databaseFile)
const hasher = bcryptHasher()
const secrets = await firstRun({ database, clients: stores.clients, hasher })
const shop = createShop({ issuer, database, ...stores, hasher, accessTokenLifetimeSeconds })

const server = createServer(shop).listen(port, host, () => {
  console.log(printedCommands(issuer, secrets))
})
setInterval(prune, 3_600_000).unref()
process.once('SIGTERM', stop)
process.once('SIGINT', stop)

/** Removes expired tokens: a file does not do that by itself. */
function prune(): void {
  try {
    stores.tokens.prune(Math.floor(Date.now() / 1000))
  } catch (error) {
    console.error('Expired tokens could not be removed; the next try is in an hour:', error)
  }
}

/** Takes no new requests, finishes those that are on their way, then closes what is open. */
function stop(): void {
  server.close(() => {
    stores.close()
    database.close()
    void hasher.close()
  })
}
