import { introspectionEndpoint, type IntrospectionServices } from '../endpoints/introspection.js'
import { resourceMetadata, serverMetadata, wellKnownPath, type ServerOffer } from '../endpoints/metadata.js'
import { revocationEndpoint } from '../endpoints/revocation.js'
import { tokenEndpoint, type TokenEndpointServices } from '../endpoints/token.js'
import { documentHandler } from '../http/document-handler.js'
import { endpointHandler, type EndpointSettings, slashHandler } from '../http/endpoint-handler.js'
import type { Endpoints } from '../http/router.js'
import type { ServerSettings } from './check-server-options.js'
import type { VerificationServices } from '../tokens/verify-access-token.js'
import { andThen } from '../time/maybe-promise.js'
import type { EndpointName } from '../request/request-context.js'

const WELL_KNOWN_MAX_AGE_SECONDS = 3600

/** What the endpoints of a server need. */
export type ServerServices = TokenEndpointServices & VerificationServices & IntrospectionServices

/** Creates all endpoints of a server, by path. The metadata lists exactly these. */
export function serverEndpoints(
  options: ServerSettings,
  services: ServerServices,
  settings: EndpointSettings,
): Endpoints {
  const { issuer, tokenPath, revocationPath, introspectionPath, jwksPath, jwksMaxAgeSeconds } = options
  const { signingKeys, resources, scopePolicy } = services
  const publicUrl = (path: string): string => issuer.replace(/\/$/, '') + path
  const offer: ServerOffer = {
    issuer,
    endpoints: {
      token: publicUrl(tokenPath),
      revocation: publicUrl(revocationPath),
      introspection: publicUrl(introspectionPath),
      jwks: signingKeys && publicUrl(jwksPath),
    },
    grantTypes: [...services.grants.keys()],
    authMethods: services.clientAuthMethods.map(({ name }) => name),
    scopes: options.scopes,
    resources: [...resources.values()],
  }
  const slashes: [string, Handler][] = []
  const atIssuer = (path: string, endpoint: EndpointName, handler: Handler): [string, Handler][] => {
    // A router below the issuer's path sees the path without it, as does one behind a proxy that cuts it off.
    const paths = [path, new URL(publicUrl(path)).pathname]
    const withSlash = slashHandler(settings, endpoint, publicUrl(path))
    slashes.push(...paths.map((seen): [string, Handler] => [`${seen}/`, withSlash]))
    return paths.map((seen) => [seen, handler])
  }
  const endpoints: [string, Handler][] = [
    ...atIssuer(
      tokenPath,
      'token',
      endpointHandler(settings, 'token', (request) => tokenEndpoint(services, request)),
    ),
    ...atIssuer(
      revocationPath,
      'revoke',
      endpointHandler(settings, 'revoke', (request) => revocationEndpoint(services, request)),
    ),
    ...atIssuer(
      introspectionPath,
      'introspect',
      endpointHandler(settings, 'introspect', (request) => introspectionEndpoint(services, request)),
    ),
    ...(signingKeys === undefined
      ? []
      : atIssuer(
          jwksPath,
          'document',
          documentHandler(settings, () => andThen(signingKeys.current(), (keys) => keys.published), jwksMaxAgeSeconds),
        )),
    [
      wellKnownPath('oauth-authorization-server', issuer),
      documentHandler(
        settings,
        () => andThen(signingKeys?.current(), (keys) => serverMetadata(offer, keys)),
        WELL_KNOWN_MAX_AGE_SECONDS,
      ),
    ],
    ...[...resources.values()]
      .filter(({ resource }) => isOnIssuersHost(resource, issuer))
      .map(({ resource, scopes = [...scopePolicy.catalogue] }): [string, Handler] => [
        wellKnownPath('oauth-protected-resource', resource),
        documentHandler(settings, () => resourceMetadata(resource, issuer, scopes), WELL_KNOWN_MAX_AGE_SECONDS),
      ]),
  ]
  // Endpoints come last: one of them may be at the path of another plus a slash.
  return new Map([...slashes, ...endpoints])
}

type Handler = ReturnType<typeof documentHandler>

/** Returns the URL of a resource's metadata; `undefined` for a resource on another host, which has to serve it. */
export function resourceMetadataUrl(resource: string, issuer: string): string | undefined {
  if (!isOnIssuersHost(resource, issuer)) return undefined
  return new URL(wellKnownPath('oauth-protected-resource', resource), issuer).href
}

function isOnIssuersHost(resource: string, issuer: string): boolean {
  return URL.canParse(resource) && new URL(resource).origin === new URL(issuer).origin
}
