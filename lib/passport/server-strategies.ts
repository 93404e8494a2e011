import type { GuardServices } from '../express/require-bearer.js'

/** Passport strategies over the same code as the router and the guard. */
export interface ServerStrategies {
  readonly todo?: never
}

export function serverStrategies(_services: GuardServices, _catalogue: ReadonlySet<string>): ServerStrategies {
  return {}
}
