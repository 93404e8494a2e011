import { CannotStartError } from './cannot-start-error.js'

/** How a process of the shop is started. */
export interface ShopSettings {
  readonly host: string
  readonly port: number
  readonly stockPort: number
  /** Where this very process and its stock service are. */
  readonly url: string
  readonly stockServiceUrl: string
  /** Under which names everybody knows the shop and the stock service: the same in all their processes. */
  readonly issuer: string
  readonly stockService: string
  /** Seconds. */
  readonly accessTokenLifetimeSeconds: number
}

/** Reads the settings from the environment: README.md has them all. Throws `CannotStartError`. */
export function readSettings(environment: NodeJS.ProcessEnv = process.env): ShopSettings {
  const { HOST = '127.0.0.1', SHOP_URL, STOCK_URL } = environment
  const port = wholeNumber(environment, 'PORT', 3000, 65_535)
  const stockPort = wholeNumber(environment, 'STOCK_PORT', port + 1, 65_535)
  const url = `http://127.0.0.1:${port}`
  const stockServiceUrl = `http://127.0.0.1:${stockPort}`
  return {
    host: HOST,
    port,
    stockPort,
    url,
    stockServiceUrl,
    issuer: SHOP_URL ?? url,
    stockService: STOCK_URL ?? stockServiceUrl,
    accessTokenLifetimeSeconds: wholeNumber(environment, 'SHOP_ACCESS_TOKEN_SECONDS', 3600, 86_400),
  }
}

function wholeNumber(environment: NodeJS.ProcessEnv, name: string, absent: number, highest: number): number {
  const value = Number(environment[name] ?? absent)
  if (Number.isInteger(value) && value > 0 && value <= highest) return value
  throw new CannotStartError(`${name} is no whole number from 1 to ${highest}`)
}
