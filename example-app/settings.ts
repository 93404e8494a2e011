import { isIPv6 } from 'node:net'
import { CannotStartError } from './cannot-start.js'

/** Seconds. Short, so that a rotation can be watched; a real shop leaves them out, and the defaults are minutes. */
export const keyTiming = { refreshSeconds: 1, cacheSeconds: 2, publishSeconds: 5 }

/** How a process is started. */
export type Settings = ReturnType<typeof readSettings>

/** Reads the settings from the environment; README.md lists them. Throws `CannotStartError`. */
export function readSettings(environment: NodeJS.ProcessEnv = process.env) {
  const { HOST: host = '127.0.0.1', NODE_ENV, STOCK_PORT, WEB_PORT } = environment
  const accessTokenLifetimeSeconds = wholeNumber(environment, 'SHOP_ACCESS_TOKEN_SECONDS', 60, 86_400)
  // The two ports after the shop's are for the other two, unless they have ports of their own.
  const port = wholeNumber(environment, 'PORT', 3000, STOCK_PORT && WEB_PORT ? 65_535 : 65_533)
  const stockPort = wholeNumber(environment, 'STOCK_PORT', port + 1)
  const webPort = wholeNumber(environment, 'WEB_PORT', port + 2)
  const url = urlOf(host, port)
  const stockServiceUrl = urlOf(host, stockPort)
  const webUrl = urlOf(host, webPort)
  // The names of the shop and of the stock service, which are the same in all their processes.
  const issuer = nameFrom(environment, 'SHOP_URL', url)
  const stockService = nameFrom(environment, 'STOCK_URL', stockServiceUrl)
  const places = { host, port, stockPort, webPort, url, stockServiceUrl, webUrl }
  return { ...places, issuer, stockService, accessTokenLifetimeSeconds, isProduction: NODE_ENV === 'production' }
}

function wholeNumber(environment: NodeJS.ProcessEnv, name: string, absent: number, highest = 65_535): number {
  const text = environment[name] ?? String(absent)
  const value = Number(text)
  if (Number.isInteger(value) && value > 0 && value <= highest) return value
  throw new CannotStartError(`${name} must be a whole number from 1 to ${highest}; it is "${text}"`)
}

/** Where a server that listens at this host is found from this machine. */
function urlOf(host: string, port: number): string {
  const isEveryAddress = host === '0.0.0.0' || host === '::'
  return `http://${isEveryAddress ? '127.0.0.1' : isIPv6(host) ? `[${host}]` : host}:${port}`
}

function nameFrom(environment: NodeJS.ProcessEnv, variable: string, absent: string): string {
  const value = environment[variable] ?? absent
  const isOwn = URL.canParse(value) && /^http:\/\/(localhost|127\.\d+\.\d+\.\d+|\[::1\])(:|\/|$)/.test(value)
  if (isOwn || (URL.canParse(value) && value.startsWith('https://'))) return value
  const problem = `${variable} must be an https URL, or an http URL of this machine such as http://127.0.0.1:3000`
  throw new CannotStartError(`${problem}; it is ${environment[variable] === undefined ? `${value}, from HOST` : value}`)
}
