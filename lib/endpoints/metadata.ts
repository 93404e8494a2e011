import type { Resource } from '../tokens/resource.js'
import type { SigningKeySet } from '../jose/signing-key-set.js'

/** What a server offers. The metadata is generated from it, so that the two cannot differ. */
export interface ServerOffer {
  readonly issuer: string
  /** Public URLs of the mounted endpoints. */
  readonly endpoints: {
    readonly token: string
    readonly revocation: string
    readonly introspection: string
    /** Absent without published signing keys. */
    readonly jwks: string | undefined
  }
  readonly grantTypes: readonly string[]
  readonly authMethods: readonly string[]
  readonly scopes: readonly string[]
  readonly resources: readonly Resource[]
}

/** Returns the authorization server metadata (RFC 8414 §2). */
export function serverMetadata(offer: ServerOffer, keys: SigningKeySet | undefined): object {
  const { issuer, endpoints, grantTypes, authMethods, scopes, resources } = offer
  // A public client cannot authenticate where credentials are required (RFC 7662 §2.1).
  const confidentialMethods = authMethods.filter((method) => method !== 'none')
  const algorithms = keys?.algorithms ?? []
  return {
    issuer,
    token_endpoint: endpoints.token,
    revocation_endpoint: endpoints.revocation,
    introspection_endpoint: endpoints.introspection,
    ...(endpoints.jwks !== undefined && algorithms.length > 0 ? { jwks_uri: endpoints.jwks } : {}),
    scopes_supported: scopes,
    // Deviation: RFC 8414 §3.2 omits empty lists, but §2 requires this member, and clients refuse metadata without it.
    response_types_supported: [],
    grant_types_supported: grantTypes,
    token_endpoint_auth_methods_supported: authMethods,
    revocation_endpoint_auth_methods_supported: authMethods,
    introspection_endpoint_auth_methods_supported: confidentialMethods,
    ...(algorithms.length > 0 ? { introspection_signing_alg_values_supported: algorithms.slice(0, 1) } : {}),
    ...(resources.length > 0 ? { protected_resources: resources.map(({ resource }) => resource) } : {}),
  }
}

/** Returns the metadata of a protected resource (RFC 9728 §2). */
export function resourceMetadata(resource: string, issuer: string, scopes: readonly string[]): object {
  return {
    resource,
    authorization_servers: [issuer],
    ...(scopes.length > 0 ? { scopes_supported: scopes } : {}),
    bearer_methods_supported: ['header'],
  }
}

/**
 * Returns the path of a well-known document about an identifier: the well-known part goes between its host and its path. A trailing slash is
 * dropped from an issuer (RFC 8414 §3.1), but makes another resource (RFC 9728 §3.1).
 */
export function wellKnownPath(
  name: 'oauth-authorization-server' | 'oauth-protected-resource',
  identifier: string,
): string {
  const { pathname, search } = new URL(identifier)
  const path = name === 'oauth-authorization-server' ? pathname.replace(/\/$/, '') : pathname
  return `/.well-known/${name}${path === '/' ? '' : path}${search}`
}
