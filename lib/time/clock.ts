/** Tells the time in whole seconds since the epoch: the unit of time in records and answers. */
export interface Clock {
  (): number
  /** The same time in milliseconds, for what has to be put in order within a second. Absent: seconds are all there is. */
  readonly milliseconds?: () => number
}

/** The clock of the machine. */
export const systemClock: Clock = Object.assign(() => Math.floor(Date.now() / 1000), { milliseconds: () => Date.now() })

/** The time of a clock in milliseconds since the epoch. */
export function millisecondsOf(clock: Clock): number {
  return clock.milliseconds?.() ?? clock() * 1000
}

/** The last second of the year 9999, the last one that an HTTP date can tell; a time in milliseconds is beyond it. */
const LAST_SECOND = 253_402_300_799

/** Whether it is a time, in seconds since the epoch, that a header can tell. */
export function isHttpTime(seconds: unknown): seconds is number {
  return Number.isSafeInteger(seconds) && Number(seconds) >= 0 && Number(seconds) <= LAST_SECOND
}

/** A time as headers tell it, such as `Sun, 06 Nov 1994 08:49:37 GMT` (RFC 9110 §5.6.7). */
export function httpDate(seconds: number): string {
  return new Date(seconds * 1000).toUTCString()
}
