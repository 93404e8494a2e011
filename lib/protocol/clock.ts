/** Tells the time in whole seconds since the epoch: the only unit of time in records and answers. */
export type Clock = () => number

/** The clock of the machine. */
export const systemClock: Clock = () => Math.floor(Date.now() / 1000)
