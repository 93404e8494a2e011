import { checkNames, describeOptions } from '../checks/describe-options.js'
import { checkedBy, wholeNumber, type OptionKind } from '../checks/option-kind.js'
import { ConfigurationError } from '../errors/configuration-error.js'
import type { ThrottleKind } from '../telemetry/request-events.js'

/** After how many failures attempts are delayed, and for how long. */
export interface ThrottleLimit {
  /** How many failures cause no delay. The next attempt must wait `firstDelaySeconds`, each further one twice as long as the one before. */
  readonly freeFailures: number
  /** Seconds. */
  readonly firstDelaySeconds: number
  /** Seconds. No delay is longer. */
  readonly longestDelaySeconds: number
  /** Seconds after the first failure until all failures are forgotten, but not before the last delay has ended. */
  readonly forgetSeconds: number
}

/** The limits of each kind. Everything is optional. */
export type ThrottleLimits = Readonly<Partial<Record<ThrottleKind, Partial<ThrottleLimit>>>>

const description = describeOptions<Partial<ThrottleLimit>>()('limits', {
  freeFailures: wholeNumber(1, 1_000_000),
  firstDelaySeconds: wholeNumber(1, 86_400),
  longestDelaySeconds: wholeNumber(1, 86_400),
  forgetSeconds: wholeNumber(1, 31_536_000),
})

const day = { firstDelaySeconds: 1, longestDelaySeconds: 1200, forgetSeconds: 86_400 } as const

/**
 * `account` and `known_account` have the same limit, as have `client` and `known_client`: otherwise an attacker could learn from the number
 * of free failures whether somebody has signed in from an address before. These limits allow 86 guesses a day for an account, 91 for a
 * client.
 *
 * An address may be shared by a whole office, so its limit is higher. Tokens cannot be guessed: their limit protects the store and alerts
 * the operator. Tokens that expired long ago count as unknown ones, and an application that gets 429 instead of 401 does not refresh:
 * so that limit is high, and its delays are short.
 */
const defaults: Readonly<Record<Exclude<ThrottleKind, keyof typeof derived>, ThrottleLimit>> = {
  account: { freeFailures: 5, ...day },
  known_account: { freeFailures: 5, ...day },
  client: { freeFailures: 10, ...day },
  known_client: { freeFailures: 10, ...day },
  address: { freeFailures: 100, firstDelaySeconds: 1, longestDelaySeconds: 900, forgetSeconds: 3600 },
  token: { freeFailures: 1000, firstDelaySeconds: 1, longestDelaySeconds: 5, forgetSeconds: 60 },
}

/** The limits that are derived from those of another kind, with a multiple of its free failures. */
const derived = {
  // Twice as many, so that guesses under one spelling always reach the limit of the account first.
  user: ['account', 2],
  device: ['known_account', 1],
  network: ['address', 10],
  token_network: ['token', 10],
} as const

/** Describes the option `limits`. */
export function throttleLimits(): OptionKind<ThrottleLimits> {
  return checkedBy('limits, each for a kind', (path, limits) => resolveLimits(limits as ThrottleLimits, path))
}

/** Returns the limits with defaults for all that are absent. Throws `ConfigurationError`. */
export function resolveLimits(
  limits: ThrottleLimits = {},
  where = 'limits',
): Readonly<Record<ThrottleKind, ThrottleLimit>> {
  checkNames(where, limits, [...Object.keys(defaults), ...Object.keys(derived)])
  const resolve = (kind: ThrottleKind, fallback: ThrottleLimit): ThrottleLimit => {
    const { [kind]: given = {} } = limits
    return resolveLimit(`${where}.${kind}`, given, fallback)
  }
  const resolved: Partial<Record<ThrottleKind, ThrottleLimit>> = {}
  for (const [kind, fallback] of Object.entries(defaults))
    resolved[kind as ThrottleKind] = resolve(kind as ThrottleKind, fallback)
  for (const [kind, [from, times]] of Object.entries(derived)) {
    const { [from]: limit = defaults[from] } = resolved
    const freeFailures = Math.min(1_000_000, limit.freeFailures * times)
    resolved[kind as ThrottleKind] = resolve(kind as ThrottleKind, { ...limit, freeFailures })
  }
  return resolved as Record<ThrottleKind, ThrottleLimit>
}

function resolveLimit(at: string, given: Partial<ThrottleLimit>, fallback: ThrottleLimit): ThrottleLimit {
  const limit = { ...fallback, ...description.read(given, at) }
  const { firstDelaySeconds, longestDelaySeconds } = limit
  if (longestDelaySeconds < firstDelaySeconds) {
    const problem = `is less than firstDelaySeconds, ${String(firstDelaySeconds)}`
    throw new ConfigurationError(`${at}.longestDelaySeconds`, problem, 'Set it to firstDelaySeconds or more')
  }
  return limit
}

/** Returns the seconds until the next attempt is allowed after a number of failures; 0 for no delay. */
export function delaySeconds(
  { freeFailures, firstDelaySeconds, longestDelaySeconds }: ThrottleLimit,
  failures: number,
): number {
  if (failures < freeFailures) return 0
  return Math.min(longestDelaySeconds, firstDelaySeconds * 2 ** Math.min(failures - freeFailures, 30))
}

/** Returns whether a counter belongs to a known address or device: an attacker cannot use it up, and a success clears it. */
export function isOwn(kind: ThrottleKind): boolean {
  return kind === 'device' || kind.startsWith('known_')
}

/**
 * Seconds for which an address where an account or client succeeded is remembered, and for which a device token is valid. Twice the
 * lifetime of an authorization: a user who signs in only when that has expired is still known.
 */
export const KNOWN_SECONDS: number = 180 * 86_400

/** How many addresses are remembered for one user or one client. */
export const KNOWN_ADDRESSES = 20

/** Milliseconds after which an attempt that has not ended counts as failed. */
export const LONGEST_ATTEMPT = 60_000

/** Milliseconds that an attempt waits for pending ones. */
export const LONGEST_WAIT = 30_000

/** Milliseconds that a refusal waits until it has been counted. */
export const LONGEST_COUNTING = 200

/** How many attempts may wait at once. */
export const WAITING_LIMIT = 1000
