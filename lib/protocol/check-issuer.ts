import { isIP } from 'node:net'
import { ConfigurationError } from '../errors/configuration-error.js'

/** Refuses anything but an `https` URL without query and fragment, or `http` on a loopback host. Throws `ConfigurationError`. */
export function checkIssuer(issuer: unknown): void {
  const remedy = 'Give it the public base URL of this server, such as https://api.example.com'
  // The issuer is compared as a string: what a URL parser would trim or strip is refused.
  if (typeof issuer !== 'string' || /\s/.test(issuer) || !URL.canParse(issuer))
    throw new ConfigurationError('issuer', 'is not a URL', remedy)
  const { username, password } = new URL(issuer)
  if (username !== '' || password !== '') throw new ConfigurationError('issuer', 'must have no credentials', remedy)
  if (!isProtected(issuer)) throw new ConfigurationError('issuer', 'must be https', remedy)
  if (/[?#]/.test(issuer)) throw new ConfigurationError('issuer', 'must have no query and no fragment', remedy)
}

/** Whether what is sent to a URL is safe from others: by TLS, or because it does not leave the machine. */
export function isProtected(url: string): boolean {
  const { protocol } = new URL(url)
  return protocol === 'https:' || (protocol === 'http:' && isOnLoopback(url))
}

/** Whether the host of a URL is the machine itself. */
export function isOnLoopback(url: string): boolean {
  const { hostname } = new URL(url)
  return hostname === 'localhost' || hostname === '[::1]' || (isIP(hostname) === 4 && hostname.startsWith('127.'))
}

/**
 * Whether an issuer runs in production: where `NODE_ENV` says so, and where the issuer is `https` on another host than loopback, unless
 * `NODE_ENV` is `development` or `test`. A variable that was forgotten must not turn checks off.
 */
export function isProduction(issuer: string): boolean {
  const { NODE_ENV: environment } = process.env
  if (environment === 'production') return true
  return environment !== 'development' && environment !== 'test' && issuer.startsWith('https:') && !isOnLoopback(issuer)
}
