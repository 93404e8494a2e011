import { ConfigurationError } from './configuration-error.js'

/** Refuses anything but an object with the known keys, so that a misspelt option is noticed at start. */
export function checkOptions(where: string, options: unknown, known: readonly string[]): void {
  if (typeof options !== 'object' || options === null || Array.isArray(options)) {
    throw new ConfigurationError(where, 'needs an object of options', `Known options: ${known.join(', ')}`)
  }
  for (const key of Object.keys(options)) {
    if (!known.includes(key)) {
      throw new ConfigurationError(`${where}.${key}`, 'is not an option', `Known options: ${known.join(', ')}`)
    }
  }
}

/** Refuses anything but true and false: a word such as `no` would count as true. Absent is fine. */
export function checkBoolean(where: string, value: unknown): void {
  if (value === undefined || typeof value === 'boolean') return
  throw new ConfigurationError(where, 'must be true or false', 'Leave it out for the default')
}

/** Refuses anything but a function. Absent is fine. */
export function checkFunction(where: string, value: unknown): void {
  if (value === undefined || typeof value === 'function') return
  throw new ConfigurationError(where, 'must be a function', 'Leave it out for the default')
}

/** Refuses anything but a text of this form. Absent is fine. */
export function checkText(option: string, value: unknown, form: RegExp, problem: string): void {
  if (value === undefined || (typeof value === 'string' && form.test(value))) return
  throw new ConfigurationError(option, problem, 'Leave it out for the default')
}

/** Refuses anything but a whole number within limits. Absent is fine. */
export function checkWholeNumber(option: string, value: unknown, least: number, most: number): void {
  if (value === undefined || (Number.isSafeInteger(value) && least <= Number(value) && Number(value) <= most)) return
  const problem = `must be a whole number from ${String(least)} to ${String(most)}`
  throw new ConfigurationError(option, problem, 'Leave it out for the default')
}
