import { authenticateClient, type ClientAuthServices } from '../client-auth/authenticate-client.js'
import type { ClientAuthRequest } from '../client-auth/client-auth-method.js'
import { requestOfUser, type SharedAddressWatch } from '../client-auth/user-address.js'
import { OAuthError } from '../errors/oauth-error.js'
import type { AddHeader, GrantHandler, GrantRequest } from '../grants/grant-handler.js'
import {
  grantedResources,
  refreshedResources,
  scopesOf,
  type Resource,
  type Resources,
} from '../grants/granted-resources.js'
import { grantedScope, refreshedScope, type ScopePolicy } from '../grants/granted-scope.js'
import { andThen, type MaybePromise } from '../protocol/maybe-promise.js'
import type { Parameters } from '../protocol/parameters.js'
import { timeOf } from '../protocol/request-context.js'
import { storedScope } from '../protocol/scope.js'
import type { Client } from '../stores/client-store.js'
import type { Authorization } from '../stores/token-store.js'
import type { TokenServices } from '../tokens/decision.js'
import { createDeviceToken } from '../throttle/device-token.js'
import { countUnknownToken } from '../throttle/limit-attempts.js'
import { limitSignIn, type SignInServices } from '../throttle/limit-sign-in.js'
import { issueTokens } from '../tokens/issue-tokens.js'
import type { TokenResponse } from '../tokens/token-response.js'

/** What the token endpoint needs of an HTTP request, and of its answer. */
export interface TokenRequest extends ClientAuthRequest {
  readonly addHeader: AddHeader
}

/** What the token endpoint works with. */
export interface TokenEndpointServices extends ClientAuthServices, TokenServices, SignInServices {
  readonly grants: ReadonlyMap<string, GrantHandler>
  readonly scopePolicy: ScopePolicy
  readonly resources: Resources
  readonly sharedAddresses: SharedAddressWatch
}

/**
 * The token endpoint (RFC 6749 §3.2). The order of the lines is the order in which errors win: who the client is comes before
 * what it may ask for, so that a stranger learns nothing about grants and users.
 */
export function tokenEndpoint(services: TokenEndpointServices, request: TokenRequest): MaybePromise<TokenResponse> {
  return andThen(authenticateClient(services, request), (client) => {
    const grant = findGrant(services, client, request.parameters.require('grant_type'))
    const asked = requestOfUser(client, grant.grantType, request)
    return andThen(grant.grantAccess(grantRequest(services, client, asked)), (access) => {
      if (access.actsFor === 'user') services.sharedAddresses.see(client, access.userId, asked.context)
      return issueTokens(services, {
        grantType: grant.grantType,
        client,
        access,
        resources: (refreshed) => resourcesFor(services, client, request.parameters, refreshed),
        context: asked.context,
      })
    })
  })
}

function resourcesFor(
  { resources }: TokenEndpointServices,
  client: Client,
  { resources: requested }: Parameters,
  refreshed: Authorization | undefined,
): readonly Resource[] {
  return refreshed === undefined
    ? grantedResources(resources, client, requested)
    : refreshedResources(resources, client, requested, refreshed)
}

function findGrant(services: TokenEndpointServices, client: Client, grantType: string): GrantHandler {
  const grant = services.grants.get(grantType)
  if (grant === undefined) throw new OAuthError('unsupported_grant_type', 'This grant type is not supported')
  if (!client.grantTypes.includes(grantType)) {
    throw new OAuthError('unauthorized_client', 'This client may not use this grant type')
  }
  return grant
}

function grantRequest(services: TokenEndpointServices, client: Client, request: TokenRequest): GrantRequest {
  const { parameters, context, addHeader } = request
  const { scopePolicy, grants, tokens, clock, emit } = services
  const by = { context, clientId: client.clientId }
  const scopeOf = (refreshed?: Authorization): ReadonlySet<string> | undefined =>
    scopesOf(resourcesFor(services, client, parameters, refreshed))
  return {
    client,
    parameters,
    context,
    grantScope: (limit) => grantedScope(scopePolicy, client, parameters.get('scope'), limit, scopeOf()),
    refreshScope: (authorization) =>
      refreshedScope(
        scopePolicy,
        client,
        storedScope(authorization.scope),
        parameters.get('scope'),
        scopeOf(authorization),
        grants.get(authorization.grantType)?.scopeLimit,
      ),
    confirmUser(grantType, userId) {
      const grant = grants.get(grantType)
      // A grant that is no longer served cannot vouch for its users.
      if (grant === undefined) return false
      return grant.confirmUser === undefined || grant.confirmUser(userId, context)
    },
    limitAttempts(account, attempt, isSuccess) {
      const signIn = { ...by, address: context.address, now: timeOf(context, clock) }
      return limitSignIn(
        services,
        signIn,
        typeof account === 'string' ? { name: account } : account,
        attempt,
        isSuccess,
      )
    },
    createDeviceToken(userId, username) {
      const owner = { clientId: client.clientId, userId, username }
      return createDeviceToken(services.sealing, owner, parameters.get('device_token'), timeOf(context, clock))
    },
    countUnknownToken: () => countUnknownToken(services, by, 'unknown'),
    addHeader,
    tokens,
    clock,
    emit,
  }
}
