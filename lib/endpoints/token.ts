import { authenticateClient, type ClientAuthServices } from '../client-auth/authenticate-client.js'
import type { ClientAuthRequest } from '../client-auth/client-auth-method.js'
import { requestOfUser, type SharedAddressWatch } from '../client-auth/user-address.js'
import { refusal } from '../errors/refusal.js'
import type { AddHeader, GrantHandler, GrantRequest } from '../grants/grant-handler.js'
import {
  grantedResources,
  refreshedResources,
  scopesOf,
  type Resource,
  type Resources,
} from '../grants/granted-resources.js'
import { grantedScope, refreshedScope, type ScopePolicy } from '../grants/granted-scope.js'
import { andThen, type MaybePromise } from '../time/maybe-promise.js'
import type { Parameters } from '../protocol/parameters.js'
import { timeOf } from '../request/request-context.js'
import { noteGrantType } from '../request/request-facts.js'
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
    const grant = findGrant(services, client, request)
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

function findGrant(
  services: TokenEndpointServices,
  client: Client,
  { parameters, context }: TokenRequest,
): GrantHandler {
  const grantType = parameters.require('grant_type')
  const grant = services.grants.get(grantType)
  if (grant === undefined) {
    const description = `This grant type is not supported; supported are ${[...services.grants.keys()].join(', ')}`
    const detail = grantTypeForm.test(grantType) ? grantType : 'It does not have the form of a grant type'
    throw refusal('unsupported_grant_type', 'unsupported_grant_type', description, { detail })
  }
  noteGrantType(context, grantType)
  if (!client.grantTypes.includes(grantType)) {
    const detail = `The client is registered for ${client.grantTypes.join(', ') || 'no grant type'}`
    throw refusal('unauthorized_client', 'grant_not_allowed', 'This client may not use this grant type', { detail })
  }
  return grant
}

/** What may be shown: a name as RFC 6749 has them, or a URI (§4.5). Anything else may be a secret in the wrong place. */
const grantTypeForm = /^(?:[a-z_]{1,40}|(?:urn|https?):[\w:/.-]{1,200})$/

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
    grantScope: (limit) =>
      grantedScope(scopePolicy, client, parameters.get('scope'), { grant: limit, resource: scopeOf() }),
    refreshScope: (authorization) =>
      refreshedScope(scopePolicy, client, storedScope(authorization.scope), parameters.get('scope'), {
        grant: grants.get(authorization.grantType)?.scopeLimit,
        resource: scopeOf(authorization),
      }),
    confirmUser(grantType, userId) {
      const grant = grants.get(grantType)
      // A grant that is no longer served cannot vouch for its users.
      if (grant === undefined) return false
      return grant.confirmUser === undefined || grant.confirmUser(userId, context)
    },
    isServed: (grantType) => grants.has(grantType),
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
    countUnknownToken: (tokenHash) =>
      countUnknownToken(services, by, 'unknown', tokenHash && (() => tokens.whyNotFound?.(tokenHash, context))),
    addHeader,
    tokens,
    clock,
    emit,
  }
}
