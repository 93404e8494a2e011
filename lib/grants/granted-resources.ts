import type { OAuthError } from '../errors/oauth-error.js'
import { refusal } from '../errors/refusal.js'
import type { RefusalReason } from '../errors/refusal-reason.js'
import { audienceList, type Resource, type Resources } from '../tokens/resource.js'
import type { Client } from '../stores/client-store.js'
import type { Authorization } from '../stores/token-store.js'

const MAX_RESOURCES = 10

/**
 * Decides which resources a token is for (RFC 8707 §2.2): those asked for, or else `granted` of a refresh, or else the
 * server's first. Throws `invalid_target` for one that is unknown, not for this client, or beyond what was granted.
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
 * Decides which resources a refreshed token is for: within what was granted at sign-in. A sign-in from before the server had resources
 * was for the app alone, which is the first one. Throws `invalid_target`.
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

/** Returns a function that decides about the resources of a request, the first time that it is called. */
export function resourcesOnce(
  resources: Resources,
  client: Client,
  requested: readonly string[],
): (refreshed?: Authorization) => readonly Resource[] {
  let decided: { readonly for: Authorization | undefined; readonly resources: readonly Resource[] } | undefined
  return (refreshed) => {
    // A decision for a new token does not hold for one that is refreshed.
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
