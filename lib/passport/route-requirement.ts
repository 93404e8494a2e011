import { bearerRequirement, type BearerOptions, type BearerRequirement, type Catalogue } from '../bearer/requirement.js'

/** Tells what a route asks of the token, by the options of its `passport.authenticate()`. Throws `ConfigurationError`. */
export type RouteRequirement = (routeOptions: object | undefined) => BearerRequirement

/** Options of a guard that are honoured, and which scopes there are. */
export interface RequirementRules {
  /** For messages: what the options were given to. */
  readonly where: string
  readonly names: readonly string[]
  readonly catalogue: Catalogue
}

/**
 * Makes the function that finds what a route asks for: what the strategy was made with, and in its place, name by name, what
 * `passport.authenticate('bearer', { scope: 'orders:read' })` says. Dropping that would open the route to every token.
 */
export function routeRequirement(own: BearerOptions, { where, names, catalogue }: RequirementRules): RouteRequirement {
  const ownRequirement = bearerRequirement(own, catalogue, where)
  const known = new WeakMap<object, BearerRequirement>()

  return (routeOptions) => {
    if (routeOptions === undefined) return ownRequirement
    let requirement = known.get(routeOptions)
    if (requirement === undefined) {
      requirement = requirementOf(routeOptions)
      known.set(routeOptions, requirement)
    }
    return requirement
  }

  function requirementOf(routeOptions: object): BearerRequirement {
    const asked = Object.entries(routeOptions).filter(([name, value]) => value !== undefined && names.includes(name))
    if (asked.length === 0) return ownRequirement
    return bearerRequirement({ ...own, ...Object.fromEntries(asked) }, catalogue, 'passport.authenticate')
  }
}
