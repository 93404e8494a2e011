import { ConfigurationError } from '../errors/configuration-error.js'

/** Refuses anything but a function. Absent is fine. */
export function checkFunction(where: string, value: unknown): void {
  if (value === undefined || typeof value === 'function') return
  throw new ConfigurationError(where, 'must be a function', 'Leave it out for the default')
}
