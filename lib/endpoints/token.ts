import { authenticateClient, type ClientAuthServices } from '../client-auth/authenticate-client.js'
import type { ClientAuthRequest } from '../client-auth/client-auth-method.js'
import { requestOfUser, type SharedAddressWatch } from '../client-auth/user-address.js'
import { refusal } from '../errors/refusal.js'
import type { AddHeader, GrantHandler, GrantRequest, GrantServer } from '../grants/grant-handler.js'
import { resourcesOnce, scopesOf } from '../grants/granted-resources.js'
import { grantedScope, refreshedScope, type ScopePolicy } from '../grants/granted-scope.js'
import { andThen, type MaybePromise } from '../time/maybe-promise.js'
import { millisecondsAt } from '../request/request-context.js'
import { noteGrantType } from '../request/request-facts.js'
import { storedScope } from '../protocol/scope.js'
import type { Client } from '../stores/client-store.js'
import type { TokenServices } from '../tokens/decision.js'
import { createDeviceToken } from '../throttle/device-token.js'
import { countUnknownToken } from '../throttle/limit-attempts.js'
import { limitSignIn, type SignInServices } from '../throttle/limit-sign-in.js'
import { issueTokens } from '../tokens/issue-tokens.js'
import type { TokenResponse } from '../tokens/token-response.js'

/** What the token endpoint needs of an HTTP request and its response. */
export interface TokenRequest extends ClientAuthRequest {
  readonly addHeader: AddHeader
}

/** What the token endpoint needs. */
export interface TokenEndpointServices extends ClientAuthServices, TokenServices, SignInServices {
  readonly grants: ReadonlyMap<string, GrantHandler>
  readonly scopePolicy: ScopePolicy
  readonly grantServer: GrantServer
  readonly sharedAddresses: SharedAddressWatch
}

/**
 * The token endpoint (RFC 6749 §3.2). The order of the lines is the precedence of errors: the client is authenticated before anything else, so
 * that a stranger learns nothing about grants and users.
 */
export function tokenEndpoint(services: TokenEndpointServices, request: TokenRequest): MaybePromise<TokenResponse> {
  return andThen(authenticateClient(services, request), (client) => {
    const grant = findGrant(services, client, request)
    const asked = requestOfUser(client, grant.grantType, request)
    const asks = grantRequest(services, client, asked)
    return andThen(grant.grantAccess(asks), (access) => {
      const { context, receivedAt, resources } = asks
      if (access.actsFor === 'user') services.sharedAddresses.see(client, access.userId, context)
      return issueTokens(services, { grantType: grant.grantType, client, access, resources, context, receivedAt })
    })
  })
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

/** Grant types that may be shown: a name like those of RFC 6749, or a URI (§4.5). Anything else may be a misplaced secret. */
const grantTypeForm = /^(?:[a-z_]{1,40}|(?:urn|https?):[\w:/.-]{1,200})$/

function grantRequest(services: TokenEndpointServices, client: Client, request: TokenRequest): GrantRequest {
  const { parameters, context, addHeader } = request
  const { resources, scopePolicy, clock, grantServer } = services
  const receivedAt = millisecondsAt(context, clock)
  const resourcesOf = resourcesOnce(resources, client, parameters.resources)
  return {
    client,
    parameters,
    context,
    receivedAt,
    resources: resourcesOf,
    grantScope: (grant) =>
      grantedScope(scopePolicy, client, parameters.get('scope'), { grant, resource: scopesOf(resourcesOf()) }),
    limitAttempts(account, attempt, isSuccess) {
      const { address } = context
      const signIn = { context, clientId: client.clientId, address, now: Math.floor(receivedAt / 1000) }
      return limitSignIn(
        services,
        signIn,
        typeof account === 'string' ? { name: account } : account,
        attempt,
        isSuccess,
      )
    },
    addHeader,
    server: grantServer,
  }
}

/** Creates what a server offers to its grants. */
export function grantServer(services: Omit<TokenEndpointServices, 'grantServer'>): GrantServer {
  const { scopePolicy, grants, tokens, sealing, emit } = services
  return {
    tokens,
    emit,
    refreshScope: ({ client, parameters, resources }, authorization) =>
      refreshedScope(scopePolicy, client, storedScope(authorization.scope), parameters.get('scope'), {
        grant: grants.get(authorization.grantType)?.scopeLimit,
        resource: scopesOf(resources(authorization)),
      }),
    confirmUser(grantType, userId, context) {
      const grant = grants.get(grantType)
      // A grant that is no longer served cannot confirm its users.
      if (grant === undefined) return false
      return grant.confirmUser === undefined || grant.confirmUser(userId, context)
    },
    isServed: (grantType) => grants.has(grantType),
    createDeviceToken({ client: { clientId }, parameters, receivedAt }, userId, username) {
      const presented = parameters.get('device_token')
      return createDeviceToken(sealing, { clientId, userId, username }, presented, Math.floor(receivedAt / 1000))
    },
    countUnknownToken({ client: { clientId }, context }, tokenHash) {
      return countUnknownToken(services, { context, clientId }, 'unknown', () =>
        tokens.whyNotFound?.(tokenHash, context),
      )
    },
  }
}
