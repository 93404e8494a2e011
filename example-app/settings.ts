/** What whoever starts the shop has to change; its message is all that they are shown. */
export class CannotStartError extends Error {}

/** Seconds. Short, so that a rotation can be watched; a real shop leaves them out, and the defaults are minutes. */
export const keyTiming = { refreshSeconds: 1, cacheSeconds: 2, publishSeconds: 5 }

/** How a process is started. */
export type Settings = ReturnType<typeof readSettings>

/** Reads the settings from the environment: README.md has them all. Throws `CannotStartError`. */
export function readSettings(environment: NodeJS.ProcessEnv = process.env) {
  const { HOST: host = '127.0.0.1', NODE_ENV, SHOP_URL, STOCK_URL } = environment
  const accessTokenLifetimeSeconds = wholeNumber(environment, 'SHOP_ACCESS_TOKEN_SECONDS', 60, 86_400)
  const port = wholeNumber(environment, 'PORT', 3000)
  const stockPort = wholeNumber(environment, 'STOCK_PORT', port + 1)
  const webPort = wholeNumber(environment, 'WEB_PORT', port + 2)
  const url = `http://127.0.0.1:${port}`
  const stockServiceUrl = `http://127.0.0.1:${stockPort}`
  const webUrl = `http://127.0.0.1:${webPort}`
  // Under which names everybody knows the shop and the stock service: the same in all their processes.
  const names = { issuer: SHOP_URL ?? url, stockService: STOCK_URL ?? stockServiceUrl }
  const places = { host, port, stockPort, webPort, url, stockServiceUrl, webUrl }
  return { ...places, ...names, accessTokenLifetimeSeconds, isProduction: NODE_ENV === 'production' }
}

function wholeNumber(environment: NodeJS.ProcessEnv, name: string, absent: number, highest = 65_535): number {
  const value = Number(environment[name] ?? absent)
  if (Number.isInteger(value) && value > 0 && value <= highest) return value
  throw new CannotStartError(`${name} is no whole number from 1 to ${highest}`)
}
