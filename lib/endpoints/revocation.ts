import { authenticateClient, type ClientAuthServices } from '../client-auth/authenticate-client.js'
import type { ClientAuthRequest } from '../client-auth/client-auth-method.js'
import { OAuthError } from '../errors/oauth-error.js'
import { andThen, type MaybePromise } from '../protocol/maybe-promise.js'
import type { RequestContext } from '../protocol/request-context.js'
import type { Client } from '../stores/client-store.js'
import type { TokenStore } from '../stores/token-store.js'
import { tokensRevoked } from '../tokens/tokens-revoked.js'
import { emptyAnswer, type EndpointAnswer } from './endpoint-answer.js'
import { findPresentedToken, type PresentedToken, type PresentedTokenServices } from './presented-token.js'

/** What the revocation endpoint works with. */
export interface RevocationServices extends ClientAuthServices, PresentedTokenServices {
  readonly tokens: TokenStore
}

/**
 * The revocation endpoint (RFC 7009): a client ends a token of its own. A refresh token takes its whole authorization with it,
 * spent or not; an access token goes alone. What is unknown is answered like what was revoked.
 */
export function revocationEndpoint(
  services: RevocationServices,
  request: ClientAuthRequest,
): MaybePromise<EndpointAnswer> {
  return andThen(authenticateClient(services, request), (client) => {
    const token = request.parameters.require('token')
    return andThen(findPresentedToken(services, token, request.context), (found) => {
      // RFC 7009 §2.2: an invalid token is no error, for the client wants nothing but that it does not work.
      if (typeof found === 'string') {
        // Nothing is learned from that answer, so it is told and not counted: clients give back what has run out, too.
        services.emit(request.context, { type: 'unknown_token', clientId: client.clientId, reason: found })
        return emptyAnswer
      }
      checkOwner(client, found)
      return andThen(revoke(services, found, request.context), () => emptyAnswer)
    })
  })
}

/** RFC 7009 §2.1: a token of another client is refused, and stays. */
function checkOwner(client: Client, found: PresentedToken): void {
  if (clientIdOf(found) === client.clientId) return
  throw new OAuthError('unauthorized_client', 'The token belongs to another client')
}

function clientIdOf(found: PresentedToken): string {
  switch (found.kind) {
    case 'jwt':
      return found.access.clientId
    case 'opaque':
      return found.record.clientId
    case 'refresh':
      return found.record.authorization.clientId
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
