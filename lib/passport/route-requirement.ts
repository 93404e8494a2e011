import { bearerRequirement, type BearerOptions, type BearerRequirement, type Catalogue } from '../bearer/requirement.js'

/** Returns what a route requires of the token, from the options of `passport.authenticate()`. Throws `ConfigurationError`. */
export type RouteRequirement = (routeOptions: object | undefined) => BearerRequirement

/** The options of a guard that apply, and the known scopes. */
export interface RequirementRules {
  /** Names the options in messages. */
  readonly where: string
  readonly names: readonly string[]
  readonly catalogue: Catalogue
}

/**
 * Creates the function that returns what a route requires: the options of the strategy, each of them replaced by the same option of
 * `passport.authenticate('bearer', { scope: 'orders:read' })`. Ignoring those would open the route to every token.
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
