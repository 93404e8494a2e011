import { authenticateClient, type ClientAuthServices } from '../client-auth/authenticate-client.js'
import type { ClientAuthRequest } from '../client-auth/client-auth-method.js'
import { andThen, type MaybePromise } from '../time/maybe-promise.js'
import type { RequestContext } from '../request/request-context.js'
import type { Client } from '../stores/client-store.js'
import type { TokenStore } from '../stores/token-store.js'
import type { TokenRefusal } from '../errors/refusal-reason.js'
import { tokensRevoked } from '../tokens/tokens-revoked.js'
import type { EndpointAnswer } from './endpoint-answer.js'
import { findPresentedToken, type PresentedToken, type PresentedTokenServices } from './presented-token.js'

/** What the revocation endpoint needs. */
export interface RevocationServices extends ClientAuthServices, PresentedTokenServices {
  readonly tokens: TokenStore
}

/** RFC 7009 §2.2 requires no body, but some clients parse one: simple-oauth2 fails on an empty text. */
const done: EndpointAnswer = Object.freeze({})

/**
 * The revocation endpoint (RFC 7009): a client revokes one of its tokens. A refresh token, spent or not, ends its whole authorization; an access
 * token ends alone. Unknown tokens and those of another client get the same response as a revoked one.
 */
export function revocationEndpoint(
  services: RevocationServices,
  request: ClientAuthRequest,
): MaybePromise<EndpointAnswer> {
  return andThen(authenticateClient(services, request), (client) => {
    const token = request.parameters.require('token')
    return andThen(findPresentedToken(services, token, request.context), (found) => {
      if (typeof found === 'string' || ownerOf(found).clientId !== client.clientId) {
        tellWhy(services, request.context, client, found)
        return done
      }
      return andThen(revoke(services, found, request.context), () => done)
    })
  })
}

/**
 * Accepts an invalid token without an error, because it does not work, which is what the client wants (RFC 7009 §2.2).
 *
 * Deviation: RFC 7009 §2.1 refuses a token of another client. That would reveal to any client, and with public clients to anybody, which of some
 * found texts are live tokens. The token stays valid, and an event tells the operator.
 */
function tellWhy(
  { emit }: RevocationServices,
  context: RequestContext,
  { clientId }: Client,
  found: PresentedToken | TokenRefusal,
): void {
  if (typeof found === 'string') {
    // The response reveals nothing, so this is an event and not a counted failure. Clients also revoke expired tokens.
    emit(context, { type: 'unknown_token', clientId, reason: found })
  } else {
    const { clientId: ownerClientId, authorizationId } = ownerOf(found)
    emit(context, { type: 'refresh_token_misused', clientId, ownerClientId, authorizationId })
  }
}

/** The client and the authorization that a token belongs to. */
function ownerOf(found: PresentedToken): { readonly clientId: string; readonly authorizationId: string | undefined } {
  switch (found.kind) {
    case 'jwt':
      return found.access
    case 'opaque':
      return found.record
    case 'refresh':
      return found.record.authorization
  }
}

function revoke(
  { tokens, emit }: RevocationServices,
  found: PresentedToken,
  context: RequestContext,
): MaybePromise<unknown> {
  switch (found.kind) {
    case 'jwt':
      return tokens.revokeSignedToken(found.access.tokenId ?? '', found.access.expiresAt, context)
    case 'opaque':
      return tokens.revokeAccessToken(found.record.tokenHash, context)
    case 'refresh': {
      const { authorizationId } = found.record.authorization
      return andThen(tokens.revokeTokens({ authorizationId }, context), (authorizations) => {
        emit(context, tokensRevoked({ authorizationId }, authorizations))
      })
    }
  }
}
