import type { OAuthError } from '../errors/oauth-error.js'
import { refusal } from '../errors/refusal.js'
import type { RefusalReason } from '../errors/refusal-reason.js'
import type { SigningAlgorithm } from '../jose/signing-key.js'
import { audienceList } from './audience.js'
import type { AccessTokenFormat, Client } from '../stores/client-store.js'
import type { Authorization } from '../stores/token-store.js'

/** An API that accepts the server's tokens (RFC 8707). */
export interface Resource {
  /** Its identifier: an absolute URI without fragment, compared as it is. It becomes `aud`. */
  readonly resource: string
  /** The scopes that mean something to it, each also in the server's catalogue. Default: all. */
  readonly scopes?: readonly string[]
  /** The form of access tokens for it. Default: the client's, then the server's. */
  readonly accessTokenFormat?: AccessTokenFormat
  /** The algorithm that its JWTs are signed with. Default: that of the first active key. */
  readonly signingAlgorithm?: SigningAlgorithm
}

/** The server's resources; the first one is meant when a request names none. */
export type Resources = ReadonlyMap<string, Resource>

const MAX_RESOURCES = 10

/**
 * Decides which resources a token is for (RFC 8707 §2.2): those asked for, or else `granted` of a refresh, or else the
 * server's first. Throws `invalid_target` for one that is unknown, not for this client, or beyond what was granted.
 */
export function grantedResources(
  resources: Resources,
  client: Client,
  requested: readonly string[],
  granted?: readonly string[],
): readonly Resource[] {
  if (requested.length > MAX_RESOURCES) {
    const description = 'The resource is unknown, malformed, or not for this client'
    throw refusal('invalid_target', 'too_many_resources', description)
  }
  const names = requested.length > 0 ? new Set(requested) : (granted ?? [...resources.keys()].slice(0, 1))
  return [...names].map((name) => {
    const resource = resources.get(name)
    if (resource === undefined) throw invalidTarget('resource_unknown', name)
    if (client.resources?.includes(name) === false) throw invalidTarget('resource_not_allowed', name)
    if (granted?.includes(name) === false) throw invalidTarget('resource_beyond_sign_in', name)
    return resource
  })
}

/**
 * Decides which resources a refreshed token is for: within what was granted at sign-in. A sign-in from before the server had resources
 * was for the app alone, which is the first one. Throws `invalid_target`.
 */
export function refreshedResources(
  resources: Resources,
  client: Client,
  requested: readonly string[],
  { audience }: Authorization,
): readonly Resource[] {
  const granted = audienceList(audience) ?? [...resources.keys()].slice(0, 1)
  return grantedResources(resources, client, requested, granted)
}

/** The scopes that mean something to at least one of these resources; `undefined` for all, and where there are no resources. */
export function scopesOf(resources: readonly Resource[]): ReadonlySet<string> | undefined {
  const scopes: string[] = []
  for (const resource of resources) {
    if (resource.scopes === undefined) return undefined
    scopes.push(...resource.scopes)
  }
  return resources.length === 0 ? undefined : new Set(scopes)
}

/** The same words for every resource that is refused: which ones there are is not for every client. */
function invalidTarget(reason: RefusalReason, name: string): OAuthError {
  const description = 'The resource is unknown, malformed, or not for this client'
  return refusal('invalid_target', reason, description, { detail: name })
}
