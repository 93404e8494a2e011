import { fork, type ChildProcess } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { CannotStartError } from './cannot-start-error.js'
import type { ShopSettings } from './settings.js'

/** Starts the stock service, and answers when it listens. It ends when it is disconnected, or when this process is gone. */
export function startStockService({ host, stockPort, issuer, stockService }: ShopSettings): Promise<ChildProcess> {
  // Nothing else of the environment: it does not even know where the database is.
  const env = { HOST: host, STOCK_PORT: String(stockPort), SHOP_URL: issuer, STOCK_URL: stockService }
  const child = fork(fileURLToPath(new URL('stock-service.js', import.meta.url)), { env })
  return new Promise((resolve, reject) => {
    child.once('message', () => resolve(child))
    child.once('exit', () =>
      reject(new CannotStartError(`Its stock service cannot listen at port ${stockPort}: set STOCK_PORT`)),
    )
  })
}
