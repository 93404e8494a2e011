import { ConfigurationError } from '../errors/configuration-error.js'

const names = ['accessTokenLifetimeSeconds', 'refreshTokenLifetimeSeconds', 'authorizationLifetimeSeconds'] as const

/** Refuses lifetimes that are given and are no whole number of seconds above 0. Throws `ConfigurationError`. */
export function checkLifetimes(
  prefix: string,
  given: Readonly<Partial<Record<(typeof names)[number], unknown>>>,
): void {
  for (const name of names) {
    const seconds = given[name]
    if (seconds === undefined || (Number.isSafeInteger(seconds) && (seconds as number) > 0)) continue
    throw new ConfigurationError(
      prefix + name,
      'must be a whole number of seconds above 0',
      'Leave it out for the default',
    )
  }
}
