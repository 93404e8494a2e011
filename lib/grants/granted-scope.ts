import { OAuthError } from '../errors/oauth-error.js'
import { parseScope, Scope } from '../protocol/scope.js'
import type { Client } from '../stores/client-store.js'

/** What the server does with a requested scope that the client may not have. */
export type ExcessScope = 'refuse' | 'drop'

/** The server's part in every decision about scope. */
export interface ScopePolicy {
  /** The catalogue: what is not in it cannot be granted to anyone. */
  readonly catalogue: ReadonlySet<string>
  readonly excessScope: ExcessScope
}

/**
 * Decides the scope of a new token (RFC 6749 §3.3): what was asked for, or else the client's default, as far as the
 * catalogue, the client's own list and the `limits` allow. Throws `invalid_scope`, also when nothing is left.
 */
export function grantedScope(
  policy: ScopePolicy,
  client: Client,
  requested: string | undefined,
  ...limits: readonly (ReadonlySet<string> | undefined)[]
): Scope {
  const allowed = (token: string): boolean => mayHave(policy, client, token, limits)
  if (requested === undefined) return someOf(new Scope(client.defaultScopes ?? []).filter(allowed))
  const asked = parseScope(requested)
  if (asked === undefined) throw invalidScope()
  const granted = asked.filter(allowed)
  if (policy.excessScope === 'refuse' && granted.size < asked.size) throw invalidScope()
  return someOf(granted)
}

/**
 * Decides the scope of an access token that a refresh token is exchanged for (RFC 6749 §6): never more than was granted at
 * sign-in, less what the client has lost since, or the part that was asked for. Throws `invalid_scope`.
 */
export function refreshedScope(
  policy: ScopePolicy,
  client: Client,
  granted: Scope,
  requested: string | undefined,
  ...limits: readonly (ReadonlySet<string> | undefined)[]
): Scope {
  const remaining = granted.filter((token) => mayHave(policy, client, token, limits))
  if (requested === undefined) return someOf(remaining)
  const asked = parseScope(requested)
  if (asked === undefined) throw invalidScope()
  for (const token of asked) if (!granted.has(token)) throw invalidScope()
  return someOf(asked.filter((token) => remaining.has(token)))
}

function mayHave(
  policy: ScopePolicy,
  client: Client,
  token: string,
  limits: readonly (ReadonlySet<string> | undefined)[],
): boolean {
  if (!policy.catalogue.has(token) || !client.scopes.includes(token)) return false
  return limits.every((limit) => limit === undefined || limit.has(token))
}

function someOf(scope: Scope): Scope {
  if (scope.size === 0) throw invalidScope()
  return scope
}

/** The one answer to every scope that is refused. */
export function invalidScope(): OAuthError {
  return new OAuthError('invalid_scope', 'The scope is missing, malformed, or more than this client may have')
}
