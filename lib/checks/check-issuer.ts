import { isIP } from 'node:net'
import { ConfigurationError } from '../errors/configuration-error.js'
import { logText } from '../errors/log-text.js'

/** Refuses an issuer that is not a URL, or that has credentials, a query or a fragment. Throws `ConfigurationError`. */
export function checkIssuer(issuer: unknown): void {
  const remedy = 'Set it to the public base URL of this server, such as https://api.example.com'
  // The issuer is compared as a string, so characters that a URL parser would remove are refused.
  if (typeof issuer !== 'string' || /\s/.test(issuer) || !URL.canParse(issuer))
    throw new ConfigurationError('issuer', 'is not a URL', remedy)
  const { username, password } = new URL(issuer)
  if (username !== '' || password !== '') throw new ConfigurationError('issuer', 'must have no credentials', remedy)
  if (/[?#]/.test(issuer)) throw new ConfigurationError('issuer', 'must have no query and no fragment', remedy)
}

/**
 * Refuses an issuer that is neither `https` nor `http` on a loopback host. With `allowHttp`, `http` on other hosts is accepted outside
 * production. Throws `ConfigurationError`.
 */
export function checkIssuerScheme(issuer: string, allowHttp: boolean): void {
  checkScheme('issuer', issuer, allowHttp)
  if (!isProtected(issuer) && isProduction(issuer)) {
    const problem = `is ${issuer}; must be https in production (NODE_ENV=production), even with allowHttp`
    throw new ConfigurationError('issuer', problem, 'Put the server behind TLS, and set issuer to its https URL')
  }
}

/** Refuses a URL that is neither `https` nor `http` on a loopback host, or `http` where that is allowed. Throws `ConfigurationError`. */
export function checkScheme(where: string, url: string, allowHttp: boolean): void {
  if (isProtected(url) || (allowHttp && url.startsWith('http:'))) return
  // Without parts that may be secret.
  const shown = logText(url.replace(/[?#].*$/s, '').replace(/\/\/[^/]*@/, '//'))
  if (/^[\w.-]+:\d/.test(url)) {
    const remedy = `Write http://${shown} for this machine, else https://${shown}`
    throw new ConfigurationError(where, `is ${shown}, which has no scheme; must be https`, remedy)
  }
  const problem = `is ${shown}; must be https, because http is for this machine only (localhost, *.localhost, 127.0.0.1, [::1])`
  const remedy =
    'Use https, or set allowHttp: true if the traffic stays in a private network, such as that of containers or a LAN'
  throw new ConfigurationError(where, problem, remedy)
}

/** Returns whether data sent to a URL is protected: by TLS, or because it does not leave the machine. */
export function isProtected(url: string): boolean {
  const { protocol } = new URL(url)
  return protocol === 'https:' || (protocol === 'http:' && isOnLoopback(url))
}

/** Returns whether the host of a URL is this machine: a loopback address, `localhost` or a name below it (RFC 6761 §6.3). */
export function isOnLoopback(url: string): boolean {
  const { hostname } = new URL(url)
  return (
    /(?:^|\.)localhost\.?$/.test(hostname) ||
    hostname === '[::1]' ||
    (isIP(hostname) === 4 && hostname.startsWith('127.'))
  )
}

/**
 * Returns whether an issuer is in production: if `NODE_ENV` is `production`, or if the issuer is `https` on a host other than loopback and
 * `NODE_ENV` is neither `development` nor `test`. So a forgotten variable does not turn checks off.
 */
export function isProduction(issuer: string): boolean {
  const { NODE_ENV: environment } = process.env
  if (environment === 'production') return true
  return environment !== 'development' && environment !== 'test' && issuer.startsWith('https:') && !isOnLoopback(issuer)
}

/** Returns whether two identifiers differ only in a slash at the end: a common mistake that is hard to see in a log. */
export function differInSlash(one: unknown, other: string): boolean {
  return typeof one === 'string' && (one === `${other}/` || `${one}/` === other)
}
