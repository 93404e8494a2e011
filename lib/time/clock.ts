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
