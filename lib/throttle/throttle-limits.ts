import { checkNames, describeOptions } from '../checks/describe-options.js'
import { checkedBy, wholeNumber, type OptionKind } from '../checks/option-kind.js'
import { ConfigurationError } from '../errors/configuration-error.js'
import type { ThrottleKind } from '../telemetry/request-events.js'

/** From how many failures on attempts are held up, and for how long. */
export interface ThrottleLimit {
  /** Failures without any delay. The next attempt waits `firstDelaySeconds`, each further one twice as long as the one before. */
  readonly freeFailures: number
  /** Seconds. */
  readonly firstDelaySeconds: number
  /** Seconds; no delay is longer. */
  readonly longestDelaySeconds: number
  /** Seconds after the first failure, when all failures are forgotten; not before the last delay is over. */
  readonly forgetSeconds: number
}

/** The limits of all kinds; each one may be given in part. */
export type ThrottleLimits = Readonly<Partial<Record<ThrottleKind, Partial<ThrottleLimit>>>>

const description = describeOptions<Partial<ThrottleLimit>>()('limits', {
  freeFailures: wholeNumber(1, 1_000_000),
  firstDelaySeconds: wholeNumber(1, 86_400),
  longestDelaySeconds: wholeNumber(1, 86_400),
  forgetSeconds: wholeNumber(1, 31_536_000),
})

const day = { firstDelaySeconds: 1, longestDelaySeconds: 1200, forgetSeconds: 86_400 } as const

/**
 * An account has the same limit where it is known: how often a stranger fails there until he is held up must not tell him that somebody
 * signed in. These limits come to 86 guesses in a day for an account, 91 for a client.
 *
 * An address may be that of a whole office, so it has more. A token cannot be guessed: its limit spares the store and wakes the
 * operator. Tokens that expired long ago are counted among them, and an application that is told 429 in place of 401 does not
 * refresh: so that one is high, and its delays are short.
 */
const defaults: Readonly<Record<Exclude<ThrottleKind, keyof typeof derived>, ThrottleLimit>> = {
  account: { freeFailures: 5, ...day },
  known_account: { freeFailures: 5, ...day },
  client: { freeFailures: 10, ...day },
  known_client: { freeFailures: 10, ...day },
  address: { freeFailures: 100, firstDelaySeconds: 1, longestDelaySeconds: 900, forgetSeconds: 3600 },
  token: { freeFailures: 1000, firstDelaySeconds: 1, longestDelaySeconds: 5, forgetSeconds: 60 },
}

/** Limits that follow those of another kind, with so many times as many free failures. */
const derived = {
  // Twice as many: guesses under one spelling are always held up by the limit of the account first.
  user: ['account', 2],
  device: ['known_account', 1],
  network: ['address', 10],
  token_network: ['token', 10],
} as const

/** The option `limits`. */
export function throttleLimits(): OptionKind<ThrottleLimits> {
  return checkedBy('limits, each for a kind', (path, limits) => resolveLimits(limits as ThrottleLimits, path))
}

/** Fills limits up with the defaults. Throws `ConfigurationError`. */
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

/** Seconds that the next attempt waits after so many failures; 0 while there is no need. */
export function delaySeconds(
  { freeFailures, firstDelaySeconds, longestDelaySeconds }: ThrottleLimit,
  failures: number,
): number {
  if (failures < freeFailures) return 0
  return Math.min(longestDelaySeconds, firstDelaySeconds * 2 ** Math.min(failures - freeFailures, 30))
}

/** Whether only the owner of an account or client can use a counter up, and a success there clears it. */
export function isOwn(kind: ThrottleKind): boolean {
  return kind === 'device' || kind.startsWith('known_')
}

/**
 * Seconds for which an address where an account or client succeeded is remembered, and for which a device token is good. Twice as long
 * as an authorization lasts: a user who types a password only when that has expired is still known.
 */
export const KNOWN_SECONDS: number = 180 * 86_400

/** How many addresses of one user, or of one client, are remembered. */
export const KNOWN_ADDRESSES = 20

/** Milliseconds after which an attempt that has not ended counts as failed. */
export const LONGEST_ATTEMPT = 60_000

/** Milliseconds that an attempt waits for others that are under way. */
export const LONGEST_WAIT = 30_000

/** Milliseconds that a refusal waits for being counted. */
export const LONGEST_COUNTING = 200

/** How many attempts may wait. */
export const WAITING_LIMIT = 1000
