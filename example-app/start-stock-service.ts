import { fork, type ChildProcess } from 'node:child_process'
import { fileURLToPath } from 'node:url'

/** What the stock service is told: where it listens, and who issues the tokens. */
export interface StockServiceSettings {
  readonly host: string
  readonly port: number
  readonly issuer: string
}

/** Starts the stock service, and answers when it listens. It ends when it is disconnected, or when this process is gone. */
export function startStockService({ host, port, issuer }: StockServiceSettings): Promise<ChildProcess> {
  // Nothing else of the environment: it does not even know where the database is.
  const env = { HOST: host, STOCK_PORT: String(port), SHOP_URL: issuer }
  const child = fork(fileURLToPath(new URL('stock-service.js', import.meta.url)), { env })
  return new Promise((resolve, reject) => {
    child.once('message', () => resolve(child))
    child.once('exit', () => reject(new Error(`The stock service cannot listen at port ${port}: set STOCK_PORT`)))
  })
}
