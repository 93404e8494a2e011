import { checkOptions, checkWholeNumber } from '../errors/check-options.js'
import type { ThrottleKind } from '../protocol/throttle-kind.js'

/** From how many failures on attempts are held up, and for how long. */
export interface ThrottleLimit {
  /** Failures without any delay. The next attempt waits `firstDelaySeconds`, each further one twice as long as the one before. */
  readonly freeFailures: number
  /** Seconds. */
  readonly firstDelaySeconds: number
  /** Seconds; no delay is longer. */
  readonly longestDelaySeconds: number
  /** Seconds without a failure, after the last delay, in which all failures are forgotten. */
  readonly forgetSeconds: number
}

/** The limits of all kinds; each one may be given in part. */
export type ThrottleLimits = Readonly<Partial<Record<ThrottleKind, Partial<ThrottleLimit>>>>

const delays = { firstDelaySeconds: 1, longestDelaySeconds: 900 } as const

/**
 * NIST SP 800-63B allows a hundred guesses; these are about a hundred in a day for an account. An address may be that of a whole
 * office, so it has more; a token cannot be guessed, so its limit spares the store and wakes the operator.
 */
const defaults: Readonly<Record<ThrottleKind, ThrottleLimit>> = {
  account: { freeFailures: 5, ...delays, forgetSeconds: 86_400 },
  known_account: { freeFailures: 10, ...delays, forgetSeconds: 86_400 },
  client: { freeFailures: 10, ...delays, forgetSeconds: 86_400 },
  known_client: { freeFailures: 20, ...delays, forgetSeconds: 86_400 },
  address: { freeFailures: 100, ...delays, forgetSeconds: 3600 },
  token: { freeFailures: 200, ...delays, forgetSeconds: 3600 },
}

/** Fills limits up with the defaults. Throws `ConfigurationError`. */
export function resolveLimits(
  where: string,
  limits: ThrottleLimits = {},
): Readonly<Record<ThrottleKind, ThrottleLimit>> {
  checkOptions(`${where}.limits`, limits, Object.keys(defaults))
  const resolved: Record<ThrottleKind, ThrottleLimit> = { ...defaults }
  for (const kind of Object.keys(defaults) as ThrottleKind[]) {
    const given = limits[kind] ?? {}
    const at = `${where}.limits.${kind}`
    checkOptions(at, given, ['freeFailures', 'firstDelaySeconds', 'longestDelaySeconds', 'forgetSeconds'])
    checkWholeNumber(`${at}.freeFailures`, given.freeFailures, 1, 1_000_000)
    checkWholeNumber(`${at}.firstDelaySeconds`, given.firstDelaySeconds, 1, 86_400)
    checkWholeNumber(`${at}.longestDelaySeconds`, given.longestDelaySeconds, 1, 86_400)
    checkWholeNumber(`${at}.forgetSeconds`, given.forgetSeconds, 1, 31_536_000)
    resolved[kind] = { ...defaults[kind], ...given }
  }
  return resolved
}

/** Seconds that the next attempt waits after so many failures; 0 while there is no need. */
export function delaySeconds(
  { freeFailures, firstDelaySeconds, longestDelaySeconds }: ThrottleLimit,
  failures: number,
): number {
  if (failures < freeFailures) return 0
  return Math.min(longestDelaySeconds, firstDelaySeconds * 2 ** Math.min(failures - freeFailures, 30))
}

/** Seconds for which it is remembered that an account or client succeeded from an address. */
export const KNOWN_SECONDS: number = 90 * 86_400
