import { describeOptions } from '../checks/describe-options.js'
import { checkedBy, checkScopeTokens, flag, oneOf, scopeList, text } from '../checks/option-kind.js'
import { ConfigurationError } from '../errors/configuration-error.js'

/** What a guarded route requires of the token. */
export interface BearerOptions<For extends 'user' | 'client' | undefined = 'user' | 'client' | undefined> {
  /** The scope that the token must have, all of it: a string with spaces, or a list. Default: none. */
  readonly scope?: string | readonly string[]
  /** Scope tokens of which the token must have at least one. Default: none. */
  readonly anyScope?: readonly string[]
  /** Whether the token must act for a user or for a client itself; narrows the type of `req.auth`. Default: either. */
  readonly for?: For
  /** The resource that the token must be for (RFC 8707). Default: the first of the server's resources, if it has any. */
  readonly resource?: string
  /** Whether requests without credentials are accepted, without `req.auth`. Wrong credentials are still refused. Default false. */
  readonly optional?: boolean
}

const description = describeOptions<BearerOptions>()('requireBearer', {
  scope: checkedBy('scope tokens, in a list or in a string', (path, scope) => {
    checkScopeTokens(path, listOf(scope))
  }),
  anyScope: scopeList(),
  for: oneOf('user', 'client'),
  resource: text(),
  optional: flag().or(false),
})

/** The names of these options. */
export const bearerOptionNames: readonly string[] = Object.keys(description.kinds)

/** The same, checked and prepared when the route is created. */
export interface BearerRequirement {
  readonly allOf: readonly string[]
  readonly anyOf: readonly string[]
  readonly actsFor: 'user' | 'client' | undefined
  readonly resource: string | undefined
  readonly optional: boolean
}

/** The scope tokens that exist. */
export type Catalogue = Pick<ReadonlySet<string>, 'has'>

/** Checks the options of a guard when the route is created. Throws `ConfigurationError`, whose paths begin with `where`. */
export function bearerRequirement(options: BearerOptions, catalogue: Catalogue, where: string): BearerRequirement {
  const { scope = [], anyScope, resource, optional, for: actsFor } = description.read(options, where)
  const allOf = listOf(scope)
  const anyOf = anyScope ?? []
  checkCatalogue(`${where}.scope`, allOf, catalogue)
  checkCatalogue(`${where}.anyScope`, anyOf, catalogue)
  if (anyScope?.length === 0) {
    throw new ConfigurationError(`${where}.anyScope`, 'is empty: no token could pass', 'Leave it out to ask for none')
  }
  return { allOf, anyOf, actsFor, resource, optional }
}

function listOf<Scope>(scope: Scope): Exclude<Scope, string> | readonly string[] {
  return typeof scope === 'string' ? scope.split(' ') : (scope as Exclude<Scope, string>)
}

function checkCatalogue(where: string, scope: readonly string[], catalogue: Catalogue): void {
  for (const token of scope) {
    if (catalogue.has(token)) continue
    throw new ConfigurationError(
      where,
      `asks for ${token}, which no token can have`,
      'Add it to the scopes of the server, or correct it',
    )
  }
}
