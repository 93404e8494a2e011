/** Returns the time in whole seconds since the epoch, the unit of records and responses. */
export interface Clock {
  (): number
  /** Returns the same time in milliseconds, for ordering events within a second. Absent: only seconds are known. */
  readonly milliseconds?: () => number
}

/** The seconds of a day. */
export const DAY = 86_400

/** The system clock. */
export const systemClock: Clock = Object.assign(() => Math.floor(Date.now() / 1000), { milliseconds: () => Date.now() })

/** Returns the time of a clock in milliseconds since the epoch. */
export function millisecondsOf(clock: Clock): number {
  return clock.milliseconds?.() ?? clock() * 1000
}

/** The last second of the year 9999, and of HTTP dates. A time in milliseconds is later. */
const LAST_SECOND = 253_402_300_799

/** Returns whether a value is a time in seconds since the epoch that can be written as an HTTP date. */
export function isHttpTime(seconds: unknown): seconds is number {
  return Number.isSafeInteger(seconds) && Number(seconds) >= 0 && Number(seconds) <= LAST_SECOND
}

/** Returns a time as an HTTP date, such as `Sun, 06 Nov 1994 08:49:37 GMT` (RFC 9110 §5.6.7). */
export function httpDate(seconds: number): string {
  return new Date(seconds * 1000).toUTCString()
}
