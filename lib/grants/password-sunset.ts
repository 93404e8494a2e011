import { nameValue } from '../checks/kind-of-value.js'
import { ConfigurationError } from '../errors/configuration-error.js'
import { refusal } from '../errors/refusal.js'
import { httpDate, isHttpTime } from '../time/clock.js'
import type { GrantRequest } from './grant-handler.js'

/**
 * Adds headers that say since when a client's password grant is deprecated (RFC 9745) and when it ends (RFC 8594). Refuses the request once it
 * has ended. Throws a `TypeError` for an invalid time from a store.
 */
export function tellPasswordSunset(
  { client, receivedAt, addHeader }: GrantRequest,
  deprecationUrl: string | undefined,
): void {
  const { passwordGrantDeprecatedAt: deprecatedAt, passwordGrantSunsetAt: sunsetAt } = client
  if (deprecatedAt === undefined && sunsetAt === undefined) return
  // RFC 9745 §2.1: a date of structured fields (RFC 9651 §3.3.7).
  if (deprecatedAt !== undefined) addHeader('Deprecation', `@${String(checkTime(deprecatedAt))}`)
  if (sunsetAt !== undefined) addHeader('Sunset', httpDate(checkTime(sunsetAt)))
  // RFC 9745 §3
  if (deprecationUrl !== undefined) addHeader('Link', `<${deprecationUrl}>; rel="deprecation"`)
  if (sunsetAt !== undefined && receivedAt >= sunsetAt * 1000) {
    const detail = `It ended at ${httpDate(sunsetAt)}`
    throw refusal('unauthorized_client', 'sunset_passed', 'This client may not use the password grant any more', {
      detail,
    })
  }
}

/** Throws `ConfigurationError` unless the value is the URL of a page. */
export function checkDeprecationUrl(path: string, url: unknown): void {
  if (typeof url === 'string' && URL.canParse(url) && /^https?:$/.test(new URL(url).protocol)) return
  const problem = `is ${nameValue(url)}; must be an http or https URL`
  throw new ConfigurationError(path, problem, 'Give it the page that tells how to move on')
}

function checkTime(time: unknown): number {
  if (isHttpTime(time)) return time
  throw new TypeError('The ClientStore answered a client whose passwordGrant… times are no whole numbers of seconds')
}
