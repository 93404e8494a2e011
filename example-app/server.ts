import { bcryptHasher, ConfigurationError, pruneRegularly } from 'latchkey'
import { CannotStartError } from './cannot-start-error.js'
import { makeDemoSecrets, readDemoSecrets } from './demo-files.js'
import { firstRun } from './first-run.js'
import { listen } from './listen.js'
import { printedCommands } from './printed-commands.js'
import { readSettings } from './settings.js'
import { createShop } from './shop.js'
import { openSigningKeys } from './signing-keys.js'
import { startStockService } from './start-stock-service.js'
import { openStorage } from './storage.js'

/** How to close what is open, in the order in which it was opened. */
const opened: (() => unknown)[] = []

try {
  await start()
} catch (error) {
  await closeAll()
  if (!(error instanceof CannotStartError || error instanceof ConfigurationError)) throw error
  console.error(`The shop cannot start. ${error.message}`)
  process.exitCode = 1
}

async function start(): Promise<void> {
  const settings = readSettings()
  const storage = await openStorage()
  opened.push(() => storage.close())
  opened.push(pruneRegularly(storage.tokens))
  const hasher = bcryptHasher()
  opened.push(() => hasher.close())

  // Secrets and keys come first: with the wrong ones nothing is written.
  const secrets = readDemoSecrets() ?? makeDemoSecrets()
  const signingKeys = await openSigningKeys(storage.keys, secrets.signingKeyPassphrase)
  await firstRun({ storage, hasher, secrets })

  const shop = createShop({ ...settings, ...storage, hasher, signingKeys })
  const stockService = await startStockService(settings)
  opened.push(() => stockService.connected && stockService.disconnect())
  opened.push(await listen(shop, settings))
  process.once('SIGTERM', stop)
  process.once('SIGINT', stop)
  console.log(printedCommands(settings, storage.place, secrets))
}

function stop(): void {
  void closeAll()
}

/** Takes no new requests, finishes those that are on their way, then closes the rest. */
async function closeAll(): Promise<void> {
  for (const close of opened.reverse()) await close()
}
