import type { OAuthError } from '../errors/oauth-error.js'
import { refusal } from '../errors/refusal.js'
import type { RefusalReason } from '../errors/refusal-reason.js'
import { parseScope, Scope } from '../protocol/scope.js'
import type { Client } from '../stores/client-store.js'

/** What to do with a requested scope that the client may not have. */
export type ExcessScope = 'refuse' | 'drop'

/** The server's settings for every decision about scope. */
export interface ScopePolicy {
  /** Every scope that the server knows. Others are never granted. */
  readonly catalogue: ReadonlySet<string>
  readonly excessScope: ExcessScope
}

/** Limits of a scope beside the catalogue and the client's list. Absent: none. */
export interface ScopeLimits {
  /** The scopes of the grant. */
  readonly grant?: ReadonlySet<string> | undefined
  /** The scopes that the requested resources know. */
  readonly resource?: ReadonlySet<string> | undefined
}

/**
 * Decides the scope of a new token (RFC 6749 §3.3): the requested scope, else the client's default, as far as the catalogue, the client's
 * list and the `limits` allow. Throws `invalid_scope`, also if nothing is left.
 */
export function grantedScope(
  policy: ScopePolicy,
  client: Client,
  requested: string | undefined,
  limits: ScopeLimits,
): Scope {
  const asked = requested === undefined ? new Scope(client.defaultScopes ?? []) : parsed(requested)
  if (asked.size === 0) throw noScope('The client asks for none and has no defaultScopes')
  const granted = asked.filter((token) => obstacleOf(policy, client, token, limits) === undefined)
  const isWhole = granted.size === asked.size
  if (isWhole || (granted.size > 0 && (requested === undefined || policy.excessScope === 'drop'))) return granted
  throw refusedScope(policy, client, asked, limits, requested === undefined)
}

/**
 * Decides the scope of a refreshed access token (RFC 6749 §6): that of the sign-in, without what the client has lost since, or the requested
 * part of it. Throws `invalid_scope`.
 */
export function refreshedScope(
  policy: ScopePolicy,
  client: Client,
  granted: Scope,
  requested: string | undefined,
  limits: ScopeLimits,
): Scope {
  const asked = requested === undefined ? granted : parsed(requested)
  for (const token of asked) if (!granted.has(token)) throw scopeRefusal('scope_beyond_sign_in', token, false)
  const remaining = asked.filter((token) => obstacleOf(policy, client, token, limits) === undefined)
  if (remaining.size > 0) return remaining
  if (asked.size === 0) throw noScope('The sign-in was granted no scope')
  throw refusedScope(policy, client, asked, limits, requested === undefined)
}

type ScopeRefusal = Extract<RefusalReason, `scope_${string}`>

/** Returns why a client may not have a scope token; `undefined` if it may. */
function obstacleOf(
  policy: ScopePolicy,
  client: Client,
  token: string,
  { grant, resource }: ScopeLimits,
): ScopeRefusal | undefined {
  if (!policy.catalogue.has(token)) return 'scope_unknown'
  if (!client.scopes.includes(token)) return 'scope_not_allowed'
  if (grant !== undefined && !grant.has(token)) return 'scope_beyond_grant'
  return resource === undefined || resource.has(token) ? undefined : 'scope_beyond_resource'
}

/** Returns the error about the first refused token. */
function refusedScope(
  policy: ScopePolicy,
  client: Client,
  asked: Scope,
  limits: ScopeLimits,
  isImplied: boolean,
): OAuthError {
  for (const token of asked) {
    const reason = obstacleOf(policy, client, token, limits)
    if (reason !== undefined) return scopeRefusal(reason, token, isImplied)
  }
  throw new Error('A scope is refused for no reason')
}

/**
 * Names the token, which has passed the grammar. The client does not learn whether the server knows it, another client may have it, or the
 * user may not: the words are the same.
 */
function scopeRefusal(reason: ScopeRefusal, token: string, isImplied: boolean): OAuthError {
  const description =
    reason === 'scope_beyond_sign_in'
      ? `The scope ${token} is more than was granted at sign-in`
      : `The scope ${token} is unknown, or not allowed for this request`
  const detail = isImplied ? `${token}, by default: the request names no scope` : token
  return refusal('invalid_scope', reason, description, { detail })
}

function noScope(detail: string): OAuthError {
  return refusal('invalid_scope', 'scope_missing', 'The parameter scope is missing, and this client has no default', {
    detail,
  })
}

function parsed(requested: string): Scope {
  const asked = parseScope(requested)
  if (asked !== undefined) return asked
  const description = 'The scope is malformed: tokens of printable ASCII, with one space between two of them'
  throw refusal('invalid_scope', 'scope_malformed', description)
}
