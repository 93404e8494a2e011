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
import { shopSigningKeys } from './signing-keys.js'
import { startStockService } from './start-stock-service.js'

const host = process.env['HOST'] ?? '127.0.0.1'
const port = Number(process.env['PORT'] ?? 3000)
const stockPort = Number(process.env['STOCK_PORT'] ?? port + 1)
const issuer = `http://127.0.0.1:${port}`
const stockServiceUrl = `http://127.0.0.1:${stockPort}`
const accessTokenLifetimeSeconds = Number(process.env['SHOP_ACCESS_TOKEN_SECONDS'] ?? 3600)

// One file, two connections: no transaction of the shop gets into one of the stores. They come first, because they create the
// file for its owner only.
mkdirSync(dirname(databaseFile), { recursive: true })
const stores = openSqliteStores(databaseFile)
const database = openDatabase(databaseFile)
const hasher = bcryptHasher()
const secrets = await firstRun({ database, clients: stores.clients, hasher })
const signingKeys = shopSigningKeys(stores.keys, secrets.signingKeyPassphrase)
await signingKeys.ensureActive('ES256')
const shop = createShop({
  issuer,
  stockService: stockServiceUrl,
  database,
  ...stores,
  hasher,
  signingKeys,
  accessTokenLifetimeSeconds,
})
const stockService = await startStockService({ host, port: stockPort, issuer })

const server = createServer(shop).listen(port, host, () => {
  console.log(printedCommands(issuer, stockServiceUrl, secrets))
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

/** Ends the stock service, takes no new requests, finishes those that are on their way, then closes what is open. */
function stop(): void {
  if (stockService.connected) stockService.disconnect()
  server.close(() => {
    stores.close()
    database.close()
    void hasher.close()
  })
}
