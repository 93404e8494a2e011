import { bcryptHasher, ConfigurationError, pruneRegularly } from 'latchkey'
import { CannotStartError } from './cannot-start.js'
import { databaseFile } from './demo-files.js'
import { firstRun } from './first-run.js'
import { printedAccounts, printedCommands } from './printed-start.js'
import { listen, startChild } from './processes.js'
import { readSettings } from './settings.js'
import { createShop } from './shop.js'
import { openDemoSecrets, openSigningKeys, openStorage } from './storage.js'

/** How to close what is open, in the order in which it was opened. */
const opened: (() => unknown)[] = []

await start().catch(async (cause: unknown) => {
  await closeAll()
  const isExplained = cause instanceof CannotStartError || cause instanceof ConfigurationError
  throw isExplained ? new CannotStartError(`The shop cannot start. ${cause.message}`, { cause }) : cause
})

async function start(): Promise<void> {
  const settings = readSettings()
  const storage = await openStorage()
  const hasher = bcryptHasher()
  opened.push(() => storage.close())
  opened.push(pruneRegularly(storage.tokens), () => hasher.close())
  // Secrets and keys come first: with the wrong ones nothing is written.
  const secrets = await openDemoSecrets(storage)
  const signingKeys = await openSigningKeys(storage.keys, secrets.signingKeyPassphrase)
  await firstRun(storage, hasher, secrets)

  const { host, port, stockPort, webPort, issuer, stockService } = settings
  opened.push(await listen(createShop(settings, storage, { hasher, signingKeys }), host, port, 'PORT'))
  // They get nothing else of the environment: they do not even know where the database server is.
  const names = { HOST: host, PORT: `${port}`, SHOP_URL: issuer, STOCK_URL: stockService, STOCK_PORT: `${stockPort}` }
  const web = { ...names, NODE_ENV: process.env['NODE_ENV'], WEB_PORT: `${webPort}`, SHOP_DB: databaseFile }
  opened.push(await startChild('stock-service.js', names))
  opened.push(await startChild('web-app/server.js', web))
  for (const signal of ['SIGTERM', 'SIGINT']) process.once(signal, () => void closeAll())
  if (process.argv.includes('--curl')) console.log(printedCommands(settings, secrets))
  console.log(printedAccounts(settings, storage.place, secrets))
}

/** Takes no new requests, finishes the running ones, then closes the rest. */
async function closeAll(): Promise<void> {
  for (const close of opened.reverse()) await close()
}
