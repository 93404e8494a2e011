import type { OAuthError } from '../errors/oauth-error.js'
import { refusal } from '../errors/refusal.js'
import type { RefusalReason } from '../errors/refusal-reason.js'
import { audienceList, type Resource, type Resources } from '../tokens/resource.js'
import type { Client } from '../stores/client-store.js'
import type { Authorization } from '../stores/token-store.js'

const MAX_RESOURCES = 10

/**
 * Decides which resources a token is for (RFC 8707 §2.2): the requested ones, else `granted` at a refresh, else the server's first. Throws
 * `invalid_target` for a resource that is unknown, not allowed for this client, or not granted.
 */
function grantedResources(
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
 * Decides which resources a refreshed token is for, within those of the sign-in. A sign-in that is older than the server's resources was for
 * the app only, which is the first one. Throws `invalid_target`.
 */
function refreshedResources(
  resources: Resources,
  client: Client,
  requested: readonly string[],
  { audience }: Authorization,
): readonly Resource[] {
  const granted = audienceList(audience) ?? [...resources.keys()].slice(0, 1)
  return grantedResources(resources, client, requested, granted)
}

/** Returns a function that decides about the resources of a request when it is first called, and returns the same afterwards. */
export function resourcesOnce(
  resources: Resources,
  client: Client,
  requested: readonly string[],
): (refreshed?: Authorization) => readonly Resource[] {
  let decided: { readonly for: Authorization | undefined; readonly resources: readonly Resource[] } | undefined
  return (refreshed) => {
    // A decision about a new token does not hold for a refreshed one.
    if (decided === undefined || decided.for !== refreshed) {
      const of =
        refreshed === undefined
          ? grantedResources(resources, client, requested)
          : refreshedResources(resources, client, requested, refreshed)
      decided = { for: refreshed, resources: of }
    }
    return decided.resources
  }
}

/** Returns the scopes that at least one of these resources knows; `undefined` for all scopes, and without resources. */
export function scopesOf(resources: readonly Resource[]): ReadonlySet<string> | undefined {
  const scopes: string[] = []
  for (const resource of resources) {
    if (resource.scopes === undefined) return undefined
    scopes.push(...resource.scopes)
  }
  return resources.length === 0 ? undefined : new Set(scopes)
}

/** Returns the same error for every refused resource, so that a client does not learn which ones exist. */
function invalidTarget(reason: RefusalReason, name: string): OAuthError {
  const description = 'The resource is unknown, malformed, or not for this client'
  return refusal('invalid_target', reason, description, { detail: name })
}
