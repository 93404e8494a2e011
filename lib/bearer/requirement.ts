import { describeOptions } from '../checks/describe-options.js'
import { checkedBy, checkScopeTokens, flag, oneOf, scopeList, text } from '../checks/option-kind.js'
import { ConfigurationError } from '../errors/configuration-error.js'

/** What a guarded route asks of the token. */
export interface BearerOptions<For extends 'user' | 'client' | undefined = 'user' | 'client' | undefined> {
  /** Scope that the token must have: all of it. A string with spaces and a list mean the same. Default: none. */
  readonly scope?: string | readonly string[]
  /** Scope of which the token must have at least one token. Default: none. */
  readonly anyScope?: readonly string[]
  /** Whom the token must act for; narrows `req.auth`. Default: either. */
  readonly for?: For
  /** The resource that the token must be for (RFC 8707). Default: the first of the server's resources, if it has any. */
  readonly resource?: string
  /** Let requests without any credentials pass, without `req.auth`; wrong ones are still refused. Default false. */
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

/** The same, checked and prepared once. */
export interface BearerRequirement {
  readonly allOf: readonly string[]
  readonly anyOf: readonly string[]
  readonly actsFor: 'user' | 'client' | undefined
  readonly resource: string | undefined
  readonly optional: boolean
}

/** Scopes that a token can have at all. */
export type Catalogue = Pick<ReadonlySet<string>, 'has'>

/** Checks the options of a guard when the route is made. Throws `ConfigurationError`, which names them by `where`. */
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
